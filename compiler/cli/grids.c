/* grids.c - what quantizing the weights cut off and moved, said once a net is quantized: on standard error, unless
 * --quiet. `qcc inspect` has it layer by layer. */
#include <math.h>
#include <stdio.h>

#include "compiler/cli/cli.h"

/* Distance of neighbouring levels, the widest of the channels. */
static double step_of(const ir_quant *q)
{
    double widest = 0;
    for (int c = 0; c < q->n; c++)
        widest = fmax(widest, (double)q->scale[c]);
    return q->grid == IR_GRID_MIDPOINT ? 2 * widest : widest; /* scales are of half steps there */
}

static int print_clipped(const ir_op *op, const ir_quant *q, int n)
{
    if (!(q->clipped > 0))
        return n;
    fprintf(stderr, "%s %s %.2f %%", n ? "," : "weights clipped by their range:", op->name,
            100 * q->clipped);
    return n + 1;
}

static int print_moved(const ir_op *op, const ir_quant *q, int n)
{
    if (q->scheme != IR_Q_UNIFORM || q->symmetric || !(q->moved > 0))
        return n;
    fprintf(stderr, "%s %s %.3g (%.2f of a step)", n ? "," : "asymmetric grids of weights moved by at most:",
            op->name, q->moved, q->moved / step_of(q));
    return n + 1;
}

void cli_print_grids(const cli *c, const net *n)
{
    static int (*const lines[])(const ir_op *, const ir_quant *, int) = {print_clipped, print_moved};
    if (c->quiet || n->saved)
        return;
    for (int l = 0; l < 2; l++) {
        int printed = 0;
        for (int i = 0; i < n->quantized->ops.n; i++) {
            const ir_tensor *w = ir_weight(n->quantized->ops.v[i]);
            if (w && w->quant)
                printed = lines[l](n->quantized->ops.v[i], w->quant, printed);
        }
        if (printed)
            fputc('\n', stderr);
    }
}
