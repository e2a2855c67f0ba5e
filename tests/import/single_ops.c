/* single_ops.c - TensorFlow Lite itself on random models of one int8 operator, against qcc:
 * `single_ops LIBRARY [MODELS]`, LIBRARY being its C library, libtensorflowlite_c.so, which
 * witness.sh fetches. Inputs are codes of the whole range. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/pipeline.h"
#include "runtime/interp.h"
#include "tests/import/single_models.h"

enum { ROWS = 3 };

/* ---- the library --------------------------------------------------------------------------- */

typedef struct tfl_model tfl_model;
typedef struct tfl_options tfl_options;
typedef struct tfl_interp tfl_interp;
typedef struct tfl_tensor tfl_tensor;

static struct api {
    const char *(*version)(void);
    tfl_model *(*model)(const void *, size_t);
    void (*free_model)(tfl_model *);
    tfl_options *(*options)(void);
    void (*free_options)(tfl_options *);
    void (*threads)(tfl_options *, int32_t);
    tfl_interp *(*interp)(const tfl_model *, const tfl_options *);
    void (*free_interp)(tfl_interp *);
    int (*allocate)(tfl_interp *);
    int (*invoke)(tfl_interp *);
    tfl_tensor *(*input)(const tfl_interp *, int32_t);
    const tfl_tensor *(*output)(const tfl_interp *, int32_t);
    int (*set)(tfl_tensor *, const void *, size_t);
    int (*get)(const tfl_tensor *, void *, size_t);
    size_t (*size)(const tfl_tensor *);
} tfl;

static bool load_library(const char *path)
{
    const struct {
        const char *name;
        void *to;
    } functions[] = {
        {"TfLiteVersion", &tfl.version},
        {"TfLiteModelCreate", &tfl.model},
        {"TfLiteModelDelete", &tfl.free_model},
        {"TfLiteInterpreterOptionsCreate", &tfl.options},
        {"TfLiteInterpreterOptionsDelete", &tfl.free_options},
        {"TfLiteInterpreterOptionsSetNumThreads", &tfl.threads},
        {"TfLiteInterpreterCreate", &tfl.interp},
        {"TfLiteInterpreterDelete", &tfl.free_interp},
        {"TfLiteInterpreterAllocateTensors", &tfl.allocate},
        {"TfLiteInterpreterInvoke", &tfl.invoke},
        {"TfLiteInterpreterGetInputTensor", &tfl.input},
        {"TfLiteInterpreterGetOutputTensor", &tfl.output},
        {"TfLiteTensorCopyFromBuffer", &tfl.set},
        {"TfLiteTensorCopyToBuffer", &tfl.get},
        {"TfLiteTensorByteSize", &tfl.size},
    };
    void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; so && i < sizeof functions / sizeof *functions; i++) {
        void *f = dlsym(so, functions[i].name);
        if (!f)
            return fprintf(stderr, "single_ops: no %s in %s\n", functions[i].name, path), false;
        memcpy(functions[i].to, &f, sizeof f);
    }
    return so || (fprintf(stderr, "single_ops: %s\n", dlerror()), false);
}

/* ---- comparing ----------------------------------------------------------------------------- */

typedef struct tally {
    int cases, refused; /* refused: by the library, or by qcc in both modes */
    int64_t elements;
    int64_t differ[2]; /* in mode tflm, in mode single */
    int worst[2], ran[2];
} tally;

/* The library's outputs of all rows; false where it refuses the model. */
static bool run_library(const source *file, int8_t *const *in, const size_t *in_bytes, int n_in,
                        int8_t *out, size_t out_bytes)
{
    tfl_model *model = tfl.model(file->text, file->len);
    tfl_options *options = tfl.options();
    tfl.threads(options, 1);
    tfl_interp *it = model ? tfl.interp(model, options) : NULL;
    bool ok = it && tfl.allocate(it) == 0 && tfl.size(tfl.output(it, 0)) == out_bytes;
    for (int row = 0; ok && row < ROWS; row++) {
        for (int i = 0; i < n_in && ok; i++)
            ok = tfl.set(tfl.input(it, i), in[i] + (size_t)row * in_bytes[i], in_bytes[i]) == 0;
        ok = ok && tfl.invoke(it) == 0 &&
             tfl.get(tfl.output(it, 0), out + (size_t)row * out_bytes, out_bytes) == 0;
    }
    if (it)
        tfl.free_interp(it);
    tfl.free_options(options);
    if (model)
        tfl.free_model(model);
    return ok;
}

static const ir_graph *load(qctx *ctx, const source *file, const char *mode)
{
    net_options o = {0};
    *VEC_PUSH(ctx->a, &o.settings) = (net_setting){"numerics", mode};
    const import_options i = {.has_numerics = true,
                              .numerics = !strcmp(mode, "tflm") ? IR_NUM_TFLM : IR_NUM_SINGLE};
    net *n = net_load_imported(ctx, import_source(ctx, file, "witness", &i), &o);
    return n && net_quantize(ctx, n, &o) ? n->legal : NULL;
}

static void compare_rows(tally *t, int mode, const ir_graph *g, qctx *ctx, int8_t *const *in,
                         const size_t *in_bytes, const int8_t *want, size_t out_bytes)
{
    interp *it = interp_new(ctx, g);
    int8_t *got = arena_alloc(ctx->a, out_bytes);
    for (int row = 0; row < ROWS; row++) {
        const void *ports[4];
        for (int i = 0; i < g->inputs.n; i++)
            ports[i] = in[i] + (size_t)row * in_bytes[i];
        interp_run(it, ports, (void *[]){got});
        for (size_t i = 0; i < out_bytes; i++) {
            int d = abs(got[i] - want[(size_t)row * out_bytes + i]);
            t->differ[mode] += d > 0;
            t->worst[mode] = d > t->worst[mode] ? d : t->worst[mode];
        }
    }
    t->ran[mode]++;
}

static void one_case(tally *t, const single_op *r, uint64_t seed)
{
    maker k = {.ctx = qctx_new()};
    if (!k.ctx)
        exit(99);
    rng_seed(&k.r, seed);
    k.m = make_new(k.ctx);
    r->make(&k);
    const source *file = make_finish(k.m);
    int8_t *in[4];
    size_t in_bytes[4] = {0}, out_bytes = 1;
    const make_tensor *y = &k.m->tensors[k.m->outputs[0]];
    for (int i = 0; i < y->rank; i++)
        out_bytes *= (size_t)y->dim[i];
    for (int i = 0; i < k.m->n_inputs; i++) {
        const make_tensor *x = &k.m->tensors[k.m->inputs[i]];
        in_bytes[i] = 1;
        for (int d = 0; d < x->rank; d++)
            in_bytes[i] *= (size_t)x->dim[d];
        in[i] = arena_alloc(k.ctx->a, ROWS * in_bytes[i]);
        for (size_t e = 0; e < ROWS * in_bytes[i]; e++)
            in[i][e] = (int8_t)((int)rng_below(&k.r, 256) - 128);
    }
    int8_t *want = arena_alloc(k.ctx->a, ROWS * out_bytes);
    const ir_graph *g[2] = {load(k.ctx, file, "tflm"), load(k.ctx, file, "single")};
    if ((!g[0] && !g[1]) || !run_library(file, in, in_bytes, k.m->n_inputs, want, out_bytes)) {
        t->refused++;
    } else {
        t->cases++;
        t->elements += (int64_t)(ROWS * out_bytes);
        for (int mode = 0; mode < 2; mode++)
            if (g[mode])
                compare_rows(t, mode, g[mode], k.ctx, in, in_bytes, want, out_bytes);
    }
    qctx_free(k.ctx);
}

/* What the table says of an operator holds. */
static bool holds(const single_op *r, const tally *t)
{
    bool ok = t->cases > 0 && t->refused == 0;
    for (int mode = 0; mode < 2; mode++) {
        if (r->modes >> mode & 1)
            ok = ok && t->ran[mode] == t->cases && t->differ[mode] == 0;
        else if (!r->modes && r->per_million >= 0)
            ok = ok && t->worst[mode] <= 1 &&
                 t->differ[mode] * 1000000 <= t->elements * r->per_million;
    }
    return ok;
}

int main(int argc, char **argv)
{
    static const char *const said[] = {"near", "tflm", "single", "both"};
    if (argc < 2 || !load_library(argv[1]))
        return 99;
    int n = argc > 2 ? atoi(argv[2]) : 200, wrong = 0;
    printf("TensorFlow Lite %s, %d models of each operator; codes that differ in mode tflm, in "
           "mode single\n",
           tfl.version(), n);
    for (int i = 0; i < n_single_ops; i++) {
        tally t = {0};
        for (int c = 0; c < n; c++)
            one_case(&t, &single_ops[i], (uint64_t)i * 1000003u + (uint64_t)c);
        bool ok = holds(&single_ops[i], &t);
        wrong += !ok;
        printf("%s %-24s %8lld codes %6lld %6lld  %-6s %s\n", ok ? "ok  " : "FAIL",
               single_ops[i].name, (long long)t.elements, (long long)t.differ[0],
               (long long)t.differ[1],
               single_ops[i].per_million < 0 ? "apart" : said[single_ops[i].modes],
               single_ops[i].note);
        if (t.refused)
            printf("     %d of %d models were refused\n", t.refused, n);
    }
    return wrong != 0;
}
