/* layout.h - offsets for blocks of memory with lifetimes (used by plan.c). */
#ifndef QCC_EMIT_LAYOUT_H
#define QCC_EMIT_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/arena.h"

/* Live from first to last, both included. bytes ≥ 0, a multiple of the alignment. */
typedef struct block {
    int64_t bytes;
    int first, last;
} block;

/* The largest sum of blocks that are live together: no layout needs less. */
int64_t layout_lower_bound(const block *v, int n);
/* Fills offset[n] so that no two blocks that are live together overlap; returns the bytes used. */
int64_t layout_blocks(arena *a, const block *v, int n, int64_t *offset);

#endif
