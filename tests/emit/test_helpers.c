/* test_helpers.c - the arithmetic that is printed into emitted files against runtime/arith.h, argument
 * by argument: the text of all helpers, compiled by libtcc into this process. */
#include "tests/unit/cm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/rng.h"
#include "compiler/emit/ops.h"
#include "compiler/jit/internal.h"
#include "runtime/arith.h"
#include "runtime/real.h"

enum { SAMPLES = 200000 };

/* Wrappers that are not static, one a helper. */
static const char wrappers[] =
    "int32_t t_clamp(int32_t v, int32_t lo, int32_t hi) { return h_clamp(v, lo, hi); }\n"
    "int32_t t_asr32(int32_t v, int n) { return h_asr32(v, n); }\n"
    "int64_t t_asr(int64_t v, int n) { return h_asr(v, n); }\n"
    "int32_t t_shl(int32_t v, int n) { return h_shl(v, n); }\n"
    "int32_t t_shl_sat(int64_t v, int n) { return h_shl_sat(v, n); }\n"
    "int32_t t_narrow(int64_t v, int n) { return h_narrow(v, n); }\n"
    "int32_t t_round_away(int32_t v, int n) { return h_round_away(v, n); }\n"
    "int32_t t_high(int32_t a, int32_t b) { return h_doubling_high(a, b); }\n"
    "int32_t t_q32(int32_t a, int32_t m, int64_t o) { return h_q32(a, m, o); }\n"
    "int32_t t_tflm(int32_t a, int32_t m, int n) { return h_tflm(a, m, n); }\n"
    "int32_t t_single(int32_t a, int32_t m, int n) { return h_single(a, m, n); }\n"
    "int32_t t_single_sat(int32_t a, int32_t m, int n) { return h_single_sat(a, m, n); }\n"
    "int32_t t_rint(float v) { return h_rint(v); }\n"
    "int32_t t_exp(int32_t a) { return h_exp_negative(a); }\n"
    "int32_t t_reciprocal(int32_t a) { return h_reciprocal(a); }\n"
    "int32_t t_fast_tflm(int32_t a, int32_t m, int n, int z)\n"
    "{ return h_fast_tflm(h_shl(a, 1), m, n, z); }\n"
    "int32_t t_fast_single(int32_t a, int32_t m, int n, int z) { return h_fast_single(a, m, n, z); }\n"
    "int32_t t_small_tflm(int32_t a, int32_t m, int n, int z)\n"
    "{ return h_small_tflm(h_shl(a, 1), m, n, z); }\n"
    "int32_t t_small(int32_t a, int32_t m, int z) { return h_small(a, m, z); }\n"
    "void t_triple(uint32_t a, uint32_t b, int32_t *s) { h_triple(a, b, s); }\n"
    "void t_quad(const uint32_t *a, uint32_t more, int32_t *s) { h_quad(a, more, s); }\n"
    "int32_t t_smmlar(int32_t a, int32_t m, int z) { return h_smmlar(a, m, z); }\n"
    "int32_t t_inv_sqrt(int32_t v, int *shift) { return h_inv_sqrt(v, shift); }\n"
    "float t_sqrtf(float v) { return h_sqrtf(v); }\n"
    "float t_expf(float v) { return h_expf(v); }\n"
    "float t_tanhf(float v) { return h_tanhf(v); }\n"
    "float t_erff(float v) { return h_erff(v); }\n";

static struct compiled {
    qctx *ctx;
    int32_t (*clamp)(int32_t, int32_t, int32_t);
    int32_t (*asr32)(int32_t, int);
    int64_t (*asr)(int64_t, int);
    int32_t (*shl)(int32_t, int);
    int32_t (*shl_sat)(int64_t, int);
    int32_t (*narrow)(int64_t, int);
    int32_t (*round_away)(int32_t, int);
    int32_t (*high)(int32_t, int32_t);
    int32_t (*q32)(int32_t, int32_t, int64_t);
    int32_t (*tflm)(int32_t, int32_t, int);
    int32_t (*single)(int32_t, int32_t, int);
    int32_t (*single_sat)(int32_t, int32_t, int);
    int32_t (*fast_tflm)(int32_t, int32_t, int, int);
    int32_t (*fast_single)(int32_t, int32_t, int, int);
    int32_t (*smmlar)(int32_t, int32_t, int);
    int32_t (*small_tflm)(int32_t, int32_t, int, int);
    int32_t (*small)(int32_t, int32_t, int);
    void (*triple)(uint32_t, uint32_t, int32_t *);
    void (*quad)(const uint32_t *, uint32_t, int32_t *);
    int32_t (*rint)(float);
    int32_t (*exp)(int32_t);
    int32_t (*reciprocal)(int32_t);
    float (*expf)(float);
    float (*tanhf)(float);
    float (*erff)(float);
    float (*sqrtf)(float);
    int32_t (*inv_sqrt)(int32_t, int *);
} f;

static void look_up(void *code, const char *symbol, void *pointer)
{
    void *address = tcc_lookup(code, symbol);
    if (!address)
        fail_msg("no %s", symbol);
    memcpy(pointer, &address, sizeof address);
}

static int compile_helpers(void **state)
{
    (void)state;
    if (!tcc_is_available())
        return 0;
    f.ctx = qctx_new();
    emit_options o;
    emit_options_init(&o);
    emitter e = {.ctx = f.ctx, .o = &o, .prefix = "h", .upper = "H"};
    buf b;
    buf_init(&b, f.ctx->a);
    buf_puts(&b, "#include <stdint.h>\n");
    for (int h = 0; h < EH_COUNT; ++h)
        emit_use_helper(&e, (emit_helper)h);
    emit_helpers(&e, &b);
    buf_puts(&b, wrappers);
    void *code = tcc_load(f.ctx, buf_str(&b));
    if (!code)
        return -1;
    look_up(code, "t_clamp", &f.clamp);
    look_up(code, "t_asr32", &f.asr32);
    look_up(code, "t_asr", &f.asr);
    look_up(code, "t_shl", &f.shl);
    look_up(code, "t_shl_sat", &f.shl_sat);
    look_up(code, "t_narrow", &f.narrow);
    look_up(code, "t_round_away", &f.round_away);
    look_up(code, "t_high", &f.high);
    look_up(code, "t_q32", &f.q32);
    look_up(code, "t_tflm", &f.tflm);
    look_up(code, "t_single", &f.single);
    look_up(code, "t_single_sat", &f.single_sat);
    look_up(code, "t_fast_tflm", &f.fast_tflm);
    look_up(code, "t_fast_single", &f.fast_single);
    look_up(code, "t_smmlar", &f.smmlar);
    look_up(code, "t_small_tflm", &f.small_tflm);
    look_up(code, "t_small", &f.small);
    look_up(code, "t_triple", &f.triple);
    look_up(code, "t_quad", &f.quad);
    look_up(code, "t_rint", &f.rint);
    look_up(code, "t_exp", &f.exp);
    look_up(code, "t_reciprocal", &f.reciprocal);
    look_up(code, "t_expf", &f.expf);
    look_up(code, "t_tanhf", &f.tanhf);
    look_up(code, "t_erff", &f.erff);
    look_up(code, "t_sqrtf", &f.sqrtf);
    look_up(code, "t_inv_sqrt", &f.inv_sqrt);
    return 0;
}

static int free_helpers(void **state)
{
    (void)state;
    if (f.ctx)
        qctx_free(f.ctx);
    return 0;
}

/* ---- arguments ---------------------------------------------------------------------------- */

/* Any magnitude up to 2^bits, both signs, often beside a power of two. */
static int64_t any(rng *r, int bits)
{
    int64_t top = INT64_C(1) << rng_below(r, (uint64_t)bits + 1);
    int64_t v = rng_below(r, 3) ? (int64_t)(rng_next(r) % (uint64_t)top)
                                : top - 2 + (int64_t)rng_below(r, 4);
    return rng_below(r, 2) ? v : -v;
}

static int32_t any32(rng *r)
{
    int64_t v = any(r, 31);
    return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : (int32_t)v;
}

static int32_t multiplier(rng *r)
{
    int32_t v = any32(r);
    return rng_below(r, 8) == 0 ? INT32_MAX : v == INT32_MIN ? 0 : v < 0 ? -v : v;
}

#define SKIP_WITHOUT_TCC() \
    do { \
        (void)state; \
        if (!f.ctx) \
            skip(); \
    } while (0)

/* ---- tests -------------------------------------------------------------------------------- */

static void shifts(void **state)
{
    SKIP_WITHOUT_TCC();
    rng r;
    rng_seed(&r, 1);
    for (int i = 0; i < SAMPLES; ++i) {
        int32_t v = any32(&r);
        int64_t w = any(&r, 62);
        int n = (int)rng_below(&r, 32), m = (int)rng_below(&r, 63);
        assert_int_equal(f.asr32(v, n), arith_shr(v, n));
        assert_true(f.asr(w, m) == arith_shr(w, m));
        assert_int_equal(f.round_away(v, n), arith_round_away_shr(v, n));
        assert_int_equal(f.shl_sat(w, n), arith_shl_sat32(w, n));
        assert_int_equal(f.shl_sat(v, n), arith_shl_sat32(v, n));
        if (arith_shr(v, 31 - n) == 0 || arith_shr(v, 31 - n) == -1)
            assert_true(f.shl(v, n) == v * arith_pow2(n));
        int64_t narrow = arith_round_up_shr(w, m);
        if (narrow == (int32_t)narrow)
            assert_int_equal(f.narrow(w, m), narrow);
    }
}

static void clamps(void **state)
{
    SKIP_WITHOUT_TCC();
    rng r;
    rng_seed(&r, 2);
    for (int i = 0; i < SAMPLES; ++i) {
        int32_t v = any32(&r), lo = (int32_t)any(&r, 15), hi = lo + (int32_t)rng_below(&r, 65536);
        assert_int_equal(f.clamp(v, lo, hi), arith_clamp(v, lo, hi));
    }
}

static void multipliers(void **state)
{
    SKIP_WITHOUT_TCC();
    rng r;
    rng_seed(&r, 3);
    for (int i = 0; i < SAMPLES; ++i) {
        int32_t a = any32(&r), m = multiplier(&r), zero = (int32_t)any(&r, 15);
        int64_t offset = zero * arith_pow2(32) + arith_pow2(31);
        int n = (int)rng_below(&r, 32);
        assert_int_equal(f.q32(a, m, offset), zero + arith_scale_q32(a, m, 0, 0));
        assert_int_equal(f.high(a, m), arith_doubling_high(a, m));
        assert_int_equal(f.tflm(a, m, n), arith_scale_tflm(a, m, -n));
        assert_int_equal(f.single(a, m, 31 + n), arith_scale_single(a, m, -n));
        assert_int_equal(f.single_sat(a, m, 31 + n), arith_scale_single(a, m, -n));
        assert_int_equal(f.single_sat(a, m, n + 1), arith_sat32(arith_scale_single(a, m, 30 - n)));
    }
}

/* The short forms of the DSP kernels, at the edges of what their proofs ask for too. */
static void short_multipliers(void **state)
{
    SKIP_WITHOUT_TCC();
    static const int32_t edges[] = {0, 1, -1, (1 << 30) - 1, 1 - (1 << 30), 255, -255};
    rng r;
    rng_seed(&r, 7);
    for (int i = 0; i < SAMPLES; ++i) {
        int32_t acc = (int32_t)any(&r, 29), mult = (1 << 30) + (int32_t)rng_below(&r, 1 << 30);
        int zero = (int)rng_below(&r, 256) - 128, right = 1 + (int)rng_below(&r, 23);
        if (i % 4 == 0)
            acc = edges[rng_below(&r, sizeof edges / sizeof *edges)];
        assert_int_equal(f.fast_tflm(acc, mult, right, zero), zero + arith_scale_tflm(acc, mult, -right));
        assert_int_equal(f.fast_single(acc, mult, right, zero),
                         zero + arith_scale_single(acc, mult, -1 - right));
        assert_int_equal(f.smmlar(acc, mult, zero), zero + arith_scale_q32(acc, mult, 0, 0));
    }
}

/* The same from products of 32 bits. */
static void short_products(void **state)
{
    SKIP_WITHOUT_TCC();
    static const int32_t edges[] = {0, 1, -1, (1 << 28) - 1, 1 - (1 << 28), 32767, 32768, -32768, -32769};
    rng r;
    rng_seed(&r, 8);
    for (int i = 0; i < SAMPLES; ++i) {
        int32_t acc = (int32_t)any(&r, 27), mult = multiplier(&r);
        int zero = (int)rng_below(&r, 256) - 128, right = 1 + (int)rng_below(&r, 23);
        if (i % 4 == 0)
            acc = edges[rng_below(&r, sizeof edges / sizeof *edges)];
        assert_int_equal(f.small(2 * acc, mult, zero), zero + arith_scale_q32(2 * acc, mult, 0, 0));
        mult = (1 << 30) + (int32_t)rng_below(&r, 1 << 30);
        assert_int_equal(f.small_tflm(acc, mult, right, zero), zero + arith_scale_tflm(acc, mult, -right));
    }
}

/* A sum of `bits` bits and a sign, often at the limits. */
static int32_t some_sum(rng *r, int bits)
{
    int32_t limit = 1 << bits;
    switch (rng_below(r, 4)) {
    case 0: return limit - 1;
    case 1: return -limit;
    default: return (int32_t)rng_below(r, 2 * (uint64_t)limit) - limit;
    }
}

/* Sums that share words come apart again. */
static void shared_words(void **state)
{
    SKIP_WITHOUT_TCC();
    rng r;
    rng_seed(&r, 9);
    for (int i = 0; i < SAMPLES; ++i) {
        int32_t s[4], got[4] = {7, -7, 70};
        uint32_t u[4], more = (uint32_t)rng_next(&r) & 0xffffffu;
        for (int k = 0; k < 3; ++k)
            u[k] = (uint32_t)(s[k] = some_sum(&r, 20));
        f.triple((1u << 20) + u[0] + (u[2] << 21), (1u << 20) + u[1] + (u[2] << 10), got);
        assert_int_equal(got[0], s[0] + 7);
        assert_int_equal(got[1], s[1] - 7);
        assert_int_equal(got[2], s[2] + 70);
        for (int k = 0; k < 4; ++k)
            u[k] = (uint32_t)(s[k] = some_sum(&r, 23)) + more;
        const uint32_t a[3] = {u[0] + (u[1] << 8) + (u[2] << 16) + (u[3] << 24), u[1] + (u[3] << 16),
                               u[2] + (u[3] << 8)};
        f.quad(a, more, got);
        assert_memory_equal(got, s, sizeof s);
    }
}

static void nearest_integers(void **state)
{
    SKIP_WITHOUT_TCC();
    rng r;
    rng_seed(&r, 4);
    for (int i = 0; i < SAMPLES; ++i) {
        float v = (float)any(&r, 34) / (float)(1 << rng_below(&r, 12)); /* many ties */
        assert_int_equal(f.rint(v), arith_rint((double)v));
    }
    assert_int_equal(f.rint(INFINITY), 1 << 30);
    assert_int_equal(f.rint(-INFINITY), -(1 << 30));
}

static void exponentials(void **state)
{
    SKIP_WITHOUT_TCC();
    rng r;
    rng_seed(&r, 5);
    for (int i = 0; i < SAMPLES; ++i) {
        int32_t a = any32(&r);
        a = a > 0 ? -a : a;
        if (a > INT32_MIN)
            assert_int_equal(f.exp(a), arith_exp_negative(a, 5));
        if (a > INT32_MIN)
            assert_int_equal(f.reciprocal(-a), arith_reciprocal(-a));
    }
    assert_int_equal(f.exp(0), INT32_MAX);
    assert_int_equal(f.reciprocal(0), arith_reciprocal(0));
}

static void float_functions(void **state)
{
    SKIP_WITHOUT_TCC();
    rng r;
    rng_seed(&r, 6);
    for (int i = 0; i < SAMPLES; ++i) {
        float v = (float)(172 * rng_double(&r) - 86), small = (float)(4 * rng_double(&r) - 2);
        double e = real_exp((double)v);
        assert_true(fabs((double)f.expf(v) - e) <= 3e-7 * e);
        assert_true(fabs((double)f.tanhf(v) - tanh((double)v)) <= 3e-7);
        assert_true(fabs((double)f.erff(v) - erf((double)v)) <= 5e-7);
        assert_true(fabs((double)f.tanhf(small) - tanh((double)small)) <= 3e-7);
    }
    for (int i = 0; i < SAMPLES; i++) {
        float v = (float)ldexp(1 + rng_double(&r), (int)rng_below(&r, 250) - 125);
        assert_true(fabs((double)f.sqrtf(v) / sqrt((double)v) - 1) <= 3e-7);
    }
    assert_true(f.sqrtf(0) == 0);
    assert_true(f.expf(-1000) == 0);
    assert_true(f.tanhf(0) == 0);
    assert_true(f.tanhf(1000) == 1);
    assert_true(f.tanhf(-1000) == -1);
}

/* Bit by bit as arith.h has it, and 1/√v to 2^-19 (five steps from 1 to 2). */
static void inverse_roots(void **state)
{
    SKIP_WITHOUT_TCC();
    rng r;
    rng_seed(&r, 12);
    for (int i = 0; i < SAMPLES; i++) {
        int32_t v = i < 4096 ? i : (int32_t)(rng_below(&r, UINT64_C(1) << 31) >> rng_below(&r, 30));
        int own = -1, want = -1;
        int32_t mult = arith_inv_sqrt(v, &want);
        assert_int_equal(f.inv_sqrt(v, &own), mult);
        assert_int_equal(own, want);
        if (v > 1)
            assert_true(fabs(ldexp((double)mult, -31 - want) * sqrt((double)v) - 1) <= ldexp(1, -19));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inverse_roots),
        cmocka_unit_test(shifts),       cmocka_unit_test(clamps),
        cmocka_unit_test(multipliers),  cmocka_unit_test(nearest_integers),
        cmocka_unit_test(short_multipliers), cmocka_unit_test(short_products), cmocka_unit_test(shared_words),
        cmocka_unit_test(exponentials), cmocka_unit_test(float_functions),
    };
    return cmocka_run_group_tests_name("helpers", tests, compile_helpers, free_helpers);
}
