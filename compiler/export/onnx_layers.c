/* onnx_layers.c - convolutions and dense layers: weights in PyTorch's layouts, float32 or int8
 * codes behind a DequantizeLinear; biases float32 or int32 codes at scale sx·sw. */
#include <string.h>

#include "compiler/export/onnx.h"
#include "compiler/quant/grid.h"
#include "compiler/quant/quant.h"

/* ---- weights ------------------------------------------------------------------------------- */

/* Integer levels as int8 and their zero points: real = scale·(code − zero). */
typedef struct levels {
    int8_t *code, *zero;
    bool fits;
} levels;

static int32_t code_at(const ir_tensor *t, int64_t i)
{
    return t->type == IR_I16  ? ((const int16_t *)t->data)[i]
           : t->type == IR_U8 ? ((const uint8_t *)t->data)[i]
                              : ((const int8_t *)t->data)[i];
}

/* The levels themselves where all fit int8 (zero point 0), else codes with their zero points. */
static levels make_levels(exo_graph *x, const ir_op *op)
{
    const ir_tensor *w = ir_weight(op);
    const ir_quant *q = w->quant;
    const int64_t *at = weight_file_order(x->ctx, op);
    int64_t n = ir_elems(&w->shape), row = n / w->shape.dim[0];
    levels l = {arena_alloc(x->ctx->a, (size_t)n), ARENA_ARRAY(x->ctx->a, int8_t, q->n), true};
    bool centred = true,
         coded = q->scheme == IR_Q_UNIFORM && q->grid == IR_GRID_TREAD && w->type == IR_I8;
    for (int64_t i = 0; i < n; i++) {
        int32_t level = quant_level(q, q->n > 1 ? (int)(i / row) : 0, code_at(w, at[i]));
        centred = centred && level >= INT8_MIN && level <= INT8_MAX;
        l.code[i] = (int8_t)(centred ? level : 0);
    }
    for (int64_t i = 0; i < n && !centred; i++)
        l.code[i] = (int8_t)(coded ? code_at(w, at[i]) : 0);
    for (int i = 0; i < q->n && coded && !centred; i++) {
        l.zero[i] = (int8_t)q->zero[i];
        l.fits = l.fits && q->zero[i] == l.zero[i];
    }
    l.fits = l.fits && (centred || coded);
    return l;
}

static const char *dequantized(exo_graph *x, const char *name, const char *codes, const char *scale,
                               const char *zero, bool each)
{
    Onnx__NodeProto *n =
        exo_node(x, "DequantizeLinear", zero ? 3 : 2, (const char *[]){codes, scale, zero});
    if (each)
        exo_set_int(x, n, "axis", 0);
    n->output[0] = (char *)(uintptr_t)exo_name(x, "%s.real", name);
    return n->output[0];
}

static const char *coded_weight(exo_graph *x, const ir_op *op, const exo_dims *d)
{
    const ir_tensor *w = ir_weight(op);
    const ir_quant *q = w->quant;
    const exo_dims channels = {q->n > 1, {q->n}};
    const levels l = make_levels(x, op);
    if (!l.fits) {
        exo_cannot(x, op, "weights of at most 8 bits on the tread grid can be exported",
                   "its weights' levels do not fit int8");
        return NULL;
    }
    const char *name = exo_const(x, exo_name(x, "%s", w->name), EXO_INT8, d, l.code);
    const char *scale =
        exo_const(x, exo_name(x, "%s.scale", w->name), EXO_FLOAT, &channels, q->scale);
    const char *zero =
        exo_const(x, exo_name(x, "%s.zero_point", w->name), EXO_INT8, &channels, l.zero);
    return dequantized(x, name, name, scale, zero, q->n > 1);
}

static const char *coded_bias(exo_graph *x, const ir_op *op)
{
    const ir_tensor *b = ir_bias(op);
    const ir_quant *q = ir_weight(op)->quant;
    const exo_dims each = {1, {b->shape.dim[0]}}, scales = {q->n > 1, {q->n}};
    int32_t *v = ARENA_ARRAY(x->ctx->a, int32_t, each.dim[0]);
    float *s = ARENA_ARRAY(x->ctx->a, float, q->n);
    for (int32_t c = 0; c < b->shape.dim[0]; c++) {
        int64_t code =
            b->type == IR_I64 ? ((const int64_t *)b->data)[c] : ((const int32_t *)b->data)[c];
        v[c] = (int32_t)code;
        if (v[c] != code) {
            exo_cannot(x, op, "state a wider range for its weights, or export the float net",
                       "its bias %lld does not fit int32", (long long)code);
            return NULL;
        }
    }
    for (int c = 0; c < q->n; c++)
        s[c] = op->in[0]->quant->scale[0] * q->scale[c];
    const char *name = exo_const(x, exo_name(x, "%s", b->name), EXO_INT32, &each, v);
    const char *scale = exo_const(x, exo_name(x, "%s.scale", b->name), EXO_FLOAT, &scales, s);
    return dequantized(x, name, name, scale, NULL, q->n > 1);
}

/* Operands 1 and 2 of a layer; false after exo_cannot. */
static bool constants(exo_graph *x, const ir_op *op, const char *in[3])
{
    const ir_tensor *w = ir_weight(op), *b = ir_bias(op);
    const ir_shape shape = weight_file_shape(op);
    exo_dims d = {shape.rank, {0}};
    for (int i = 0; i < shape.rank; i++)
        d.dim[i] = shape.dim[i];
    if (exo_quantized(x)) {
        in[1] = coded_weight(x, op, &d);
        in[2] = b ? coded_bias(x, op) : NULL;
        return in[1] && (!b || in[2]);
    }
    in[1] =
        exo_const(x, exo_name(x, "%s", w->name), EXO_FLOAT, &d, weight_in_file_order(x->ctx, op));
    const exo_dims channels = {1, {w->shape.dim[0]}};
    in[2] = b ? exo_const(x, exo_name(x, "%s", b->name), EXO_FLOAT, &channels, b->data) : NULL;
    return true;
}

/* ---- layers -------------------------------------------------------------------------------- */

bool exo_conv(exo_graph *x, const ir_op *op)
{
    const ir_attrs *at = &op->at;
    const int64_t pads[] = {at->pad[0], at->pad[2], at->pad[1], at->pad[3]};
    const int64_t kernel[] = {at->kernel[0], at->kernel[1]},
                  strides[] = {at->stride[0], at->stride[1]};
    const int64_t dilations[] = {at->dilation[0] ? at->dilation[0] : 1,
                                 at->dilation[1] ? at->dilation[1] : 1};
    const char *in[3] = {exo_get(x, op->in[0], EXO_FIRST)};
    if (!constants(x, op, in))
        return false;
    Onnx__NodeProto *n = exo_node(x, "Conv", in[2] ? 3 : 2, in);
    exo_set_ints(x, n, "kernel_shape", 2, kernel);
    exo_set_ints(x, n, "strides", 2, strides);
    exo_set_ints(x, n, "pads", 4, pads);
    exo_set_ints(x, n, "dilations", 2, dilations);
    exo_set_int(x, n, "group", at->groups);
    return exo_done(x, op, n, EXO_FIRST);
}

/* Gemm takes rows: tensors of more dimensions are reshaped before and after. */
bool exo_dense(exo_graph *x, const ir_op *op)
{
    const ir_tensor *t = op->in[0], *y = op->out[0];
    int64_t columns = ir_weight(op)->shape.dim[1], rows = ir_elems(&t->shape) / columns;
    bool flat = t->shape.rank == 1;
    const exo_dims matrix = {2, {rows, columns}}, result = exo_dims_of(&y->shape, EXO_LAST);
    const char *in[3];
    if (!constants(x, op, in))
        return false;
    in[0] = exo_flat(x, t);
    if (!flat)
        in[0] = exo_step(x, exo_reshape(x, in[0], op->name, &matrix), op, "rows", t);
    Onnx__NodeProto *n = exo_node(x, "Gemm", in[2] ? 3 : 2, in);
    exo_set_int(x, n, "transB", 1);
    n = exo_acted(x, op, n);
    if (!flat)
        n = exo_reshape(x, exo_step(x, n, op, "product", y), y->name, &result);
    return exo_result(x, op, n, EXO_LAST);
}
