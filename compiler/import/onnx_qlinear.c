/* onnx_qlinear.c - operators on codes that carry their scales as operands: QLinearConv,
 * QLinearMatMul, and those that ONNX Runtime's quantizer writes (com.microsoft). Each is taken
 * apart into DequantizeLinear of its operands, the operator on reals, and QuantizeLinear of its
 * result, which is what it means. */
#include <string.h>

#include "compiler/import/onnx.h"

enum { NONE = -1 };

static const struct row {
    const char *domain, *type, *real; /* real: the operator between */
    int operand[2];                   /* codes, scale and zero point from here on */
    int result;                       /* its scale and zero point */
    int bias;                         /* taken as it is */
} rows[] = {
    {"", "QLinearConv", "Conv", {0, 3}, 6, 8},
    {"", "QLinearMatMul", "MatMul", {0, 3}, 6, NONE},
    {"com.microsoft", "QGemm", "Gemm", {0, 3}, 7, 6},
    {"com.microsoft", "QLinearAdd", "Add", {0, 3}, 6, NONE},
    {"com.microsoft", "QLinearMul", "Mul", {0, 3}, 6, NONE},
    {"com.microsoft", "QLinearSigmoid", "Sigmoid", {0, NONE}, 3, NONE},
    {"com.microsoft", "QLinearLeakyRelu", "LeakyRelu", {0, NONE}, 3, NONE},
    {"com.microsoft", "QLinearSoftmax", "Softmax", {0, NONE}, 3, NONE},
    {"com.microsoft", "QLinearAveragePool", "AveragePool", {0, NONE}, 3, NONE},
    {"com.microsoft", "QLinearGlobalAveragePool", "GlobalAveragePool", {0, NONE}, 3, NONE},
};

typedef struct parts {
    onx_model *m;
    onx_node *to; /* room for all */
    int n;
} parts;

static int operand(const onx_node *node, int i)
{
    return i >= 0 && i < node->n_in ? node->in[i] : -1;
}

static int fresh_value(onx_model *m, const onx_node *node, int part)
{
    /* a blank keeps it apart from the file's own names */
    return onx_value_of(m, arena_printf(m->ctx->a, " %d.%d", node->index, part));
}

static onx_node *part(parts *p, const onx_node *of, const char *type, int n_in, const int *in,
                      int out)
{
    onx_node *node = &p->to[p->n++];
    *node = *of;
    node->type = type;
    node->domain = "";
    node->made = true;
    node->n_in = n_in;
    node->in = arena_memdup(p->m->ctx->a, in, (size_t)n_in * sizeof *in);
    node->n_out = 1;
    node->out = arena_memdup(p->m->ctx->a, &out, sizeof out);
    return node;
}

/* The real value of codes at operand i. */
static int dequantized(parts *p, const onx_node *node, int i)
{
    const int in[] = {operand(node, i), operand(node, i + 1), operand(node, i + 2)};
    int out = fresh_value(p->m, node, i);
    part(p, node, "DequantizeLinear", 3, in, out);
    return out;
}

static void quantized(parts *p, const onx_node *node, const char *type, int n, const int *in,
                      int scale)
{
    int real = fresh_value(p->m, node, 1000);
    part(p, node, type, n, in, real);
    const int back[] = {real, operand(node, scale), operand(node, scale + 1)};
    part(p, node, "QuantizeLinear", 3, back, node->n_out ? node->out[0] : -1);
}

static void take_apart(parts *p, const onx_node *node, const struct row *r)
{
    int in[3], n = 0;
    for (int i = 0; i < 2; i++)
        if (r->operand[i] != NONE)
            in[n++] = dequantized(p, node, r->operand[i]);
    if (operand(node, r->bias) >= 0)
        in[n++] = operand(node, r->bias);
    quantized(p, node, r->real, n, in, r->result);
}

/* Scale and zero point of the result, then three operands each. */
static void take_concat_apart(parts *p, const onx_node *node)
{
    int in[ONX_MAX_OPERANDS], n = 0;
    for (int i = 2; i < node->n_in && n < ONX_MAX_OPERANDS; i += 3)
        in[n++] = dequantized(p, node, i);
    quantized(p, node, "Concat", n, in, 0);
}

static const struct row *find_row(const onx_node *node)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].type, node->type) && !strcmp(rows[i].domain, node->domain))
            return &rows[i];
    return NULL;
}

void onx_take_apart(onx_model *m)
{
    size_t room = 0;
    for (int i = 0; i < m->n_nodes; i++)
        room += 3 + (size_t)m->nodes[i].n_in;
    parts p = {.m = m, .to = ARENA_ARRAY(m->ctx->a, onx_node, room)};
    for (int i = 0; i < m->n_nodes; i++) {
        const onx_node *node = &m->nodes[i];
        const struct row *r = find_row(node);
        if (r)
            take_apart(&p, node, r);
        else if (!strcmp(node->type, "QLinearConcat") && !strcmp(node->domain, "com.microsoft"))
            take_concat_apart(&p, node);
        else
            p.to[p.n++] = *node;
    }
    m->nodes = p.to;
    m->n_nodes = p.n;
}
