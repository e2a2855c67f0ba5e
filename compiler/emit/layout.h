/* layout.h - offsets for blocks of memory with lifetimes (used by plan.c). */
#ifndef QCC_EMIT_LAYOUT_H
#define QCC_EMIT_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/arena.h"

enum { LAYOUT_ALIGN = 8 };

/* Live from first to last, both included. bytes ≥ 0, a multiple of the alignment. An operator may
 * write a block over the one that it reads, which dies where this one begins, as long as its writes
 * stay behind its reads: */
typedef struct block {
    int64_t bytes;
    int first, last;
    int input;     /* 1 + number of the block that may be written over; 0: none */
    bool same;     /* where both begin at one offset, and this one is no larger */
    bool behind;   /* where this one begins at least `ahead` bytes below the other, or anywhere apart */
    int64_t ahead; /* a multiple of the alignment; may be negative */
} block;

/* The largest sum of blocks that are live together, less what the one pair of them that may overlap
 * can save at most: no layout needs less. */
int64_t layout_lower_bound(const block *v, int n);
/* Fills offset[n] so that no two blocks that are live together overlap where they may not; returns the bytes used. */
int64_t layout_blocks(arena *a, const block *v, int n, int64_t *offset);

#endif
