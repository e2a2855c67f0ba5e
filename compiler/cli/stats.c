/* stats.c - intervals and paired comparison of proportions. */
#include <math.h>

#include "compiler/cli/cli.h"

void wilson_interval(int64_t k, int64_t n, double *lo, double *hi)
{
    const double z = 1.959963984540054; /* 97.5 % point of the normal distribution */
    if (n <= 0) {
        *lo = 0;
        *hi = 1;
        return;
    }
    double p = (double)k / (double)n, m = (double)n;
    double centre = (p + z * z / (2 * m)) / (1 + z * z / m);
    double half = z / (1 + z * z / m) * sqrt(p * (1 - p) / m + z * z / (4 * m * m));
    *lo = k == 0 ? 0 : centre - half;
    *hi = k == n ? 1 : centre + half;
}

double mcnemar_exact(int64_t b, int64_t c)
{
    int64_t n = b + c, k = b < c ? b : c;
    if (n == 0)
        return 1;
    double log_half = (double)n * log(0.5), tail = 0;
    for (int64_t i = 0; i <= k; i++)
        tail += exp(lgamma((double)n + 1) - lgamma((double)i + 1) - lgamma((double)(n - i) + 1) +
                    log_half);
    return 2 * tail < 1 ? 2 * tail : 1;
}
