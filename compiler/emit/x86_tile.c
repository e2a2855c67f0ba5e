/* x86_tile.c - the unrolled parts of a tile on x86-64: sums s<window>_<register>, weights
 * f<register>. */
#include "compiler/emit/ops.h"
#include "compiler/emit/x86.h"

#include <string.h>

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
    return first / X86_BLOCK * x86_scale_numbers(v->op) + first % X86_BLOCK;
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
        text_put(t, "    const $bytes$ f$reg$ = $weights_of$(w + $at$);\n");
        for (int p = 0; p < v->windows; ++p) {
            set(t, "win", p);
            set(t, "at", p * v->step + r * v->lanes * 4);
            text_put(t, "    s$win$_$reg$ = $dot$(s$win$_$reg$, $own_codes$(x + $at$), f$reg$);\n");
        }
    }
}

/* The products of a lane's terms of each window with the weights of each block. */
static void put_products(const x86_tile *v, text *t)
{
    if (v->own) {
        put_own_products(v, t);
        return;
    }
    for (int r = 0; r < registers(v); ++r) {
        set(t, "reg", r);
        set(t, "at", r * v->lanes * 4);
        text_put(t, "    const $bytes$ f$reg$ = $weights_of$(w + $at$);\n");
    }
    for (int p = 0; p < v->windows; ++p) {
        set(t, "win", p);
        set(t, "at", p * v->step);
        text_put(t, "    const $bytes$ c$win$ = $lane_codes$(x + k + $at$);\n");
        for (int r = 0; r < registers(v); ++r) {
            set(t, "reg", r);
            text_put(t, "    s$win$_$reg$ = $dot$(s$win$_$reg$, c$win$, f$reg$);\n");
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

/* Codes of 16 bits, a register at a time. */
static void put_wide_stores(const x86_tile *v, text *t)
{
    for (int sum = 0; sum < registers(v) * v->windows; ++sum) {
        int r = sum % registers(v);
        set(t, "win", sum / registers(v));
        set(t, "reg", r);
        set(t, "at", scale_at(v, r));
        set(t, "to", sum / registers(v) * v->outputs + r * v->lanes);
        text_set(t, "count", v->partial ? "n - %d" : "%d", v->partial ? r * v->lanes : v->lanes);
        text_put(t,
                 "    $P$_store_wide(out + $to$, $codes$(($P$_lanes)s$win$_$reg$, scale + $at$), "
                 "$count$, $limits$);\n");
    }
}

/* Sums to memory, a window's at a time, of which plain C makes codes. */
static void put_sums_out(const x86_tile *v, text *t)
{
    set(t, "places", v->blocks * X86_BLOCK);
    text_put(t, "    int32_t sum[$places$];\n");
    for (int p = 0; p < v->windows; ++p) {
        set(t, "win", p);
        set(t, "at", p * v->outputs);
        for (int r = 0; r < registers(v); ++r) {
            set(t, "reg", r);
            set(t, "to", r * v->lanes);
            text_put(t, "    $U$_PUT(sum + $to$, ($P$_lanes)s$win$_$reg$);\n");
        }
        text_put(t, "    $finish$(sum$finish_first$, out + $at$);\n");
    }
}

/* Sums to codes in `out`. */
static void put_stores(const x86_tile *v, text *t)
{
    if (!x86_scales(v->op)) {
        put_sums_out(v, t);
        return;
    }
    if (v->op->out[0]->type == IR_I16) {
        put_wide_stores(v, t);
        return;
    }
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

/* The operations on terms of 8 or 16 bits. */
static void set_terms(const x86_tile *v, text *t)
{
    static const char *const words[2][5] = {
        {"$P$_bytes", "$P$_weights", "$P$_codes", "$P$_four", "$U$_DOT"},
        {"$P$_lanes", "$U$_LOAD", "$P$_two", "$U$_LOAD", "$U$_PAIR"}};
    static const char *const keys[] = {"bytes", "weights_of", "lane_codes", "own_codes", "dot"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; ++i)
        text_set(t, keys[i], "%s", text_expand(t, words[v->wide][i]));
    text_set(t, "out_type", "%s", emit_ctype(v->op->out[0]->type));
}

void x86_tile_param(const x86_tile *v, text *t)
{
    bool plain = !x86_scales(v->op);
    bool first = plain && (v->partial || strstr(text_expand(t, "$finished$"), "first"));
    text_set(t, "param", first ? ", int32_t first" : !plain && v->partial ? ", int n" : "");
    text_set(t, "argument",
             first                  ? ", b * 16"
             : !plain && v->partial ? ", %d - b * 16"
                                    : "",
             v->op->q->channels);
    text_set(t, "finish_first", first ? ", first" : "");
}

/* What makes codes of a window's sums, one by one. */
static void put_finish(const x86_tile *v, text *t)
{
    text_set(t, "partial", "%d", v->partial);
    text_set(t, "channels", "%d", v->op->q->channels);
    text_put(
        t, "/* $layer$: codes of the sums of neighbouring channels. */\n"
           "static void $finish$(const int32_t *sum$param$, $out_type$ *out)\n"
           "{\n"
           "    enum { sums = $tile$_blocks * 16 };\n"
           "?partial|    const int32_t n = $channels$ - first < sums ? $channels$ - first : sums;\n"
           "?partial|    for (int32_t i = 0; i < n; ++i)\n"
           "!partial|    for (int32_t i = 0; i < sums; ++i)\n"
           "        out[i] = $finished$;\n"
           "}\n\n");
}

void x86_put_tile(const x86_tile *v, int line, const char *loop, text *t)
{
    static const char *const lines[LEVELS] = {"#if $U$_LANES == 16\n", "#elif $U$_LANES == 8\n",
                                              "#else\n"};
    set_terms(v, t);
    text_put(
        t, "enum {\n"
           "    $tile$_windows = $U$_LANES == 16 ? $tile16$ : $U$_LANES == 8 ? $tile8$ : $tile4$,\n"
           "    $tile$_blocks = $U$_LANES == 16 ? $group$ : 1\n"
           "};\n");
    if (!x86_scales(v->op))
        put_finish(v, t);
    text_put(t, "static void $tile$(const uint8_t *x, const int8_t *w, const int32_t *scale, "
                "$out_type$ *out$param$)\n"
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
