/* diff_print.c - the table and the JSON of `qcc diff`. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>

#include "compiler/cli/diff.h"

static double error_of(const diff_place *p)
{
    return p->row < 0 || p->a == p->b ? 0 : fabs(p->a - p->b);
}

/* Indices of an element of a layer, outermost first; the number of them. */
static int indices(const ir_shape *s, int64_t element, int64_t *at)
{
    for (int i = s->rank - 1; i >= 0; i--) {
        at[i] = element % s->dim[i];
        element /= s->dim[i];
    }
    return s->rank;
}

static const char *place_text(qctx *ctx, const diff_layer *l, const diff_place *p)
{
    int64_t at[IR_MAX_RANK];
    buf b;
    buf_init(&b, ctx->a);
    int n = indices(&l->shape, p->element, at);
    for (int i = 0; i < n; i++)
        buf_printf(&b, "%s%" PRId64, i ? ", " : "", at[i]);
    return arena_printf(ctx->a, "row %" PRId64 " [%s]", p->row, buf_str(&b));
}

static int64_t elements(const diff_layer *l)
{
    return l->rows * ir_elems(&l->shape);
}

static void print_layer(qctx *ctx, const diff_layer *l)
{
    printf("%-24.24s %-12.12s %-12s", l->name, l->operator, ir_shape_str(ctx->a, &l->shape));
    double error = error_of(&l->worst);
    if (l->different == 0)
        printf(" %9s", "equal");
    else
        printf(" %9.1f", diff_sqnr(l));
    printf(" %12.6g", error);
    if (l->step > 0)
        printf(" %8.2f", error / l->step);
    else
        printf(" %8s", "-");
    printf(" %9.3f %%", 100 * (double)l->different / (double)elements(l));
    printf("  %s\n", l->different ? place_text(ctx, l, &l->worst) : "");
}

static void print_unmatched(const diff_side *s, const char *which)
{
    for (int i = 0; i < s->unmatched.n; i++)
        printf("%s%s", i ? ", " : which, s->unmatched.v[i]);
    if (s->unmatched.n)
        putchar('\n');
}

static const char *limit_text(const diff_layer *l)
{
    return l->exact      ? "equal codes"
           : l->step > 0 ? "more than a step"
                         : "more than 1e-5 of the row's largest";
}

void diff_print(qctx *ctx, const diff *d)
{
    printf("A %s\nB %s\n%" PRId64 " row%s\n\n", d->a.spec, d->b.spec, d->rows,
           d->rows == 1 ? "" : "s");
    printf("%-24s %-12s %-12s %9s %12s %8s %11s  %s\n", "layer", "operator", "output", "SQNR dB",
           "max |A - B|", "in steps", "different", "largest at");
    bool short_rows = false;
    for (int i = 0; i < d->layers.n; i++) {
        print_layer(ctx, &d->layers.v[i]);
        short_rows = short_rows || d->layers.v[i].rows < d->rows;
    }
    putchar('\n');
    if (short_rows)
        printf("references with fewer rows than the data: compared in these (%" PRId64 " in %s)\n",
               d->layers.v[d->layers.n - 1].rows, d->layers.v[d->layers.n - 1].name);
    print_unmatched(&d->a, "only in A: ");
    print_unmatched(&d->b, "only in B: ");
    const diff_layer *l = d->diverges;
    if (!l && (d->a.unmatched.n || d->b.unmatched.n))
        printf("no divergence in the layers that both have (%d)\n", d->layers.n);
    else if (!l)
        puts("no divergence");
    if (!l)
        return;
    printf("first divergence: %s, %s: A %.9g, B %.9g (%s)\n", l->name,
           place_text(ctx, l, &l->first), l->first.a, l->first.b,
           l->exact ? "codes differ" : limit_text(l));
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

/* JSON is UTF-8; a name that is not is written as QDL escapes it. */
static json_t *name_json(qctx *ctx, const char *name)
{
    json_t *j = json_string(name);
    if (j)
        return j;
    buf b;
    buf_init(&b, ctx->a);
    ir_print_name(&b, name);
    return json_string(buf_str(&b));
}

static json_t *place_json(const diff_layer *l, const diff_place *p)
{
    int64_t at[IR_MAX_RANK];
    json_t *j = json_object(), *index = json_array();
    int n = indices(&l->shape, p->element, at);
    for (int i = 0; i < n; i++)
        json_array_append_new(index, json_integer(at[i]));
    json_object_set_new(j, "row", json_integer(p->row));
    json_object_set_new(j, "index", index);
    json_object_set_new(j, "a", number(p->a));
    json_object_set_new(j, "b", number(p->b));
    return j;
}

static json_t *layer_json(qctx *ctx, const diff_layer *l)
{
    json_t *j = json_object(), *shape = json_array();
    json_object_set_new(j, "name", name_json(ctx, l->name));
    json_object_set_new(j, "operator", json_string(l->operator));
    for (int i = 0; i < l->shape.rank; i++)
        json_array_append_new(shape, json_integer(l->shape.dim[i]));
    json_object_set_new(j, "shape", shape);
    json_object_set_new(j, "rows", json_integer(l->rows));
    json_object_set_new(j, "elements", json_integer(elements(l)));
    json_object_set_new(j, "different", json_integer(l->different));
    json_object_set_new(j, "sqnr_db", number(diff_sqnr(l))); /* null: equal */
    json_object_set_new(j, "max_error", number(error_of(&l->worst)));
    if (l->step > 0) {
        json_object_set_new(j, "step", json_real(l->step));
        json_object_set_new(j, "max_error_steps", number(error_of(&l->worst) / l->step));
    }
    if (l->different)
        json_object_set_new(j, "largest", place_json(l, &l->worst));
    if (l->first.row >= 0)
        json_object_set_new(j, "divergence", place_json(l, &l->first));
    return j;
}

static json_t *names_json(qctx *ctx, const diff_side *s)
{
    json_t *j = json_array();
    for (int i = 0; i < s->unmatched.n; i++)
        json_array_append_new(j, name_json(ctx, s->unmatched.v[i]));
    return j;
}

void diff_print_json(qctx *ctx, const diff *d)
{
    json_t *j = json_object(), *layers = json_array(), *warnings = json_array();
    json_object_set_new(j, "a", name_json(ctx, d->a.spec));
    json_object_set_new(j, "b", name_json(ctx, d->b.spec));
    json_object_set_new(j, "rows", json_integer(d->rows));
    for (int i = 0; i < d->layers.n; i++)
        json_array_append_new(layers, layer_json(ctx, &d->layers.v[i]));
    json_object_set_new(j, "layers", layers);
    json_object_set_new(j, "first_divergence",
                        d->diverges ? name_json(ctx, d->diverges->name) : json_null());
    json_object_set_new(j, "only_in_a", names_json(ctx, &d->a));
    json_object_set_new(j, "only_in_b", names_json(ctx, &d->b));
    for (int i = 0; i < diag_count(ctx); i++)
        json_array_append_new(warnings, json_string(diag_get(ctx, i)->message));
    json_object_set_new(j, "warnings", warnings);
    json_dumpf(j, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(j);
}
