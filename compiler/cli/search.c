/* search.c - the search of `--max-flash`, `--max-ram`, `--min-accuracy`, `--min-agreement`. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/file.h"
#include "compiler/cli/search.h"
#include "compiler/search/search.h"

bool search_wanted(const cli *c)
{
    return c->max_flash || c->max_ram || c->min_accuracy > 0 || c->min_agreement > 0;
}

int search_usage(const cli *c)
{
    static const char *const also[] = {"select", "select-labels", "write-quant", "search-file"};
    const char *const given[] = {c->select, c->select_labels, c->write_quant, c->search_file};
    bool wanted = search_wanted(c);
    if (c->command->bit & (CMD_TRAIN | CMD_TUNE | CMD_RECOVER)) /* --select is theirs, too */
        return EXIT_DONE;
    for (int i = 0; !wanted && i < 4; i++)
        if (given[i])
            return cli_usage(c,
                             "--%s goes with a search: --max-flash, --max-ram, --min-accuracy or "
                             "--min-agreement",
                             also[i]);
    if (!wanted)
        return EXIT_DONE;
    if (!c->select)
        return cli_usage(c, "a search wants --select: rows that it may look at, no others are");
    if (!c->net.calibrate)
        return cli_usage(c, "a search wants --calibrate: it rounds on the data");
    if (c->min_accuracy > 0 && c->min_agreement > 0)
        return cli_usage(c, "--min-accuracy and --min-agreement: one of them");
    return EXIT_DONE;
}

/* ---- input -------------------------------------------------------------------------------------
 */

static const int32_t *select_labels(qctx *ctx, const cli *c, const net *n, const dataset *d,
                                    bool *ok)
{
    int64_t classes = ir_elems(&n->floating->outputs.v[0]->shape);
    int32_t *labels = NULL;
    *ok = true;
    if (c->select_labels)
        *ok = labels_read(ctx, c->select_labels, (int)classes, d->rows, &labels);
    else if (d->labels)
        *ok = dataset_labels_check(ctx, d, (int)classes);
    return c->select_labels ? labels : d->labels;
}

static bool check_net(qctx *ctx, const net *n)
{
    if (n->saved) {
        diag_add(ctx, D_SAVED_OPTION, loc_file(n->file->src),
                 "a saved pair is quantized already: a search would change it");
        diag_hint(ctx, "search with the original model and save the result");
        return false;
    }
    if (n->floating->inputs.n == 1)
        return true;
    diag_add(ctx, D_DATA_PORTS, loc_none(), "a search reads one data file; the model has %d inputs",
             n->floating->inputs.n);
    return false;
}

static bool set_up(qctx *ctx, cli *c, const net *n, search_options *o)
{
    bool ok;
    dataset *d = dataset_read(ctx, c->select, c->select_labels == NULL);
    const dataset *calibrate = d ? dataset_read(ctx, c->net.calibrate, false) : NULL;
    if (!calibrate || !cli_engine(c, &o->engine))
        return false;
    cli_warn_shared_rows(ctx, calibrate, "--calibrate", d, "--select");
    d->codes = d->codes || (c->net.codes && d->format == DF_CSV);
    o->select = d;
    o->labels = select_labels(ctx, c, n, d, &ok);
    if (!ok)
        return false;
    if (c->min_accuracy > 0 && !o->labels) {
        diag_add(ctx, D_SEARCH_LABELS, loc_none(), "--min-accuracy needs the labels of --select");
        diag_hint(ctx, "give them with --select-labels, or ask for --min-agreement");
        return false;
    }
    o->layout = c->net.layout ? c->net.layout : n->floating->layout;
    o->max_flash = c->max_flash;
    o->max_ram = c->max_ram;
    o->min_accuracy = c->min_accuracy;
    o->min_agreement = c->min_agreement;
    o->resume = c->search_file;
    o->emit = c->emit;
    return true;
}

/* ---- output ------------------------------------------------------------------------------------
 */

static void print_point(const search_result *r, const search_point *p)
{
    double lo, hi, n = (double)r->rows;
    int64_t hits = r->has_labels ? p->right : p->agree;
    wilson_interval(hits, r->rows, &lo, &hi);
    fprintf(stderr, "%9" PRId64 " %9" PRId64 "  %-10.3g %8.2f %% (%.2f … %.2f)  %8.2f %%  %s\n", p->flash,
            p->ram, p->error, 100 * (double)hits / n, 100 * lo, 100 * hi, 100 * (double)p->agree / n,
            p->choice);
}

static void print_sizes(const search_result *r)
{
    if (!r->by) {
        fprintf(stderr, "flash: constants alone, there is no compiler; RAM: without the stack\n");
        return;
    }
    fprintf(stderr, "flash: constants as stored, and %" PRId64 " bytes of code (%s%s)\n", r->code, r->by,
            r->missing ? ", half as much again" : "");
    if (r->stack < 0)
        fprintf(stderr, "RAM: arena, ports, states, without the stack\n");
    else
        fprintf(stderr, "RAM: arena, ports, states, and at most %" PRId64 " bytes of stack%s\n", r->stack,
                r->missing ? " (the host's)" : "");
}

static void print_table(qctx *ctx, const search_result *r)
{
    fprintf(stderr,
            "search: %d runs, %d remembered, %" PRId64
            " rows; digits of schemes: %s\n    flash       RAM  error      %s             agreement  "
            "schemes by layer\n",
            r->runs, r->remembered, r->rows, search_scheme_names(ctx),
            r->has_labels ? "accuracy, 95 % interval" : "agreement, 95 % interval");
    for (int i = 0; i < r->pareto.n; i++)
        print_point(r, &r->pareto.v[i]);
    fputs("chosen:\n", stderr);
    print_point(r, &r->chosen);
    print_sizes(r);
}

static void warn_of_sizes(qctx *ctx, const cli *c, const search_result *r)
{
    if (!r->missing || !(c->max_flash || c->max_ram))
        return;
    diag_add(ctx, D_SEARCH_SIZES, loc_none(), "no %s: %s", r->missing,
             r->by ? "code and stack are estimated with the host's compiler"
                   : "code and stack are not counted");
}

static bool verdict(qctx *ctx, const cli *c, const search_result *r)
{
    const char *what = c->min_accuracy > 0 ? "accuracy" : "agreement";
    double want = c->min_accuracy > 0 ? c->min_accuracy : c->min_agreement;
    int64_t hits = c->min_accuracy > 0 ? r->chosen.right : r->chosen.agree;
    double lo, hi, rate = (double)hits / (double)r->rows;
    wilson_interval(hits, r->rows, &lo, &hi);
    if (!r->fits) {
        diag_add(ctx, D_SEARCH_BUDGET, loc_none(),
                 "no combination fits: the smallest found takes %" PRId64
                 " bytes of flash and %" PRId64 " of RAM",
                 r->chosen.flash, r->chosen.ram);
        return false;
    }
    if (want > 0 && !r->reached) {
        diag_add(ctx, D_SEARCH_RATE, loc_none(),
                 "no combination found reaches %s %.4g: the best has %.4f", what, want, rate);
        return false;
    }
    if (want > 0 && !r->met) {
        diag_add(ctx, D_SEARCH_NOT_SHOWN, loc_none(),
                 "%s %.4g is not shown with n = %" PRId64 ": %.4f, lower 95 %% bound %.4f", what,
                 want, r->rows, rate, lo);
        diag_hint(ctx, "more rows in --select narrow the interval");
    }
    return true;
}

bool search_net(qctx *ctx, cli *c, net *n)
{
    search_options o = {0};
    search_result *r = ARENA_NEW(ctx->a, search_result);
    port_map *ports;
    if (!check_net(ctx, n) || !set_up(ctx, c, n, &o) || !net_ports(ctx, n, &c->net, &ports) ||
        !search_quantization(ctx, n, ports, &o, r))
        return false;
    progress_end(ctx);
    c->searched = r;
    if (!c->quiet)
        print_table(ctx, r);
    warn_of_sizes(ctx, c, r);
    if (!verdict(ctx, c, r))
        return false;
    return !c->write_quant || file_write(ctx, c->write_quant, r->quantize, strlen(r->quantize));
}
