/* linalg.c - Cholesky's factorization and its solver (Golub and Van Loan, Matrix
 * Computations, 4.2). */
#include "compiler/quant/linalg.h"

#include <math.h>

bool cholesky(double *h, int n)
{
    for (int k = 0; k < n; k++) {
        double *row = h + (long)k * n;
        if (!(row[k] > 0) || !isfinite(row[k]))
            return false;
        double root = sqrt(row[k]);
        for (int j = k; j < n; j++)
            row[j] /= root;
        for (int i = k + 1; i < n; i++) {
            double *to = h + (long)i * n, f = row[i];
            if (f == 0)
                continue;
            for (int j = i; j < n; j++)
                to[j] -= f * row[j];
        }
    }
    return true;
}

void cholesky_solve(const double *r, int n, double *x)
{
    for (int i = 0; i < n; i++) {
        const double *row = r + (long)i * n;
        x[i] /= row[i];
        for (int j = i + 1; j < n; j++)
            x[j] -= row[j] * x[i];
    }
    for (int i = n - 1; i >= 0; i--) {
        const double *row = r + (long)i * n;
        double sum = x[i];
        for (int j = i + 1; j < n; j++)
            sum -= row[j] * x[j];
        x[i] = sum / row[i];
    }
}
