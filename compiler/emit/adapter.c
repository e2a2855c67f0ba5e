/* adapter.c - one signature for NAME_run of every net and option, for the engines. */
#include "compiler/emit/frame.h"

static void put_copy(buf *b, const char *to, const char *from, int64_t bytes)
{
    buf_printf(b, "    { const char *p = (const char *)%s; char *q = (char *)%s; long i;\n"
                  "      for (i = 0; i < %lld; i++) q[i] = p[i]; }\n", from, to, (long long)bytes);
}

static const char *place_call(emitter *e, const char *word, int k)
{
    return arena_printf(e->ctx->a, "%s_%s(%s)", e->prefix, port_word(e, word, k),
                        e->o->static_arena ? "" : "arena");
}

static void put_arguments(emitter *e, buf *b)
{
    const char *comma = "";
    if (e->g->states.n > 0) {
        buf_printf(b, "(struct %s_state *)state", e->prefix);
        comma = ", ";
    }
    for (int k = 0; k < e->g->inputs.n && !e->o->io_in_arena; k++, comma = ", ")
        buf_printf(b, "%s(const %s *)in[%d]", comma, emit_ctype(e->g->inputs.v[k]->type), k);
    for (int k = 0; k < e->g->outputs.n && !e->o->io_in_arena; k++, comma = ", ")
        buf_printf(b, "%s(%s *)out[%d]", comma, emit_ctype(e->g->outputs.v[k]->type), k);
    if (!e->o->static_arena)
        buf_printf(b, "%sarena", comma);
}

static void put_call(emitter *e, buf *b)
{
    const ir_graph *g = e->g;
    buf_printf(b, "\nint %s_engine_call(void *state, const void *const *in, void *const *out, void *arena)\n{\n"
                  "    int result;\n    (void)state; (void)in; (void)out; (void)arena;\n", e->prefix);
    for (int k = 0; k < g->inputs.n && e->o->io_in_arena; k++)
        put_copy(b, place_call(e, "input", k), arena_printf(e->ctx->a, "in[%d]", k),
                 port_bytes(g->inputs.v[k]));
    buf_printf(b, "    result = %s_run(", e->prefix);
    put_arguments(e, b);
    buf_puts(b, ");\n");
    for (int k = 0; k < g->outputs.n && e->o->io_in_arena; k++)
        put_copy(b, arena_printf(e->ctx->a, "out[%d]", k), place_call(e, "output", k),
                 port_bytes(g->outputs.v[k]));
    buf_puts(b, "    return result;\n}\n");
}

const char *emit_adapter(qctx *ctx, const ir_graph *g, const emit_options *o)
{
    emitter e = {.ctx = ctx, .g = g, .o = o};
    e.prefix = emit_prefix(ctx, g, o);
    if (!e.prefix)
        return NULL;
    buf b;
    buf_init(&b, ctx->a);
    put_call(&e, &b);
    buf_printf(&b, "\nuint32_t %s_engine_state_bytes(void)\n{\n", e.prefix);
    if (g->states.n > 0)
        buf_printf(&b, "    return (uint32_t)sizeof(struct %s_state);\n}\n", e.prefix);
    else
        buf_puts(&b, "    return 0;\n}\n");
    buf_printf(&b, "\nvoid %s_engine_reset(void *state)\n{\n    (void)state;\n", e.prefix);
    if (g->states.n > 0)
        buf_printf(&b, "    %s_reset((struct %s_state *)state);\n", e.prefix, e.prefix);
    buf_puts(&b, "}\n");
    return buf_str(&b);
}
