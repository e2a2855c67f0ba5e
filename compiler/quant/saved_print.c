/* saved_print.c - the .qdl of a saved pair: the folded topology, and a quantize part that states
 * every scale and zero point that is one number (arrays stand in the .bin). */
#include <string.h>

#include "compiler/quant/internal.h"

const char *saved_prefix(qctx *ctx, const ir_op *op)
{
    return layer_of_weight(ctx, ir_weight(op));
}

static void put_selector(buf *b, const char *layer, const char *part)
{
    buf_puts(b, "    ");
    if (strcmp(layer, "default") == 0)
        buf_puts(b, "\"default\""); /* bare, it would mean all layers */
    else
        ir_print_name(b, layer);
    buf_printf(b, "%s : ", part);
}

/* How codes of a tensor stand for reals, apart from the numbers. */
static void put_scheme(buf *b, const ir_quant *q)
{
    if (q->scheme == IR_Q_CODEBOOK) {
        buf_printf(b, "codebook %d bits table per %s%s", q->bits,
                   q->table_per_channel ? "channel" : "layer", q->pow2 ? " power of two" : "");
        return;
    }
    buf_printf(b, "int%d %s%s%s", q->bits, q->symmetric ? "symmetric" : "asymmetric",
               q->grid == IR_GRID_MIDPOINT ? " grid midpoint" : "", q->pow2 ? " power of two" : "");
}

/* Exact, with a decimal for the reader. */
static void put_scale(buf *b, const ir_quant *q)
{
    buf_puts(b, " scale ");
    ir_print_hex(b, (double)q->scale[0]);
    buf_printf(b, " zero %d  # ", (int)q->zero[0]);
    buf_float(b, q->scale[0]);
}

/* Inputs with a real range keep that declaration; the range gives the same codes again. */
static bool has_declaration(const ir_tensor *t)
{
    return t->declared && t->real_lo < t->real_hi;
}

static void put_activation(buf *b, const ir_tensor *t)
{
    if (has_declaration(t) || ir_is_index(t))
        return;
    put_selector(b, t->name, "");
    buf_puts(b, "activations ");
    put_scheme(b, t->quant);
    put_scale(b, t->quant);
    buf_puts(b, "\n");
}

static void put_weight(buf *b, const ir_op *op)
{
    const ir_tensor *w = ir_weight(op), *bias = ir_bias(op);
    const char *layer = op->out[0]->name;
    put_selector(b, layer, ".weight");
    put_scheme(b, w->quant);
    buf_printf(b, " per %s", w->quant->n > 1 ? "channel" : "tensor");
    if (w->quant->n == 1)
        put_scale(b, w->quant);
    buf_puts(b, "\n");
    if (bias) {
        put_selector(b, layer, ".bias");
        buf_printf(b, "int%d\n", bias->type == IR_I64 ? 64 : 32);
    }
}

void print_saved(const ir_graph *g, buf *b)
{
    buf_puts(b, "# A quantized model, written by qcc. Weights, biases and the scales of channels "
                "are in the\n"
                "# .bin beside it.\n");
    ir_print_model(g, b);
    buf_printf(b, "\nquantize {\n    saved \"%s\"\n    numerics %s\n",
               g->source_sha256 ? g->source_sha256 : "", ir_numerics_name(g->numerics));
    for (int i = 0; i < g->inputs.n; i++)
        put_activation(b, g->inputs.v[i]);
    ir_tensor **constants;
    for (int i = 0, n = ir_operands(b->a, g, &constants); i < n; i++)
        put_activation(b, constants[i]);
    for (int i = 0; i < g->ops.n; i++) {
        put_activation(b, g->ops.v[i]->out[0]);
        if (ir_weight(g->ops.v[i]))
            put_weight(b, g->ops.v[i]);
    }
    buf_puts(b, "}\n");
}
