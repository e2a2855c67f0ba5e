/* inspect_errors.c - `qcc inspect --errors` and `--health`. */
#include <inttypes.h>
#include <math.h>

#include "compiler/cli/inspect.h"

bool inspect_extras(qctx *ctx, cli *c, const net *n, inspect_extra *x)
{
    port_map *ports;
    *x = (inspect_extra){0};
    if (!c->errors && !c->health)
        return true;
    if (n->saved || n->floating->states.n) {
        diag_add(ctx, D_BAD_OPTION, loc_file(n->file->src),
                 "--errors and --health compare with the "
                 "float net on the calibration rows: %s",
                 n->saved ? "a saved pair has neither"
                          : "a model with states has no rows of its own");
        return false;
    }
    return net_ports(ctx, n, &c->net, &ports) &&
           (!c->errors || explain_errors(ctx, n, ports, &x->errors)) &&
           (!c->health || check_health(ctx, n, ports, &x->health));
}

static void print_errors(const net *n, const layer_error *e)
{
    int width = inspect_width(n->prepared);
    printf("\n%-*s %9s %9s %16s %19s\n", width, "errors", "SQNR dB", "clipped", "share of weights",
           "share of activation");
    for (int i = 0; i < n->prepared->ops.n; i++)
        printf("%-*.*s %9.2f %7.3f %% %14.1f %% %17.1f %%\n", width, width, e[i].op->name,
               e[i].sqnr_db, 100 * e[i].clipped, 100 * e[i].weights, 100 * e[i].activation);
    for (int i = 0; i < n->prepared->ops.n; i++)
        if (e[i].advice)
            printf("%s\n", e[i].advice);
}

static void print_health(qctx *ctx, const health *h, int width)
{
    const char *words[HEALTH_WORDS];
    int n = health_words(ctx, h, words);
    printf("\n%-*s %12s %12s %8s %9s %7s %7s %6s\n", width, "calibration", "lowest", "highest",
           "covered", "clipped", "drift", "growth", "shift");
    for (int i = 0; i < h->n; i++) {
        const layer_health *l = &h->v[i];
        printf("%-*.*s %12.5g %12.5g %6.1f %% %7.3f %% %5.1f %% %5.1f %% %6.1f\n", width, width,
               l->t->name, l->lo, l->hi, 100 * l->covered, 100 * l->clipped, 100 * l->drift,
               100 * l->growth, l->shift);
    }
    printf("%" PRId64 " rows, %" PRId64 " of them repeated.%s\n", h->rows, h->repeated,
           n ? "" : " Nothing stands out.");
    for (int i = 0; i < n; i++)
        puts(words[i]);
}

void inspect_extras_print(qctx *ctx, const net *n, const inspect_extra *x)
{
    if (x->errors)
        print_errors(n, x->errors);
    if (x->health.n)
        print_health(ctx, &x->health, inspect_width(n->prepared));
}

static void set_number(json_t *j, const char *key, double v)
{
    if (isfinite(v))
        json_object_set_new(j, key, json_real(v));
}

static json_t *error_json(const layer_error *e)
{
    json_t *j = json_pack("{s:s}", "layer", e->op->name);
    set_number(j, "sqnr_db", e->sqnr_db);
    set_number(j, "clipped", e->clipped);
    set_number(j, "weights_share", e->weights);
    set_number(j, "activation_share", e->activation);
    if (e->advice)
        json_object_set_new(j, "advice", json_string(e->advice));
    return j;
}

static json_t *health_json(const layer_health *l)
{
    json_t *j = json_pack("{s:s}", "activation", l->t->name);
    set_number(j, "lowest", l->lo);
    set_number(j, "highest", l->hi);
    set_number(j, "covered", l->covered);
    set_number(j, "clipped", l->clipped);
    set_number(j, "drift", l->drift);
    set_number(j, "growth", l->growth);
    set_number(j, "shift", l->shift);
    return j;
}

static json_t *words_json(qctx *ctx, const health *h)
{
    const char *words[HEALTH_WORDS];
    json_t *list = json_array();
    for (int i = 0, n = health_words(ctx, h, words); i < n; i++)
        json_array_append_new(list, json_string(words[i]));
    return list;
}

void inspect_extras_json(qctx *ctx, json_t *j, const net *n, const inspect_extra *x)
{
    json_t *errors = json_array(), *rows = json_array();
    for (int i = 0; x->errors && i < n->prepared->ops.n; i++)
        json_array_append_new(errors, error_json(&x->errors[i]));
    for (int i = 0; i < x->health.n; i++)
        json_array_append_new(rows, health_json(&x->health.v[i]));
    if (x->errors)
        json_object_set(j, "errors", errors);
    if (x->health.n) {
        json_object_set_new(j, "calibration_rows", json_integer(x->health.rows));
        json_object_set_new(j, "calibration_repeated", json_integer(x->health.repeated));
        json_object_set(j, "calibration", rows);
        json_object_set_new(j, "calibration_words", words_json(ctx, &x->health));
    }
    json_decref(errors);
    json_decref(rows);
}
