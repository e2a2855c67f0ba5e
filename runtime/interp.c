/* interp.c - runs a graph operator by operator; every value keeps its own storage. */
#include "runtime/interp.h"

#include <string.h>

#include "compiler/quant/grid.h"
#include "runtime/ref.h"

struct interp {
    const ir_graph *g;
    bool integer;
    const void **value;   /* by tensor id: in the tensor's own type */
    void **own;           /* storage behind value, where the interpreter has one */
    int32_t **wide;       /* integer: activations as int32 */
    int32_t **level;      /* integer, by operator id: weights */
    int64_t **bias;
    const void **in;      /* arguments of the operator at hand */
    bool blas;            /* float through OpenBLAS */
    float *scratch;
    interp_hook hook;
    void *user;
    interp_edit edit;
    void *edit_user;
};

/* ---- codes of every type ----------------------------------------------------------------------- */

static int64_t get_code(ir_type type, const void *data, int64_t i)
{
    switch (type) {
    case IR_I8:
        return ((const int8_t *)data)[i];
    case IR_U8:
        return ((const uint8_t *)data)[i];
    case IR_I16:
        return ((const int16_t *)data)[i];
    case IR_I32:
        return ((const int32_t *)data)[i];
    case IR_I64:
        return ((const int64_t *)data)[i];
    case IR_F32:
        break;
    }
    return 0;
}

static void widen(int32_t *to, ir_type type, const void *from, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = (int32_t)get_code(type, from, i);
}

/* Codes lie inside the type: kernels clamp. */
static void narrow(void *to, ir_type type, const int32_t *from, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (type == IR_I8)
            ((int8_t *)to)[i] = (int8_t)from[i];
        else if (type == IR_I16)
            ((int16_t *)to)[i] = (int16_t)from[i];
        else if (type == IR_U8)
            ((uint8_t *)to)[i] = (uint8_t)from[i];
        else
            ((int32_t *)to)[i] = from[i];
}

/* ---- preparation ------------------------------------------------------------------------------- */

static int32_t *weight_levels(qctx *ctx, const ir_tensor *w)
{
    int64_t n = ir_elems(&w->shape);
    int32_t *level = ARENA_ARRAY(ctx->a, int32_t, n);
    for (int64_t i = 0; i < n; i++)
        level[i] = quant_level(w->quant, quant_channel(w->quant, &w->shape, i),
                               (int32_t)get_code(w->type, w->data, i));
    return level;
}

static int64_t *bias_values(qctx *ctx, const ir_tensor *b)
{
    int64_t n = ir_elems(&b->shape);
    int64_t *bias = ARENA_ARRAY(ctx->a, int64_t, n);
    for (int64_t i = 0; i < n; i++)
        bias[i] = get_code(b->type, b->data, i);
    return bias;
}

static void prepare_tensor(qctx *ctx, interp *it, const ir_tensor *t)
{
    int64_t n = ir_elems(&t->shape);
    it->value[t->id] = t->data;
    if (t->kind == IR_VALUE || t->kind == IR_STATE)
        it->value[t->id] = it->own[t->id] = arena_calloc(ctx->a, (size_t)n, ir_type_size(t->type));
    bool bias = t->kind == IR_CONST && !t->quant;
    if (!it->integer || t->type == IR_F32 || t->type == IR_I64 || bias)
        return;
    it->wide[t->id] = ARENA_ARRAY(ctx->a, int32_t, n);
    if (t->data)
        widen(it->wide[t->id], t->type, t->data, n);
}

void interp_reset(interp *it)
{
    for (int i = 0; i < it->g->states.n; i++) {
        const ir_state *s = it->g->states.v[i];
        const ir_tensor *t = s->tensor;
        int64_t n = ir_elems(&t->shape);
        if (s->initial)
            memcpy(it->own[t->id], s->initial, (size_t)n * ir_type_size(t->type));
        else if (!it->integer)
            memset(it->own[t->id], 0, (size_t)n * ir_type_size(t->type));
        for (int64_t k = 0; k < n && it->integer && !s->initial; k++)
            it->wide[t->id][k] = t->quant->zero[0];
        if (it->integer && s->initial)
            widen(it->wide[t->id], t->type, s->initial, n);
        else if (it->integer)
            narrow(it->own[t->id], t->type, it->wide[t->id], n);
    }
}

interp *interp_new(qctx *ctx, const ir_graph *g)
{
    interp *it = ARENA_NEW(ctx->a, interp);
    it->g = g;
    it->integer = g->stage == IR_LEGAL;
    it->value = ARENA_ARRAY(ctx->a, const void *, g->tensors.n);
    it->own = ARENA_ARRAY(ctx->a, void *, g->tensors.n);
    it->wide = ARENA_ARRAY(ctx->a, int32_t *, g->tensors.n);
    it->level = ARENA_ARRAY(ctx->a, int32_t *, g->ops.n);
    it->bias = ARENA_ARRAY(ctx->a, int64_t *, g->ops.n);
    it->in = ARENA_ARRAY(ctx->a, const void *, IR_MAX_INPUTS);
    for (int i = 0; i < g->tensors.n; i++)
        prepare_tensor(ctx, it, g->tensors.v[i]);
    interp_reset(it);
    for (int i = 0; it->integer && i < g->ops.n; i++) {
        const ir_op *op = g->ops.v[i];
        if (op->kind != OP_CONV2D && op->kind != OP_DENSE)
            continue;
        it->level[i] = weight_levels(ctx, op->in[1]);
        it->bias[i] = op->n_in > 2 ? bias_values(ctx, op->in[2]) : NULL;
    }
    return it;
}

void interp_use_blas(qctx *ctx, interp *it)
{
    int64_t most = 0;
    for (int i = 0; i < it->g->ops.n; i++) {
        int64_t n = ref_blas_scratch(it->g->ops.v[i]);
        most = n > most ? n : most;
    }
    it->blas = !it->integer;
    it->scratch = ARENA_ARRAY(ctx->a, float, most);
}

void interp_set_hook(interp *it, interp_hook hook, void *user)
{
    it->hook = hook;
    it->user = user;
}

void interp_set_edit(interp *it, interp_edit edit, void *user)
{
    it->edit = edit;
    it->edit_user = user;
}

/* ---- running ----------------------------------------------------------------------------------- */

static void run_op(interp *it, const ir_op *op)
{
    const ir_tensor *out = op->out[0];
    ref_args a = { .op = op, .in = it->in, .level = it->level[op->id], .bias = it->bias[op->id],
                   .scratch = it->scratch };
    for (int i = 0; i < op->n_in; i++)
        it->in[i] = it->integer ? it->wide[op->in[i]->id] : it->value[op->in[i]->id];
    a.out = it->integer ? (void *)it->wide[out->id] : it->own[out->id];
    ref_kernel kernel = it->integer ? ref_int_kernels[op->kind]
                        : it->blas  ? ref_blas_kernel(op->kind)
                                    : ref_float_kernels[op->kind];
    kernel(&a);
    if (it->integer)
        narrow(it->own[out->id], out->type, it->wide[out->id], ir_elems(&out->shape));
    if (it->edit && !it->integer)
        it->edit(it->edit_user, op, out, it->own[out->id]);
    if (it->hook)
        it->hook(it->user, op, out, it->value[out->id]);
}

void interp_run(interp *it, const void *const *in, void *const *out)
{
    const ir_graph *g = it->g;
    for (int i = 0; i < g->inputs.n; i++) {
        const ir_tensor *t = g->inputs.v[i];
        it->value[t->id] = in[i];
        if (it->wide[t->id])
            widen(it->wide[t->id], t->type, in[i], ir_elems(&t->shape));
    }
    for (int i = 0; i < g->ops.n; i++)
        run_op(it, g->ops.v[i]);
    for (int i = 0; i < g->outputs.n; i++) {
        const ir_tensor *t = g->outputs.v[i];
        memcpy(out[i], it->value[t->id], (size_t)ir_elems(&t->shape) * ir_type_size(t->type));
    }
}

const void *interp_value(const interp *it, const ir_tensor *t) { return it->value[t->id]; }
