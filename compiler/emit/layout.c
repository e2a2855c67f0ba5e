/* layout.c - offsets for blocks of memory with lifetimes, as few bytes as possible.
 *
 * Greedy first fit in several orders; where that misses the lower bound and there are few blocks, a
 * branch and bound search. Deterministic: ties go by index, the search has a fixed budget. */
#include "compiler/emit/layout.h"

#include <stdlib.h>
#include <string.h>

enum { EXACT_BLOCKS = 16, EXACT_NODES = 300000 };

static bool meet(const block *a, const block *b)
{
    return a->first <= b->last && b->first <= a->last;
}

int64_t layout_lower_bound(const block *v, int n)
{
    int64_t most = 0;
    for (int i = 0; i < n; i++) { /* the maximum is reached where some block begins */
        int64_t sum = 0;
        for (int j = 0; j < n; j++)
            if (v[j].first <= v[i].first && v[i].first <= v[j].last)
                sum += v[j].bytes;
        if (sum > most)
            most = sum;
    }
    return most;
}

/* ---- greedy -------------------------------------------------------------------------------- */

typedef enum key { BY_SIZE, BY_AREA, BY_START, BY_LENGTH, KEYS } key;

typedef struct entry {
    int64_t major, minor;
    int index;
} entry;

static int compare(const void *x, const void *y)
{
    const entry *a = x, *b = y;
    if (a->major != b->major)
        return a->major > b->major ? -1 : 1;
    if (a->minor != b->minor)
        return a->minor > b->minor ? -1 : 1;
    return a->index - b->index;
}

static entry rank(const block *b, int index, key k)
{
    int64_t length = (int64_t)b->last - b->first + 1;
    switch (k) {
    case BY_SIZE: return (entry){b->bytes, length, index};
    case BY_AREA: return (entry){b->bytes / 8 * length, b->bytes, index};
    case BY_START: return (entry){-(int64_t)b->first, b->bytes, index};
    default: return (entry){length, b->bytes, index};
    }
}

/* Blocks placed so far, by rising offset. */
typedef struct shelf {
    const block *v;
    int64_t *offset;
    int *placed, n;
} shelf;

/* The lowest gap, or the tightest one, that holds block i beside what it meets in time. */
static int64_t fit(const shelf *s, int i, bool tightest)
{
    int64_t end = 0, best = -1, slack = INT64_MAX;
    for (int k = 0; k < s->n; k++) {
        int j = s->placed[k];
        if (!meet(&s->v[i], &s->v[j]))
            continue;
        int64_t gap = s->offset[j] - end;
        if (gap >= s->v[i].bytes && gap < slack) {
            best = end;
            slack = gap;
            if (!tightest)
                return best;
        }
        if (s->offset[j] + s->v[j].bytes > end)
            end = s->offset[j] + s->v[j].bytes;
    }
    return best >= 0 ? best : end;
}

static void put(shelf *s, int i, int64_t at)
{
    int k = s->n++;
    for (; k > 0 && s->offset[s->placed[k - 1]] > at; k--)
        s->placed[k] = s->placed[k - 1];
    s->placed[k] = i;
    s->offset[i] = at;
}

static int64_t greedy(arena *a, const block *v, int n, key k, bool tightest, int64_t *offset)
{
    entry *order = ARENA_ARRAY(a, entry, n);
    for (int i = 0; i < n; i++)
        order[i] = rank(&v[i], i, k);
    qsort(order, (size_t)n, sizeof *order, compare);
    shelf s = {v, offset, ARENA_ARRAY(a, int, n), 0};
    int64_t top = 0;
    for (int i = 0; i < n; i++) {
        int b = order[i].index;
        put(&s, b, fit(&s, b, tightest));
        if (offset[b] + v[b].bytes > top)
            top = offset[b] + v[b].bytes;
    }
    return top;
}

/* ---- exact --------------------------------------------------------------------------------- */

/* Some optimum has every block resting on another or on zero; placed in order of rising offset, each
 * then lies exactly on top of what is below it. So permutations with rising offsets are enough. */
typedef struct search {
    const block *v;
    int n, nodes;
    int64_t bound, best;
    int64_t offset[EXACT_BLOCKS], best_offset[EXACT_BLOCKS];
} search;

static int64_t resting_place(const search *s, int i, unsigned placed)
{
    int64_t at = 0;
    for (int j = 0; j < s->n; j++)
        if ((placed >> j & 1U) && meet(&s->v[i], &s->v[j]) && s->offset[j] + s->v[j].bytes > at)
            at = s->offset[j] + s->v[j].bytes;
    return at;
}

static void descend(search *s, unsigned placed, int64_t low, int64_t top)
{
    if (placed == (1U << s->n) - 1U) {
        s->best = top;
        memcpy(s->best_offset, s->offset, sizeof s->offset);
        return;
    }
    for (int i = 0; i < s->n && s->best > s->bound && s->nodes < EXACT_NODES; i++) {
        if (placed >> i & 1U)
            continue;
        s->nodes++;
        int64_t at = resting_place(s, i, placed), end = at + s->v[i].bytes;
        if (at < low || end >= s->best)
            continue;
        s->offset[i] = at;
        descend(s, placed | 1U << i, at, end > top ? end : top);
    }
}

static int64_t exact(const block *v, int n, int64_t bound, int64_t best, int64_t *offset)
{
    search s = {.v = v, .n = n, .bound = bound, .best = best};
    descend(&s, 0, 0, 0);
    if (s.best < best)
        memcpy(offset, s.best_offset, (size_t)n * sizeof *offset);
    return s.best;
}

int64_t layout_blocks(arena *a, const block *v, int n, int64_t *offset)
{
    int64_t bound = layout_lower_bound(v, n), best = INT64_MAX;
    int64_t *trial = ARENA_ARRAY(a, int64_t, n);
    if (n == 0)
        return 0;
    for (int k = 0; k < KEYS; k++)
        for (int tightest = 0; tightest < 2 && best > bound; tightest++) {
            int64_t top = greedy(a, v, n, (key)k, tightest, trial);
            if (top < best) {
                best = top;
                memcpy(offset, trial, (size_t)n * sizeof *offset);
            }
        }
    if (best > bound && n <= EXACT_BLOCKS)
        best = exact(v, n, bound, best, offset);
    return best;
}
