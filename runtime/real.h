/* real.h - the few real functions that decide baked integers, the same on every host.
 *
 * Built from IEEE double additions, multiplications, divisions and exact scalings in a fixed order;
 * compiled without contraction. libm's exp and tanh differ between machines in the last bits, which
 * is enough to move a table entry. */
#ifndef QCC_REAL_H
#define QCC_REAL_H

#include "compiler/ir/ir.h"

/* e^v, relative error below 2^-50; 0 below −745, limited to e^709 above. NaN stays NaN. */
double real_exp(double v);
/* The real function of a unary operator (OPF_U), alpha being leaky_relu's slope or elu's α. */
double real_unary(ir_opkind kind, double alpha, double v);

#endif
