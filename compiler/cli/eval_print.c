/* eval_print.c - the table and the JSON of `qcc eval`. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>

#include "compiler/cli/eval.h"

static void accuracy_line(const eval *e)
{
    if (!e->labels)
        return;
    double flo, fhi, qlo, qhi, n = (double)e->rows;
    wilson_interval(e->f.right, e->rows, &flo, &fhi);
    wilson_interval(e->q.right, e->rows, &qlo, &qhi);
    printf("  accuracy          %9.2f %%           %9.2f %%\n", 100 * (double)e->f.right / n,
           100 * (double)e->q.right / n);
    printf("    95 %% interval   %6.2f … %6.2f      %6.2f … %6.2f\n", 100 * flo, 100 * fhi, 100 * qlo,
           100 * qhi);
    printf("  mean loss         %11.4f           %11.4f\n", e->f.loss, e->q.loss);
}

static void bytes_line(const char *what, int64_t f, int64_t q)
{
    if (f < 0 || q < 0) {
        printf("  %-17s %11s           %11s\n", what, "-", "-");
        return;
    }
    printf("  %-17s %9" PRId64 " B           %9" PRId64 " B      %5.2f times smaller\n", what, f, q,
           (double)f / (double)(q > 0 ? q : 1));
}

void eval_print(const eval *e, const net *n)
{
    printf("%s: %" PRId64 " rows, int8 run by %s, numerics %s\n", n->legal->name, e->rows, e->engine,
           ir_numerics_name(n->legal->numerics));
    if (n->saved)
        puts("  float: the saved pair's own integer weights as floats, not the original's");
    printf("                              float             quantized\n");
    accuracy_line(e);
    printf("  agreement                                  %9.2f %%      of rows decided as in float\n",
           100 * (double)e->agree / (double)e->rows);
    if (e->labels) {
        printf("  paired                                     %+9.2f points  right only in float %" PRId64
               ", only quantized %" PRId64 ", exact McNemar p = %.3f\n",
               100 * (double)(e->q.right - e->f.right) / (double)e->rows, e->only_float,
               e->only_quantized, mcnemar_exact(e->only_float, e->only_quantized));
    }
    printf("  output SQNR                                %9.1f dB\n", e->sqnr_db);
    bytes_line("weight bytes", e->f.weight_bytes, e->q.weight_bytes);
    bytes_line("constant bytes", e->f.constant_bytes, e->q.constant_bytes);
    bytes_line("flash (host)", e->f.flash, e->q.flash);
    bytes_line("RAM", e->f.arena + e->f.io, e->q.arena + e->q.io);
    printf("  time              %9.2f us           %9.2f us     %5.2f times faster (%s, interleaved, median)\n",
           1e6 * e->f.time_s, 1e6 * e->q.time_s, e->f.time_s / e->q.time_s, e->timing);
    printf("  flash (host): .text + .rodata + .data of the emitted C under cc -O2 here; RAM: input, output and\n"
           "  arena, without the stack\n");
}

static json_t *side_json(const eval *e, const eval_side *s)
{
    json_t *j = json_object();
    if (e->labels) {
        double lo, hi;
        wilson_interval(s->right, e->rows, &lo, &hi);
        json_object_set_new(j, "accuracy", json_real((double)s->right / (double)e->rows));
        json_object_set_new(j, "accuracy_interval", json_pack("[f, f]", lo, hi));
        json_object_set_new(j, "loss", json_real(s->loss));
    }
    json_object_set_new(j, "weight_bytes", json_integer(s->weight_bytes));
    json_object_set_new(j, "constant_bytes", json_integer(s->constant_bytes));
    if (s->flash >= 0)
        json_object_set_new(j, "flash_host_bytes", json_integer(s->flash));
    json_object_set_new(j, "ram_bytes", json_integer(s->arena + s->io));
    json_object_set_new(j, "time_s", json_real(s->time_s));
    return j;
}

void eval_print_json(qctx *ctx, const eval *e, const net *n)
{
    json_t *j = json_object();
    json_object_set_new(j, "model", json_string(n->legal->name));
    json_object_set_new(j, "rows", json_integer(e->rows));
    json_object_set_new(j, "engine", json_string(e->engine));
    json_object_set_new(j, "timing", json_string(e->timing));
    json_object_set_new(j, "numerics", json_string(ir_numerics_name(n->legal->numerics)));
    json_object_set_new(j, "float_is_dequantized", json_boolean(n->saved));
    json_object_set_new(j, "float", side_json(e, &e->f));
    json_object_set_new(j, "quantized", side_json(e, &e->q));
    json_object_set_new(j, "agreement", json_real((double)e->agree / (double)e->rows));
    if (isfinite(e->sqnr_db))
        json_object_set_new(j, "sqnr_db", json_real(e->sqnr_db));
    if (e->labels) {
        json_object_set_new(j, "only_float_right", json_integer(e->only_float));
        json_object_set_new(j, "only_quantized_right", json_integer(e->only_quantized));
        json_object_set_new(j, "mcnemar_p", json_real(mcnemar_exact(e->only_float, e->only_quantized)));
    }
    json_t *warnings = json_array();
    for (int i = 0; i < diag_count(ctx); i++)
        json_array_append_new(warnings, json_string(diag_get(ctx, i)->message));
    json_object_set_new(j, "warnings", warnings);
    json_dumpf(j, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(j);
}
