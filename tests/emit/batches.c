/* batches.c - many nets as one translation unit with a main that compares them (batches.h). */
#include "tests/emit/batches.h"

#include "tests/unit/cm.h"

#include <stdio.h>
#include <string.h>

#include "compiler/jit/engine.h"
#include "tests/emit/samples.h"

static const char batch_main[] =
    "#include <stdio.h>\n"
    "#include <stdlib.h>\n"
    "#include <string.h>\n"
    "static void *block(size_t n) { void *p = malloc(n ? n : 1); if (!p) exit(3); return p; }\n"
    "static void get(void *p, size_t n, FILE *f) { if (fread(p, 1, n, f) != n) exit(3); }\n"
    "typedef int call(void *, const void *const *, void *const *, void *);\n"
    "typedef void reset(void *);\n"
    "static int check(int seed, call *run, reset *first, long state_bytes, int n_in, const long *in_bytes, int n_out,\n"
    "    const long *out_bytes, long arena_bytes, FILE *f)\n"
    "{\n"
    "    int bad = 0, row, k;\n"
    "    void *state = block((size_t)state_bytes);\n"
    "    first(state);\n"
    "    for (row = 0; row < ROWS; row++) {\n"
    "        void *in[8], *out[8], *want[8], *arena = NULL;\n"
    "        if (posix_memalign(&arena, 64, (size_t)arena_bytes)) exit(3);\n"
    "        memset(arena, 0x5a + row, (size_t)arena_bytes);\n"
    "        for (k = 0; k < n_in; k++) get(in[k] = block((size_t)in_bytes[k]), (size_t)in_bytes[k], f);\n"
    "        for (k = 0; k < n_out; k++) {\n"
    "            get(want[k] = block((size_t)out_bytes[k]), (size_t)out_bytes[k], f);\n"
    "            memset(out[k] = block((size_t)out_bytes[k]), 0x33, (size_t)out_bytes[k]);\n"
    "        }\n"
    "        if (run(state, (const void *const *)in, out, arena) != 0) bad = 1;\n"
    "        for (k = 0; k < n_out; k++)\n"
    "            if (memcmp(out[k], want[k], (size_t)out_bytes[k]) != 0) {\n"
    "                fprintf(stderr, \"seed %d row %d output %d differs\\n\", seed, row, k);\n"
    "                bad = 1;\n"
    "            }\n"
    "        for (k = 0; k < n_in; k++) free(in[k]);\n"
    "        for (k = 0; k < n_out; k++) { free(out[k]); free(want[k]); }\n"
    "        free(arena);\n"
    "    }\n"
    "    free(state);\n"
    "    return bad;\n"
    "}\n";

static void put_bytes(buf *b, const char *word, ir_tensor *const *v, int n)
{
    buf_printf(b, "        static const long %s[] = {", word);
    for (int k = 0; k < n; ++k)
        buf_printf(b, "%lld, ", (long long)bytes_of(v[k]));
    buf_puts(b, "0};\n");
}

bool has_kernel(const ir_graph *g, const emit_result *c, const char *kernels)
{
    for (int i = 0; i < g->ops.n; ++i)
        if (c->op_kernels[i] && !strncmp(c->op_kernels[i], kernels, strlen(kernels)))
            return true;
    return false;
}

/* Whether a row of the net fits the boards' memory (tests/firmware/hosted.c): arena, inputs, outputs and
 * the outputs that are wanted. */
static bool fits_board(const ir_graph *g, const emit_result *c)
{
    int64_t bytes = c->arena_bytes;
    for (int k = 0; k < g->inputs.n; ++k)
        bytes += bytes_of(g->inputs.v[k]);
    for (int k = 0; k < g->outputs.n; ++k)
        bytes += 2 * bytes_of(g->outputs.v[k]);
    return bytes <= 220000;
}

/* Appends one net to the batch: its C, its call in main, its rows; not one without such a kernel, or too
 * large for a board. */
static bool add_sample(qctx *ctx, const sample *s, uint64_t seed, const char *kernels, bool board, buf *code,
                       buf *calls, buf *data)
{
    const ir_graph *g = s->g;
    emit_result c;
    assert_true(emit_c(ctx, g, &s->o, &c));
    if (!has_kernel(g, &c, kernels) || (board && !fits_board(g, &c)))
        return false;
    buf_puts(code, c.c);
    buf_puts(code, emit_adapter(ctx, g, &s->o));
    buf_puts(calls, "    {\n");
    put_bytes(calls, "in", g->inputs.v, g->inputs.n);
    put_bytes(calls, "out", g->outputs.v, g->outputs.n);
    const char *p = emit_prefix(ctx, g, &s->o);
    buf_printf(calls, "        bad |= check(%llu, %s_engine_call, %s_engine_reset, %s_engine_state_bytes(), %d, in, %d, out, %lld, f);\n    }\n",
               (unsigned long long)seed, p, p, p, g->inputs.n, g->outputs.n,
               (long long)(c.arena_bytes > 0 ? c.arena_bytes : 1));
    for (int row = 0; row < ROWS; ++row) {
        for (int k = 0; k < g->inputs.n; ++k)
            buf_bytes(data, s->in[row][k], (size_t)bytes_of(g->inputs.v[k]));
        for (int k = 0; k < g->outputs.n; ++k)
            buf_bytes(data, s->out[row][k], (size_t)bytes_of(g->outputs.v[k]));
    }
    return true;
}

static void write_file(const char *path, const buf *b)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(buf_str(b), 1, b->n, f), b->n);
    assert_int_equal(fclose(f), 0);
}

uint64_t write_batch(const char *dir, uint64_t seed, int n, const char *target, const char *kernels, bool board)
{
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    buf code, calls, data;
    buf_init(&code, ctx->a);
    buf_init(&calls, ctx->a);
    buf_init(&data, ctx->a);
    while (n > 0) {
        sample s;
        if (make_sample(ctx, seed, &s)) {
            s.o.target = target ? target : s.o.target;
            n -= add_sample(ctx, &s, seed, kernels, board, &code, &calls, &data);
        }
        ++seed;
    }
    write_file(arena_printf(ctx->a, "%s/nets.c", dir), &code);
    buf_init(&code, ctx->a);
    buf_printf(&code, "#include \"nets.c\"\nenum { ROWS = %d };\n%s", ROWS, batch_main);
    buf_printf(&code, "int main(int argc, char **argv)\n{\n    int bad = argc < 2;\n"
                      "    FILE *f = bad ? NULL : fopen(argv[1], \"rb\");\n    if (!f) return 3;\n%s"
                      "    fclose(f);\n    return bad;\n}\n", buf_str(&calls));
    write_file(arena_printf(ctx->a, "%s/batch.c", dir), &code);
    write_file(arena_printf(ctx->a, "%s/rows.bin", dir), &data);
    qctx_free(ctx);
    return seed;
}
