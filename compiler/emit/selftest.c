/* selftest.c - NAME_selftest: vectors baked into the C, expected outputs by the reference
 * interpreter. Integer nets are compared exactly, float nets within a tolerance. */
#include "compiler/emit/frame.h"

#include <string.h>

#include "compiler/base/rng.h"
#include "runtime/interp.h"

/* The seed is not --seed: that one only decides quantization, and a saved pair, which does not keep
 * it, must give the same C. */
enum { VECTORS = 2, VECTOR_SEED = 1 };

typedef struct vectors {
    int n;
    void **in, **out;            /* per port: n rows */
    const char **in_name, **out_name;
} vectors;

static void random_codes(rng *r, const ir_tensor *t, void *row)
{
    int64_t n = ir_elems(&t->shape);
    bool ranged = t->real_lo < t->real_hi;
    for (int64_t i = 0; i < n; i++) {
        double u = rng_double(r);
        switch (t->type) {
        case IR_F32:
            ((float *)row)[i] = (float)(ranged ? t->real_lo + u * (t->real_hi - t->real_lo) : 2 * u - 1);
            break;
        case IR_I16: ((int16_t *)row)[i] = (int16_t)((int32_t)(u * 65536) - 32768); break;
        case IR_I32: ((int32_t *)row)[i] = (int32_t)((int64_t)(u * 16777216) - 8388608); break;
        default: ((int8_t *)row)[i] = (int8_t)((int32_t)(u * 256) - 128); break;
        }
    }
}

static void *row_of(void *rows, const ir_tensor *t, int v)
{
    return (char *)rows + (size_t)v * (size_t)port_bytes(t);
}

static void fill_inputs(const emitter *e, const vectors *w)
{
    rng r;
    rng_seed(&r, VECTOR_SEED);
    const char *from = e->o->selftest_rows;
    for (int v = 0; v < w->n; v++)
        for (int k = 0; k < e->g->inputs.n; k++) {
            const ir_tensor *t = e->g->inputs.v[k];
            void *row = row_of(w->in[k], t, v);
            if (!from) {
                random_codes(&r, t, row);
                continue;
            }
            memcpy(row, from, (size_t)port_bytes(t));
            from += port_bytes(t);
        }
}

static bool fill_outputs(emitter *e, const vectors *w)
{
    const ir_graph *g = e->g;
    interp *it = interp_new(e->ctx, e->whole);
    if (!it)
        return false;
    const void **in = ARENA_ARRAY(e->ctx->a, const void *, g->inputs.n);
    void **out = ARENA_ARRAY(e->ctx->a, void *, g->outputs.n);
    for (int v = 0; v < w->n; v++) {
        for (int k = 0; k < g->inputs.n; k++)
            in[k] = row_of(w->in[k], g->inputs.v[k], v);
        for (int k = 0; k < g->outputs.n; k++)
            out[k] = row_of(w->out[k], g->outputs.v[k], v);
        interp_run(it, in, out);
    }
    return true;
}

static void **room(emitter *e, int ports, ir_tensor *const *t, int n)
{
    void **rows = ARENA_ARRAY(e->ctx->a, void *, ports);
    for (int k = 0; k < ports; k++)
        rows[k] = arena_calloc(e->ctx->a, (size_t)n, (size_t)port_bytes(t[k]));
    return rows;
}

static const char **bake(emitter *e, const char *word, int ports, ir_tensor *const *t, void **rows, int n)
{
    arena *a = e->ctx->a;
    const char **names = ARENA_ARRAY(a, const char *, ports);
    for (int k = 0; k < ports; k++)
        names[k] = emit_array(e, EMIT_CONSTANT, arena_printf(a, "selftest_%s%d", word, k), t[k]->type,
                              rows[k], n * ir_elems(&t[k]->shape), "self-test vectors, one after another");
    return names;
}

static bool make_vectors(emitter *e, vectors *w)
{
    const ir_graph *g = e->g;
    bool given = e->o->selftest_rows && e->o->selftest_n > 0;
    w->n = given && e->o->selftest_n < VECTORS ? e->o->selftest_n : VECTORS;
    w->in = room(e, g->inputs.n, g->inputs.v, w->n);
    w->out = room(e, g->outputs.n, g->outputs.v, w->n);
    fill_inputs(e, w);
    if (!fill_outputs(e, w))
        return false;
    int64_t constants = e->constant_bytes; /* the vectors are no part of the net */
    w->in_name = bake(e, "in", g->inputs.n, g->inputs.v, w->in, w->n);
    w->out_name = bake(e, "out", g->outputs.n, g->outputs.v, w->out, w->n);
    e->constant_bytes = constants;
    return true;
}

/* ---- text ---------------------------------------------------------------------------------- */

static void put_copy_in(emitter *e, buf *b, const vectors *w, int k)
{
    const ir_tensor *t = e->g->inputs.v[k];
    long long n = (long long)ir_elems(&t->shape);
    buf_printf(b, "        for (i = 0; i < %lld; i++)\n", n);
    buf_printf(b, "            (%s)[i] = %s[v * %lld + i];\n",
               emit_arena_place(e, t->type, e->plan->in_offset[k]), w->in_name[k], n);
}

static void put_run_call(emitter *e, buf *b, const vectors *w)
{
    const ir_graph *g = e->g;
    const char *comma = "";
    buf_printf(b, "        if (%s_run(", e->prefix);
    if (g->states.n > 0) {
        buf_puts(b, "state");
        comma = ", ";
    }
    for (int k = 0; k < g->inputs.n && !e->o->io_in_arena; k++, comma = ", ")
        buf_printf(b, "%s%s + v * %lld", comma, w->in_name[k], (long long)ir_elems(&g->inputs.v[k]->shape));
    for (int k = 0; k < g->outputs.n && !e->o->io_in_arena; k++, comma = ", ")
        buf_printf(b, "%s%s", comma, emit_arena_place(e, g->outputs.v[k]->type, e->plan->out_offset[k]));
    if (!e->o->static_arena)
        buf_printf(b, "%sarena", comma);
    buf_puts(b, ") != 0)\n            return v + 1;\n");
}

/* Float arithmetic differs in order and contraction from compiler to compiler. */
static float tolerance(const ir_tensor *t, const float *rows, int n)
{
    float most = 0;
    for (int64_t i = 0; i < n * ir_elems(&t->shape); i++) {
        float v = rows[i] < 0 ? -rows[i] : rows[i];
        if (v > most)
            most = v;
    }
    return 1e-3F * most + 1e-6F;
}

static void put_compare(emitter *e, buf *b, const vectors *w, int k)
{
    const ir_tensor *t = e->g->outputs.v[k];
    long long n = (long long)ir_elems(&t->shape);
    const char *got = emit_arena_place(e, t->type, e->plan->out_offset[k]);
    if (t->type != IR_F32) {
        buf_printf(b, "        for (i = 0; i < %lld; i++)\n", n);
        buf_printf(b, "            if ((%s)[i] != %s[v * %lld + i])\n", got, w->out_name[k], n);
        buf_puts(b, "                return v + 1;\n");
        return;
    }
    buf most;
    buf_init(&most, e->ctx->a);
    buf_float(&most, tolerance(t, w->out[k], w->n));
    buf_printf(b, "        for (i = 0; i < %lld; i++) {\n", n);
    buf_printf(b, "            float error = (%s)[i] - %s[v * %lld + i];\n", got, w->out_name[k], n);
    buf_printf(b, "            if (!(error <= %sF && error >= -%sF))\n", buf_str(&most), buf_str(&most));
    buf_puts(b, "                return v + 1;\n        }\n");
}

bool emit_selftest(emitter *e, buf *b)
{
    vectors w;
    if (!make_vectors(e, &w))
        return false;
    buf_printf(b, "\nint %s_selftest(%s)\n{\n", e->prefix, emit_parameters(e, true, false, false, true));
    buf_printf(b, "    int8_t *mem = (int8_t *)%s%s;\n    int v, i;\n",
               e->o->static_arena ? arena_printf(e->ctx->a, "%s_", e->prefix) : "", "arena");
    if (!e->o->static_arena)
        buf_printf(b, "    if (!arena || ((uintptr_t)arena & %dU) != 0U)\n        return 1;\n",
                   EMIT_ARENA_ALIGN - 1);
    if (e->g->states.n > 0)
        buf_printf(b, "    if (!state)\n        return 1;\n    %s_reset(state);\n", e->prefix);
    buf_printf(b, "    for (v = 0; v < %d; v++) {\n", w.n);
    for (int k = 0; k < e->g->inputs.n && e->o->io_in_arena; k++)
        put_copy_in(e, b, &w, k);
    put_run_call(e, b, &w);
    for (int k = 0; k < e->g->outputs.n; k++)
        put_compare(e, b, &w, k);
    buf_puts(b, "    }\n    return 0;\n}\n");
    return true;
}
