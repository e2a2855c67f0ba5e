/* layout.c - offsets for blocks of memory with lifetimes, as few bytes as possible.
 *
 * Greedy first fit in several orders; where that misses the lower bound, what came to lie at the top
 * is placed first (where blocks may overlap), or a branch and bound search runs (few blocks, none of
 * which may overlap). Deterministic: ties go by index, the search has a fixed budget. */
#include "compiler/emit/layout.h"

#include <stdlib.h>
#include <string.h>

enum { EXACT_BLOCKS = 16, EXACT_NODES = 300000, PROMOTIONS = 24 };

static bool meet(const block *a, const block *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Whether block `out` may begin at `at` while its input begins at `in_at`, and they overlap. */
static bool may_overlap(const block *out, int64_t at, int64_t in_at)
{
    return (out->same && at == in_at) || (out->behind && in_at - at >= out->ahead);
}

static bool compatible(const block *v, int i, int64_t at, int j, int64_t other)
{
    if (!meet(&v[i], &v[j]) || at + v[i].bytes <= other || other + v[j].bytes <= at)
        return true;
    return (v[i].input == j + 1 && may_overlap(&v[i], at, other)) ||
           (v[j].input == i + 1 && may_overlap(&v[j], other, at));
}

/* Bytes that `out` and its input can share at most. */
static int64_t saving(const block *v, const block *out)
{
    const block *in = &v[out->input - 1];
    int64_t apart = in->bytes + out->bytes, least = apart;
    int64_t largest = in->bytes > out->bytes ? in->bytes : out->bytes;
    if (out->same && largest < least)
        least = largest;
    int64_t shifted = (out->ahead > 0 ? out->ahead : 0) + in->bytes;
    shifted = shifted > out->bytes ? shifted : out->bytes;
    if (out->behind && shifted < least)
        least = shifted;
    return apart - least;
}

int64_t layout_lower_bound(const block *v, int n)
{
    int64_t most = 0;
    for (int i = 0; i < n; i++) { /* the maximum is reached where some block begins */
        int64_t sum = 0;
        for (int j = 0; j < n; j++) {
            if (v[j].first > v[i].first || v[i].first > v[j].last)
                continue;
            sum += v[j].bytes;
            if (v[j].input && v[v[j].input - 1].last >= v[i].first)
                sum -= saving(v, &v[j]);
        }
        if (sum > most)
            most = sum;
    }
    return most;
}

/* ---- greedy -------------------------------------------------------------------------------- */

typedef enum key { BY_SIZE, BY_AREA, BY_START, BY_LENGTH, BY_END, KEYS } key;

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
    /* what is written over an input lies below it, so it is placed before it */
    case BY_END: return (entry){b->first, b->bytes, index};
    default: return (entry){length, b->bytes, index};
    }
}

/* Blocks placed so far. */
typedef struct shelf {
    const block *v;
    int64_t *offset;
    int *placed, n;
} shelf;

static bool fits(const shelf *s, int i, int64_t at)
{
    for (int k = 0; k < s->n; k++)
        if (!compatible(s->v, i, at, s->placed[k], s->offset[s->placed[k]]))
            return false;
    return true;
}

/* Bytes from the end of block i, placed at `at`, to what lies next above it. */
static int64_t slack_above(const shelf *s, int i, int64_t at)
{
    int64_t end = at + s->v[i].bytes, slack = INT64_MAX;
    for (int k = 0; k < s->n; k++) {
        int j = s->placed[k];
        if (meet(&s->v[i], &s->v[j]) && s->offset[j] >= end && s->offset[j] - end < slack)
            slack = s->offset[j] - end;
    }
    return slack;
}

/* Offsets where block i could rest beside the placed block j: on top of it, or over it. */
static int resting_offsets(const shelf *s, int i, int j, int64_t *at)
{
    const block *v = s->v;
    int64_t other = s->offset[j];
    int n = 0;
    at[n++] = other + v[j].bytes;
    if (v[i].input == j + 1 || v[j].input == i + 1) {
        const block *out = v[i].input == j + 1 ? &v[i] : &v[j];
        at[n++] = other;
        at[n++] = out == &v[i] ? other - out->ahead : other + out->ahead;
    }
    return n;
}

/* The lowest place for block i, or the one that leaves least above it. */
static int64_t fit(const shelf *s, int i, bool tightest)
{
    int64_t best = -1, least = INT64_MAX, at[3] = {0};
    for (int k = -1; k < s->n; k++) {
        bool near = k >= 0 && meet(&s->v[i], &s->v[s->placed[k]]);
        int n = k < 0 ? 1 : near ? resting_offsets(s, i, s->placed[k], at) : 0;
        for (int c = 0; c < n; c++) {
            if (at[c] < 0 || !fits(s, i, at[c]))
                continue;
            int64_t slack = tightest ? slack_above(s, i, at[c]) : 0;
            if (best < 0 || slack < least || (slack == least && at[c] < best)) {
                best = at[c];
                least = slack;
            }
        }
    }
    return best;
}

static int64_t place_all(arena *a, const block *v, int n, const int *order, bool tightest,
                         int64_t *offset)
{
    shelf s = {v, offset, ARENA_ARRAY(a, int, n), 0};
    int64_t top = 0;
    for (int i = 0; i < n; i++) {
        int b = order[i];
        offset[b] = fit(&s, b, tightest);
        s.placed[s.n++] = b;
        if (offset[b] + v[b].bytes > top)
            top = offset[b] + v[b].bytes;
    }
    return top;
}

static int *ordered(arena *a, const block *v, int n, key k)
{
    entry *order = ARENA_ARRAY(a, entry, n);
    int *numbers = ARENA_ARRAY(a, int, n);
    for (int i = 0; i < n; i++)
        order[i] = rank(&v[i], i, k);
    qsort(order, (size_t)n, sizeof *order, compare);
    for (int i = 0; i < n; i++)
        numbers[i] = order[i].index;
    return numbers;
}

static void move_to_front(int *order, int n, int b)
{
    int k = 0;
    while (k < n - 1 && order[k] != b)
        k++;
    memmove(order + 1, order, (size_t)k * sizeof *order);
    order[0] = b;
}

/* What lies at the top goes first in the next order: alone, or with the block that it may overlap, the
 * one that is written before the one that is read. */
static void promote(const block *v, int n, const int64_t *offset, int64_t top, int *order, bool pair)
{
    int k = n - 1;
    while (k > 0 && offset[order[k]] + v[order[k]].bytes != top)
        k--;
    int b = order[k], out = b, in = v[b].input ? v[b].input - 1 : -1;
    for (int i = 0; i < n && in < 0; i++)
        if (v[i].input == b + 1) {
            out = i;
            in = b;
        }
    if (pair && in >= 0) {
        move_to_front(order, n, in);
        move_to_front(order, n, out);
    } else {
        move_to_front(order, n, b);
    }
}

typedef struct trial {
    int64_t *offset, *best_offset, best, bound;
} trial;

static void attempt(arena *a, const block *v, int n, int *order, bool tightest, int rounds, trial *t)
{
    for (int round = 0; round <= rounds && t->best > t->bound; round++) {
        int64_t top = place_all(a, v, n, order, tightest, t->offset);
        if (top < t->best) {
            t->best = top;
            memcpy(t->best_offset, t->offset, (size_t)n * sizeof *t->offset);
        }
        promote(v, n, t->offset, top, order, round % 2 == 0);
    }
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
    trial t = {ARENA_ARRAY(a, int64_t, n), offset, INT64_MAX, layout_lower_bound(v, n)};
    bool overlaps = false;
    if (n == 0)
        return 0;
    for (int i = 0; i < n; i++)
        overlaps |= v[i].input > 0;
    for (int k = 0; k < KEYS; k++)
        for (int tightest = 0; tightest < 2; tightest++)
            attempt(a, v, n, ordered(a, v, n, (key)k), tightest, overlaps ? PROMOTIONS : 0, &t);
    if (t.best > t.bound && n <= EXACT_BLOCKS && !overlaps)
        t.best = exact(v, n, t.bound, t.best, offset);
    return t.best;
}
