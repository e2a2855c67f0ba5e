/* engine.c - one way to run a graph: interpreter, libtcc, system compiler. */
#include "config.h"

#include "compiler/jit/engine.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compiler/jit/internal.h"
#include "runtime/interp.h"

/* libtcc does not unroll; its loops cost a tenth to a seventh of a run (LeNet, DS-CNN). */
enum { TCC_UNROLL = 256 };

typedef int run_fn(void *state, const void *const *in, void *const *out, void *memory);
typedef uint32_t size_fn(void);
typedef void reset_fn(void *state);
typedef void listen_fn(engine_heard *heard, void *user);

struct engine {
    qctx *ctx;
    const ir_graph *g;
    interp *it;          /* ENGINE_INTERPRETER */
    void *code;          /* else */
    code_lookup *lookup;
    const char *prefix;
    run_fn *run;
    reset_fn *reset;
    void *state, *memory;
    int64_t arena_bytes;
    engine_heard *heard; /* NULL: nobody listens */
    void *user;
};

/* ISO C has no cast from object to function pointer. */
static void function_at(void *address, void *pointer)
{
    memcpy(pointer, &address, sizeof address);
}

void *engine_symbol(engine *e, const char *suffix)
{
    if (!e->code)
        return NULL;
    return e->lookup(e->code, arena_printf(e->ctx->a, "%s_%s", e->prefix, suffix));
}

/* What is run must be whole in one text and call nobody: no split weights, no hook but ours. */
static emit_options options_for(const emit_options *given, engine_kind kind, bool listening)
{
    emit_options o;
    if (given)
        o = *given;
    else
        emit_options_init(&o);
    bool whole = listening && !o.profile;
    o.split_weights = false;
    o.profile = listening;
    o.whole_layers = o.whole_layers || whole;
    o.ram_min = o.ram_min && !whole;
    o.section = NULL;
    if (kind != ENGINE_JIT)
        return o;
    o.weights = EMIT_STRING; /* libtcc reads them several times faster */
    if (o.unroll < 0)
        o.unroll = TCC_UNROLL;
    return o;
}

static const char *program(engine *e, const emit_options *o)
{
    emit_result r;
    const char *adapter = emit_adapter(e->ctx, e->g, o);
    if (!adapter || !emit_c(e->ctx, e->g, o, &r))
        return NULL;
    e->prefix = emit_prefix(e->ctx, e->g, o);
    e->arena_bytes = o->static_arena ? 0 : r.arena_bytes;
    buf b;
    buf_init(&b, e->ctx->a);
    buf_puts(&b, r.c);
    buf_puts(&b, adapter);
    if (e->heard)
        buf_printf(&b,
                   "\nstatic void (*engine_heard)(void *, int, const void *, uint32_t);\n"
                   "static void *engine_user;\n"
                   "void %s_engine_listen(void (*heard)(void *, int, const void *, uint32_t), void *user)\n"
                   "{\n    engine_heard = heard;\n    engine_user = user;\n}\n"
                   "void %s_profile(int layer, const void *out, uint32_t bytes)\n"
                   "{\n    engine_heard(engine_user, layer, out, bytes);\n}\n",
                   e->prefix, e->prefix);
    return buf_str(&b);
}

static bool link_up(engine *e)
{
    size_fn *state_bytes;
    function_at(engine_symbol(e, "engine_call"), &e->run);
    function_at(engine_symbol(e, "engine_reset"), &e->reset);
    function_at(engine_symbol(e, "engine_state_bytes"), &state_bytes);
    if (!e->run || !e->reset || !state_bytes) {
        diag_add(e->ctx, D_ENGINE_COMPILE, loc_none(), "the compiled code lacks %s_engine_call", e->prefix);
        return false;
    }
    e->memory = arena_alloc(e->ctx->a, (size_t)e->arena_bytes);
    e->state = arena_alloc(e->ctx->a, state_bytes());
    e->reset(e->state);
    listen_fn *listen;
    function_at(engine_symbol(e, "engine_listen"), &listen);
    if (e->heard && listen)
        listen(e->heard, e->user);
    return true;
}

engine *engine_new(qctx *ctx, const ir_graph *g, engine_kind kind, const emit_options *given,
                   const char *cflags)
{
    return engine_listening(ctx, g, kind, given, cflags, NULL, NULL);
}

engine *engine_listening(qctx *ctx, const ir_graph *g, engine_kind kind, const emit_options *given,
                         const char *cflags, engine_heard *heard, void *user)
{
    engine *e = ARENA_NEW(ctx->a, engine);
    e->ctx = ctx;
    e->g = g;
    e->heard = heard;
    e->user = user;
    if (kind == ENGINE_INTERPRETER || kind == ENGINE_BLAS) {
        e->it = interp_new(ctx, g);
        if (kind == ENGINE_BLAS)
            interp_use_blas(ctx, e->it);
        return e;
    }
    emit_options o = options_for(given, kind, heard != NULL);
    const char *text = program(e, &o);
    if (!text)
        return NULL;
    e->code = kind == ENGINE_JIT ? tcc_load(ctx, text) : cc_load(ctx, text, cflags);
    e->lookup = kind == ENGINE_JIT ? tcc_lookup : cc_lookup;
    return e->code && link_up(e) ? e : NULL;
}

int engine_run(engine *e, const void *const *in, void *const *out)
{
    if (!e->it)
        return e->run(e->state, in, out, e->memory);
    interp_run(e->it, in, out);
    return 0;
}

void engine_reset(engine *e)
{
    if (!e->it)
        e->reset(e->state);
    else
        interp_reset(e->it);
}

int64_t engine_arena_bytes(const engine *e)
{
    return e->it ? 0 : e->arena_bytes;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare_times(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double engine_time(engine *e, const void *const *in, void *const *out, int repeats)
{
    int n = repeats > 0 ? repeats : 1;
    double *t = ARENA_ARRAY(e->ctx->a, double, n);
    for (int i = 0; i < n; i++) {
        double begin = now();
        engine_run(e, in, out);
        t[i] = now() - begin;
    }
    qsort(t, (size_t)n, sizeof *t, compare_times);
    return n % 2 ? t[n / 2] : (t[n / 2 - 1] + t[n / 2]) / 2;
}

bool engine_available(engine_kind kind)
{
    switch (kind) {
    case ENGINE_JIT: return tcc_is_available();
    case ENGINE_CC: return cc_is_available();
#ifndef HAVE_OPENBLAS
    case ENGINE_BLAS: return false;
#endif
    default: return true;
    }
}
