/* cmd_diff.c - qcc diff A B: two executions layer by layer. This file reads what A and B are. */
#include <string.h>
#include <unistd.h>

#include "compiler/cli/diff.h"

/* NET,WEIGHTS: at the first comma that a file's name ends before, else at the first. */
static const char *find_comma(qctx *ctx, const char *text)
{
    for (const char *p = strchr(text, ','); p; p = strchr(p + 1, ','))
        if (access(arena_strndup(ctx->a, text, (size_t)(p - text)), F_OK) == 0)
            return p;
    return strchr(text, ',');
}

static bool read_side(qctx *ctx, const cli *c, const char *spec, diff_side *s)
{
    static const struct {
        const char *prefix;
        side_kind kind;
    } kinds[] = {{"float:", SIDE_FLOAT}, {"quant:", SIDE_QUANT}};
    *s = (diff_side){.spec = spec, .kind = SIDE_FILE, .model = spec};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t n = strlen(kinds[i].prefix);
        if (strncmp(spec, kinds[i].prefix, n) != 0)
            continue;
        s->kind = kinds[i].kind;
        s->model = spec + n;
        if (import_takes(s->model))
            return true;
        const char *comma = find_comma(ctx, s->model);
        if (!comma || comma == s->model || !comma[1]) {
            cli_usage(c, "%s: wanted is %sNET.qdl,WEIGHTS or %sMODEL", spec, kinds[i].prefix,
                      kinds[i].prefix);
            return false;
        }
        s->model = arena_strndup(ctx->a, s->model, (size_t)(comma - s->model));
        s->weights = comma + 1;
    }
    return true;
}

/* Options that would do nothing. */
static int check_effects(const cli *c, const diff *d)
{
    bool quantizes = d->a.kind == SIDE_QUANT || d->b.kind == SIDE_QUANT;
    bool runs = d->a.kind != SIDE_FILE || d->b.kind != SIDE_FILE;
    const char *idle = c->net.settings.n     ? c->net.settings.v[0].which
                       : c->net.calibrate    ? "calibrate"
                       : c->net.quant_file   ? "quant"
                       : c->net.strict_acc32 ? "strict-acc32"
                                             : NULL;
    if (!quantizes && idle)
        return cli_usage(c, "neither side is quantized here: --%s would do nothing", idle);
    if (runs && !c->data)
        return cli_usage(c, "no --data: the rows to execute");
    engine_kind kind;
    if (!runs && c->engine)
        return cli_usage(c, "neither side is executed: --engine would do nothing");
    if (c->engine && !cli_engine(c, &kind))
        return EXIT_WRONG_USAGE;
    if (!runs && c->data)
        return cli_usage(c, "neither side is executed: --data would do nothing");
    return EXIT_DONE;
}

int cmd_diff(qctx *ctx, cli *c)
{
    diff d = {.rows = 1};
    if (!read_side(ctx, c, c->operands.v[0], &d.a) || !read_side(ctx, c, c->operands.v[1], &d.b))
        return EXIT_WRONG_USAGE;
    int status = check_effects(c, &d);
    if (status != EXIT_DONE)
        return status;
    if (!diff_measure(ctx, c, &d))
        return EXIT_BAD_INPUT;
    progress_end(ctx);
    if (c->json)
        diff_print_json(ctx, &d);
    else
        diff_print(ctx, &d);
    return EXIT_DONE;
}
