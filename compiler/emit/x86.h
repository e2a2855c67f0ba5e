/* x86.h - kernels for x86-64: what their printers share.
 *
 * One text serves three levels: AVX512 with VNNI (16 sums in a register), AVX2 (8), SSE2 (4). The
 * helpers of x86_text.c define the level's registers and operations by what the compiler defines;
 * layouts in memory are the same for all. Filters stand in blocks of 16. */
#ifndef QCC_EMIT_X86_H
#define QCC_EMIT_X86_H

#include "compiler/emit/target.h"
#include "compiler/emit/ops.h"

enum { X86_BLOCK = 16, X86_SCALE_ROWS = 5 };

/* ---- x86_scale.c ------------------------------------------------------------------------------
 */
/* Whether the bounds prove the vector form of requantization for every channel; else, codes are
 * made of sums one by one, in plain C. */
bool x86_scales(const ir_op *op);
/* Numbers of a block of 16 channels. */
static inline int x86_scale_numbers(const ir_op *op)
{
    return (x86_scales(op) ? X86_SCALE_ROWS : 1) * X86_BLOCK;
}
/* Emits, for each block of 16 channels, rows of 16 numbers, x86_scale_numbers in all: what sums
 * begin with, and where x86_scales, mult, left, right and add. Sets variables of t: `scale` (the
 * array); then `codes` (the function that requantizes a register of sums) and `limits` (lo, hi: for
 * the helper packed), or `finished` (the code of sum[i], an expression). extra[c] is added to the
 * bias of channel c, modulo 2^32 (NULL: zeros). order: the channel at each place, [blocks * 16], -1
 * for none; NULL: as they are. channel: an expression of that of sum[i]. */
void x86_put_scale(emitter *e, const ir_op *op, text *t, const int64_t *extra, const int *order,
                   int blocks, const char *channel);

/* ---- x86_tile.c -------------------------------------------------------------------------------
 */
/* A tile: `windows` windows side by side and `blocks` blocks of 16 channels, each sum in a variable
 * of its own: gcc keeps an array in memory. */
typedef struct x86_tile {
    const ir_op *op;
    int lanes, windows, blocks;
    int step;     /* bytes from window to window */
    int outputs;  /* channels of the output */
    bool wide;    /* terms have 16 bits: two in a lane, not four of 8 */
    bool own;     /* each register has codes of its own (depthwise), not a lane's terms for all */
    bool partial; /* some of a block's 16 channels are none */
} x86_tile;
/* Sets $param$ and $argument$: what the function takes behind `out`, for the tile that begins with
 * block b. */
void x86_tile_param(const x86_tile *v, text *t);
/* Windows of a tile, of `line` in all, at most `most`: least computed twice, then most. */
int x86_choose_tile(int line, int most);
/* The same for blocks of 16 channels in a group: least waste, then most. */
int x86_choose_group(int blocks, int most);
/* Windows of a tile at level 0 (AVX512: `tile`), 1 (AVX2), 2 (SSE2), of `line` in all. */
int x86_windows(int level, int tile, int line);
/* The function $tile$ for the three levels, of which v is the first's but for its lanes; `loop`
 * opens the loop over the terms. Wants what x86_put_scale and x86_tile_param set, and $tile16$,
 * $tile8$, $tile4$, $group$. */
void x86_put_tile(const x86_tile *v, int line, const char *loop, text *t);

/* ---- x86_levels.c, x86_numbers.c ---------------------------------------------------------------
 */
enum { X86_LEVELS = 64 };
/* How numbers of 16 bits are made of bytes. */
typedef enum x86_making {
    X86_STORED, /* they are what is stored */
    X86_CODES,  /* mul * code + offset of the channel */
    X86_TABLE,  /* looked up */
    X86_TABLES  /* in the channel's own table */
} x86_making;
/* Weights as the kernels multiply them, numbers of 8 or 16 bits in groups of filters. They are
 * stored so, or are made in scratch, a group at a time: of fields, of bytes (codes, indices), or of
 * fields bytes and of these numbers. */
typedef struct x86_levels {
    const ir_op *op;
    bool wide;         /* numbers have 16 bits */
    bool fields;       /* bytes are made of fields first */
    x86_making making; /* wide: of numbers of bytes */
    int width;         /* filters of a group, whose terms stand side by side */
    int64_t numbers;   /* of a group */
    int bits, unit;    /* fields: of a field; that are unpacked together */
    int64_t units;     /* of a group */
    int64_t stored;    /* elements of a group as they are stored */
    bool each;         /* fields: the table is the channel's own */
    int entries;       /* then: of a table, a power of two */
    int8_t table[X86_LEVELS];
    int16_t pad; /* stands where no weight is */
    bool clear;  /* since its level may not be 0, those weights are cleared afterwards */
} x86_levels;
/* Whether terms of 16 bits are wanted, for weights or activations. */
bool x86_is_wide(const ir_op *op);
bool x86_levels_take(const ir_op *op);
/* `numbers` of a group of `width` filters. */
x86_levels x86_levels_of(const ir_op *op, int64_t numbers, int width);
static inline int x86_terms(const x86_levels *v) /* of a lane */
{
    return v->wide ? 2 : 4;
}
static inline int x86_size(const x86_levels *v) /* bytes of a number */
{
    return v->wide ? 2 : 1;
}
static inline bool x86_is_made(const x86_levels *v)
{
    return v->fields || v->making != X86_STORED;
}
/* Bytes of numbers in scratch for a group: a multiple of 64; behind them those of fields. */
int64_t x86_levels_made(const x86_levels *v);
int64_t x86_levels_scratch(const x86_levels *v);
/* What stands for weight i of the IR, and its level. */
int16_t x86_stored_weight(const x86_levels *v, int64_t i);
int8_t x86_weight_level(const x86_levels *v, int64_t i);
/* Emits w[groups][numbers], what stands for weights. */
const char *x86_put_weights(const x86_levels *v, emitter *e, const int16_t *w, int groups,
                            const char *comment);
/* Sets $levels$: "", or the function that makes a group's numbers, $levels$(to, from + $stored$ * g
 * $levels_group$), `g` being the group's number, which the caller sets as $at_group$. order: the
 * channel at each place of the groups. Of the last `tail` of each `period` numbers, only `rest` of
 * a lane's are weights. */
void x86_put_levels(const x86_levels *v, emitter *e, const int *order, int groups, int64_t period,
                    int64_t tail, int rest, text *t);
/* Between the two files: the name of the function that makes bytes, and what it takes. */
void x86_put_numbers(const x86_levels *v, emitter *e, const int *order, int groups, int64_t period,
                     int64_t tail, int rest, text *t);
bool x86_numbers_fit(const ir_op *op);
x86_making x86_making_of(const ir_op *op);

/* ---- helpers (x86_text.c, x86_text_scale.c, x86_text_pair.c)
 * ---------------------------------------------------
 */
extern const char helper_x86_level[], helper_x86_run_time[], helper_x86[], helper_x86_dot[],
    helper_x86_shifted[], helper_x86_levels[], helper_x86_look64[], helper_x86_quads[],
    helper_x86_wide[], helper_x86_upper[], helper_x86_doubled[], helper_x86_shift[],
    helper_x86_ties[], helper_x86_packed[], helper_x86_look_own[], helper_x86_pair[],
    helper_x86_widened[], helper_x86_copied[], helper_x86_rows[], helper_x86_rows_wide[],
    helper_x86_look_wide[], helper_x86_store_wide[];

/* ---- printers ---------------------------------------------------------------------------------
 */
bool x86_takes_conv(const emitter *e, const ir_op *op);
bool x86_print_conv(emitter *e, const ir_op *op);
int64_t x86_scratch_conv(const emitter *e, const ir_op *op);
bool x86_takes_add(const emitter *e, const ir_op *op);
bool x86_print_add(emitter *e, const ir_op *op);
bool x86_takes_depthwise(const emitter *e, const ir_op *op);
bool x86_print_depthwise(emitter *e, const ir_op *op);
int64_t x86_scratch_depthwise(const emitter *e, const ir_op *op);

#endif
