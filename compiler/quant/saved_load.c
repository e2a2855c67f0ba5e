/* saved_load.c - a saved pair back into the quantized graph that it was written from.
 *
 * The .qdl gives topology, grids and scales of tensors, the .bin integers and scales of channels.
 * Both are foreign text: everything is checked before it is used. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "compiler/quant/codebook.h"

/* Zero points beyond this come from no range that qcc accepts. */
#define ZERO_LIMIT (1 << 30)

typedef struct loader {
    qctx *ctx;
    ir_graph *g;
    const quant_spec *spec; /* the rules of the .qdl alone */
    const tensor_file *file;
    bool *taken; /* by tensor of the file */
} loader;

/* ---- messages ------------------------------------------------------------------------------ */

static bool bad_tensor(const loader *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool bad_rule(const loader *l, qloc loc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool bad_tensor(const loader *l, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    diag_add(l->ctx, D_SAVED_TENSOR, loc_file(l->file->src), "%s",
             arena_vprintf(l->ctx->a, fmt, ap));
    va_end(ap);
    return false;
}

static bool bad_rule(const loader *l, qloc loc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    diag_add(l->ctx, D_SAVED_RULE, loc, "%s", arena_vprintf(l->ctx->a, fmt, ap));
    va_end(ap);
    return false;
}

/* ---- rules of the file and of the command line --------------------------------------------- */

static bool is_own(const quant_spec *spec, const spec_rule *r)
{
    return r->loc.src == spec->saved_loc.src;
}

static const quant_spec *own_rules(qctx *ctx, const quant_spec *spec)
{
    quant_spec *own = arena_memdup(ctx->a, spec, sizeof *spec);
    memset(&own->rules, 0, sizeof own->rules);
    for (int i = 0; i < spec->rules.n; i++)
        if (is_own(spec, &spec->rules.v[i]))
            *VEC_PUSH(ctx->a, &own->rules) = spec->rules.v[i];
    return own;
}

/* Whether a quantization already is what the settings ask for. */
static bool satisfies(const ir_quant *q, const spec_settings *s)
{
    bool ok = !(s->set & SPEC_OBSERVER); /* a saved pair does not know how it was calibrated */
    ok &= !(s->set & SPEC_BITS) || s->bits == q->bits;
    bool uniform = q->scheme == IR_Q_UNIFORM;
    ok &= !(s->set & SPEC_GRID) || (uniform && s->grid == q->grid);
    ok &= !(s->set & SPEC_SYMMETRIC) || (uniform && s->symmetric == q->symmetric);
    ok &= !(s->set & SPEC_CODEBOOK_FIT);
    ok &= !(s->set & SPEC_TABLE) || s->table_per_channel == q->table_per_channel;
    ok &= !(s->set & SPEC_SCHEME) || s->scheme == q->scheme;
    ok &= !(s->set & SPEC_POW2) || s->pow2 == q->pow2;
    ok &= !(s->set & SPEC_PER_CHANNEL) || s->per_channel == (q->n > 1);
    if (s->set & SPEC_SCALE)
        ok &= q->n == 1 && s->scale == (double)q->scale[0] && s->zero == q->zero[0];
    ok &= !(s->set & SPEC_RANGE) || uniform;
    if (s->set & SPEC_RANGE && uniform) {
        float scale;
        int32_t zero;
        quant_fit(q, s->lo, s->hi, &scale, &zero);
        ok &= q->n == 1 && scale == q->scale[0] && zero == q->zero[0];
    }
    return ok;
}

static bool refuse_option(const loader *l, const spec_rule *r, const ir_tensor *t)
{
    diag_add(l->ctx, D_SAVED_OPTION, r->loc,
             "'%s' is quantized already, and otherwise than this option asks", t->name);
    diag_hint(l->ctx, "a saved pair keeps its quantization; quantize the float model again");
    return false;
}

/* Options on a saved pair may only repeat what it has. */
static bool check_option(const loader *l, const spec_rule *r)
{
    for (int i = 0; i < l->g->tensors.n; i++) {
        const ir_tensor *t = l->g->tensors.v[i];
        bool weight = t->kind == IR_CONST && !ir_is_operand(t);
        const char *layer = weight ? layer_of_weight(l->ctx, t) : t->name;
        if (!t->quant || weight != (r->part == SPEC_WEIGHT) || r->part == SPEC_BIAS)
            continue;
        if ((!r->layer || strcmp(r->layer, layer) == 0) && !satisfies(t->quant, &r->s))
            return refuse_option(l, r, t);
    }
    return true;
}

static bool check_options(const loader *l, const quant_spec *all)
{
    bool ok = true;
    for (int i = 0; i < all->rules.n; i++)
        if (!is_own(all, &all->rules.v[i]))
            ok &= check_option(l, &all->rules.v[i]);
    return ok;
}

/* The numerics stand in both files: another mode is an option, or two files that are no pair. */
static bool check_numerics(const loader *l)
{
    const char *mode = ir_numerics_name(l->spec->has_numerics ? l->spec->numerics : IR_NUM_Q32);
    for (int i = 0; i < l->file->metadata.n; i++) {
        if (strcmp(l->file->metadata.v[i].key, "qcc.numerics") != 0)
            continue;
        const char *saved = l->file->metadata.v[i].value;
        if (strcmp(saved, mode) == 0)
            return true;
        diag_add(l->ctx, D_SAVED_OPTION, l->spec->numerics_loc,
                 "numerics %s for a pair that was saved with %s", mode, saved);
        diag_hint(l->ctx, "a saved pair keeps its numerics; quantize the float model again");
        return false;
    }
    return true;
}

/* ---- tensors of the file ------------------------------------------------------------------- */

/* A tensor by name with one of two types and exactly this shape; NULL after a diagnostic. */
static const named_tensor *take(const loader *l, const char *name, tensor_dtype dtype, int rank,
                                const int32_t *dim)
{
    const named_tensor *t = tensor_file_find(l->file, name);
    if (!t) {
        bad_tensor(l, "the saved pair lacks the tensor '%s'", name);
        return NULL;
    }
    l->taken[t - l->file->tensors.v] = true;
    if (t->dtype != dtype) {
        bad_tensor(l, "'%s' holds %s, not %s", name, dtype_name(t->dtype), dtype_name(dtype));
        return NULL;
    }
    bool fits = t->rank == rank;
    for (int i = 0; fits && i < rank; i++)
        fits = t->dim[i] == dim[i];
    if (fits)
        return t;
    ir_shape want = {.rank = rank};
    memcpy(want.dim, dim, (size_t)rank * sizeof *dim);
    bad_tensor(l, "'%s' should have the shape %s", name, ir_shape_str(l->ctx->a, &want));
    return NULL;
}

static bool all_taken(const loader *l)
{
    bool ok = true;
    for (int i = 0; i < l->file->tensors.n; i++)
        if (!l->taken[i])
            ok = bad_tensor(l, "no layer of the saved pair takes the tensor '%s'",
                            l->file->tensors.v[i].name);
    return ok;
}

/* ---- quantizations ------------------------------------------------------------------------- */

static bool scale_fits(double s)
{
    return s >= (double)FLT_MIN && s <= (double)FLT_MAX && s == (double)(float)s;
}

/* Zero points that the grid can have: a code for tread, nothing to say for symmetric grids. */
static bool zero_fits(const ir_quant *q, int32_t zero)
{
    int32_t lo, hi;
    quant_code_range(q, &lo, &hi);
    if (q->symmetric)
        return zero == (q->grid == IR_GRID_MIDPOINT && !quant_is_odd_midpoint(q)
                            ? -((int32_t)1 << q->bits)
                            : 0);
    return q->grid == IR_GRID_TREAD ? zero >= lo && zero <= hi
                                    : zero >= -ZERO_LIMIT && zero <= ZERO_LIMIT;
}

static ir_quant *shape_of(const loader *l, const spec_settings *s)
{
    ir_quant *q = ARENA_NEW(l->ctx->a, ir_quant);
    *q = (ir_quant){.scheme = s->scheme,
                    .grid = s->grid,
                    .symmetric = s->symmetric || s->scheme == IR_Q_CODEBOOK,
                    .pow2 = s->pow2,
                    .bits = s->bits,
                    .axis = -1,
                    .n = 1};
    return q;
}

/* Scale and zero point that the rule itself states. NULL after a diagnostic. */
static ir_quant *stated_quant(const loader *l, const spec_settings *s, qloc loc, const char *name)
{
    ir_quant *q = shape_of(l, s);
    if (!(s->set & SPEC_SCALE)) {
        bad_rule(l, loc, "the saved pair states no scale of '%s'", name);
        return NULL;
    }
    if (!scale_fits(s->scale) || !zero_fits(q, s->zero)) {
        bad_rule(l, loc, "'%s' cannot have the scale %g and zero point %d", name, s->scale,
                 (int)s->zero);
        return NULL;
    }
    float scale = (float)s->scale;
    int32_t lo, hi;
    q->scale = arena_memdup(l->ctx->a, &scale, sizeof scale);
    q->zero = arena_memdup(l->ctx->a, &s->zero, sizeof s->zero);
    if (q->scheme == IR_Q_CODEBOOK)
        return q;
    quant_code_range(q, &lo, &hi);
    q->lo = quant_value(q, 0, lo);
    q->hi = quant_value(q, 0, hi);
    return q;
}

static ir_quant *channel_quant(const loader *l, const spec_settings *s, const ir_op *op)
{
    const char *prefix = saved_prefix(l->ctx, op);
    int32_t n = ir_weight(op)->shape.dim[0];
    ir_quant *q = shape_of(l, s);
    int32_t *zero = ARENA_ARRAY(l->ctx->a, int32_t, n);
    const named_tensor *t =
        take(l, arena_printf(l->ctx->a, "%s.weight_scale", prefix), DT_F32, 1, &n);
    if (!t)
        return NULL;
    q->axis = 0;
    q->n = n;
    q->scale = t->data;
    q->zero = zero;
    for (int32_t c = 0; c < n; c++) {
        zero[c] = s->symmetric && s->grid == IR_GRID_MIDPOINT && !quant_is_odd_midpoint(q)
                      ? -((int32_t)1 << s->bits)
                      : 0;
        if (!scale_fits((double)q->scale[c])) {
            bad_tensor(l, "'%s'[%d] is %g, no scale", t->name, (int)c, (double)q->scale[c]);
            return NULL;
        }
    }
    if (s->symmetric)
        return q;
    t = take(l, arena_printf(l->ctx->a, "%s.weight_zero_point", prefix), DT_I32, 1, &n);
    for (int32_t c = 0; t && c < n; c++) {
        zero[c] = ((const int32_t *)t->data)[c];
        if (!zero_fits(q, zero[c])) {
            bad_tensor(l, "'%s'[%d] is %d, no zero point of its grid", t->name, (int)c,
                       (int)zero[c]);
            return NULL;
        }
    }
    return t ? q : NULL;
}

/* The table, [entries] or [channels][entries]; int8 up to 64 entries, else int16. */
static bool load_codebook(const loader *l, const ir_op *op, bool each, ir_quant *q)
{
    arena *a = l->ctx->a;
    const char *name = arena_printf(a, "%s.weight_codebook", saved_prefix(l->ctx, op));
    const named_tensor *t = tensor_file_find(l->file, name);
    if (each && q->n != ir_weight(op)->shape.dim[0])
        return bad_tensor(l, "'%s': tables per channel need scales per channel", name);
    int64_t entries = t && t->rank ? t->dim[t->rank - 1] : 2;
    if (entries < 2 || entries > (int64_t)1 << q->bits)
        return bad_tensor(l, "'%s' has %lld entries, not 2 to %d", name, (long long)entries,
                          1 << q->bits);
    q->entries = (int)entries;
    q->table_per_channel = each && q->n > 1;
    q->table_type = entries > CODEBOOK_I8_ENTRIES ? IR_I16 : IR_I8;
    int32_t dim[] = {q->n, q->entries};
    bool wide = q->table_type == IR_I16;
    t = take(l, name, wide ? DT_I16 : DT_I8, q->table_per_channel ? 2 : 1,
             q->table_per_channel ? dim : dim + 1);
    if (!t)
        return false;
    int16_t *table = ARENA_ARRAY(a, int16_t, t->elems);
    for (int64_t i = 0; i < t->elems; i++)
        table[i] = wide ? ((const int16_t *)t->data)[i] : ((const int8_t *)t->data)[i];
    q->table = table;
    return true;
}

/* ---- chains -------------------------------------------------------------------------------- */

/* `c1 = conv2d(…) |> relu`: the relu is the convolution's. What stands between two calls of a chain
 * has no quantization of its own; a relu of a tensor that has one is a step by itself and stays so.
 */
static void join_chains(loader *l)
{
    bool *dead = ARENA_ARRAY(l->ctx->a, bool, l->g->ops.n);
    for (int i = 0; i < l->g->ops.n; i++) {
        ir_op *op = l->g->ops.v[i], *p = op->in[0]->producer;
        bool relu = op->kind == OP_RELU || op->kind == OP_RELU6;
        if (!relu || !p || p->at.act || ir_uses(l->g, op->in[0]) != 1 ||
            names_activation(l->spec, op->in[0]->name))
            continue;
        p->at.act = op->kind == OP_RELU6 ? IR_ACT_RELU6 : IR_ACT_RELU;
        p->out[0] = op->out[0];
        p->out[0]->producer = p;
        dead[op->id] = true;
    }
    ir_compact(l->ctx, l->g, dead);
    for (int i = 0; i < l->g->ops.n; i++)
        l->g->ops.v[i]->name = l->g->ops.v[i]->out[0]->name;
}

/* ---- layers -------------------------------------------------------------------------------- */

static bool load_activation(loader *l, ir_tensor *t)
{
    bool stated;
    spec_settings s = activation_settings(l->ctx, l->spec, t, &stated);
    bool declared = t->declared && t->quant;
    if (ir_is_index(t)) {
        t->type = t->port_type = IR_I32;
        return true;
    }
    if (declared && !(stated && s.set & SPEC_SCALE)) {
        t->type = t->quant->bits > 8 ? IR_I16 : IR_I8;
        return true;
    }
    if (declared && (s.scale != (double)t->quant->scale[0] || s.zero != t->quant->zero[0]))
        return bad_rule(l, t->loc, "the saved pair states two quantizations of '%s'", t->name);
    if (!stated)
        return bad_rule(l, t->loc, "the saved pair states no quantization of '%s'", t->name);
    if (s.scheme != IR_Q_UNIFORM || s.grid != IR_GRID_TREAD || s.bits < 2)
        return bad_rule(l, t->loc, "'%s' cannot be quantized so", t->name);
    t->quant = stated_quant(l, &s, t->loc, t->name);
    t->type = s.bits > 8 ? IR_I16 : IR_I8;
    return t->quant != NULL;
}

/* Codes in the file's order, unpacked; NULL after a diagnostic. */
static const void *file_codes(const loader *l, const ir_op *op, const ir_quant *q)
{
    const char *name = arena_printf(l->ctx->a, "%s.weight", saved_prefix(l->ctx, op));
    ir_shape shape = weight_file_shape(op);
    int32_t rows = shape.dim[0], lo, hi;
    int64_t n = ir_elems(&shape), row = n / rows, bytes = packed_row_bytes(row, q->bits);
    quant_code_range(q, &lo, &hi);
    if (q->bits >= 8) {
        bool index = q->scheme == IR_Q_CODEBOOK;
        tensor_dtype dtype = q->bits > 8 ? DT_I16 : index ? DT_U8 : DT_I8;
        const named_tensor *t = take(l, name, dtype, shape.rank, shape.dim);
        for (int64_t i = 0; t && i < n; i++) {
            int32_t code = q->bits > 8 ? ((const int16_t *)t->data)[i]
                           : index     ? ((const uint8_t *)t->data)[i]
                                       : ((const int8_t *)t->data)[i];
            if (code < lo || code > hi) {
                bad_tensor(l, "'%s' holds %d, no code of its grid", name, (int)code);
                return NULL;
            }
        }
        return t ? t->data : NULL;
    }
    const named_tensor *t = take(l, name, DT_U8, 2, (int32_t[]){rows, (int32_t)bytes});
    int8_t *codes = ARENA_ARRAY(l->ctx->a, int8_t, n);
    for (int64_t r = 0; t && r < rows; r++)
        if (!unpack_row(q, (const uint8_t *)t->data + r * bytes, row, codes + r * row)) {
            bad_tensor(l, "'%s' is no packing of %d-bit codes (row %lld)", name, q->bits,
                       (long long)r);
            return NULL;
        }
    return t ? codes : NULL;
}

static bool load_weight(loader *l, const ir_op *op)
{
    ir_tensor *w = ir_weight(op);
    spec_settings s = spec_for(l->spec, op->out[0]->name, SPEC_WEIGHT);
    bool codebook = s.scheme == IR_Q_CODEBOOK;
    if (codebook ? s.bits > 8 : s.grid == IR_GRID_TREAD && s.bits < 2)
        return bad_rule(l, op->loc, "'%s' cannot be quantized so", w->name);
    bool tensor = s.set & SPEC_SCALE || !s.per_channel;
    ir_quant *q = tensor ? stated_quant(l, &s, op->loc, w->name) : channel_quant(l, &s, op);
    if (!q || (codebook && !load_codebook(l, op, s.table_per_channel, q)))
        return false;
    const char *codes = file_codes(l, op, q);
    if (!codes)
        return false;
    w->type = weight_code_type(q);
    size_t size = ir_type_size(w->type);
    int64_t n = ir_elems(&w->shape);
    const int64_t *at = weight_file_order(l->ctx, op);
    char *data = arena_calloc(l->ctx->a, (size_t)n, size);
    for (int64_t i = 0; i < n; i++)
        memcpy(data + (size_t)at[i] * size, codes + (size_t)i * size, size);
    w->data = data;
    w->quant = q;
    return true;
}

/* A constant that is an operand: its quantization like an activation's, its codes like weights. */
static bool load_constant(loader *l, ir_tensor *t)
{
    if (!load_activation(l, t))
        return false;
    const char *name = arena_printf(l->ctx->a, "%s.weight", t->wname);
    const named_tensor *f = take(l, name, t->type == IR_I16 ? DT_I16 : DT_I8, t->shape.rank, t->shape.dim);
    int32_t lo, hi;
    quant_code_range(t->quant, &lo, &hi);
    for (int64_t i = 0; f && i < f->elems; i++) {
        int32_t code = t->type == IR_I16 ? ((const int16_t *)f->data)[i] : ((const int8_t *)f->data)[i];
        if (code < lo || code > hi)
            return bad_tensor(l, "'%s' holds %d, no code of its grid", name, (int)code);
    }
    t->data = f ? f->data : NULL;
    return f != NULL;
}

static bool load_bias(loader *l, const ir_op *op)
{
    ir_tensor *b = ir_bias(op);
    if (!b)
        return true;
    spec_settings s = spec_for(l->spec, op->out[0]->name, SPEC_BIAS);
    bool wide = s.set & SPEC_TYPE && s.type == IR_I64;
    const char *name = arena_printf(l->ctx->a, "%s.bias", saved_prefix(l->ctx, op));
    const named_tensor *t = take(l, name, wide ? DT_I64 : DT_I32, 1, b->shape.dim);
    for (int64_t i = 0; t && wide && i < t->elems; i++) {
        int64_t v = ((const int64_t *)t->data)[i];
        if (v > INT64_MAX / 2 || v < -(INT64_MAX / 2))
            return bad_tensor(l, "'%s'[%lld] is beyond 62 bits", name, (long long)i);
    }
    b->type = wide ? IR_I64 : IR_I32;
    b->data = t ? t->data : NULL;
    return t != NULL;
}

/* Constants are called by their names in the file, as they were when the pair was written. */
static void name_constants(qctx *ctx, ir_op *op)
{
    if (!op->wname)
        return;
    ir_weight(op)->name = arena_printf(ctx->a, "%s.weight", op->wname);
    if (ir_bias(op))
        ir_bias(op)->name = arena_printf(ctx->a, "%s.bias", op->wname);
}

static bool load_op(loader *l, ir_op *op)
{
    if (!ir_weight(op))
        return true;
    name_constants(l->ctx, op);
    bool ok = load_weight(l, op);
    return load_bias(l, op) && ok;
}

static bool is_folded(const loader *l)
{
    for (int i = 0; i < l->g->ops.n; i++) {
        const ir_op *op = l->g->ops.v[i];
        if (ir_opinfos[op->kind].flags & OPF_X)
            return bad_rule(l, op->loc, "a saved pair has no %s", ir_opinfos[op->kind].word);
    }
    return true;
}

ir_graph *load_saved(qctx *ctx, const ir_graph *lowered, const quant_spec *spec,
                     const tensor_file *file)
{
    loader l = {.ctx = ctx,
                .g = ir_clone(ctx, lowered),
                .spec = own_rules(ctx, spec),
                .file = file,
                .taken = ARENA_ARRAY(ctx->a, bool, file->tensors.n)};
    if (!is_folded(&l))
        return NULL;
    join_chains(&l);
    bool ok = true;
    for (int i = 0; i < l.g->tensors.n; i++)
        if (l.g->tensors.v[i]->kind != IR_CONST)
            ok &= load_activation(&l, l.g->tensors.v[i]);
    ir_tensor **constants;
    for (int i = 0, n = ir_operands(ctx->a, l.g, &constants); i < n; i++)
        ok &= load_constant(&l, constants[i]);
    for (int i = 0; i < l.g->ops.n; i++)
        ok &= load_op(&l, l.g->ops.v[i]);
    if (!ok || !all_taken(&l) || !check_numerics(&l) || !check_options(&l, spec))
        return NULL;
    l.g->stage = IR_QUANTIZED;
    l.g->numerics = spec->has_numerics ? spec->numerics : IR_NUM_Q32;
    l.g->source_sha256 = spec->source_sha256;
    return l.g;
}
