/* mve_store.c - weights of all forms for Helium (mve_store.h). */
#include "compiler/emit/mve_store.h"

#include <string.h>

enum { LARGEST_SUM = INT32_MAX / (128 * 128), MASKS = 4 };

/* ---- what there is ----------------------------------------------------------------------------
 */

static bool is_fields(const mve_store *s)
{
    return s->form == WEIGHTS_PACKED || s->form == WEIGHTS_CODEBOOK;
}

static bool has_zeros(const ir_iparams *q)
{
    for (int c = 0; q->wzero && c < q->channels; ++c)
        if (q->wzero[c])
            return true;
    return false;
}

/* Whether digit = level, and no code is the lowest of two's complement. */
static bool is_symmetric(const mve_store *s, const ir_op *op)
{
    int64_t n = ir_elems(&ir_weight(op)->shape);
    bool odd = s->mul != 1 || s->p.add != -(1 << s->bits) / 2 || has_zeros(op->q);
    for (int64_t i = 0; i < n && !odd; ++i)
        odd = packed_value(op, i) == 0;
    return !odd;
}

mve_store mve_store_of(const ir_op *op)
{
    static const int chains[] = {[1] = 4, [2] = 4, [3] = 2, [4] = 2, [8] = 1};
    mve_store s = {.form = weight_form_of(op), .bits = 8, .mul = op->q->wmul};
    if (is_fields(&s)) {
        s.p = packed_numbers(op);
        s.bits = s.p.bits;
    }
    if (s.form == WEIGHTS_PACKED) {
        s.mul = s.p.mul;
        s.carry = is_symmetric(&s, op);
    }
    s.apart = s.form == WEIGHTS_CODEBOOK;
    s.blocks = s.bits == 1 || s.bits == 3 ? 2 : 1;
    s.chain = chains[s.bits];
    s.sums = s.form == WEIGHTS_AFFINE || (s.form == WEIGHTS_PACKED && !s.carry);
    s.table_step = s.p.table_per_channel ? 1 << (s.bits < 8 ? s.bits : 6) : 0;
    return s;
}

bool mve_store_takes(const ir_op *op)
{
    const ir_tensor *w = ir_weight(op);
    weight_form form = weight_form_of(op);
    if (form == WEIGHTS_WIDE || ir_elems(&w->shape) / w->shape.dim[0] > LARGEST_SUM)
        return false;
    if (form == WEIGHTS_CODEBOOK)
        return w->quant->table_type == IR_I8;
    mve_store s = mve_store_of(op);
    return s.mul == 1 || s.mul == 2;
}

/* ---- arrays -----------------------------------------------------------------------------------
 */

int mve_store_byte(const mve_store *s, int j)
{
    if (s->bits == 3)
        return j / 2 < 3 ? j / 2 : -1;
    return j * s->bits / 8;
}

int mve_store_bit(const mve_store *s, int j)
{
    return s->bits == 3 ? 5 - 3 * (j % 2) : 8 - s->bits - j * s->bits % 8;
}

/* The digit of a field, modulo 256. */
static unsigned digit_of(const mve_store *s, int j, unsigned field)
{
    unsigned half = 1u << s->bits >> 1;
    if (field == MVE_NO_FIELD)
        return 0;
    if (s->apart)
        return field;
    return s->carry ? field - half : j % s->chain == 0 ? field ^ half : field;
}

static void pack_lane(const mve_store *s, const uint8_t *fields, uint8_t *to)
{
    unsigned lower = 0;
    for (int j = 0; j < s->blocks * MVE_FILTERS; ++j) {
        unsigned digit = digit_of(s, j, fields[j * MVE_BYTES]) << mve_store_bit(s, j);
        int byte = mve_store_byte(s, j);
        if (byte < 0)
            lower += digit;
        else
            to[byte * MVE_BYTES] = (uint8_t)(to[byte * MVE_BYTES] + digit);
    }
    for (int i = 0; i < 3 && s->bits == 3; ++i)
        to[i * MVE_BYTES] |= (uint8_t)(lower >> (2 * i + 2) & 3u);
}

const uint8_t *mve_store_pack(const mve_store *s, arena *a, const uint8_t *fields, int blocks)
{
    int unit = mve_store_bytes(s, s->blocks), vectors = s->blocks * MVE_FILTERS;
    uint8_t *to = arena_calloc(a, (size_t)(blocks / s->blocks), (size_t)unit);
    for (int u = 0; u < blocks / s->blocks; ++u)
        for (int lane = 0; lane < MVE_BYTES; ++lane)
            pack_lane(s, fields + u * vectors * MVE_BYTES + lane, to + u * unit + lane);
    return to;
}

const char *mve_store_table(mve_store *s, emitter *e, const ir_op *op, int filters)
{
    const ir_quant *q = ir_weight(op)->quant;
    arena *a = e->ctx->a;
    if (!s->table_step) {
        packed_table(e, op, &s->p, op->q->channels);
        return s->p.table;
    }
    int8_t *to = arena_calloc(a, (size_t)filters, (size_t)s->table_step);
    for (int c = 0; c < op->q->channels; ++c)
        for (int i = 0; i < q->entries; ++i)
            to[c * s->table_step + i] = (int8_t)q->table[c * q->entries + i];
    const char *comment = arena_printf(a, "%s: levels of the codebooks [filter][entry %d]",
                                       emit_comment(e, op->name), s->table_step);
    return emit_array(e, EMIT_WEIGHT, op_base(e, op, "codebook"), IR_I8, to,
                      (int64_t)filters * s->table_step, comment);
}

/* ---- what follows the sums ----------------------------------------------------------------- */

bool mve_store_down(const mve_store *s, int32_t down[MVE_LANES])
{
    bool any = false;
    for (int j = 0; j < MVE_LANES; ++j) {
        int low = s->form != WEIGHTS_PACKED ? 0 : s->carry ? 8 - s->bits : mve_store_bit(s, j);
        down[j] = s->form == WEIGHTS_CODEBOOK ? 0 : s->mul / 2 - low;
        any |= down[j] != 0;
    }
    return any;
}

const char *mve_store_offsets(const mve_store *s, emitter *e, const ir_op *op, int filters,
                              bool *alike)
{
    const ir_iparams *q = op->q;
    int32_t *v = ARENA_ARRAY(e->ctx->a, int32_t, filters);
    *alike = true;
    for (int c = 0; c < filters; ++c) {
        int of = c < q->channels ? c : q->channels - 1;
        int64_t add = s->form == WEIGHTS_PACKED ? s->p.add : q->wadd;
        if (s->form == WEIGHTS_PACKED && c % s->chain == 0)
            add += (int64_t)s->mul << s->bits >> 1; /* a signed digit */
        v[c] = (int32_t)(add + (q->wzero ? q->wzero[of] : 0));
        *alike &= v[c] == v[c % MVE_LANES];
    }
    return emit_array(e, EMIT_CONSTANT, op_base(e, op, "weight_offset"), IR_I32, v,
                      *alike ? MVE_LANES : filters,
                      "times the sum of the inputs: added to every sum of a filter");
}

/* ---- a unit -----------------------------------------------------------------------------------
 */

typedef struct unit {
    const mve_store *s;
    arena *a;
    buf out;
    int windows, filter;
} unit;

static void put(unit *u, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(unit *u, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_printf(&u->out, " \\\n    \"%s\\n\\t\"", arena_vprintf(u->a, fmt, ap));
    va_end(ap);
}

/* The vector in register q against the windows' codes. */
static void put_products(unit *u, int j, const char *q)
{
    static const char *const sums[2][MVE_FILTERS] = {{"r0", "r2", "r4", "r6"},
                                                     {"r8", "r10", "r12", "lr"}};
    for (int i = 0; i < u->windows; ++i)
        buf_printf(&u->out, " %s \" %s, q%d, %s\\n\\t\"",
                   j < MVE_FILTERS ? "mul" : "\"vmladava.s8\"", sums[i][j % MVE_FILTERS], i, q);
}

static void put_load(unit *u, const char *q)
{
    put(u, "vldrb.8 %s, [r5], #16", q);
}

/* 3 bits: brings byte `byte` of the lanes into a register, which is returned; q7 collects the lower
 * bits of all. */
static const char *put_byte_of_three(unit *u, int byte)
{
    switch (byte) {
    case 0:
        put_load(u, "q7");
        return "q7";
    case -1:
        put(u, "vsli.8 q7, q2, #4");
        put(u, "vshl.i8 q7, q7, #2");
        return "q7";
    default:
        if (byte == 2)
            put(u, "vsli.8 q7, q2, #2");
        put_load(u, "q2");
        return "q2";
    }
}

/* Digits of three bits: q3 has the byte less its lower bits, then less its first digit. */
static void put_three(unit *u, int j)
{
    const mve_store *s = u->s;
    const char *from = j < 2 || j > 5 ? "q7" : "q2";
    if (j % 2 == 0)
        from = put_byte_of_three(u, mve_store_byte(s, j));
    if (j == 6) { /* nothing lies below */
        put_products(u, j, from);
        return;
    }
    if (j % 2 == 0)
        put(u, "vand q3, %s, %%q[mask0]", from);
    else if (s->carry)
        put(u, "vshl.i8 q3, %s, #3", j == 7 ? "q7" : "q3");
    else
        put(u, "vand q3, %s, %%q[mask1]", from);
    put_products(u, j, "q3");
}

/* Digits of 1, 2 or 4 bits: q2 is the byte. */
static void put_digit(unit *u, int j)
{
    const mve_store *s = u->s;
    int k = j % s->chain;
    const char *q = "q3";
    if (j * s->bits % 8 == 0)
        put_load(u, "q2");
    else if (k == 0)
        put(u, "vshl.i8 q2, q2, #4");
    if (s->bits == 1 && j == 0)
        put(u, "vand q3, q2, %%q[mask0]");
    else if (k == 0)
        q = "q2";
    else if (s->carry)
        put(u, "vshl.i8 q3, q2, #%d", k * s->bits);
    else
        put(u, "vand q3, q2, %%q[mask%d]", s->bits == 1 ? k : k - 1);
    put_products(u, j, q);
}

/* Levels by index: q3 is the index, q6 the level. */
static void put_level(unit *u, int j)
{
    const mve_store *s = u->s;
    int low = mve_store_bit(s, j), filter = j % MVE_FILTERS;
    const char *from = s->bits == 8 ? "q3" : "q2";
    if (s->bits == 3)
        from = j % 2 == 0       ? put_byte_of_three(u, mve_store_byte(s, j))
               : j < 2 || j > 5 ? "q7"
                                : "q2";
    else if (j * s->bits % 8 == 0)
        put_load(u, from);
    if (low) {
        put(u, "vshr.u8 q3, %s, #%d", from, low);
        from = "q3";
    }
    if (low + s->bits < 8)
        put(u, "vand q3, %s, %%q[mask0]", from);
    if (s->table_step && filter != u->filter)
        put(u, "%s r9, r9, #%d", filter > u->filter ? "add" : "sub",
            (filter > u->filter ? 1 : MVE_FILTERS - 1) * s->table_step);
    u->filter = filter;
    put(u, "vldrb.u8 q6, [r9, q3]");
    put_products(u, j, "q6");
}

static void put_unit(unit *u)
{
    const mve_store *s = u->s;
    for (int j = 0; j < s->blocks * MVE_FILTERS; ++j) {
        if (j == MVE_FILTERS)
            buf_puts(&u->out, " y");
        if (s->form == WEIGHTS_CODEBOOK)
            put_level(u, j);
        else if (s->bits == 3)
            put_three(u, j);
        else
            put_digit(u, j);
    }
    if (s->table_step)
        put(u, "sub r9, r9, #%d", (MVE_FILTERS - 1) * s->table_step);
}

/* ---- masks, and the sums ------------------------------------------------------------------- */

/* Values of the masks; their number. */
static int masks_of(const mve_store *s, unsigned mask[MASKS])
{
    if (s->form == WEIGHTS_CODEBOOK) {
        mask[0] = (1u << s->bits) - 1u;
        return s->bits < 8;
    }
    if (s->bits == 1) {
        for (int k = 0; k < MASKS; ++k)
            mask[k] = 0xf0u >> k & 0xf0u;
        return MASKS;
    }
    if (s->bits == 3) {
        mask[0] = 0xfc;
        mask[1] = 0x1c;
        return s->carry ? 1 : 2;
    }
    for (int k = 1; k < s->chain; ++k)
        mask[k - 1] = 0xffu >> k * s->bits;
    return s->carry ? 0 : s->chain - 1;
}

static void set_masks(const mve_store *s, arena *a, text *t)
{
    unsigned mask[MASKS];
    int n = masks_of(s, mask);
    const char *lines = "", *args = "";
    for (int i = 0; i < n; ++i) {
        lines = arena_printf(a, "%s    const uint8x16_t mask%d = vdupq_n_u8(0x%02x);\n", lines, i,
                             mask[i]);
        args = arena_printf(a, "%s, [mask%d] \"w\"(mask%d)", args, i, i);
    }
    text_set(t, "masks", "%s", lines);
    text_set(t, "mask_args", "%s", args);
}

/* A sum of a byte less that of the byte without its first digit. */
static void set_fix(const mve_store *s, arena *a, int windows, text *t)
{
    static const char *const sums[] = {"r0", "r2", "r4", "r6", "r8", "r10", "r12", "lr"};
    const char *shift = s->carry ? arena_printf(a, ", asr #%d", s->bits) : "", *fix = "";
    for (int i = 0; i < windows * MVE_FILTERS; ++i)
        if (i % s->chain != s->chain - 1)
            fix = arena_printf(a, "%s            \"sub %s, %s, %s%s\\n\\t\"\n", fix, sums[i],
                               sums[i], sums[i + 1], shift);
    text_set(t, "fix", "%s", s->form == WEIGHTS_PACKED ? fix : "");
}

void mve_store_print(const mve_store *s, emitter *e, const ir_op *op, int windows, text *t)
{
    arena *a = e->ctx->a;
    bool table = s->form == WEIGHTS_CODEBOOK;
    unit u = {.s = s, .a = a, .windows = windows};
    buf_init(&u.out, a);
    put_unit(&u);
    set_masks(s, a, t);
    set_fix(s, a, windows, t);
    text_set(t, "clobbers", "%s%s%s_MVE_CHANGES%d", table ? "\"q6\", " : "",
             s->bits == 3 ? "\"q7\", " : "", e->upper, windows);
    text_set(t, "unit", "%s", op_aux(e, op, "unit"));
    text_set(t, "pair", "%d", s->blocks == 2);
    text_put(t,
             "/* $layer$: a unit of weights of four filters, against the codes that x loads. */\n"
             "?pair|#define $unit$(mul, x, y) x");
    text_put(t, "!pair|#define $unit$(mul, x) x");
    buf_puts(t->out, buf_str(&u.out));
    buf_puts(t->out, "\n\n");
}
