/* test_exact.c - MLPerf Tiny's models against what other programs computed from them: TensorFlow
 * Lite Micro's codes of every output and every layer, what boards printed of 1,000 utterances,
 * TensorFlow Lite's floats. Bit for bit in integers, on every engine and compiler of this machine;
 * boards.sh has the processors that are not here. QCC_LONG=1 runs the utterances on all engines.
 * Without the shared data it exits 77. */
#include "tests/unit/cm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/emit/target.h"
#include "compiler/jit/internal.h"
#include "compiler/pipeline.h"
#include "runtime/interp.h"
#include "tests/unit/context.h"

enum { MODELS = 5, FLOAT_MODELS = 3, UTTERANCES = 1000, CLASSES = 12 };
static const char *const models[MODELS] = {"kws", "vww", "ic", "ad", "sww"};
static const char *const float_models[FLOAT_MODELS] = {"ic", "vww", "ad"};
static const double FLOAT_LIMIT = 1e-5; /* of the row's largest magnitude */

static const char *data_folder(void)
{
    static char path[4096];
    const char *shared = getenv("QCC_SHARED");
    snprintf(path, sizeof path, "%s/data", shared ? shared : "../shared");
    return path;
}

static void show(qctx *ctx, const char *what)
{
    fail_msg("%s: %s", what, all_messages(ctx));
}

/* ---- models and their data ----------------------------------------------------------------- */

typedef struct subject {
    qctx *ctx;
    const char *name;
    net *net;
    const ir_graph *g; /* LEGAL, or the float net */
    const dataset *in, *out;
    int64_t n_in, n_out; /* elements of a row */
} subject;

static const dataset *golden(qctx *ctx, const char *folder, const char *name, const char *tail)
{
    const char *path = arena_printf(ctx->a, "%s/%s/%s%s", data_folder(), folder, name, tail);
    const dataset *d = dataset_read(ctx, path, false);
    if (!d)
        show(ctx, path);
    return d;
}

/* kind: "int8" or "f32". mode: of --numerics, or NULL for the importer's own. */
static subject load(const char *name, const char *kind, const char *mode)
{
    subject s = {.ctx = qctx_new(), .name = name};
    assert_non_null(s.ctx);
    net_options o = {0};
    if (mode)
        *VEC_PUSH(s.ctx->a, &o.settings) = (net_setting){"numerics", mode};
    const char *path = arena_printf(s.ctx->a, "%s/models/%s_%s.tflite", data_folder(), name, kind);
    bool quantized = !strcmp(kind, "int8");
    s.net = net_load(s.ctx, path, NULL, &o);
    if (!s.net || (quantized && !net_quantize(s.ctx, s.net, &o)))
        show(s.ctx, path);
    s.g = quantized ? s.net->legal : s.net->floating;
    assert_int_equal(s.g->inputs.n, 1);
    assert_int_equal(s.g->outputs.n, 1);
    s.n_in = ir_elems(&s.g->inputs.v[0]->shape);
    s.n_out = ir_elems(&s.g->outputs.v[0]->shape);
    s.in = golden(s.ctx, "golden", arena_printf(s.ctx->a, "%s_%s", name, kind), ".in.npy");
    s.out = golden(s.ctx, "golden", arena_printf(s.ctx->a, "%s_%s", name, kind), ".out.npy");
    assert_int_equal(s.in->row_elems, s.n_in);
    assert_int_equal(s.out->row_elems, s.n_out);
    assert_int_equal(s.in->rows, s.out->rows);
    assert_true(s.in->rows >= (quantized ? 8 : 4));
    return s;
}

static const int8_t *row_of(const dataset *d, int64_t row)
{
    return (const int8_t *)d->data + row * d->row_elems;
}

static void check_rows(const subject *s, engine *e, const char *how)
{
    int8_t *got = arena_alloc(s->ctx->a, (size_t)s->n_out);
    for (int64_t row = 0; row < s->in->rows; row++) {
        assert_int_equal(engine_run(e, (const void *[]){row_of(s->in, row)}, (void *[]){got}), 0);
        if (memcmp(got, row_of(s->out, row), (size_t)s->n_out) != 0)
            fail_msg("%s, %s: row %d differs", s->name, how, (int)row);
    }
}

static engine *make_engine(const subject *s, engine_kind kind, const char *cflags, bool is_float)
{
    emit_options o;
    emit_options_init(&o);
    o.emit_float = is_float;
    o.weights = kind == ENGINE_CC && cflags && !strcmp(cflags, "-O2") ? EMIT_DECIMAL : EMIT_STRING;
    engine *e = engine_new(s->ctx, s->g, kind, &o, cflags);
    if (!e)
        show(s->ctx, s->name);
    return e;
}

/* ---- layers -------------------------------------------------------------------------------- */

typedef struct layers {
    const subject *s;
    const tensor_file *want;
    int seen;
} layers;

static layers read_layers(const subject *s)
{
    const char *path =
        arena_printf(s->ctx->a, "%s/golden/%s_int8.layers.npz", data_folder(), s->name);
    layers l = {.s = s, .want = tensor_file_read(s->ctx, path, -1)};
    if (!l.want)
        show(s->ctx, path);
    return l;
}

static void check_layer(layers *l, const ir_tensor *t, const void *got, const char *how)
{
    if (t->tflite_index < 0)
        return;
    const char *key = arena_printf(l->s->ctx->a, "t%d", t->tflite_index);
    const named_tensor *want = tensor_file_find(l->want, key);
    if (!want)
        fail_msg("%s: no golden %s of layer %s", l->s->name, key, t->name);
    assert_int_equal(want->dtype, DT_I8);
    assert_int_equal(want->elems, ir_elems(&t->shape));
    if (memcmp(got, want->data, (size_t)want->elems) != 0)
        fail_msg("%s, %s: layer %s (%s) differs", l->s->name, how, t->name, key);
    l->seen++;
}

/* A layer without the channels that its lean tensor left out: those that it has, and the codes that
 * were proved of the others. */
static void check_lean_layer(layers *l, const ir_tensor *whole, const ir_channels *c,
                             const int8_t *got)
{
    if (whole->tflite_index < 0)
        return;
    int8_t *full = arena_alloc(l->s->ctx->a, (size_t)ir_elems(&whole->shape));
    const named_tensor *want =
        tensor_file_find(l->want, arena_printf(l->s->ctx->a, "t%d", whole->tflite_index));
    assert_true(want && want->elems == ir_elems(&whole->shape) && want->elems % c->n == 0);
    for (int64_t i = 0; i < want->elems; i++) {
        ir_gone gone = c->gone[i % c->n];
        full[i] = gone == IR_KEPT          ? *got++
                  : gone == IR_GONE_UNREAD ? ((const int8_t *)want->data)[i]
                                           : (int8_t)c->code[i % c->n];
    }
    check_layer(l, whole, full, "emitted code without constant channels");
}

static void after_operator(void *user, const ir_op *op, const ir_tensor *out, const void *data)
{
    (void)op;
    check_layer(user, out, data, "interpreter");
}

static void interpreter_layers(const subject *s)
{
    int8_t *out = arena_alloc(s->ctx->a, (size_t)s->n_out);
    layers l = read_layers(s);
    interp *it = interp_new(s->ctx, s->g);
    interp_set_hook(it, after_operator, &l);
    interp_run(it, (const void *[]){row_of(s->in, 0)}, (void *[]){out});
    const named_tensor *input = tensor_file_find(l.want, "input");
    assert_true(input && input->elems == s->n_in &&
                !memcmp(input->data, row_of(s->in, 0), (size_t)s->n_in));
    if (l.seen != l.want->tensors.n - 1)
        fail_msg("%s: %d of %d golden layers were compared", s->name, l.seen, l.want->tensors.n);
}

/* What emitted code tells its hook, and the graph that it was emitted of. */
static layers *told;
static const ir_graph *told_of;

static void hear(int layer, const void *data, uint32_t bytes)
{
    const ir_graph *g = told->s->g;
    assert_in_range(layer, 0, g->ops.n - 1);
    const ir_tensor *t = g->ops.v[layer]->out[0];
    const ir_tensor *lean = told_of->ops.v[layer]->out[0];
    assert_int_equal(bytes, ir_elems(&lean->shape));
    if (lean->channels)
        check_lean_layer(told, t, lean->channels, data);
    else
        check_layer(told, t, data, "emitted code");
}

typedef int call_fn(void *state, const void *const *in, void *const *out, void *arena);
typedef void listen_fn(void (*hear)(int, const void *, uint32_t));

static void emitted_layers(const subject *s, bool jit, bool whole, emit_opt opt)
{
    emit_options o;
    emit_options_init(&o);
    o.prefix = "net";
    o.profile = true;
    o.whole_layers = whole;
    o.opt = opt;
    told_of = emit_lean(s->ctx, s->g, &o);
    o.weights = EMIT_STRING;
    emit_result r;
    assert_true(emit_c(s->ctx, s->g, &o, &r));
    const char *text =
        arena_printf(s->ctx->a,
                     "%s%s\nstatic void (*heard)(int, const void *, uint32_t);\n"
                     "void net_listen(void (*f)(int, const void *, uint32_t)) { heard = f; }\n"
                     "void net_profile(int layer, const void *out, uint32_t bytes) { heard(layer, "
                     "out, bytes); }\n",
                     r.c, emit_adapter(s->ctx, s->g, &o));
    void *code = jit ? tcc_load(s->ctx, text) : cc_load(s->ctx, text, "-O2");
    if (!code)
        show(s->ctx, s->name);
    code_lookup *lookup = jit ? tcc_lookup : cc_lookup;
    void *call_at = lookup(code, "net_engine_call"), *listen_at = lookup(code, "net_listen");
    call_fn *call;
    listen_fn *listen;
    memcpy(&call, &call_at, sizeof call);
    memcpy(&listen, &listen_at, sizeof listen);
    assert_true(call && listen);
    layers l = read_layers(s);
    told = &l;
    listen(hear);
    int8_t *out = arena_alloc(s->ctx->a, (size_t)s->n_out);
    void *memory = arena_alloc(s->ctx->a, (size_t)r.arena_bytes);
    assert_int_equal(call(NULL, (const void *[]){row_of(s->in, 0)}, (void *[]){out}, memory), 0);
    print_message("[ note ] %s, %s%s: %d of %d layers compared\n", s->name, jit ? "JIT" : "cc -O2",
                  whole ? ", whole" : "", l.seen, l.want->tensors.n - 1);
    assert_true(2 * l.seen >= l.want->tensors.n);
}

/* ---- tests --------------------------------------------------------------------------------- */

static void interpreter_is_exact(void **state)
{
    (void)state;
    for (int i = 0; i < MODELS; i++) {
        subject s = load(models[i], "int8", NULL);
        assert_int_equal(s.g->numerics, IR_NUM_TFLM);
        check_rows(&s, make_engine(&s, ENGINE_INTERPRETER, NULL, false), "interpreter");
        interpreter_layers(&s);
        qctx_free(s.ctx);
    }
}

static void jit_is_exact(void **state)
{
    (void)state;
    if (!engine_available(ENGINE_JIT))
        skip();
    for (int i = 0; i < MODELS; i++) {
        subject s = load(models[i], "int8", NULL);
        check_rows(&s, make_engine(&s, ENGINE_JIT, NULL, false), "JIT");
        emitted_layers(&s, true, false, EMIT_O2);
        emitted_layers(&s, true, false, EMIT_OS);
        emitted_layers(&s, true, true, EMIT_O2);
        qctx_free(s.ctx);
    }
}

/* Kernels of other processors, in their plain C form. */
static void target_kernels_are_exact(void **state)
{
    (void)state;
    if (!engine_available(ENGINE_JIT))
        skip();
    for (int i = 0; i < MODELS; i++) {
        subject s = load(models[i], "int8", NULL);
        int n;
        const char *const *names = emit_target_names(s.ctx, &n);
        for (int t = 0; t < n; t++) {
            if (!emit_find_target(names[t])->kernels)
                continue;
            emit_options o;
            emit_options_init(&o);
            o.weights = EMIT_STRING;
            o.target = names[t];
            engine *e = engine_new(s.ctx, s.g, ENGINE_JIT, &o, NULL);
            if (!e)
                show(s.ctx, names[t]);
            check_rows(&s, e, names[t]);
        }
        qctx_free(s.ctx);
    }
}

static void compiled_is_exact(const char *compiler, const char *const *levels, bool profile)
{
    setenv("CC", compiler, 1);
    if (!engine_available(ENGINE_CC)) {
        unsetenv("CC");
        print_message("[ note ] no %s: not compared\n", compiler);
        skip();
    }
    for (int i = 0; i < MODELS; i++) {
        subject s = load(models[i], "int8", NULL);
        for (int k = 0; levels[k]; k++)
            check_rows(&s, make_engine(&s, ENGINE_CC, levels[k], false),
                       arena_printf(s.ctx->a, "%s %s", compiler, levels[k]));
        if (profile)
            emitted_layers(&s, false, false, EMIT_O2);
        qctx_free(s.ctx);
    }
    unsetenv("CC");
}

static void gcc_is_exact(void **state)
{
    (void)state;
    compiled_is_exact("gcc", (const char *const[]){"-O0", "-O2", "-O3", NULL}, true);
}

static void clang_is_exact(void **state)
{
    (void)state;
    compiled_is_exact("clang", (const char *const[]){"-O2", is_long() ? "-O3" : NULL, NULL}, false);
}

/* ---- 1,000 utterances ---------------------------------------------------------------------- */

static int best_code(const int8_t *v)
{
    int best = 0;
    for (int i = 1; i < CLASSES; i++)
        best = v[i] > v[best] ? i : best;
    return best;
}

static int best_real(const float *v)
{
    int best = 0;
    for (int i = 1; i < CLASSES; i++)
        best = v[i] > v[best] ? i : best;
    return best;
}

/* Every step-th utterance through an engine; want: codes, or NULL. */
static void hear_utterances(const subject *s, engine *e, int step, const dataset *want,
                            const dataset *device, const char *how)
{
    const dataset *features = golden(s->ctx, "kws01", "features", ".npy");
    assert_int_equal(features->rows, UTTERANCES);
    assert_int_equal(features->row_elems, s->n_in);
    int agree = 0, asked = 0;
    for (int row = 0; row < UTTERANCES; row += step, asked++) {
        int8_t got[CLASSES];
        assert_int_equal(engine_run(e, (const void *[]){row_of(features, row)}, (void *[]){got}),
                         0);
        if (want && memcmp(got, row_of(want, row), CLASSES) != 0)
            fail_msg("kws, %s: the codes of utterance %d differ", how, row);
        agree += best_code(got) == best_real((const float *)device->data + row * CLASSES);
    }
    print_message("[ note ] kws, %s: argmax of %d utterances as on the device: %d\n", how, asked,
                  agree);
    assert_int_equal(agree, asked);
}

static void utterances(const char *mode, const char *device_name, const char *codes_name)
{
    subject s = load("kws", "int8", mode);
    const dataset *device = golden(s.ctx, "kws01", device_name, ".npy");
    const dataset *want = codes_name ? golden(s.ctx, "kws01", codes_name, ".npy") : NULL;
    if (engine_available(ENGINE_CC))
        hear_utterances(&s, make_engine(&s, ENGINE_CC, "-O2", false), 1, want, device,
                        arena_printf(s.ctx->a, "%s, cc -O2", mode));
    if (engine_available(ENGINE_JIT))
        hear_utterances(&s, make_engine(&s, ENGINE_JIT, NULL, false), is_long() ? 1 : 40, want,
                        device, arena_printf(s.ctx->a, "%s, JIT", mode));
    hear_utterances(&s, make_engine(&s, ENGINE_INTERPRETER, NULL, false), is_long() ? 1 : 40, want,
                    device, arena_printf(s.ctx->a, "%s, interpreter", mode));
    qctx_free(s.ctx);
}

static void boards_with_double_rounding(void **state)
{
    (void)state;
    utterances("tflm", "device_double", "tflm_int8");
}

static void boards_with_single_rounding(void **state)
{
    (void)state;
    utterances("single", "device_single", NULL);
}

/* ---- floats -------------------------------------------------------------------------------- */

static double row_error(const float *got, const float *want, int64_t n)
{
    double error = 0, largest = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = fabs((double)got[i] - (double)want[i]);
        error = d > error || isnan(d) ? d : error;
        largest = fmax(largest, fabs((double)want[i]));
    }
    return error / largest;
}

static void check_floats(const subject *s, engine_kind kind, const char *how)
{
    engine *e = make_engine(s, kind, "-O2", true);
    float *got = ARENA_ARRAY(s->ctx->a, float, s->n_out);
    double worst = 0;
    for (int64_t row = 0; row < s->in->rows; row++) {
        const float *in = (const float *)s->in->data + row * s->n_in;
        assert_int_equal(engine_run(e, (const void *[]){in}, (void *[]){got}), 0);
        double error = row_error(got, (const float *)s->out->data + row * s->n_out, s->n_out);
        worst = error > worst || isnan(error) ? error : worst;
    }
    print_message("[ note ] %s, float, %s: at most %.2g of the row's largest\n", s->name, how,
                  worst);
    if (!(worst <= FLOAT_LIMIT))
        fail_msg("%s, float, %s: %g of the row's largest", s->name, how, worst);
}

static void floats_are_close(void **state)
{
    (void)state;
    for (int i = 0; i < FLOAT_MODELS; i++) {
        subject s = load(float_models[i], "f32", NULL);
        assert_int_equal(s.in->dtype, DT_F32);
        check_floats(&s, ENGINE_INTERPRETER, "interpreter");
        if (engine_available(ENGINE_CC))
            check_floats(&s, ENGINE_CC, "cc -O2");
        if (engine_available(ENGINE_JIT))
            check_floats(&s, ENGINE_JIT, "JIT");
        qctx_free(s.ctx);
    }
}

int main(void)
{
    if (access(data_folder(), R_OK) != 0) {
        fprintf(stderr, "SKIP: no shared data in %s\n", data_folder());
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interpreter_is_exact),
        cmocka_unit_test(jit_is_exact),
        cmocka_unit_test(target_kernels_are_exact),
        cmocka_unit_test(gcc_is_exact),
        cmocka_unit_test(clang_is_exact),
        cmocka_unit_test(boards_with_double_rounding),
        cmocka_unit_test(boards_with_single_rounding),
        cmocka_unit_test(floats_are_close),
    };
    return cmocka_run_group_tests_name("exact", tests, NULL, NULL);
}
