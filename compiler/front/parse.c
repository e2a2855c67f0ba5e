/* parse.c - qdl_parse: one source to one tree. */
#include "compiler/front/parse.h"

#include "compiler/ir/words.h"
#include "grammar/qdl.h"

static qdl_parser *parser_new(qctx *ctx, const source *src)
{
    qdl_parser *ps = ARENA_NEW(ctx->a, qdl_parser);
    ps->ctx = ctx;
    ps->src = src;
    ps->close_to = ps->skip_to = -1;
    ps->file = ARENA_NEW(ctx->a, ast_file);
    ps->file->src = src;
    ps->file->model = (ast_name){"", loc_file(src), false};
    ps->file->spec = spec_new(ctx);
    ps->file->augment = ARENA_NEW(ctx->a, aug_spec);
    qdl_scan *scan = ARENA_NEW(ctx->a, qdl_scan);
    scan->ctx = ctx;
    scan->src = src;
    ps->scanner = qdl_scanner_new(scan);
    return ps;
}

ast_file *qdl_parse(qctx *ctx, const source *src)
{
    bool sound;
    ast_file *f = qdl_parse_tree(ctx, src, &sound);
    return sound ? f : NULL;
}

ast_file *qdl_parse_tree(qctx *ctx, const source *src, bool *sound)
{
    *sound = false;
    if (src->len > QDL_MAX_BYTES) {
        diag_add(ctx, D_SOURCE_SIZE, loc_file(src), "more than %d MiB of QDL", QDL_MAX_BYTES >> 20);
        return NULL;
    }
    qdl_parser *ps = parser_new(ctx, src);
    int status = qdlyyparse(ps);
    if (status != 0 || ps->errors)
        return NULL;
    *sound = !ps->rule_errors;
    ast_settle_flags(ps);
    return ps->file;
}
