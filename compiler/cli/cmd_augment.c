/* cmd_augment.c - qcc augment: a contact sheet of what training would see. */
#include <string.h>

#include "compiler/augment/augment.h"
#include "compiler/cli/cli.h"

enum { SHEET_ROWS = 8, SHEET_VARIANTS = 9 };

static bool no_steps(qctx *ctx)
{
    diag_add(ctx, D_AUGMENT_NONE, loc_none(), "no step of augmentation is stated");
    diag_hint(ctx, "--augment rotate=10,crop=2, or a part `augment { rotate 10; crop 2 }` of the "
                   "model's file");
    return false;
}

bool cli_augment(qctx *ctx, const cli *c, const net *n, const ir_graph *g, const augmenter **a)
{
    aug_spec *s = n->file->augment;
    *a = NULL;
    for (int i = 0; i < c->augments.n; i++)
        if (!aug_option(ctx, s, c->augments.v[i]))
            return false;
    if (!s->steps.n)
        return c->augments.n ? no_steps(ctx) : true;
    if (g->inputs.n != 1) {
        diag_add(ctx, D_DATA_PORTS, loc_none(),
                 "augmentation is for models of one input, this one has %d", g->inputs.n);
        return false;
    }
    *a = aug_new(ctx, s, g->inputs.v[0]);
    return *a != NULL;
}

static void print_steps(const aug_spec *s)
{
    for (int i = 0; i < s->steps.n; i++) {
        const aug_step *step = &s->steps.v[i];
        printf("%-11s", aug_name(step->kind));
        if (step->kind == AUG_FLIP)
            printf(" %s%s", step->horizontal ? "h" : "", step->vertical ? "v" : "");
        else
            printf(" %g to %g", step->lo, step->hi);
        printf(", with probability %g\n", step->probability);
    }
}

static float **read_rows(qctx *ctx, const port_map *port, int n)
{
    int64_t elems = ir_elems(&port->port->shape);
    float **rows = ARENA_ARRAY(ctx->a, float *, n);
    for (int i = 0; i < n; i++) {
        rows[i] = arena_calloc(ctx->a, (size_t)elems, sizeof **rows);
        port_row_real(port, i, rows[i]);
    }
    return rows;
}

int cmd_augment(qctx *ctx, cli *c)
{
    if (!c->data)
        return cli_usage(c, "no rows given: --data FILE");
    if (!c->preview)
        return cli_usage(c, "no picture given: --preview FILE.png");
    net *n = net_load(ctx, c->operands.v[0], NULL, &c->net);
    const augmenter *a;
    if (!n || !cli_augment(ctx, c, n, n->lowered, &a) || (!a && !no_steps(ctx)))
        return EXIT_BAD_INPUT;
    port_map *port;
    if (!net_data(ctx, n->lowered, c->data, &c->net, &port))
        return EXIT_BAD_INPUT;
    int rows = port[0].rows < SHEET_ROWS ? (int)port[0].rows : SHEET_ROWS;
    aug_sheet sheet =
        aug_draw_sheet(ctx, a, ctx->seed, read_rows(ctx, &port[0], rows), rows, SHEET_VARIANTS);
    if (!aug_write_png(ctx, &sheet, c->preview))
        return EXIT_BAD_INPUT;
    print_steps(n->file->augment);
    printf("%s: %d row%s, each as it is and in %d variants of seed %llu, %d x %d pixels\n",
           c->preview, rows, rows == 1 ? "" : "s", SHEET_VARIANTS, (unsigned long long)ctx->seed,
           sheet.width, sheet.height);
    return EXIT_DONE;
}
