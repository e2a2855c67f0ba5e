/* pool.h - kernels of pools: one shape of loops, and for each target how a pass over some channels
 * takes a cell of the window and what it makes of the maximum or the sum. */
#ifndef QCC_EMIT_POOL_H
#define QCC_EMIT_POOL_H

#include "compiler/emit/ops.h"
#include "compiler/emit/target.h"

/* How a mean of n codes is taken without a division: (sum * mult + start) >> shift. */
typedef struct pool_mean {
    int32_t mult, start;
    int shift;
} pool_mean;

typedef struct pool {
    emitter *e;
    const ir_op *op;
    window w;
    text t;
    int lanes; /* channels of a pass */
    bool max, rescaled;
    int cells;      /* of a whole window */
    pool_mean mean; /* of so many; shift 0: there is none, a division it is */
} pool;

/* The templates of a pass: `$p$` points at a cell's codes of the pass's channels (`$at$` is how far
 * it lies behind p, with a plus behind), `to` at those of the output. */
typedef struct pool_step {
    int cells;      /* the most whose sums fit */
    int mean_cells; /* the most whose mean has no division: all up to 180 have none */
    /* Channels of a pass over this operator; 0: not taken. */
    int (*lanes)(const emitter *e, const ir_op *op, bool max);
    /* Prints what makes codes of sums. `args` of t is what its calls pass on: the numbers of the
     * mean, which differ where borders cut windows off. */
    void (*codes)(pool *v);
    const char *some; /* what a pass begins with where a layer has fewer channels; NULL: nothing */
    const char *max_first, *max_next, *max_end;
    const char *sum_none, *sum_first, *sum_next, *sum_end;
} pool_step;

bool pool_takes(const emitter *e, const ir_op *op, const pool_step *s);
bool pool_print(emitter *e, const ir_op *op, const pool_step *s);
/* The scalar function $code$(sum$args$), an element of the output. */
void pool_put_code(pool *v);

/* Exact for every sum of n codes in the operator's mode, with mult <= most; false: there is none.
 */
bool pool_find_mean(const ir_op *op, int n, int32_t most, pool_mean *m);
/* One shift for all n from 1 to cells; fills mult[cells + 1]. */
bool pool_find_means(const ir_op *op, int cells, int *shift, int32_t *mult);

/* ---- pool_steps.c: rows of targets ---------------------------------------------------------- */
bool plain_takes_pool(const emitter *e, const ir_op *op);
bool plain_print_pool(emitter *e, const ir_op *op);
bool dsp_takes_pool(const emitter *e, const ir_op *op);
bool dsp_print_pool(emitter *e, const ir_op *op);
bool mve_takes_pool(const emitter *e, const ir_op *op);
bool mve_print_pool(emitter *e, const ir_op *op);
bool neon_takes_pool(const emitter *e, const ir_op *op);
bool neon_print_pool(emitter *e, const ir_op *op);

/* Rows for the four operators; the order is that of whole cells (a pass may take channels again).
 */
#define POOL_ROWS(name, guard, takes, print)                                                       \
    {name, OP_MAXPOOL, WEIGHTS_NONE, guard, NULL, takes, print, NULL, ORDER_CELLS, NULL},          \
        {name, OP_AVGPOOL, WEIGHTS_NONE, guard, NULL, takes, print, NULL, ORDER_CELLS, NULL},      \
        {name, OP_GLOBAL_MAXPOOL, WEIGHTS_NONE, guard, NULL, takes, print,                         \
         NULL, ORDER_UNKNOWN,     NULL},                                                           \
    {                                                                                              \
        name, OP_GLOBAL_AVGPOOL, WEIGHTS_NONE, guard, NULL, takes, print, NULL, ORDER_UNKNOWN,     \
            NULL                                                                                   \
    }

#endif
