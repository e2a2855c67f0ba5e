/* eval_print.c - the table, the CSV and the JSON of `qcc eval`. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>

#include "compiler/cli/eval.h"

static double share(int64_t k, int64_t n)
{
    return (double)k / (double)n;
}

bool eval_has_accuracy(const eval *e)
{
    return e->labels && e->reading != EVAL_RECONSTRUCTION;
}

/* ---- the table ------------------------------------------------------------------------------- */

static void accuracy_lines(const eval *e, const eval_run *r)
{
    if (!eval_has_accuracy(e))
        return;
    double flo, fhi, qlo, qhi;
    wilson_interval(e->f.right, e->rows, &flo, &fhi);
    wilson_interval(r->q.right, e->rows, &qlo, &qhi);
    printf("  accuracy          %9.2f %%           %9.2f %%\n", 100 * share(e->f.right, e->rows),
           100 * share(r->q.right, e->rows));
    printf("    95 %% interval   %6.2f … %6.2f      %6.2f … %6.2f\n", 100 * flo, 100 * fhi,
           100 * qlo, 100 * qhi);
    printf("  mean loss         %11.4f           %11.4f\n", e->f.loss, r->q.loss);
}

static void score_lines(const eval *e, const eval_run *r)
{
    if (!isnan(r->q.auc))
        printf("  AUC               %11.4f           %11.4f\n", e->f.auc, r->q.auc);
    if (e->reading == EVAL_RECONSTRUCTION)
        printf(
            "  score error                                %9.4f        RMS, in deviations of the "
            "float score\n",
            r->score_error);
}

static void bytes_line(const char *what, int64_t f, int64_t q)
{
    if (f < 0 || q < 0) {
        printf("  %-17s %11s           %11s\n", what, "-", "-");
        return;
    }
    bool larger = q > f;
    printf("  %-17s %9" PRId64 " B           %9" PRId64 " B      %5.2f times %s\n", what, f, q,
           larger ? (double)q / (double)f : (double)f / (double)(q > 0 ? q : 1),
           larger ? "larger" : "smaller");
}

static void paired_line(const eval *e, const char *what, int64_t points, const char *other,
                        int64_t only_other, int64_t only_this)
{
    printf("  %-41s %+9.2f points  right only in %s %" PRId64 ", only quantized %" PRId64
           ", exact McNemar p = %.3f\n",
           what, 100 * share(points, e->rows), other, only_other, only_this,
           mcnemar_exact(only_other, only_this));
}

static void print_run(const eval *e, int i)
{
    const eval_run *r = &e->runs[i];
    if (e->n_runs > 1)
        printf("\n%s\n", r->name);
    printf("                              float             quantized\n");
    accuracy_lines(e, r);
    score_lines(e, r);
    if (e->reading != EVAL_RECONSTRUCTION)
        printf("  agreement                                  %9.2f %%      of rows decided as in "
               "float\n",
               100 * share(r->agree, e->rows));
    if (eval_has_accuracy(e)) {
        paired_line(e, "paired", r->q.right - e->f.right, "float", r->only_float,
                    r->only_quantized);
        if (i > 0)
            paired_line(e, "paired with the first", r->q.right - e->runs[0].q.right, "the first",
                        r->only_first, r->only_this);
    }
    printf("  output SQNR                                %9.1f dB\n", r->sqnr_db);
    printf("  output RMSE                                %11.6g      against the float outputs\n",
           r->rmse);
    bytes_line("weight bytes", e->f.weight_bytes, r->q.weight_bytes);
    bytes_line("constant bytes", e->f.constant_bytes, r->q.constant_bytes);
    bytes_line("flash (host)", e->f.flash, r->q.flash);
    bytes_line("RAM", e->f.arena + e->f.io, r->q.arena + r->q.io);
    bool slower = r->q.time_s > e->f.time_s;
    printf("  time              %9.2f us           %9.2f us     %5.2f times %s (%s, interleaved, "
           "median)\n",
           1e6 * e->f.time_s, 1e6 * r->q.time_s,
           slower ? r->q.time_s / e->f.time_s : e->f.time_s / r->q.time_s,
           slower ? "slower" : "faster", e->timing);
}

static void print_confusion(qctx *ctx, const eval *e, const char *name, const eval_side *s)
{
    const int64_t *m = eval_confusion(ctx, e, s);
    printf("\nconfusion, %s: a row for each label, a column for what it was taken for\n      ",
           name);
    for (int k = 0; k < e->classes; k++)
        printf(" %6d", k);
    putchar('\n');
    for (int i = 0; i < e->classes; i++) {
        printf("%6d", i);
        for (int k = 0; k < e->classes; k++)
            printf(" %6" PRId64, m[(int64_t)i * e->classes + k]);
        putchar('\n');
    }
}

/* Rows in two roles are told where the figures are, which stand by themselves once saved. */
static void print_roles(const qctx *ctx)
{
    for (int i = 0; i < diag_count(ctx); i++)
        if (diag_get(ctx, i)->id == D_DATA_ROLES)
            printf("  not held out: %s\n", diag_get(ctx, i)->message);
}

void eval_print(qctx *ctx, const eval *e, bool confusion)
{
    const net *n = e->runs[0].n;
    printf("%s: %" PRId64 " rows, int8 run by %s, numerics %s\n", n->legal->name, e->rows,
           e->engine, ir_numerics_name(n->legal->numerics));
    if (n->saved)
        puts("  float: the saved pair's own integer weights as floats, not the original's");
    for (int i = 0; i < e->n_runs; i++)
        print_run(e, i);
    printf("  flash (host): .text + .rodata + .data of the emitted C under cc -O2 here; RAM: "
           "input, output and\n"
           "  arena, without the stack\n");
    print_roles(ctx);
    if (!confusion || !eval_has_accuracy(e))
        return;
    print_confusion(ctx, e, "float", &e->f);
    for (int i = 0; i < e->n_runs; i++)
        print_confusion(ctx, e, e->runs[i].name, &e->runs[i].q);
}

/* ---- CSV ------------------------------------------------------------------------------------- */

static void csv_number(double v)
{
    if (isfinite(v))
        printf(",%.9g", v);
    else
        putchar(',');
}

static void csv_name(const char *name)
{
    putchar('"');
    for (; *name; name++)
        printf(*name == '"' ? "\"\"" : "%c", *name);
    putchar('"');
}

static void csv_side(const eval *e, const char *name, const eval_side *s)
{
    double lo, hi;
    bool known = eval_has_accuracy(e);
    wilson_interval(s->right, e->rows, &lo, &hi);
    csv_name(name);
    printf(",%" PRId64, e->rows);
    csv_number(known ? share(s->right, e->rows) : NAN);
    csv_number(known ? lo : NAN);
    csv_number(known ? hi : NAN);
    csv_number(known ? s->loss : NAN);
    csv_number(s->auc);
    printf(",%" PRId64 ",%" PRId64, s->weight_bytes, s->constant_bytes);
    csv_number(s->flash < 0 ? NAN : (double)s->flash);
    printf(",%" PRId64, s->arena + s->io);
    csv_number(s->time_s);
}

/* With the float net, and of later runs with the first. */
static void csv_paired(const eval *e, int i)
{
    const eval_run *r = &e->runs[i];
    bool known = eval_has_accuracy(e), later = known && i > 0;
    csv_number(known ? (double)r->only_float : NAN);
    csv_number(known ? (double)r->only_quantized : NAN);
    csv_number(later ? (double)r->only_first : NAN);
    csv_number(later ? (double)r->only_this : NAN);
    csv_number(later ? mcnemar_exact(r->only_first, r->only_this) : NAN);
}

/* The float net's line first; what compares with it is empty there. */
void eval_print_csv(const eval *e)
{
    puts("name,rows,accuracy,accuracy_low,accuracy_high,loss,auc,weight_bytes,constant_bytes,"
         "flash_host_bytes,ram_bytes,time_s,agreement,mcnemar_p,sqnr_db,rmse,only_float_right,"
         "only_quantized_right,only_first_right,only_this_right,mcnemar_p_first,score_error");
    csv_side(e, "float", &e->f);
    puts(",,,,,,,,,,");
    for (int i = 0; i < e->n_runs; i++) {
        const eval_run *r = &e->runs[i];
        csv_side(e, r->name, &r->q);
        csv_number(share(r->agree, e->rows));
        csv_number(eval_has_accuracy(e) ? mcnemar_exact(r->only_float, r->only_quantized) : NAN);
        csv_number(r->sqnr_db);
        csv_number(r->rmse);
        csv_paired(e, i);
        csv_number(e->reading == EVAL_RECONSTRUCTION ? r->score_error : NAN);
        putchar('\n');
    }
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *confusion_json(qctx *ctx, const eval *e, const eval_side *s)
{
    const int64_t *m = eval_confusion(ctx, e, s);
    json_t *rows = json_array();
    for (int i = 0; i < e->classes; i++) {
        json_t *row = json_array();
        for (int k = 0; k < e->classes; k++)
            json_array_append_new(row, json_integer(m[(int64_t)i * e->classes + k]));
        json_array_append_new(rows, row);
    }
    return rows;
}

static void set_number(json_t *j, const char *key, double v)
{
    if (isfinite(v))
        json_object_set_new(j, key, json_real(v));
}

static json_t *side_json(qctx *ctx, const eval *e, const eval_side *s)
{
    json_t *j = json_object();
    if (eval_has_accuracy(e)) {
        double lo, hi;
        wilson_interval(s->right, e->rows, &lo, &hi);
        json_object_set_new(j, "accuracy", json_real(share(s->right, e->rows)));
        json_object_set_new(j, "accuracy_interval", json_pack("[f, f]", lo, hi));
        json_object_set_new(j, "loss", json_real(s->loss));
    }
    set_number(j, "auc", s->auc);
    json_object_set_new(j, "weight_bytes", json_integer(s->weight_bytes));
    json_object_set_new(j, "constant_bytes", json_integer(s->constant_bytes));
    if (s->flash >= 0)
        json_object_set_new(j, "flash_host_bytes", json_integer(s->flash));
    json_object_set_new(j, "ram_bytes", json_integer(s->arena + s->io));
    json_object_set_new(j, "time_s", json_real(s->time_s));
    if (eval_has_accuracy(e))
        json_object_set_new(j, "confusion", confusion_json(ctx, e, s));
    return j;
}

static void set_comparison(json_t *j, const eval *e, const eval_run *r)
{
    json_object_set_new(j, "agreement", json_real(share(r->agree, e->rows)));
    set_number(j, "sqnr_db", r->sqnr_db);
    json_object_set_new(j, "rmse", json_real(r->rmse));
    if (e->reading == EVAL_RECONSTRUCTION)
        set_number(j, "score_error", r->score_error);
    if (!eval_has_accuracy(e))
        return;
    json_object_set_new(j, "only_float_right", json_integer(r->only_float));
    json_object_set_new(j, "only_quantized_right", json_integer(r->only_quantized));
    json_object_set_new(j, "mcnemar_p", json_real(mcnemar_exact(r->only_float, r->only_quantized)));
}

static json_t *run_json(qctx *ctx, const eval *e, int i)
{
    const eval_run *r = &e->runs[i];
    json_t *j = json_pack("{s:s}", "name", r->name);
    json_object_set_new(j, "quantized", side_json(ctx, e, &r->q));
    set_comparison(j, e, r);
    if (i > 0 && eval_has_accuracy(e)) {
        json_object_set_new(j, "only_first_right", json_integer(r->only_first));
        json_object_set_new(j, "only_this_right", json_integer(r->only_this));
        json_object_set_new(j, "mcnemar_p_first",
                            json_real(mcnemar_exact(r->only_first, r->only_this)));
    }
    return j;
}

void eval_print_json(qctx *ctx, const eval *e)
{
    const net *n = e->runs[0].n;
    json_t *j = json_object(), *warnings = json_array(), *runs = json_array();
    json_object_set_new(j, "model", json_string(n->legal->name));
    json_object_set_new(j, "rows", json_integer(e->rows));
    json_object_set_new(j, "engine", json_string(e->engine));
    json_object_set_new(j, "timing", json_string(e->timing));
    json_object_set_new(j, "numerics", json_string(ir_numerics_name(n->legal->numerics)));
    json_object_set_new(j, "float_is_dequantized", json_boolean(n->saved));
    json_object_set_new(j, "float", side_json(ctx, e, &e->f));
    json_object_set_new(j, "quantized", side_json(ctx, e, &e->runs[0].q));
    set_comparison(j, e, &e->runs[0]);
    for (int i = 0; i < e->n_runs; i++)
        json_array_append_new(runs, run_json(ctx, e, i));
    json_object_set_new(j, "runs", runs);
    for (int i = 0; i < diag_count(ctx); i++)
        json_array_append_new(warnings, json_string(diag_get(ctx, i)->message));
    json_object_set_new(j, "warnings", warnings);
    json_dumpf(j, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(j);
}
