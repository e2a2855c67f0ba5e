/* real.c - exp by reduction to |r| ≤ ln2/2 and its series; the rest from it. */
#include "runtime/real.h"

#include <math.h>

/* ln 2 in two parts: the first has 21 trailing zero bits, so that n·LN2_HIGH is exact. */
#define LN2_HIGH 0x1.62e42feep-1
#define LN2_LOW 0x1.a39ef35793c76p-33
#define LOG2_E 0x1.71547652b82fep+0

double real_exp(double v)
{
    if (v != v)
        return v;
    if (v < -745)
        return 0;
    if (v > 709)
        v = 709;
    double n = floor(v * LOG2_E + 0.5);
    double r = (v - n * LN2_HIGH) - n * LN2_LOW;
    double sum = 1;
    for (int i = 16; i >= 1; i--) /* Horner; the next term is below 2^-70 */
        sum = 1 + sum * r / i;
    return ldexp(sum, (int)n);
}

static double relu(double alpha, double v) { return (void)alpha, v > 0 ? v : 0; }

static double relu6(double alpha, double v) { return (void)alpha, v > 6 ? 6 : v > 0 ? v : 0; }

static double leaky_relu(double alpha, double v) { return v < 0 ? alpha * v : v; }

static double sigmoid(double alpha, double v) { return (void)alpha, 1 / (1 + real_exp(-v)); }

/* Odd by construction. */
static double hyperbolic_tangent(double alpha, double v)
{
    (void)alpha;
    double e = real_exp(-2 * fabs(v));
    double t = (1 - e) / (1 + e);
    return v < 0 ? -t : t;
}

static double same(double alpha, double v) { return (void)alpha, v; }

static double hard_swish(double alpha, double v) { return v * relu6(alpha, v + 3) / 6; }

double real_unary(ir_opkind kind, double alpha, double v)
{
    static double (*const functions[OP_COUNT])(double, double) = {
        [OP_RELU] = relu,       [OP_RELU6] = relu6,
        [OP_LEAKY_RELU] = leaky_relu, [OP_SIGMOID] = sigmoid,
        [OP_TANH] = hyperbolic_tangent, [OP_HARD_SWISH] = hard_swish,
        [OP_REQUANTIZE] = same,
    };
    return functions[kind](alpha, v);
}
