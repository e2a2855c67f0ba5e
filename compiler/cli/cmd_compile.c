/* cmd_compile.c - qcc NET WEIGHTS -o net.c, and qcc quantize. */
#include <string.h>

#include "compiler/base/file.h"
#include "compiler/cli/report.h"

/* "dir/weights.c" -> "weights.c": comments carry no path. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Codes (or floats) of the first two rows of --selftest=FILE, all ports of a row side by side. */
static bool selftest_rows(qctx *ctx, cli *c, const ir_graph *g)
{
    if (!c->selftest_rows)
        return true;
    if (g->inputs.n != 1) {
        diag_add(ctx, D_DATA_PORTS, loc_none(), "--selftest=FILE is for models with one input; this has %d",
                 g->inputs.n);
        return false;
    }
    port_map m;
    dataset *d = dataset_read(ctx, c->selftest_rows, false);
    if (!d)
        return false;
    d->codes = d->codes || (c->net.codes && d->format == DF_CSV);
    const ir_tensor *port = g->inputs.v[0];
    if (!port_map_make(ctx, port, d, c->net.layout ? c->net.layout : g->layout, &m))
        return false;
    size_t row = (size_t)ir_elems(&port->shape) * ir_type_size(port->type);
    int n = m.rows < 2 ? (int)m.rows : 2;
    char *rows = arena_calloc(ctx->a, (size_t)n, row);
    for (int i = 0; i < n; i++) {
        if (c->emit.emit_float)
            port_row_real(&m, i, (float *)(void *)(rows + (size_t)i * row));
        else
            port_row_codes(&m, i, rows + (size_t)i * row);
    }
    c->emit.selftest_rows = rows;
    c->emit.selftest_n = n;
    return true;
}

/* report: the page, or NULL. */
static bool write_result(qctx *ctx, const cli *c, const emit_result *r, const char *report)
{
    file_out out[4] = {{c->outputs.v[0], r->c, strlen(r->c)}};
    int n = 1;
    if (c->header)
        out[n++] = (file_out){c->header, r->header, strlen(r->header)};
    if (c->split_weights)
        out[n++] = (file_out){c->split_weights, r->weights_c, strlen(r->weights_c)};
    if (report)
        out[n++] = (file_out){c->report, report, strlen(report)};
    return file_write_all(ctx, out, n);
}

int cmd_compile(qctx *ctx, cli *c)
{
    if (c->outputs.n != 1)
        return cli_usage(c, c->outputs.n ? "more than one -o" : "no -o: where to write the C file (- is standard output)");
    net *n = cli_net(ctx, c, !c->emit.emit_float);
    if (!n)
        return EXIT_BAD_INPUT;
    if (n->saved && c->emit.emit_float) {
        diag_add(ctx, D_SAVED_OPTION, loc_file(n->file->src),
                 "a saved pair holds integer weights: its float C would not be that of the original");
        diag_hint(ctx, "compile the original model with --emit-float");
        return EXIT_BAD_INPUT;
    }
    const ir_graph *g = c->emit.emit_float ? n->floating : n->legal;
    c->emit.want_header = c->header != NULL;
    c->emit.split_name = c->split_weights ? base_name(c->split_weights) : NULL;
    c->emit.strict_acc32 = c->net.strict_acc32;
    if (c->measure && !c->tune_kernels)
        return cli_usage(c, "--measure goes with --tune-kernels");
    if (c->tune_kernels && c->emit.emit_float)
        return cli_usage(c, "--tune-kernels is for integer kernels: not with --emit-float");
    emit_result r;
    if (!cli_tune_kernels(ctx, c, n))
        return EXIT_BAD_INPUT;
    if (!selftest_rows(ctx, c, g) || !emit_c(ctx, g, &c->emit, &r))
        return EXIT_BAD_INPUT;
    const char *report = c->report ? report_text(ctx, c, n, NULL) : NULL;
    if ((c->report && !report) || !write_result(ctx, c, &r, report))
        return EXIT_BAD_INPUT;
    if (!c->emit.emit_float) {
        progress_end(ctx);
        cli_print_grids(c, n);
    }
    return EXIT_DONE;
}

int cmd_quantize(qctx *ctx, cli *c)
{
    if (c->outputs.n != 1)
        return cli_usage(c, c->outputs.n ? "more than one -o" : "no -o: NAME of the pair NAME.qdl + NAME.bin");
    net *n = cli_net(ctx, c, true);
    const char *report = n && c->report ? report_text(ctx, c, n, NULL) : NULL;
    if (!n || (c->report && !report) || !save_pair(ctx, n->quantized, c->outputs.v[0]))
        return EXIT_BAD_INPUT;
    bool written = !report || file_write(ctx, c->report, report, strlen(report));
    if (!written)
        return EXIT_BAD_INPUT;
    progress_end(ctx);
    cli_print_grids(c, n);
    return EXIT_DONE;
}
