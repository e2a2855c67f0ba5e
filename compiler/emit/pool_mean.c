/* pool_mean.c - means of codes by a multiplication and a shift, in place of a division.
 *
 * The quotient of n is taken by mult, a little above 2^shift/n. With start = 2^(shift-1), sums of
 * either sign are rounded to nearest and ties away from zero, as mult is too large for them to stay
 * ties (tflm, single). With start = (128n + n/2)·mult - 128·2^shift it is the floor of a number
 * that is never negative, so that ties go up (q32). That it is exact is not proved but seen: every
 * sum that n codes can have is tried. */
#include "compiler/emit/pool.h"

enum { MOST_SHIFT = 23, LEAST_SHIFT = 8, LEAST_CODE = -128, MOST_CODE = 127 };

/* What docs/numerics.md says of avgpool. */
static int32_t mean_of(ir_numerics mode, int32_t s, int32_t n)
{
    if (mode != IR_NUM_Q32)
        return s > 0 ? (s + n / 2) / n : (s - n / 2) / n;
    int32_t v = s + n / 2;
    return v / n - (v % n < 0);
}

static int64_t start_of(ir_numerics mode, int n, int32_t mult, int shift)
{
    if (mode != IR_NUM_Q32)
        return INT64_C(1) << (shift - 1);
    return (int64_t)(128 * n + n / 2) * mult - (INT64_C(128) << shift);
}

static bool is_exact(ir_numerics mode, int n, int32_t mult, int shift)
{
    int64_t start = start_of(mode, n, mult, shift);
    int64_t least = (int64_t)LEAST_CODE * n * mult, most = (int64_t)MOST_CODE * n * mult;
    if (start > INT32_MAX || start < INT32_MIN || least < INT32_MIN || least + start < INT32_MIN ||
        most > INT32_MAX || most + start > INT32_MAX)
        return false;
    for (int32_t s = LEAST_CODE * n; s <= MOST_CODE * n; ++s)
        if ((s * mult + (int32_t)start) >> shift != mean_of(mode, s, n))
            return false;
    return true;
}

/* Least multiplier above 2^shift/n; 2^shift/n itself where ties go up. */
static int32_t mult_of(ir_numerics mode, int n, int shift)
{
    return ((1 << shift) - (mode == IR_NUM_Q32)) / n + 1;
}

bool pool_find_mean(const ir_op *op, int n, int32_t most, pool_mean *m)
{
    ir_numerics mode = op->q->mode;
    for (int shift = MOST_SHIFT; shift >= LEAST_SHIFT; --shift) {
        int32_t mult = mult_of(mode, n, shift);
        if (mult > most || !is_exact(mode, n, mult, shift))
            continue;
        *m = (pool_mean){mult, (int32_t)start_of(mode, n, mult, shift), shift};
        return true;
    }
    return false;
}

bool pool_find_means(const ir_op *op, int cells, int *shift, int32_t *mult)
{
    ir_numerics mode = op->q->mode;
    for (*shift = MOST_SHIFT; *shift >= LEAST_SHIFT; --*shift) {
        bool exact = true;
        for (int n = cells; n > 0 && exact; --n) {
            mult[n] = mult_of(mode, n, *shift);
            exact = is_exact(mode, n, mult[n], *shift);
        }
        if (exact)
            return true;
    }
    return false;
}
