/* onnx_gelu.c - Gelu, also as exporters spell it: x/2·(1 + Erf(x/√2)) in any order of its factors.
 */
#include <math.h>
#include <string.h>

#include "compiler/import/onnx.h"

static bool is_type(const onx_node *node, const char *type)
{
    return node && !*node->domain && !strcmp(node->type, type) && node->n_in == 2 &&
           node->n_out == 1;
}

static bool is_number(onx_model *m, int value, double v)
{
    const onx_const *c = value >= 0 ? onx_constant(m, value) : NULL;
    return c && c->n == 1 && fabs(c->v[0] / v - 1) < 1e-3;
}

/* The operand of a sum or product whose other one is the number v; -1: it is another node. */
static int beside(onx_model *m, const onx_node *node, const char *type, double v)
{
    for (int i = 0; is_type(node, type) && i < 2; i++)
        if (is_number(m, node->in[i], v))
            return node->in[1 - i];
    return -1;
}

/* x of x/√2, x·√½; -1: it is none. */
static int scaled(onx_model *m, const onx_node *node)
{
    if (is_type(node, "Div") && is_number(m, node->in[1], sqrt(2)))
        return node->in[0];
    return beside(m, node, "Mul", sqrt(0.5));
}

/* The node whose result is x/2·sum, sum being read by `node` alone; NULL: another formula. */
static const onx_node *product(onx_model *m, const onx_node *node, int x, int sum)
{
    if (!is_type(node, "Mul"))
        return NULL;
    const onx_node *next = onx_sole_reader(m, &m->values.v[node->out[0]]);
    int other = node->in[node->in[0] == sum];
    if (other == x && beside(m, next, "Mul", 0.5) == node->out[0])
        return next; /* (x·sum)/2 */
    if (is_number(m, other, 0.5) && is_type(next, "Mul") &&
        next->in[next->in[0] == node->out[0]] == x)
        return next; /* x·(sum/2) */
    const onx_node *half = other >= 0 ? onx_producer(m, &m->values.v[other]) : NULL;
    return half && beside(m, half, "Mul", 0.5) == x ? node : NULL; /* (x/2)·sum */
}

bool onx_erf(onx_model *m, const onx_node *node)
{
    const onx_value *in = onx_in(m, node, 0), *out = onx_out(m, node, 0);
    int x = in ? scaled(m, onx_producer(m, in)) : -1;
    const onx_node *sum = out ? onx_sole_reader(m, out) : NULL;
    bool plus = x >= 0 && beside(m, sum, "Add", 1) == node->out[0];
    const onx_node *last =
        plus ? product(m, onx_sole_reader(m, &m->values.v[sum->out[0]]), x, sum->out[0]) : NULL;
    if (!last || !m->values.v[x].known)
        return onx_cannot(m, node,
                          "as a part of gelu, x/2 * (1 + erf(x/sqrt 2)), it can be imported",
                          "this version has no such operator");
    const onx_value *v = &m->values.v[x];
    return onx_done_like(m, last, onx_emit1(m, last, OP_GELU, v->ir), v);
}

bool onx_gelu(onx_model *m, const onx_node *node)
{
    bool by_tanh = !strcmp(onx_string(m, node, "approximate", "none"), "tanh");
    onx_value *x = onx_act(m, node, 0);
    return x &&
           onx_done_like(m, node, onx_emit1(m, node, by_tanh ? OP_GELU_TANH : OP_GELU, x->ir), x);
}
