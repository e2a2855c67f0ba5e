/* training_data.c - rows and labels of train, tune and recover, in roles kept apart. */
#include <string.h>

#include "compiler/base/sha256.h"
#include "compiler/cli/training.h"

typedef struct reading {
    qctx *ctx;
    cli *c;
    const ir_graph *g;
    bool need_labels;
    bool need_targets; /* --data has target rows: so must the other roles */
    buf sums;
} reading;

/* One input: a CSV may hold its labels. Several: a file for each, without labels of their own. */
static bool read_ports(reading *r, const char *files, bool own_labels, port_map **ports)
{
    const char *layout = r->c->net.layout ? r->c->net.layout : r->g->layout;
    if (r->g->inputs.n != 1)
        return net_data(r->ctx, r->g, files, &r->c->net, ports);
    dataset *d = dataset_read(r->ctx, files, own_labels);
    if (!d)
        return false;
    d->codes = d->codes || (r->c->net.codes && d->format == DF_CSV);
    *ports = ARENA_NEW(r->ctx->a, port_map);
    return port_map_make(r->ctx, r->g->inputs.v[0], d, layout, *ports);
}

static bool read_targets(reading *r, const char *spec, train_rows *rows)
{
    const dataset *d = dataset_read(r->ctx, spec, false);
    int64_t outputs = ir_elems(&r->g->outputs.v[0]->shape);
    if (!d)
        return false;
    rows->targets = d;
    if (d->rows == rows->n && d->row_elems == outputs)
        return true;
    diag_add(r->ctx, D_TRAIN_ROWS, loc_file(d->src),
             "%lld target rows of %lld numbers for %lld rows of data and %lld outputs",
             (long long)d->rows, (long long)d->row_elems, (long long)rows->n, (long long)outputs);
    return false;
}

static bool read_labels(reading *r, const char *spec, train_rows *rows)
{
    int64_t outputs = ir_elems(&r->g->outputs.v[0]->shape);
    int classes = outputs < 2 ? 2 : (int)outputs;
    const dataset *d = rows->ports->data;
    int32_t *labels = NULL;
    if (spec && r->c->training->fit.loss.kind == LOSS_SQUARED)
        return read_targets(r, spec, rows);
    if (spec && !labels_read(r->ctx, spec, classes, rows->n, &labels))
        return false;
    if (!spec && d->labels && !dataset_labels_check(r->ctx, d, classes))
        return false;
    rows->labels = spec ? labels : d->labels;
    return true;
}

static bool read_role(reading *r, const char *files, const char *labels, train_rows *rows)
{
    port_map *ports;
    if (!read_ports(r, files, labels == NULL && r->need_labels, &ports))
        return false;
    for (int i = 1; i < r->g->inputs.n; i++)
        if (ports[i].rows != ports->rows) {
            diag_add(r->ctx, D_TRAIN_ROWS, loc_none(), "inputs have %lld and %lld rows",
                     (long long)ports->rows, (long long)ports[i].rows);
            return false;
        }
    *rows = rows_all(r->ctx, ports, r->g->inputs.n, NULL);
    if (!read_labels(r, labels, rows))
        return false;
    for (int i = 0; i < r->g->inputs.n; i++)
        buf_printf(&r->sums, " %s", ports[i].data->sha256);
    sha256 s;
    char hex[65];
    sha256_init(&s);
    if (rows->labels)
        sha256_update(&s, rows->labels, (size_t)rows->n * sizeof *rows->labels);
    sha256_hex(&s, hex);
    buf_printf(&r->sums, " %s %s", hex, rows->targets ? rows->targets->sha256 : "-");
    return true;
}

static bool check_labels(reading *r, const train_rows *rows, const char *role)
{
    if (rows->targets || (!r->need_targets && (!r->need_labels || rows->labels)))
        return true;
    diag_add(r->ctx, D_TRAIN_LABELS, loc_none(), "--%s has no %s", role,
             r->need_targets ? "target rows, --data has" : "labels");
    diag_hint(r->ctx, "give them with --%s%s", strcmp(role, "data") ? role : "",
              strcmp(role, "data") ? "-labels" : "labels");
    return false;
}

static void warn_shared(reading *r, const train_rows *a, const char *role_a, const train_rows *b,
                        const char *role_b)
{
    if (b->n)
        cli_warn_shared_rows(r->ctx, a->ports->data, role_a, b->ports->data, role_b);
}

bool roles_read(qctx *ctx, cli *c, const ir_graph *g, bool need_labels, roles *out)
{
    reading r = {.ctx = ctx, .c = c, .g = g, .need_labels = need_labels};
    const training *t = training_options(ctx, c);
    buf_init(&r.sums, ctx->a);
    *out = (roles){0};
    if (!read_role(&r, c->data, c->labels, &out->train) || !check_labels(&r, &out->train, "data"))
        return false;
    r.need_targets = out->train.targets != NULL;
    if (c->select && (!read_role(&r, c->select, c->select_labels, &out->select) ||
                      !check_labels(&r, &out->select, "select")))
        return false;
    if (t->test && (!read_role(&r, t->test, t->test_labels, &out->test) ||
                    !check_labels(&r, &out->test, "test")))
        return false;
    warn_shared(&r, &out->train, "--data", &out->select, "--select");
    warn_shared(&r, &out->train, "--data", &out->test, "--test");
    if (c->select && out->test.n)
        warn_shared(&r, &out->select, "--select", &out->test, "--test");
    out->seeded_tenth = !c->select;
    if (!c->select && out->train.n < 2) {
        diag_add(ctx, D_TRAIN_ROWS, loc_none(), "one row cannot be trained on and select, too");
        diag_hint(ctx, "more rows, or --select");
        return false;
    }
    if (!c->select)
        rows_split(ctx, &out->train, &out->select, ctx->seed);
    out->settings = buf_str(&r.sums);
    return true;
}

bool roles_vary(qctx *ctx, cli *c, const net *n, const ir_graph *g, roles *r, const char **text)
{
    const augmenter *a;
    *text = "";
    if (!cli_augment(ctx, c, n, g, &a))
        return false;
    if (!a)
        return true;
    *text = arena_printf(ctx->a, " augment%s", aug_text(ctx, n->file->augment));
    r->train.vary = rows_variants(ctx, a, g->inputs.v[0], ctx->seed, c->training->fit.batch);
    flips_judge(ctx, n->file->augment, r);
    cli_flush_diags(ctx, c->quiet); /* before the long run, not behind it */
    return true;
}
