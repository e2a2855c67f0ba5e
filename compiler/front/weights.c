/* weights.c - the weight constants of a graph from a file's tensors. */
#include <math.h>
#include <string.h>

#include "compiler/front/columns.h"
#include "compiler/front/front.h"

/* ---- slots --------------------------------------------------------------------------------- */

static const char *const layer_parts[] = {"weight", "bias"};
static const char *const norm_parts[] = {"weight", "bias", "running_mean", "running_var"};

static bool is_variance(const weight_slot *slot)
{
    return slot->op->kind == OP_BATCH_NORM && slot->tensor == slot->op->in[4];
}

/* Conv weights are [out, kh, kw, in/groups] here and [out, in/groups, kh, kw] there, those of a
 * transposed one [in, out/groups, kh, kw]. */
static ir_shape torch_shape(const ir_op *op, const ir_tensor *t)
{
    ir_shape s = t->shape;
    if (s.rank == 4) {
        int groups = op->at.groups;
        s.dim[0] = op->at.transposed ? t->shape.dim[3] * groups : t->shape.dim[0];
        s.dim[1] = op->at.transposed ? t->shape.dim[0] / groups : t->shape.dim[3];
        s.dim[2] = t->shape.dim[1];
        s.dim[3] = t->shape.dim[2];
    }
    return s;
}

int weight_slots(qctx *ctx, const ir_graph *g, weight_slot **slots)
{
    VEC(weight_slot) all = {0};
    bool *seen = ARENA_ARRAY(ctx->a, bool, g->tensors.n);
    for (int i = 0; i < g->ops.n; i++) {
        ir_op *op = g->ops.v[i];
        for (int k = 0; k < op->n_in; k++) {
            ir_tensor *t = op->in[k];
            if (ir_is_operand(t) && !seen[t->id])
                *VEC_PUSH(ctx->a, &all) =
                    (weight_slot){.op = op, .tensor = t, .torch_shape = t->shape,
                                  .key = arena_printf(ctx->a, "%s.weight", t->wname)};
            seen[t->id] = true;
        }
        if (!(ir_opinfos[op->kind].flags & OPF_W))
            continue;
        const char *const *parts = op->kind == OP_BATCH_NORM ? norm_parts : layer_parts;
        for (int k = 1; k < op->n_in; k++) {
            weight_slot *slot = VEC_PUSH(ctx->a, &all);
            slot->op = op;
            slot->tensor = op->in[k];
            slot->key = arena_printf(ctx->a, "%s.%s", op->wname ? op->wname : op->name,
                                     parts[k - 1]);
            slot->torch_shape = torch_shape(op, op->in[k]);
        }
    }
    *slots = all.v;
    return all.n;
}

/* ---- binding ------------------------------------------------------------------------------- */

typedef struct binder {
    qctx *ctx;
    const ir_graph *g;
    const tensor_file *file;
    const column_orders *orders; /* NULL: weights native */
    const weight_slot *slots;
    int n_slots;
    bool *taken;                 /* by tensor of the file */
    bool allow_extra;
} binder;

static const char *dims_str(const binder *b, const named_tensor *t)
{
    buf s;
    buf_init(&s, b->ctx->a);
    buf_puts(&s, "[");
    for (int i = 0; i < t->rank && i < 8; i++)
        buf_printf(&s, "%s%lld", i ? ", " : "", (long long)t->dim[i]);
    buf_puts(&s, t->rank > 8 ? ", …]" : "]");
    return buf_str(&s);
}

static const char *shape_dims_str(const binder *b, const ir_shape *shape)
{
    buf s;
    buf_init(&s, b->ctx->a);
    for (int i = 0; i < shape->rank; i++)
        buf_printf(&s, "%s%d", i ? ", " : "[", (int)shape->dim[i]);
    buf_puts(&s, "]");
    return buf_str(&s);
}

static void note_file(const binder *b)
{
    diag_note_at(b->ctx, loc_file(b->file->src), "in this weights file");
}

static bool is_ignored(const char *name)
{
    static const char counter[] = "num_batches_tracked";
    size_t n = strlen(name), k = strlen(counter);
    return n >= k && !strcmp(name + n - k, counter) && (n == k || name[n - k - 1] == '.');
}

static bool missing(const binder *b, const weight_slot *slot)
{
    int n = 0;
    const char **names = ARENA_ARRAY(b->ctx->a, const char *, b->file->tensors.n);
    for (int i = 0; i < b->file->tensors.n; i++)
        if (!is_ignored(b->file->tensors.v[i].name))
            names[n++] = b->file->tensors.v[i].name;
    diag_add(b->ctx, D_TENSOR_MISSING, slot->op->loc, "the weights file has no tensor '%s'",
             slot->key);
    diag_expected(b->ctx, "%s", shape_dims_str(b, &slot->torch_shape));
    note_file(b);
    const char *near = nearest_name(slot->key, names, n);
    if (near)
        diag_hint(b->ctx, "did you mean '%s'? `weights \"…\"` names a layer's tensors", near);
    else if (slot->op->kind != OP_BATCH_NORM && slot->tensor == ir_bias(slot->op))
        diag_hint(b->ctx, "a layer without bias says `no bias`");
    return false;
}

static bool check_type(const binder *b, const weight_slot *slot, const named_tensor *t)
{
    if (t->dtype == DT_F32 || t->dtype == DT_F16 || t->dtype == DT_BF16 || t->dtype == DT_F64)
        return true;
    diag_add(b->ctx, D_TENSOR_TYPE, slot->op->loc, "the tensor '%s' holds %s", t->name,
             dtype_name(t->dtype));
    diag_expected(b->ctx, "F32, F16, BF16 or F64");
    note_file(b);
    return false;
}

static bool check_shape(const binder *b, const weight_slot *slot, const named_tensor *t)
{
    const ir_shape *want = &slot->torch_shape;
    bool same = t->rank == want->rank, reversed = same;
    for (int i = 0; i < want->rank && t->rank == want->rank; i++) {
        same &= t->dim[i] == want->dim[i];
        reversed &= t->dim[i] == want->dim[want->rank - 1 - i];
    }
    const int64_t flat[3] = {want->dim[0], want->dim[1], want->dim[3]}; /* PyTorch's Conv1d */
    if (!same && slot->op->kind == OP_CONV2D && want->rank == 4 && want->dim[2] == 1 && t->rank == 3)
        same = t->dim[0] == flat[0] && t->dim[1] == flat[1] && t->dim[2] == flat[2];
    if (same)
        return true;
    diag_add(b->ctx, D_TENSOR_SHAPE, slot->op->loc, "the tensor '%s' is %s", t->name,
             dims_str(b, t));
    diag_expected(b->ctx, "%s", shape_dims_str(b, want));
    note_file(b);
    if (reversed && want->rank == 2)
        diag_hint(b->ctx, "that is its transpose: PyTorch's linear weights are [out, in]");
    return false;
}

/* Element i of [in, out/groups, kh, kw]: the kernel is turned by half. */
static int64_t transposed_place(const weight_slot *slot, int64_t i)
{
    const ir_shape *s = &slot->tensor->shape;
    int64_t kw = s->dim[2], window = s->dim[1] * kw, in = s->dim[3];
    int64_t outs = s->dim[0] / slot->op->at.groups, cell = window - 1 - i % window;
    int64_t o = i / window % outs, c = i / window / outs;
    return ((c / in * outs + o) * window + cell) * in + c % in;
}

/* Place in the IR's constant of element i of PyTorch's tensor. columns: PyTorch's number of each
 * element of the layer's input, inverted. */
static int64_t place(const weight_slot *slot, const int32_t *columns, int64_t i)
{
    const ir_shape *s = &slot->tensor->shape;
    if (s->rank == 4 && slot->op->at.transposed)
        return transposed_place(slot, i);
    if (s->rank == 4 && slot->op->kind == OP_CONV2D) {
        int64_t kw = s->dim[2], kh = s->dim[1], in = s->dim[3];
        int64_t w = i % kw, h = i / kw % kh, c = i / (kw * kh) % in, o = i / (kw * kh * in);
        return ((o * kh + h) * kw + w) * in + c;
    }
    if (!columns)
        return i;
    if (s->rank == 1)
        return columns[i];
    return i / s->dim[1] * s->dim[1] + columns[i % s->dim[1]];
}

static const int32_t *inverted(const binder *b, const int32_t *order, int64_t n)
{
    int32_t *to = ARENA_ARRAY(b->ctx->a, int32_t, n);
    for (int64_t i = 0; i < n; i++)
        to[order[i]] = (int32_t)i;
    return to;
}

/* How the slot's elements follow the order of its layer's input: the columns of a dense layer, all
 * of a batch norm. false after a diagnostic. */
static bool find_columns(const binder *b, const weight_slot *slot, const int32_t **columns)
{
    const ir_op *op = slot->op;
    *columns = NULL;
    bool follows = op->kind == OP_BATCH_NORM || (op->kind == OP_DENSE && slot->tensor == op->in[1]);
    if (!b->orders || !follows)
        return true;
    int64_t n = op->in[0]->shape.dim[op->in[0]->shape.rank - 1];
    const ir_op *mix = b->orders->mixed[op->in[0]->id];
    if (mix) {
        bool part = mix->n_in == 1, state = mix->kind == OP_ASSIGN;
        diag_add(b->ctx, D_COLUMN_ORDER, op->loc,
                 "the columns of '%s' go by the %s '%s', whose %s PyTorch orders differently",
                 slot->key, state ? "state" : part ? "part" : "sum", mix->out[0]->name, part ? "elements" : "operands");
        diag_note_at(b->ctx, mix->loc, state  ? "a flattened tensor is kept here"
                                            : part ? "a flattened tensor is cut here"
                                            : "a flattened tensor meets one that is not");
        diag_hint(b->ctx, "permute the columns to height, width, channels and say `weights native`");
        return false;
    }
    if (b->orders->of[op->in[0]->id])
        *columns = inverted(b, b->orders->of[op->in[0]->id], n);
    return true;
}

static const char *index_str(const binder *b, const ir_shape *shape, int64_t i)
{
    const char *s = "]";
    for (int d = shape->rank - 1; d >= 0; d--) {
        s = arena_printf(b->ctx->a, "%s%lld%s", d ? ", " : "[", (long long)(i % shape->dim[d]), s);
        i /= shape->dim[d];
    }
    return s;
}

static bool bad_element(const binder *b, const weight_slot *slot, int64_t i, double v)
{
    bool finite = isfinite(v) && isfinite((float)v);
    const char *what = isnan(v) ? "NaN" : isinf(v) ? "infinite"
                     : !finite ? "beyond float32" : "negative, a variance";
    diag_add(b->ctx, finite ? D_TENSOR_NEGATIVE : D_TENSOR_NOT_FINITE, slot->op->loc,
             "%s%s of the weights file is %s", slot->key, index_str(b, &slot->torch_shape, i), what);
    note_file(b);
    return false;
}

/* From a named tensor, or from raw numbers where t is NULL. */
static bool fill(const binder *b, const weight_slot *slot, const named_tensor *t, const float *raw)
{
    const int32_t *columns;
    int64_t n = ir_elems(&slot->tensor->shape);
    bool variance = is_variance(slot);
    if (!find_columns(b, slot, &columns))
        return false;
    float *data = ARENA_ARRAY(b->ctx->a, float, n);
    for (int64_t i = 0; i < n; i++) {
        double v = t ? tensor_value(t, i) : (double)raw[i];
        if (!isfinite(v) || !isfinite((float)v) || (variance && v < 0))
            return bad_element(b, slot, i, v);
        data[place(slot, columns, i)] = (float)v;
    }
    slot->tensor->data = data;
    return true;
}

static bool bind_named(const binder *b, const weight_slot *slot)
{
    const named_tensor *t = tensor_file_find(b->file, slot->key);
    if (!t)
        return missing(b, slot);
    b->taken[t - b->file->tensors.v] = true;
    return check_type(b, slot, t) && check_shape(b, slot, t) && fill(b, slot, t, NULL);
}

/* The slot whose layer the tensor seems to belong to, or NULL. */
static const weight_slot *layer_of(const binder *b, const char *name)
{
    const char *dot = strrchr(name, '.');
    for (int i = 0; dot && i < b->n_slots; i++) {
        const char *key = b->slots[i].key, *key_dot = strrchr(key, '.');
        if (key_dot - key == dot - name && !strncmp(key, name, (size_t)(dot - name)))
            return &b->slots[i];
    }
    return NULL;
}

static bool extra(const binder *b, const named_tensor *t)
{
    const weight_slot *slot = layer_of(b, t->name);
    const char *dot = strrchr(t->name, '.');
    diag_add(b->ctx, D_TENSOR_UNUSED, slot ? slot->op->loc : loc_file(b->file->src),
             "no layer takes the tensor '%s' %s of the weights file", t->name, dims_str(b, t));
    if (slot && !strcmp(dot, ".bias"))
        diag_hint(b->ctx, "this layer says `no bias`");
    else
        diag_hint(b->ctx, "--allow-extra leaves such tensors out");
    return false;
}

static bool bind_all_named(const binder *b)
{
    bool ok = true;
    for (int i = 0; i < b->n_slots; i++)
        ok &= bind_named(b, &b->slots[i]);
    for (int i = 0; i < b->file->tensors.n && !b->allow_extra; i++)
        if (!b->taken[i] && !is_ignored(b->file->tensors.v[i].name))
            ok = extra(b, &b->file->tensors.v[i]);
    return ok;
}

static bool bind_raw(const binder *b)
{
    int64_t at = 0;
    bool ok = true;
    for (int i = 0; i < b->n_slots; i++)
        at += ir_elems(&b->slots[i].torch_shape);
    if (at != b->file->raw_count) {
        diag_add(b->ctx, D_TENSOR_SHAPE, loc_file(b->file->src),
                 "the file holds %lld numbers, the model has %lld parameters",
                 (long long)b->file->raw_count, (long long)at);
        return false;
    }
    const float *raw = b->file->raw;
    for (int i = 0; i < b->n_slots; i++) {
        ok &= fill(b, &b->slots[i], NULL, raw);
        raw += ir_elems(&b->slots[i].torch_shape);
    }
    return ok;
}

bool weights_bind(qctx *ctx, ir_graph *g, const tensor_file *file, bool allow_extra)
{
    weight_slot *slots;
    binder b = {.ctx = ctx, .g = g, .file = file, .allow_extra = allow_extra};
    b.n_slots = weight_slots(ctx, g, &slots);
    b.slots = slots;
    b.taken = ARENA_ARRAY(ctx->a, bool, file->tensors.n);
    b.orders = g->weights_native ? NULL : column_orders_new(ctx, g);
    return file->format == TF_RAW ? bind_raw(&b) : bind_all_named(&b);
}

/* ---- the way back -------------------------------------------------------------------------- */

static bool export_slot(const binder *b, const weight_slot *slot, named_tensor *t)
{
    const int32_t *columns;
    const ir_shape *shape = &slot->torch_shape;
    int64_t n = ir_elems(shape);
    if (!find_columns(b, slot, &columns))
        return false;
    const float *from = slot->tensor->data;
    float *to = ARENA_ARRAY(b->ctx->a, float, n);
    for (int64_t i = 0; i < n; i++)
        to[i] = from[place(slot, columns, i)];
    *t = (named_tensor){.name = slot->key, .dtype = DT_F32, .rank = shape->rank, .elems = n,
                        .data = to, .dim = ARENA_ARRAY(b->ctx->a, int64_t, shape->rank)};
    for (int i = 0; i < shape->rank; i++)
        t->dim[i] = shape->dim[i];
    return true;
}

bool weights_export(qctx *ctx, const ir_graph *g, named_tensor **tensors, int *n)
{
    weight_slot *slots;
    binder b = {.ctx = ctx, .g = g};
    *n = weight_slots(ctx, g, &slots);
    b.orders = g->weights_native ? NULL : column_orders_new(ctx, g);
    *tensors = ARENA_ARRAY(ctx->a, named_tensor, *n);
    for (int i = 0; i < *n; i++)
        if (!export_slot(&b, &slots[i], &(*tensors)[i]))
            return false;
    return true;
}
