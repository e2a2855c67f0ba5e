/* x86_tile.c - the unrolled parts of a tile on x86-64: sums s<window>_<register>, weights
 * f<register>. */
#include "compiler/emit/ops.h"
#include "compiler/emit/x86.h"

int x86_choose_group(int blocks, int most)
{
    int best = 1;
    for (int g = 2; g <= most; ++g)
        if ((blocks + g - 1) / g * g <= (blocks + best - 1) / best * best)
            best = g;
    return best;
}

int x86_choose_tile(int line, int most)
{
    int best = 1;
    for (int p = 2; p <= most && p <= line; ++p)
        if ((line + p - 1) / p * p * 16 <= (line + best - 1) / best * best * 17)
            best = p;
    return best;
}

/* Registers of a window. */
static int registers(const x86_tile *v)
{
    return v->blocks * X86_BLOCK / v->lanes;
}

/* Where register r's numbers stand in the rows of its block. */
static int scale_at(const x86_tile *v, int r)
{
    int first = r * v->lanes;
    return first / X86_BLOCK * X86_BLOCK * X86_SCALE_ROWS + first % X86_BLOCK;
}

static void set(text *t, const char *key, int value)
{
    text_set(t, key, "%d", value);
}

/* Sums that begin with the biases. */
static void put_sums(const x86_tile *v, text *t)
{
    for (int r = 0; r < registers(v); ++r) {
        set(t, "reg", r);
        set(t, "at", scale_at(v, r));
        text_put(t, "    $P$_sums s0_$reg$ = ($P$_sums)$U$_LOAD(scale + $at$);\n");
    }
    for (int p = 1; p < v->windows; ++p) {
        buf b;
        buf_init(&b, t->out->a);
        for (int r = 0; r < registers(v); ++r)
            buf_printf(&b, "%s s%d_%d = s0_%d", r ? "," : "", p, r, r);
        text_set(t, "copies", "%s", buf_str(&b));
        text_put(t, "    $P$_sums$copies$;\n");
    }
}

/* Windows first: a weight is loaded once, and its register is free again. */
static void put_own_products(const x86_tile *v, text *t)
{
    for (int r = 0; r < registers(v); ++r) {
        set(t, "reg", r);
        set(t, "at", r * v->lanes * 4);
        text_put(t, "    const $P$_bytes f$reg$ = $P$_weights(w + $at$);\n");
        for (int p = 0; p < v->windows; ++p) {
            set(t, "win", p);
            set(t, "at", p * v->step + r * v->lanes * 4);
            text_put(t, "    s$win$_$reg$ = $U$_DOT(s$win$_$reg$, $P$_four(x + $at$), f$reg$);\n");
        }
    }
}

/* The products of four terms of each window with the weights of each block. */
static void put_products(const x86_tile *v, text *t)
{
    if (v->own) {
        put_own_products(v, t);
        return;
    }
    for (int r = 0; r < registers(v); ++r) {
        set(t, "reg", r);
        set(t, "at", r * v->lanes * 4);
        text_put(t, "    const $P$_bytes f$reg$ = $P$_weights(w + $at$);\n");
    }
    for (int p = 0; p < v->windows; ++p) {
        set(t, "win", p);
        set(t, "at", p * v->step);
        text_put(t, "    const $P$_bytes c$win$ = $P$_codes(x + k + $at$);\n");
        for (int r = 0; r < registers(v); ++r) {
            set(t, "reg", r);
            text_put(t, "    s$win$_$reg$ = $U$_DOT(s$win$_$reg$, c$win$, f$reg$);\n");
        }
    }
}

/* Stores codes of four registers, the first of which is register `first` of the tile: 16 channels
 * of a window each part, or all of it where they follow one another. */
static void put_store(const x86_tile *v, text *t, int first)
{
    int parts = 4 * v->lanes / X86_BLOCK, whole = 4 * v->lanes, sums = registers(v) * v->windows;
    bool together = !v->partial && first + 4 <= sums &&
                    (whole <= v->blocks * X86_BLOCK || v->outputs == v->blocks * X86_BLOCK);
    for (int i = 0; i < (together ? 1 : parts); ++i) {
        int sum = first + i * X86_BLOCK / v->lanes;
        if (sum >= sums)
            return;
        int channel = sum % registers(v) * v->lanes;
        set(t, "part", i);
        set(t, "at", sum / registers(v) * v->outputs + channel);
        set(t, "chan", channel);
        if (together)
            text_put(t, "    $U$_PUT(out + $at$, codes);\n");
        else if (v->partial)
            text_put(t, "    $P$_store(out + $at$, $U$_PART(codes, $part$), n - $chan$);\n");
        else
            text_put(t, "    $P$_store(out + $at$, $U$_PART(codes, $part$), 16);\n");
    }
}

/* Sums to codes in `out`. */
static void put_stores(const x86_tile *v, text *t)
{
    static const char *const names[] = {"v0", "v1", "v2", "v3"};
    int sums = registers(v) * v->windows;
    text_put(t, "    $P$_lanes codes, v0, v1, v2, v3;\n");
    for (int first = 0; first < sums; first += 4) {
        for (int i = 0; i < 4; ++i) {
            int sum = first + i, r = sum % registers(v);
            text_set(t, "v", "%s", names[i]);
            text_set(t, "sum", "s%d_%d", sum / registers(v), r);
            set(t, "at", scale_at(v, r));
            if (sum < sums)
                text_put(t, "    $v$ = $codes$(($P$_lanes)$sum$, scale + $at$);\n");
            else
                text_put(t, "    $v$ = v0;\n");
        }
        text_put(t, "    codes = $P$_packed(v0, v1, v2, v3, $limits$);\n");
        put_store(v, t, first);
    }
}

/* ---- the function ------------------------------------------------------------------------------
 */

enum { LEVELS = 3 };

int x86_windows(int level, int tile, int line)
{
    static const int most[LEVELS] = {0, 4, 2};
    return level == 0 ? tile : line < most[level] ? line : most[level];
}

/* Sums, the loop over terms, stores. */
static void put_level(const x86_tile *v, const char *loop, text *t)
{
    put_sums(v, t);
    text_put(t, loop);
    t->out->indent += 4;
    put_products(v, t);
    t->out->indent -= 4;
    text_put(t, "    }\n");
    put_stores(v, t);
}

void x86_put_tile(const x86_tile *v, int line, const char *loop, text *t)
{
    static const char *const lines[LEVELS] = {"#if $U$_LANES == 16\n", "#elif $U$_LANES == 8\n",
                                              "#else\n"};
    text_put(
        t, "enum {\n"
           "    $tile$_windows = $U$_LANES == 16 ? $tile16$ : $U$_LANES == 8 ? $tile8$ : $tile4$,\n"
           "    $tile$_blocks = $U$_LANES == 16 ? $group$ : 1\n"
           "};\n"
           "static void $tile$(const uint8_t *x, const int8_t *w, const int32_t *scale, int8_t "
           "*out$param$)\n"
           "{\n");
    for (int level = 0; level < LEVELS; ++level) {
        x86_tile own = *v;
        own.lanes = 16 >> level;
        own.windows = x86_windows(level, v->windows, line);
        own.blocks = level == 0 ? v->blocks : 1;
        text_put(t, lines[level]);
        put_level(&own, loop, t);
    }
    text_put(t, "#endif\n"
                "}\n\n");
}
