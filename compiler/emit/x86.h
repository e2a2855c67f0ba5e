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
/* Whether the bounds prove the vector form of requantization for every channel. */
bool x86_scales(const ir_op *op);
/* Emits, for each block of 16 channels, the rows bias, mult, left, right, add of 16 numbers, and
 * the function that requantizes a register of sums; sets variables of t: `scale` (the array),
 * `codes` (the function) and `limits` (lo, hi: for the helper packed). extra[c] is added to the
 * bias of channel c, modulo 2^32 (NULL: zeros). order: the channel at each place, [blocks * 16], -1
 * for none; NULL: as they are. */
void x86_put_scale(emitter *e, const ir_op *op, text *t, const int64_t *extra, const int *order,
                   int blocks);

/* ---- x86_tile.c -------------------------------------------------------------------------------
 */
/* A tile: `windows` windows side by side and `blocks` blocks of 16 channels, each sum in a variable
 * of its own: gcc keeps an array in memory. */
typedef struct x86_tile {
    int lanes, windows, blocks;
    int step;     /* bytes from window to window */
    int outputs;  /* channels of the output */
    bool own;     /* each register has codes of its own (depthwise), not four terms for all */
    bool partial; /* some of a block's 16 channels are none: the function has a parameter n,
                     channels from the tile's first */
} x86_tile;
/* Windows of a tile, of `line` in all, at most `most`: least computed twice, then most. */
int x86_choose_tile(int line, int most);
/* The same for blocks of 16 channels in a group: least waste, then most. */
int x86_choose_group(int blocks, int most);
/* Windows of a tile at level 0 (AVX512: `tile`), 1 (AVX2), 2 (SSE2), of `line` in all. */
int x86_windows(int level, int tile, int line);
/* The function $tile$ for the three levels, of which v is the first's but for its lanes; `loop` opens
 * the loop over the terms. Wants what x86_put_scale sets, and $tile16$, $tile8$, $tile4$, $group$, $param$. */
void x86_put_tile(const x86_tile *v, int line, const char *loop, text *t);

/* ---- x86_levels.c -----------------------------------------------------------------------------
 */
enum { X86_LEVELS = 64 };
/* Weights as the kernels have them, bytes in groups: int8 codes that are read where they are, or
 * fields that become such bytes in scratch first. */
typedef struct x86_levels {
    const ir_op *op;
    bool fields;
    int64_t bytes;  /* of a group */
    int bits, unit; /* fields: of a field; that are unpacked together */
    int64_t units;  /* of a group */
    int64_t stored; /* bytes of a group as they are stored */
    int8_t table[X86_LEVELS];
    int8_t pad; /* stands where no weight is */
    bool clear; /* since its level is not 0, those weights are cleared afterwards */
} x86_levels;
bool x86_levels_take(const ir_op *op);
x86_levels x86_levels_of(const ir_op *op, int64_t bytes);
/* Bytes of scratch for a group. */
static inline int64_t x86_levels_scratch(const x86_levels *v)
{
    return v->fields ? v->units * v->unit : 0;
}
/* What stands for weight i of the IR, and its level. */
int8_t x86_stored_weight(const x86_levels *v, int64_t i);
int8_t x86_weight_level(const x86_levels *v, int8_t stored);
/* Emits w[groups][bytes], what stands for weights. */
const char *x86_put_weights(const x86_levels *v, emitter *e, const int8_t *w, int groups,
                            const char *comment);
/* For fields: the function $levels$(to, from) that unpacks a group of $stored$ bytes. Of the last
 * `tail` of each `period` bytes, only `rest` of four are weights. */
void x86_put_levels(const x86_levels *v, emitter *e, int64_t period, int64_t tail, int rest,
                    text *t);

/* ---- helpers (x86_text.c, x86_text_scale.c) ---------------------------------------------------
 */
extern const char helper_x86_level[], helper_x86_run_time[], helper_x86[], helper_x86_dot[],
    helper_x86_shifted[], helper_x86_levels[], helper_x86_look64[], helper_x86_quads[],
    helper_x86_wide[], helper_x86_upper[], helper_x86_doubled[], helper_x86_shift[],
    helper_x86_ties[], helper_x86_packed[];

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
