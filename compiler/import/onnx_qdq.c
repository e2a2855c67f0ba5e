/* onnx_qdq.c - quantized models: QuantizeLinear and DequantizeLinear say what codes stand for.
 *
 * A value behind a DequantizeLinear is the same IR tensor as the codes in front of it. An operator
 * on reals computes codes of the quantization that follows it, behind activations and moves if need
 * be. uint8 codes are 128 more than those of the C. Weights with a zero point are stored without it
 * where that fits int8 (exactly the same levels), else with it (a Σx term, docs/numerics.md). */
#include <float.h>
#include <math.h>
#include <string.h>

#include "compiler/import/onnx.h"
#include "compiler/quant/grid.h"

static const char WHOLE[] = "quantize the whole model, inputs and outputs too";

static bool is_type(const onx_node *node, const char *type)
{
    return !*node->domain && !strcmp(node->type, type);
}

bool onx_is_quantized(const onx_model *m)
{
    for (int i = 0; i < m->n_nodes; i++) {
        const onx_node *node = &m->nodes[i];
        bool weights = node->n_in && node->in[0] >= 0 && m->values.v[node->in[0]].proto;
        if (node->live && !weights &&
            (is_type(node, "QuantizeLinear") || is_type(node, "DequantizeLinear")))
            return true;
    }
    return false;
}

/* ---- quantizations of activations ---------------------------------------------------------- */

static ir_quant *make_quant(qctx *ctx, bool symmetric, int n, const float *scale,
                            const int32_t *zero)
{
    const double one = 1;
    int32_t lo, hi;
    ir_quant *q = quant_uniform(ctx, IR_GRID_TREAD, symmetric, false, 8, -1, 1, &one, &one);
    q->axis = n > 1 ? 0 : -1;
    q->n = n;
    q->scale = arena_memdup(ctx->a, scale, (size_t)n * sizeof *scale);
    q->zero = arena_memdup(ctx->a, zero, (size_t)n * sizeof *zero);
    quant_code_range(q, &lo, &hi);
    q->lo = quant_value(q, 0, lo);
    q->hi = quant_value(q, 0, hi);
    return q;
}

ir_quant *onx_open_quant(onx_model *m)
{
    return ARENA_NEW(m->ctx->a, ir_quant);
}
bool onx_quant_known(const ir_quant *q)
{
    return q && q->n > 0;
}

bool onx_same_quant(const ir_quant *a, const ir_quant *b)
{
    return onx_quant_known(a) && onx_quant_known(b) && a->scale[0] == b->scale[0] &&
           a->zero[0] == b->zero[0];
}

static bool is_scale(double s)
{
    return isfinite(s) && s >= (double)FLT_MIN && s <= (double)FLT_MAX;
}

ir_quant *onx_read_quant(onx_model *m, const onx_node *node, int first, int *type)
{
    const onx_const *s = onx_const_in(m, node, first, "scale"), *z = NULL;
    if (!s || (onx_in(m, node, first + 1) && !(z = onx_const_in(m, node, first + 1, "zero point"))))
        return NULL;
    *type = z ? z->type : ONX_UINT8;
    int shift = *type == ONX_UINT8 ? 128 : 0;
    double zero = (z && z->n ? z->v[0] : 0) - shift;
    if (s->n != 1 || (z && z->n != 1)) {
        onx_cannot(m, node, "quantize activations per tensor",
                   "it has %lld scales for an activation", (long long)s->n);
        return NULL;
    }
    if (!is_scale(s->v[0]) || (*type != ONX_UINT8 && *type != ONX_INT8) || zero < -128 ||
        zero > 127) {
        onx_cannot(m, node, "quantize to int8 or uint8",
                   "its scale is %g, its zero point %g of type %s", s->v[0], zero + shift,
                   onx_type_name(*type));
        return NULL;
    }
    const float scale = (float)s->v[0];
    const int32_t code = (int32_t)zero;
    return make_quant(m->ctx, false, 1, &scale, &code);
}

/* Whether a node gives the codes that it takes, in an order of its own, or limits them. */
static bool passes(const onx_node *node)
{
    static const char *const types[] = {"Relu",    "Clip",      "Reshape", "Flatten",   "Squeeze",
                                        "MaxPool", "Unsqueeze", "Dropout", "Transpose", "Identity"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (is_type(node, types[i]))
            return true;
    return false;
}

/* The QuantizeLinear that reads a value; of several any, where all readers are such. */
static const onx_node *quantizer_of(const onx_model *m, const onx_value *v)
{
    const onx_node *found = NULL;
    int n = 0;
    for (int i = 0; i < m->n_nodes && n < v->readers; i++) {
        const onx_node *node = &m->nodes[i];
        if (!node->live || !node->n_in || onx_in(m, node, 0) != v)
            continue;
        if (!is_type(node, "QuantizeLinear"))
            return NULL;
        found = node;
        n++;
    }
    return v->is_output || n < v->readers ? NULL : found;
}

ir_quant *onx_next_quant(onx_model *m, const onx_node *node)
{
    const onx_value *v = onx_out(m, node, 0);
    int type;
    for (int i = 0; v && i < m->n_nodes; i++) {
        const onx_node *q = quantizer_of(m, v), *next = onx_sole_reader(m, v);
        if (q)
            return onx_read_quant(m, q, 1, &type);
        if (!next || !passes(next))
            break;
        v = onx_out(m, next, 0);
    }
    return NULL;
}

ir_quant *onx_target_quant(onx_model *m, const onx_node *node)
{
    int n = m->problems.n;
    ir_quant *q = onx_next_quant(m, node);
    if (!q && m->problems.n == n)
        onx_cannot(m, node, WHOLE, "its result is not quantized");
    return q;
}

bool onx_check_codes(onx_model *m, const onx_node *node)
{
    static const char *const any[] = {"Concat", "Slice",        "Split",
                                      "Gather", "DepthToSpace", "SpaceToDepth"};
    bool moves = passes(node) && !is_type(node, "Relu") && !is_type(node, "Clip");
    for (size_t i = 0; i < sizeof any / sizeof *any; i++)
        moves = moves || is_type(node, any[i]);
    for (int i = 0; i < node->n_in; i++) {
        const onx_value *v = onx_in(m, node, i);
        if (!v || !v->known || is_type(node, "QuantizeLinear") || is_type(node, "DequantizeLinear"))
            continue;
        if (!moves && !v->real)
            return onx_cannot(m, node, "put a DequantizeLinear before it",
                              "its operand '%s' is in codes", onx_shown(m->ctx, v->name));
        if (!moves && !onx_quant_known(v->ir->quant))
            return onx_cannot(m, node, WHOLE, "its operand '%s' is not quantized",
                              onx_shown(m->ctx, v->name));
    }
    return true;
}

/* ---- QuantizeLinear, DequantizeLinear ------------------------------------------------------ */

static bool describe(onx_model *m, const onx_node *node, onx_value *x, ir_quant *q)
{
    if (!x->ir->quant)
        x->ir->quant = onx_open_quant(m);
    if (!onx_quant_known(x->ir->quant))
        *x->ir->quant = *q;
    return onx_same_quant(x->ir->quant, q) ||
           onx_cannot(m, node, NULL, "the codes of '%s' have two meanings",
                      onx_shown(m->ctx, x->name));
}

static bool finish(onx_model *m, const onx_node *node, ir_tensor *ir, const onx_value *x, int type,
                   bool real)
{
    if (!onx_done_like(m, node, ir, x))
        return false;
    onx_value *y = onx_out(m, node, 0);
    if (y) {
        y->code_type = type;
        y->real = real;
    }
    return true;
}

bool onx_quantize(onx_model *m, const onx_node *node)
{
    int type;
    onx_value *x = onx_act(m, node, 0);
    ir_quant *q = x ? onx_read_quant(m, node, 1, &type) : NULL;
    if (!q)
        return false;
    if (!x->real)
        return onx_cannot(m, node, NULL, "its operand is in codes already");
    if (x->ir->kind == IR_INPUT && !onx_quant_known(x->ir->quant))
        return describe(m, node, x, q) && finish(m, node, x->ir, x, type, false);
    if (onx_same_quant(x->ir->quant, q))
        return finish(m, node, x->ir, x, type, false);
    if (!onx_quant_known(x->ir->quant))
        return onx_cannot(m, node, "quantize inputs before anything else",
                          "it quantizes what was moved before");
    const ir_attrs at = {.groups = 1};
    return finish(m, node, onx_emit(m, node, OP_REQUANTIZE, NULL, &at, 1, &x->ir, q), x, type,
                  false);
}

bool onx_dequantize(onx_model *m, const onx_node *node)
{
    int type;
    onx_value *x = onx_act(m, node, 0);
    ir_quant *q = x ? onx_read_quant(m, node, 1, &type) : NULL;
    if (!q)
        return false;
    if (x->real)
        return onx_cannot(m, node, NULL, "its operand is no tensor of codes");
    if (x->code_type != type && onx_in(m, node, 2))
        return onx_cannot(m, node, NULL, "its zero point is %s, its operand %s",
                          onx_type_name(type), onx_type_name(x->code_type));
    if (x->code_type != type &&
        x->code_type == ONX_INT8) { /* no zero point: 0 of the operand's type */
        const int32_t zero = 0;
        q = make_quant(m->ctx, false, 1, q->scale, &zero);
    }
    return describe(m, node, x, q) && finish(m, node, x->ir, x, x->code_type, true);
}

/* ---- layers -------------------------------------------------------------------------------- */

static float real_at(const onx_const *c, int64_t i, double factor)
{
    return (float)(factor * c->v[i]);
}

static bool float_consts(onx_model *m, const onx_node *node, const onx_layer *l, ir_tensor *in[3],
                         int *n)
{
    const onx_const *w = onx_constant(m, node->in[l->weight]);
    const onx_const *b = l->bias >= 0 ? onx_constant(m, node->in[l->bias]) : NULL;
    const ir_shape channels = {.rank = 1, .dim = {l->shape.dim[0]}};
    int64_t elems = ir_elems(&l->shape);
    float *v = ARENA_ARRAY(m->ctx->a, float, elems);
    for (int64_t i = 0; i < elems; i++)
        v[i] = real_at(w, l->place[i], l->alpha);
    in[1] = onx_add_const(m, l->name, "weight", IR_F32, &l->shape, v);
    *n = 2;
    if (!b)
        return true;
    v = ARENA_ARRAY(m->ctx->a, float, channels.dim[0]);
    for (int32_t c = 0; c < channels.dim[0]; c++)
        v[c] = real_at(b, b->n == 1 ? 0 : c, l->beta);
    in[2] = onx_add_const(m, l->name, "bias", IR_F32, &channels, v);
    *n = 3;
    return true;
}

/* Weights in codes: what a DequantizeLinear reads, all of it constant. */
typedef struct coded {
    const onx_const *codes, *scale, *zero;
    int axis;  /* of several scales */
    bool made; /* along the channels, wherever they are */
} coded;

static bool find_codes(onx_model *m, int value, coded *c)
{
    const onx_node *dq = value >= 0 ? onx_producer(m, &m->values.v[value]) : NULL;
    if (!dq || !is_type(dq, "DequantizeLinear") || dq->n_in < 2)
        return false;
    c->codes = onx_constant(m, dq->in[0]);
    c->scale = onx_constant(m, dq->in[1]);
    c->zero = dq->n_in > 2 ? onx_constant(m, dq->in[2]) : NULL;
    c->made = dq->made;
    c->axis = c->codes ? onx_axis(onx_int(dq, "axis", 1), c->codes->d.rank) : 0;
    return c->codes && c->scale && c->scale->n > 0;
}

const onx_const *onx_const_codes(onx_model *m, const onx_node *node, int i, ir_quant **q, int *shift)
{
    coded c;
    if (!find_codes(m, node->in[i], &c)) {
        onx_cannot(m, node, "quantize the constant too", "its operand %d is a constant of reals beside codes", i + 1);
        return NULL;
    }
    *shift = c.codes->type == ONX_UINT8 ? 128 : 0;
    const float scale = (float)c.scale->v[0];
    const int32_t zero = (c.zero && c.zero->n == 1 ? (int32_t)c.zero->v[0] : 0) - *shift;
    bool one = c.scale->n == 1 && (!c.zero || c.zero->n == 1);
    if (!one || !is_scale(c.scale->v[0]) || (c.codes->type != ONX_INT8 && c.codes->type != ONX_UINT8)) {
        onx_cannot(m, node, "quantize it to int8 or uint8 per tensor", "its constant operand %d is %s with %lld scales",
                   i + 1, onx_type_name(c.codes->type), (long long)c.scale->n);
        return NULL;
    }
    *q = make_quant(m->ctx, false, 1, &scale, &zero);
    return c.codes;
}

static bool check_codes(onx_model *m, const onx_node *node, const onx_layer *l, const coded *c)
{
    int32_t channels = l->shape.dim[0];
    bool one = c->scale->n == 1, each = c->scale->n == channels && (c->made || c->axis == l->axis);
    if ((c->codes->type != ONX_INT8 && c->codes->type != ONX_UINT8) ||
        c->codes->n != ir_elems(&l->shape))
        return onx_cannot(m, node, "quantize weights to int8 or uint8", "its weights are %s",
                          onx_type_name(c->codes->type));
    if ((!one && !each) || (c->zero && c->zero->n != c->scale->n))
        return onx_cannot(m, node, "quantize weights per tensor, or per output channel",
                          "its weights have %lld scales and %lld zero points",
                          (long long)c->scale->n, (long long)(c->zero ? c->zero->n : 0));
    for (int64_t i = 0; i < c->scale->n; i++)
        if (!is_scale(c->scale->v[i]))
            return onx_cannot(m, node, NULL, "its weights have the scale %g", c->scale->v[i]);
    return true;
}

static int32_t zero_of(const coded *c, int64_t channel)
{
    return !c->zero ? 0 : (int32_t)c->zero->v[c->zero->n == 1 ? 0 : channel];
}

/* Levels, without zero points, where all fit; else codes of int8 with their zero points. */
static ir_tensor *coded_weight(onx_model *m, const onx_layer *l, const coded *c)
{
    int64_t n = ir_elems(&l->shape), row = n / l->shape.dim[0];
    int32_t shift = c->codes->type == ONX_UINT8 ? 128 : 0, lo = 0, hi = 0;
    int8_t *v = ARENA_ARRAY(m->ctx->a, int8_t, n);
    for (int64_t i = 0; i < n; i++) {
        int32_t level = (int32_t)c->codes->v[l->place[i]] - zero_of(c, i / row);
        lo = level < lo ? level : lo;
        hi = level > hi ? level : hi;
    }
    bool centred = lo >= -128 && hi <= 127;
    for (int64_t i = 0; i < n; i++)
        v[i] =
            (int8_t)((int32_t)c->codes->v[l->place[i]] - (centred ? zero_of(c, i / row) : shift));
    float *scale = ARENA_ARRAY(m->ctx->a, float, c->scale->n);
    int32_t *zero = ARENA_ARRAY(m->ctx->a, int32_t, c->scale->n);
    for (int64_t k = 0; k < c->scale->n; k++) {
        scale[k] = (float)c->scale->v[k];
        zero[k] = centred ? 0 : zero_of(c, k) - shift;
    }
    ir_tensor *w = onx_add_const(m, l->name, "weight", IR_I8, &l->shape, v);
    w->quant = make_quant(m->ctx, centred && lo > -128, (int)c->scale->n, scale, zero);
    return w;
}

/* The codes of a bias that a DequantizeLinear makes a real of, where its scale is sx·sw in float32, as
 * quantizers write it: codes near 2^30 would lose digits on the way through reals. Else NULL. */
static const onx_const *bias_codes(onx_model *m, int value, const coded *w, float sx)
{
    coded b;
    if (!find_codes(m, value, &b) || b.codes->type != ONX_INT32 || b.scale->n != w->scale->n)
        return NULL;
    for (int64_t i = 0; b.zero && i < b.zero->n; i++)
        if (b.zero->v[i] != 0)
            return NULL;
    for (int64_t i = 0; i < b.scale->n; i++)
        if ((float)b.scale->v[i] != sx * (float)w->scale->v[i])
            return NULL;
    return b.codes;
}

/* Integers at scale sx·sw, or reals that are rounded to it. */
static ir_tensor *coded_bias(onx_model *m, const onx_node *node, const onx_layer *l, const coded *w,
                             float sx)
{
    const ir_shape channels = {.rank = 1, .dim = {l->shape.dim[0]}};
    const onx_const *b = bias_codes(m, node->in[l->bias], w, sx);
    if (!b)
        b = onx_constant(m, node->in[l->bias]);
    int32_t *v = ARENA_ARRAY(m->ctx->a, int32_t, channels.dim[0]);
    for (int32_t c = 0; c < channels.dim[0]; c++) {
        double scale = (double)sx * (double)(float)w->scale->v[w->scale->n == 1 ? 0 : c];
        double real = b->v[b->n == 1 ? 0 : c];
        double code = b->type == ONX_INT32 ? real : nearbyint(real / scale);
        if (!(fabs(code) <= 2147483647.0)) {
            onx_cannot(m, node, NULL, "its bias %g is beyond int32 at the scale %g", real, scale);
            return NULL;
        }
        v[c] = (int32_t)code;
    }
    return onx_add_const(m, l->name, "bias", IR_I32, &channels, v);
}

bool onx_layer_consts(onx_model *m, const onx_node *node, const onx_layer *l, ir_tensor *in[3],
                      int *n)
{
    coded c;
    if (!m->quantized)
        return float_consts(m, node, l, in, n);
    if (!find_codes(m, node->in[l->weight], &c))
        return onx_cannot(m, node, "quantize weights too",
                          "its weights are reals, its input is in codes");
    if (l->alpha != 1 || (l->bias >= 0 && l->beta != 1))
        return onx_cannot(m, node, NULL, "it scales codes by alpha %g, beta %g", l->alpha, l->beta);
    if (!check_codes(m, node, l, &c))
        return false;
    in[1] = coded_weight(m, l, &c);
    *n = 2;
    if (l->bias >= 0)
        in[(*n)++] = coded_bias(m, node, l, &c, in[0]->quant->scale[0]);
    return in[*n - 1] != NULL;
}

bool onx_fuse_act(onx_model *m, const onx_node *node, onx_value *x, ir_act act)
{
    ir_op *p = x->ir->producer;
    bool takes = p && (p->kind == OP_CONV2D || p->kind == OP_DENSE || p->kind == OP_ADD ||
                       p->kind == OP_MUL);
    if (!m->quantized || !takes || p->at.act != IR_ACT_NONE || x->readers != 1 || x->is_output)
        return false;
    const ir_quant *q = onx_target_quant(m, node);
    if (!q || !onx_same_quant(q, x->ir->quant))
        return false;
    p->at.act = act;
    return true;
}
