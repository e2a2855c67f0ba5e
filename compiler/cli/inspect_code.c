/* inspect_code.c - the flash that the emitted C takes on its target: what is baked, and the code
 * that the target's own compiler makes of it. */
#include "compiler/cli/inspect.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "compiler/jit/engine.h"

static const char *const levels[INSPECT_LEVELS] = {
    [EMIT_OS] = "-Os", [EMIT_O2] = "-O2", [EMIT_OSPEED] = "-Ospeed"};

bool inspect_code(qctx *ctx, const cli *c, const ir_graph *g, inspect_flash *f)
{
    *f = (inspect_flash){0};
    if (!strcmp(c->emit.target, "generic")) /* for any compiler, so by none */
        return true;
    for (int i = 0; i < INSPECT_LEVELS; ++i) {
        emit_options o = c->emit;
        emit_result r;
        target_size t;
        if (c->json && i != (int)o.opt) /* a compiler takes its time; machines ask again */
            continue;
        o.opt = (emit_opt)i;
        /* as the benchmarks do: -Os beside -Os, else -O2 */
        const char *level = i == EMIT_OS ? "-Os" : "-O2";
        if (!target_sizes(ctx, &(target_request){g, &o, level, true}, &r, &t))
            return false;
        f->all[i] = r.constant_bytes + t.code;
        if (o.opt != c->emit.opt)
            continue;
        f->by = t.by;
        f->missing = t.missing;
        f->code = t.code;
        f->factor = t.factor;
    }
    return true;
}

void inspect_code_print(const inspect_flash *f, const emit_result *r)
{
    if (!f->by) {
        puts(f->missing ? ", without code: there is no compiler"
                        : ", without code (--target tells it)");
        return;
    }
    printf(", code %" PRId64 ": %" PRId64 " in all\n", f->code, r->constant_bytes + f->code);
    if (f->missing)
        printf("       %s is missing: code is guessed as %g times that of %s\n", f->missing,
               f->factor, f->by);
    else
        printf("       code by %s, its helpers included\n", f->by);
    fputs("       flash against speed:", stdout);
    for (int i = 0; i < INSPECT_LEVELS; ++i)
        printf("%s %s %" PRId64, i ? "," : "", levels[i], f->all[i]);
    puts("");
}

void inspect_code_json(json_t *j, const inspect_flash *f, const emit_result *r)
{
    json_object_set_new(j, "emitted_weight_bytes", json_integer(r->weight_bytes));
    json_object_set_new(j, "emitted_constant_bytes", json_integer(r->constant_bytes));
    if (!f->by)
        return;
    json_object_set_new(j, "code_bytes", json_integer(f->code));
    json_object_set_new(j, "flash_bytes", json_integer(r->constant_bytes + f->code));
    json_object_set_new(j, "code_by", json_string(f->by));
    json_object_set_new(j, "code_guessed", json_boolean(f->missing != NULL));
}
