/* common.c - what several commands do alike. */
#include <string.h>

#include "compiler/base/file.h"
#include "compiler/cli/search.h"

net *cli_net(qctx *ctx, cli *c, bool quantize)
{
    const char *model = c->operands.v[0];
    net *n = net_load(ctx, model, c->operands.n > 1 ? c->operands.v[1] : NULL, &c->net);
    if (!n || !quantize)
        return n;
    bool ok = search_wanted(c) ? search_net(ctx, c, n) : net_quantize(ctx, n, &c->net);
    return ok ? n : NULL;
}

bool cli_engine(const cli *c, engine_kind *kind)
{
    static const struct { const char *name; engine_kind kind; } engines[] = {
        {"jit", ENGINE_JIT}, {"interpreter", ENGINE_INTERPRETER}, {"cc", ENGINE_CC}, {"blas", ENGINE_BLAS}};
    *kind = c->use_float && engine_available(ENGINE_BLAS) ? ENGINE_BLAS
            : engine_available(ENGINE_JIT)                ? ENGINE_JIT
            : engine_available(ENGINE_CC)                 ? ENGINE_CC
                                                          : ENGINE_INTERPRETER;
    if (!c->engine)
        return true;
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
        if (!strcmp(c->engine, engines[i].name)) {
            *kind = engines[i].kind;
            if (*kind != ENGINE_BLAS || c->use_float)
                return true;
            cli_usage(c, "--engine=blas goes with --float only");
            return false;
        }
    }
    cli_usage(c, "--engine=%s is none of jit, interpreter, cc, blas", c->engine);
    return false;
}
