/* graphs.c - small integer graphs built by hand. */
#include "tests/unit/cm.h"

#include "tests/unit/graphs.h"

#include <string.h>

#include "compiler/base/rng.h"
#include "compiler/quant/quant.h"

gb gb_new(qctx *ctx, const char *name)
{
    return (gb){ctx, ir_new(ctx, name), IR_I8};
}

ir_shape gb_shape(int rank, int a, int b, int c)
{
    return (ir_shape){rank, {a, b, c}};
}

static ir_quant *quantization(gb *b, int bits, int axis, int n, float scale, int32_t zero)
{
    ir_quant *q = ARENA_NEW(b->ctx->a, ir_quant);
    float *scales = ARENA_ARRAY(b->ctx->a, float, n);
    int32_t *zeros = ARENA_ARRAY(b->ctx->a, int32_t, n);
    for (int i = 0; i < n; i++) {
        scales[i] = scale * (float)(i + 1);
        zeros[i] = zero;
    }
    *q = (ir_quant){.bits = bits, .axis = axis, .n = n, .scale = scales, .zero = zeros,
                    .symmetric = zero == 0};
    return q;
}

static ir_tensor *activation(gb *b, const char *name, ir_tkind kind, ir_shape shape)
{
    ir_tensor *t = ir_add_tensor(b->ctx, b->g, name, kind, b->type, &shape, loc_none());
    if (b->type != IR_F32)
        t->quant = quantization(b, b->type == IR_I16 ? 16 : 8, -1, 1, 0.0625F, -3);
    return t;
}

ir_tensor *gb_input(gb *b, const char *name, ir_shape shape)
{
    return activation(b, name, IR_INPUT, shape);
}

static ir_tensor *op(gb *b, ir_opkind kind, const char *name, int n, ir_tensor *const *in, ir_shape shape,
                     const ir_attrs *at)
{
    ir_tensor *out = activation(b, name, IR_VALUE, shape);
    ir_op *o = ir_add_op(b->ctx, b->g, kind, name, n, in, 1, &out, loc_none());
    if (at)
        o->at = *at;
    return out;
}

ir_tensor *gb_relu(gb *b, const char *name, ir_tensor *x)
{
    return op(b, OP_RELU, name, 1, &x, x->shape, NULL);
}

ir_tensor *gb_add(gb *b, const char *name, ir_tensor *x, ir_tensor *y)
{
    return op(b, OP_ADD, name, 2, (ir_tensor *[]){x, y}, x->shape, NULL);
}

ir_tensor *gb_reshape(gb *b, const char *name, ir_tensor *x, ir_shape to)
{
    return op(b, OP_RESHAPE, name, 1, &x, to, &(ir_attrs){.to = to});
}

ir_tensor *gb_concat(gb *b, const char *name, ir_tensor *x, ir_tensor *y)
{
    ir_shape s = x->shape;
    s.dim[s.rank - 1] += y->shape.dim[s.rank - 1];
    return op(b, OP_CONCAT, name, 2, (ir_tensor *[]){x, y}, s, &(ir_attrs){.axis = s.rank - 1});
}

static ir_tensor *constant(gb *b, const char *layer, const char *part, ir_type type, ir_shape shape)
{
    rng r;
    int64_t n = ir_elems(&shape);
    const char *name = arena_printf(b->ctx->a, "%s.%s", layer, part);
    ir_tensor *t = ir_add_tensor(b->ctx, b->g, name, IR_CONST, type, &shape, loc_none());
    void *data = arena_calloc(b->ctx->a, (size_t)n, ir_type_size(type));
    rng_seed(&r, (uint64_t)n + strlen(name));
    for (int64_t i = 0; i < n; i++) {
        int32_t v = (int32_t)rng_below(&r, 255) - 127;
        if (type == IR_F32)
            ((float *)data)[i] = (float)v * 0x1p-7F;
        else if (type == IR_I32)
            ((int32_t *)data)[i] = v;
        else
            ((int8_t *)data)[i] = (int8_t)v;
    }
    t->data = data;
    return t;
}

ir_tensor *gb_dense(gb *b, const char *name, ir_tensor *x, int units)
{
    bool real = b->type == IR_F32;
    int n = x->shape.dim[x->shape.rank - 1];
    ir_tensor *w = constant(b, name, "weight", real ? IR_F32 : IR_I8, gb_shape(2, units, n, 0));
    ir_tensor *bias = constant(b, name, "bias", real ? IR_F32 : IR_I32, gb_shape(1, units, 0, 0));
    if (!real)
        w->quant = quantization(b, 8, 0, units, 0x1p-9F, 0);
    ir_shape s = x->shape;
    s.dim[s.rank - 1] = units;
    return op(b, OP_DENSE, name, 3, (ir_tensor *[]){x, w, bias}, s, &(ir_attrs){.filters = units});
}

void gb_output(gb *b, ir_tensor *t)
{
    t->is_output = true;
    *VEC_PUSH(b->ctx->a, &b->g->outputs) = t;
}

static void fail_with(const qctx *ctx)
{
    buf text;
    buf_init(&text, ctx->a);
    for (int i = 0; i < diag_count(ctx); i++)
        diag_print(&text, diag_get(ctx, i));
    fail_msg("%s", buf_str(&text));
}

ir_graph *gb_done(gb *b)
{
    b->g->stage = b->type == IR_F32 ? IR_FOLDED : IR_QUANTIZED;
    bool ok = ir_verify(b->ctx, b->g, "test");
    if (ok && b->type != IR_F32)
        ok = legalize(b->ctx, b->g, IR_NUM_Q32) && ir_verify(b->ctx, b->g, "legalize");
    if (!ok)
        fail_with(b->ctx);
    return b->g;
}
