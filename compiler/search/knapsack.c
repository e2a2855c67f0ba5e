/* knapsack.c - the front of sums: merged layer by layer (Nemhauser and Ullmann, 1969). */
#include <stdlib.h>
#include <string.h>

#include "compiler/search/search.h"

enum { MOST_STATES = 2048 };

static int by_bytes(const void *a, const void *b)
{
    const knapsack_state *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1;
    if (x->loss < y->loss || x->loss > y->loss)
        return x->loss < y->loss ? -1 : 1;
    return strcmp(x->choice, y->choice);
}

/* Drops what another beats; thins the rest to MOST_STATES, both ends kept. */
static int prune(knapsack_state *s, int n)
{
    int kept = 0;
    qsort(s, (size_t)n, sizeof *s, by_bytes);
    for (int i = 0; i < n; i++)
        if (kept == 0 || s[i].loss < s[kept - 1].loss)
            s[kept++] = s[i];
    if (kept <= MOST_STATES)
        return kept;
    for (int i = 0; i < MOST_STATES; i++)
        s[i] = s[(int64_t)i * (kept - 1) / (MOST_STATES - 1)];
    return MOST_STATES;
}

int knapsack(qctx *ctx, int layers, int n, const knapsack_option *options, knapsack_state **front)
{
    knapsack_state *now = ARENA_NEW(ctx->a, knapsack_state);
    int count = 1;
    now->choice = arena_alloc(ctx->a, (size_t)layers + 1);
    for (int l = 0; l < layers; l++) {
        knapsack_state *next = ARENA_ARRAY(ctx->a, knapsack_state, (int64_t)count * n);
        int made = 0;
        for (int i = 0; i < count; i++)
            for (int k = 0; k < n; k++) {
                const knapsack_option *o = &options[l * n + k];
                if (o->bytes < 0)
                    continue;
                char *choice = arena_memdup(ctx->a, now[i].choice, (size_t)layers + 1);
                choice[l] = (char)('0' + k);
                next[made++] =
                    (knapsack_state){now[i].bytes + o->bytes, now[i].loss + o->loss, choice};
            }
        count = prune(next, made);
        now = next;
    }
    *front = now;
    return count;
}
