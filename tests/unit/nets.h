/* nets.h - small nets built by hand, for tests of interpreters and integer passes. */
#ifndef QCC_TESTS_NETS_H
#define QCC_TESTS_NETS_H

#include <string.h>

#include "compiler/base/rng.h"
#include "compiler/quant/grid.h"
#include "compiler/quant/quant.h"
#include "runtime/interp.h"

#define SHAPE(...) \
    ((ir_shape){ sizeof((int32_t[]){ __VA_ARGS__ }) / sizeof(int32_t), { __VA_ARGS__ } })

typedef struct net_kit {
    qctx *ctx;
    ir_graph *g;
    int names;
} net_kit;

static inline net_kit kit_new(ir_stage stage)
{
    net_kit k = { .ctx = qctx_new() };
    assert_non_null(k.ctx);
    k.g = ir_new(k.ctx, "net");
    k.g->stage = stage;
    return k;
}

static inline const char *kit_name(net_kit *k, const char *stem)
{
    return arena_printf(k->ctx->a, "%s%d", stem, k->names++);
}

/* An activation's quantization. */
static inline ir_quant *kit_quant(net_kit *k, int bits, float scale, int32_t zero)
{
    ir_quant *q = ARENA_NEW(k->ctx->a, ir_quant);
    float *s = ARENA_NEW(k->ctx->a, float);
    int32_t *z = ARENA_NEW(k->ctx->a, int32_t);
    *s = scale;
    *z = zero;
    *q = (ir_quant){ .bits = bits, .axis = -1, .n = 1, .scale = s, .zero = z };
    return q;
}

static inline ir_tensor *kit_tensor(net_kit *k, ir_tkind kind, ir_type type, ir_shape shape)
{
    return ir_add_tensor(k->ctx, k->g, kit_name(k, "t"), kind, type, &shape, loc_none());
}

/* int8 (or int16) activations; scale 0 makes a float tensor. */
static inline ir_tensor *kit_act(net_kit *k, ir_tkind kind, ir_shape shape, float scale, int32_t zero)
{
    ir_tensor *t = kit_tensor(k, kind, scale > 0 ? IR_I8 : IR_F32, shape);
    t->quant = scale > 0 ? kit_quant(k, 8, scale, zero) : NULL;
    return t;
}

static inline ir_tensor *kit_input(net_kit *k, ir_shape shape, float scale, int32_t zero)
{
    return kit_act(k, IR_INPUT, shape, scale, zero);
}

static inline ir_tensor *kit_const(net_kit *k, ir_type type, ir_shape shape, const void *data)
{
    ir_tensor *t = kit_tensor(k, IR_CONST, type, shape);
    t->data = arena_memdup(k->ctx->a, data, (size_t)ir_elems(&shape) * ir_type_size(type));
    return t;
}

/* Symmetric int8 weights with one scale. */
static inline ir_tensor *kit_weights(net_kit *k, ir_shape shape, const int8_t *codes, float scale)
{
    ir_tensor *t = kit_const(k, IR_I8, shape, codes);
    t->quant = kit_quant(k, 8, scale, 0);
    t->quant->symmetric = true;
    return t;
}

/* Appends an operator with n inputs; the output's shape is inferred. Attributes start at kernel,
 * stride, dilation, groups 1, no pads. */
static inline ir_op *kit_op(net_kit *k, ir_opkind kind, ir_attrs at, int n, ir_tensor *const *in,
                            float scale, int32_t zero)
{
    ir_tensor *out = kit_act(k, IR_VALUE, (ir_shape){ 0 }, scale, zero);
    ir_op *op = ir_add_op(k->ctx, k->g, kind, kit_name(k, "op"), n, in, 1, &out, loc_none());
    for (int i = 0; i < 2; i++) {
        at.kernel[i] = at.kernel[i] ? at.kernel[i] : 1;
        at.stride[i] = at.stride[i] ? at.stride[i] : 1;
        at.dilation[i] = at.dilation[i] ? at.dilation[i] : 1;
    }
    at.groups = at.groups ? at.groups : 1;
    at.padmode = IR_PAD_EXPLICIT;
    if (kind == OP_CONV2D) {
        at.filters = in[1]->shape.dim[0];
        at.kernel[0] = in[1]->shape.dim[1];
        at.kernel[1] = in[1]->shape.dim[2];
    }
    if (kind == OP_DENSE)
        at.filters = in[1]->shape.dim[0];
    op->at = at;
    assert_true(ir_infer_shape(k->ctx, op));
    return op;
}

static inline void kit_output(net_kit *k, const ir_op *op)
{
    op->out[0]->is_output = true;
    *VEC_PUSH(k->ctx->a, &k->g->outputs) = op->out[0];
}

/* Runs the net's one output for its inputs' data. */
static inline void kit_run(net_kit *k, const void *const *in, void *out)
{
    interp *it = interp_new(k->ctx, k->g);
    void *outs[1] = { out };
    interp_run(it, in, outs);
}

/* Whether a diagnostic with this id was added. */
static inline bool kit_has(const net_kit *k, diag_id id)
{
    for (int i = 0; i < diag_count(k->ctx); i++)
        if (diag_get(k->ctx, i)->id == id)
            return true;
    return false;
}

static inline void kit_free(net_kit *k) { qctx_free(k->ctx); }

#endif
