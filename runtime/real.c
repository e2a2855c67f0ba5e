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

/* 2/√π·e^(−v²)·Σ 2^k·v^(2k+1)/(1·3·5…(2k+1)): all terms have one sign. Beyond 6 it is 1 in double. */
static double error_function(double v)
{
    double m = fabs(v), term = m, sum = m;
    if (v != v || m > 6)
        return v != v ? v : v < 0 ? -1 : 1;
    for (int k = 1; k < 200; k++) {
        term = term * (2 * m * m) / (2 * k + 1);
        sum = sum + term;
    }
    double r = 0x1.20dd750429b6dp+0 * real_exp(-m * m) * sum; /* 2/√π */
    return v < 0 ? -r : r;
}

static double elu(double alpha, double v) { return v < 0 ? alpha * (real_exp(v) - 1) : v; }

static double gelu(double alpha, double v)
{
    (void)alpha;
    return v / 2 * (1 + error_function(v * 0x1.6a09e667f3bcdp-1)); /* √½ */
}

static double gelu_tanh(double alpha, double v)
{
    const double slope = 0x1.9884533d43651p-1; /* √(2/π) */
    return v / 2 * (1 + hyperbolic_tangent(alpha, slope * (v + 0.044715 * v * v * v)));
}

static double same(double alpha, double v) { return (void)alpha, v; }

static double hard_swish(double alpha, double v) { return v * relu6(alpha, v + 3) / 6; }

double real_unary(ir_opkind kind, double alpha, double v)
{
    static double (*const functions[OP_COUNT])(double, double) = {
        [OP_RELU] = relu,       [OP_RELU6] = relu6,
        [OP_LEAKY_RELU] = leaky_relu, [OP_SIGMOID] = sigmoid,
        [OP_TANH] = hyperbolic_tangent, [OP_HARD_SWISH] = hard_swish,
        [OP_REQUANTIZE] = same, [OP_ELU] = elu,
        [OP_GELU] = gelu,       [OP_GELU_TANH] = gelu_tanh,
    };
    return functions[kind](alpha, v);
}
