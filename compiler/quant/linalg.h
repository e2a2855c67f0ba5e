/* linalg.h - dense symmetric matrices, row-major doubles, in a fixed order of operations. */
#ifndef QCC_LINALG_H
#define QCC_LINALG_H

#include <stdbool.h>

/* H [n][n] = RᵀR with R upper triangular, in place (the upper triangle of H is read, R stands there
 * afterwards). false where H is not positive definite; H is then spoilt. */
bool cholesky(double *h, int n);
/* x [n] ← H⁻¹ x from R. */
void cholesky_solve(const double *r, int n, double *x);

#endif
