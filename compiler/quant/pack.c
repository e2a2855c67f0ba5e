/* pack.c - weight codes as a saved pair stores them: PyTorch's order of elements, and below 8 bits
 * packed rows (contracts.md §2). */
#include <string.h>

#include "compiler/quant/internal.h"

int64_t packed_row_bytes(int64_t n, int bits)
{
    return (n * bits + 7) / 8;
}

/* The n-bit field of a code: two's complement, except for odd midpoint codes 2k+1-2^n and codebook
 * indices, which store k and the index. */
static uint32_t field_of(const ir_quant *q, int32_t code)
{
    uint32_t mask = ((uint32_t)1 << q->bits) - 1;
    if (quant_is_odd_midpoint(q))
        return (uint32_t)(code - 1 + ((int32_t)1 << q->bits)) / 2;
    return (uint32_t)code & mask;
}

static int32_t code_of(const ir_quant *q, uint32_t field)
{
    int32_t v = (int32_t)field, size = (int32_t)1 << q->bits;
    if (quant_is_odd_midpoint(q))
        return 2 * v + 1 - size;
    return q->scheme == IR_Q_CODEBOOK || v < size / 2 ? v : v - size;
}

void pack_row(const ir_quant *q, const int8_t *codes, int64_t n, uint8_t *out)
{
    memset(out, 0, (size_t)packed_row_bytes(n, q->bits));
    for (int64_t i = 0; i < n; i++) {
        uint32_t field = field_of(q, codes[i]);
        for (int b = 0; b < q->bits; b++) {
            int64_t at = i * q->bits + b;
            out[at / 8] |= (uint8_t)((field >> b & 1u) << (at % 8));
        }
    }
}

bool unpack_row(const ir_quant *q, const uint8_t *in, int64_t n, int8_t *codes)
{
    int32_t lo, hi;
    quant_code_range(q, &lo, &hi);
    for (int64_t i = 0; i < n; i++) {
        uint32_t field = 0;
        for (int b = 0; b < q->bits; b++) {
            int64_t at = i * q->bits + b;
            field |= (uint32_t)(in[at / 8] >> (at % 8) & 1) << b;
        }
        int32_t code = code_of(q, field);
        if (code < lo || code > hi)
            return false;
        codes[i] = (int8_t)code;
    }
    int used = (int)(n * q->bits % 8);
    return used == 0 || in[packed_row_bytes(n, q->bits) - 1] >> used == 0;
}

ir_shape weight_file_shape(const ir_op *op)
{
    ir_shape s = ir_weight(op)->shape;
    if (op->kind != OP_CONV2D)
        return s;
    return (ir_shape){.rank = 4, .dim = {s.dim[0], s.dim[3], s.dim[1], s.dim[2]}};
}

int64_t *weight_file_order(qctx *ctx, const ir_op *op)
{
    const ir_shape *s = &ir_weight(op)->shape;
    int64_t n = ir_elems(s);
    int64_t *at = ARENA_ARRAY(ctx->a, int64_t, n);
    if (op->kind != OP_CONV2D) {
        for (int64_t i = 0; i < n; i++)
            at[i] = i;
        return at;
    }
    int64_t window = (int64_t)s->dim[1] * s->dim[2], depth = s->dim[3];
    for (int64_t i = 0; i < n; i++) {
        int64_t o = i / (window * depth), in = i / window % depth, cell = i % window;
        at[i] = (o * window + cell) * depth + in;
    }
    return at;
}
