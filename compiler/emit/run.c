/* run.c - NAME_run and what stands around it: checks, calls in order, ports, reset, float ports. */
#include "compiler/emit/bands.h"
#include "compiler/emit/frame.h"

#include <string.h>

/* ---- places as C expressions --------------------------------------------------------------- */

/* `mem` is the arena as bytes. */
const char *emit_arena_place(emitter *e, ir_type type, int64_t offset)
{
    arena *a = e->ctx->a;
    if (type == IR_I8)
        return arena_printf(a, "mem + %lld", (long long)offset);
    return arena_printf(a, "(%s *)(void *)(mem + %lld)", emit_ctype(type), (long long)offset);
}

static const char *place_text(emitter *e, const ir_tensor *t)
{
    const place *at = &e->plan->at[t->id];
    switch (at->kind) {
    case PLACE_INPUT: return arena_printf(e->ctx->a, "in%d", at->index);
    case PLACE_OUTPUT:
        return arena_printf(e->ctx->a, at->shift ? "out%d + %lld" : "out%d", at->index,
                            (long long)(at->shift / (int64_t)ir_type_size(t->type)));
    case PLACE_STATE: return arena_printf(e->ctx->a, "state->s%d", at->index);
    default: return emit_arena_place(e, t->type, at->offset);
    }
}

static const char *memory(const emitter *e)
{
    return e->o->static_arena ? arena_printf(e->ctx->a, "%s_arena", e->prefix) : "arena";
}

static void put_mem(emitter *e, buf *b)
{
    buf_printf(b, "    int8_t *mem = (int8_t *)%s;\n", memory(e));
}

/* ---- checks -------------------------------------------------------------------------------- */

static void put_check(buf *b, const char *name, int align)
{
    if (align > 1)
        buf_printf(b, "    if (!%s || ((uintptr_t)%s & %dU) != 0U)\n", name, name, align - 1);
    else
        buf_printf(b, "    if (!%s)\n", name);
    buf_puts(b, "        return -1;\n");
}

/* Float ports are floats whatever the codes are. */
static void put_checks(emitter *e, buf *b, bool ports, bool float_ports)
{
    const ir_graph *g = e->g;
    int align = 1;
    for (int k = 0; k < g->states.n; k++)
        if ((int)ir_type_size(g->states.v[k]->tensor->type) > align)
            align = (int)ir_type_size(g->states.v[k]->tensor->type);
    if (g->states.n > 0)
        put_check(b, "state", align);
    for (int k = 0; k < g->inputs.n && ports; k++)
        put_check(b, arena_printf(e->ctx->a, "in%d", k),
                  (int)ir_type_size(float_ports ? IR_F32 : g->inputs.v[k]->type));
    for (int k = 0; k < g->outputs.n && ports; k++)
        put_check(b, arena_printf(e->ctx->a, "out%d", k),
                  (int)ir_type_size(float_ports ? IR_F32 : g->outputs.v[k]->type));
    if (!e->o->static_arena)
        put_check(b, "arena", EMIT_ARENA_ALIGN);
}

/* ---- the calls ----------------------------------------------------------------------------- */

static void put_call(emitter *e, buf *b, const ir_op *op)
{
    int n = 0;
    buf_printf(b, "    %s(", emit_fn_name(e, op));
    for (int k = 0; k < op->n_in; k++)
        if (op->in[k]->kind != IR_CONST && !emit_is_laid(e, op, k))
            buf_printf(b, "%s%s", n++ ? ", " : "", place_text(e, op->in[k]));
    for (int k = 0; k < op->n_out; k++)
        buf_printf(b, "%s%s", n++ ? ", " : "", place_text(e, op->out[k]));
    if (e->plan->scratch[op->id] >= 0)
        buf_printf(b, ", mem + %lld", (long long)e->plan->scratch[op->id]);
    buf_puts(b, ");\n");
}

static void put_calls(emitter *e, buf *b)
{
    for (int i = 0; i < e->g->ops.n; i++) {
        const ir_op *op = e->g->ops.v[i];
        const ir_tensor *out = op->out[0];
        const band_chain *c = bands_of(e, i);
        if (c) {
            buf_printf(b, "    %s;\n", bands_call(e, c, place_text));
            i = c->last;
            continue;
        }
        if (!emit_is_silent(e, op))
            put_call(e, b, op);
        if (e->o->profile && !emit_is_folded(e, op))
            buf_printf(b, "    %s_profile(%d, %s, %lldU);\n", e->prefix, emit_number(e, i), place_text(e, out),
                       (long long)port_bytes(out));
    }
}

/* Output port k is somewhere else: an input, a state, or an output that comes before it. */
static bool needs_copy(const emitter *e, int k)
{
    const place *at = &e->plan->at[e->g->outputs.v[k]->id];
    return !e->o->io_in_arena && !(at->kind == PLACE_OUTPUT && at->index == k);
}

static void put_copies(emitter *e, buf *b)
{
    for (int k = 0; k < e->g->outputs.n; k++)
        if (needs_copy(e, k))
            buf_printf(b, "    %s_copy(%s, out%d, %lldU);\n", e->prefix,
                       place_text(e, e->g->outputs.v[k]), k,
                       (long long)port_bytes(e->g->outputs.v[k]));
}

static void put_copy_function(emitter *e, buf *b)
{
    bool wanted = false;
    for (int k = 0; k < e->g->outputs.n; k++)
        wanted = wanted || needs_copy(e, k);
    if (!wanted)
        return;
    buf_printf(b, "/* An output that is also something else. */\n"
                  "static void %s_copy(const void *from, void *to, uint32_t bytes)\n{\n"
                  "    const int8_t *p = (const int8_t *)from;\n"
                  "    int8_t *q = (int8_t *)to;\n"
                  "    uint32_t i;\n"
                  "    for (i = 0; i < bytes; i++)\n"
                  "        q[i] = p[i];\n"
                  "}\n\n", e->prefix);
}

static void put_run(emitter *e, buf *b)
{
    buf calls;
    buf_init(&calls, e->ctx->a);
    put_calls(e, &calls);
    put_copies(e, &calls);
    bool ports = !e->o->io_in_arena;
    put_copy_function(e, b);
    buf_printf(b, "int %s_run(%s)\n{\n", e->prefix, emit_parameters(e, true, ports, false, true));
    if (e->bands || strstr(buf_str(&calls), "mem +"))
        put_mem(e, b);
    else if (e->o->static_arena)
        buf_printf(b, "    (void)%s_arena;\n", e->prefix);
    put_checks(e, b, ports, false);
    buf_puts(b, buf_str(&calls));
    buf_puts(b, "    return 0;\n}\n");
}

/* ---- ports in the arena -------------------------------------------------------------------- */

static void put_place_function(emitter *e, buf *b, const char *word, int k, ir_type type,
                               int64_t offset)
{
    buf_printf(b, "\n%s *%s_%s(%s)\n{\n", emit_ctype(type), e->prefix, port_word(e, word, k),
               e->o->static_arena ? "void" : "void *arena");
    put_mem(e, b);
    buf_printf(b, "    return %s;\n}\n", emit_arena_place(e, type, offset));
}

static void put_place_functions(emitter *e, buf *b)
{
    const ir_graph *g = e->g;
    for (int k = 0; k < g->inputs.n; k++)
        put_place_function(e, b, "input", k, g->inputs.v[k]->type, e->plan->in_offset[k]);
    for (int k = 0; k < g->outputs.n; k++)
        put_place_function(e, b, "output", k, g->outputs.v[k]->type, e->plan->out_offset[k]);
}

/* ---- float ports --------------------------------------------------------------------------- */

/* The codes of the ports have their own room in the arena; the plan lets operators write over an
 * input there, as with --io-in-arena. */
static const char *inner_arguments(emitter *e)
{
    const ir_graph *g = e->g;
    buf b;
    buf_init(&b, e->ctx->a);
    if (g->states.n > 0)
        buf_puts(&b, "state");
    for (int k = 0; k < g->inputs.n && !e->o->io_in_arena; k++)
        buf_printf(&b, "%s%s", b.n ? ", " : "", emit_arena_place(e, g->inputs.v[k]->type, e->plan->in_offset[k]));
    for (int k = 0; k < g->outputs.n && !e->o->io_in_arena; k++)
        buf_printf(&b, "%s%s", b.n ? ", " : "", emit_arena_place(e, g->outputs.v[k]->type, e->plan->out_offset[k]));
    if (!e->o->static_arena)
        buf_printf(&b, "%sarena", b.n ? ", " : "");
    return buf_str(&b);
}

static void put_run_float(emitter *e, buf *b)
{
    const ir_graph *g = e->g;
    const char **encode = ARENA_ARRAY(e->ctx->a, const char *, g->inputs.n);
    const char **decode = ARENA_ARRAY(e->ctx->a, const char *, g->outputs.n);
    buf_puts(b, "\n");
    for (int k = 0; k < g->inputs.n; k++) {
        encode[k] = emit_identifier(e, port_word(e, "encode", k));
        emit_quantizer(e, b, "static ", encode[k], g->inputs.v[k]);
        buf_puts(b, "\n");
    }
    for (int k = 0; k < g->outputs.n; k++) {
        decode[k] = emit_identifier(e, port_word(e, "decode", k));
        emit_dequantizer(e, b, "static ", decode[k], g->outputs.v[k]);
        buf_puts(b, "\n");
    }
    buf_printf(b, "int %s_run_float(%s)\n{\n", e->prefix, emit_parameters(e, true, true, true, true));
    put_mem(e, b);
    put_checks(e, b, true, true);
    for (int k = 0; k < g->inputs.n; k++)
        buf_printf(b, "    %s(in%d, %s, %lld);\n", encode[k], k,
                   emit_arena_place(e, g->inputs.v[k]->type, e->plan->in_offset[k]),
                   (long long)ir_elems(&g->inputs.v[k]->shape));
    buf_printf(b, "    if (%s_run(%s) != 0)\n        return -1;\n", e->prefix, inner_arguments(e));
    for (int k = 0; k < g->outputs.n; k++)
        buf_printf(b, "    %s(%s, out%d, %lld);\n", decode[k],
                   emit_arena_place(e, g->outputs.v[k]->type, e->plan->out_offset[k]), k,
                   (long long)ir_elems(&g->outputs.v[k]->shape));
    buf_puts(b, "    return 0;\n}\n");
}

/* ---- state --------------------------------------------------------------------------------- */

static void put_reset_one(emitter *e, buf *b, const ir_state *s, int k)
{
    const ir_tensor *t = s->tensor;
    int64_t n = ir_elems(&t->shape);
    buf_printf(b, "    for (i = 0; i < %lld; i++)\n        state->s%d[i] = ", (long long)n, k);
    if (s->initial)
        buf_printf(b, "%s[i];\n", emit_array(e, EMIT_CONSTANT, arena_printf(e->ctx->a, "initial%d", k),
                                             t->type, s->initial, n, "initial state"));
    else if (t->type == IR_F32)
        buf_puts(b, "0.0F;\n");
    else
        buf_printf(b, "%d;\n", (int)port_zero(t));
}

static void put_reset(emitter *e, buf *b)
{
    buf_printf(b, "\nvoid %s_reset(struct %s_state *state)\n{\n    int32_t i;\n", e->prefix, e->prefix);
    for (int k = 0; k < e->g->states.n; k++)
        put_reset_one(e, b, e->g->states.v[k], k);
    buf_puts(b, "}\n");
}

static void put_static_arena(emitter *e, buf *b)
{
    buf_puts(b, "/* The only mutable object here: the net serves one thread. */\n");
    buf_printf(b, "%s_ALIGN(%d)\nstatic uint64_t %s_arena[%lld];\n\n", e->upper, EMIT_ARENA_ALIGN,
               e->prefix, (long long)((e->plan->arena_bytes + 7) / 8));
}

void emit_run(emitter *e, buf *b)
{
    if (e->o->static_arena)
        put_static_arena(e, b);
    put_run(e, b);
    if (e->o->io_in_arena)
        put_place_functions(e, b);
    if (e->o->float_io)
        put_run_float(e, b);
    if (e->g->states.n > 0)
        put_reset(e, b);
}
