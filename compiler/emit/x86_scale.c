/* x86_scale.c - requantization of many channels at once: numbers in rows, and where it is allowed.
 */
#include "compiler/emit/x86.h"

/* Vectors wrap where C saturates, and add the rounding in 32 bits: the bounds must prove that
 * neither shows. */
static bool channel_fits(const ir_iparams *q, int c)
{
    int i = q->out.n == 1 ? 0 : c, shift = q->out.shift ? q->out.shift[i] : 0;
    if ((q->out.sat && q->out.sat[i]) || (q->out.down && q->out.down[i]))
        return false;
    if (q->mode == IR_NUM_SINGLE)
        return shift <= 0;
    if (q->mode == IR_NUM_Q32)
        return true;
    int right = shift < 0 ? -shift : 0;
    int64_t high = ((q->bound[c] << (shift > 0 ? shift : 0)) * q->out.mult[i] >> 31) + 1;
    return high + (right ? INT64_C(1) << (right - 1) : 0) <= INT32_MAX;
}

bool x86_scales(const ir_op *op)
{
    const ir_iparams *q = op->q;
    if (q->mode == IR_NUM_ONNX || q->acc_type != IR_I32 || op->in[0]->type != IR_I8 ||
        op->out[0]->type != IR_I8)
        return false;
    for (int c = 0; c < q->channels; ++c)
        if (!channel_fits(q, c))
            return false;
    return true;
}

static int32_t wrapped(int64_t v)
{
    return (int32_t)(uint32_t)(uint64_t)v;
}

/* Rows of one channel; `at` is its place in the first row. */
static void fill_channel(const ir_op *op, int c, int64_t extra, int32_t *at)
{
    const ir_iparams *q = op->q;
    int i = q->out.n == 1 ? 0 : c, shift = q->out.shift ? q->out.shift[i] : 0;
    int right = q->mode == IR_NUM_SINGLE              ? 31 - shift
                : q->mode == IR_NUM_TFLM && shift < 0 ? -shift
                                                      : 0;
    at[0] = wrapped(q->bias[c] + extra);
    at[X86_BLOCK] = q->out.mult[i];
    at[2 * X86_BLOCK] = q->mode != IR_NUM_SINGLE && shift > 0 ? shift : 0;
    at[3 * X86_BLOCK] = right;
    at[4 * X86_BLOCK] = q->mode == IR_NUM_TFLM && right > 0 ? 1 << (right - 1) : 0;
}

void x86_put_scale(emitter *e, const ir_op *op, text *t, const int64_t *extra, const int *order,
                   int blocks)
{
    static const struct {
        emit_helper helper;
        const char *name;
    } codes[] = {[IR_NUM_Q32] = {EH_X86_Q32, "codes_q32"},
                 [IR_NUM_TFLM] = {EH_X86_TFLM, "codes_tflm"},
                 [IR_NUM_SINGLE] = {EH_X86_SINGLE, "codes_single"}};
    int n = blocks * X86_BLOCK * X86_SCALE_ROWS;
    int32_t *v = ARENA_ARRAY(e->ctx->a, int32_t, n);
    for (int p = 0; p < blocks * X86_BLOCK; ++p) {
        int c = order ? order[p] : p < op->q->channels ? p : -1;
        int32_t *at = &v[p / X86_BLOCK * X86_BLOCK * X86_SCALE_ROWS + p % X86_BLOCK];
        at[3 * X86_BLOCK] = op->q->mode == IR_NUM_SINGLE ? 31 : 0;
        if (c >= 0)
            fill_channel(op, c, extra ? extra[c] : 0, at);
    }
    emit_use_helper(e, codes[op->q->mode].helper);
    text_set(t, "U", "%s", e->upper);
    text_set(t, "code", "%s", codes[op->q->mode].name);
    text_set(
        t, "scale", "%s",
        emit_array(
            e, EMIT_CONSTANT, op_base(e, op, "scale"), IR_I32, v, n,
            "bias (zero point folded in), multiplier, left and right shift, half: rows of 16"));
    text_set(t, "limits", "%d, %d, %d", (int)op->q->out_zero, (int)op->q->lo, (int)op->q->hi);
}
