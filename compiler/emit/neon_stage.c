/* neon_stage.c - the input of a convolution in scratch, with its pads. */
#include "compiler/emit/neon.h"

bool neon_is_padded(const ir_op *op)
{
    const int *pad = op->at.pad;
    return op->kind == OP_CONV2D && (pad[0] || pad[1] || pad[2] || pad[3]);
}

void neon_stage_init(neon_stage *s, const ir_op *op, int channels, int copies)
{
    const ir_shape *in = &op->in[0]->shape;
    *s = (neon_stage){1, 1, channels, copies, 0};
    if (op->kind == OP_CONV2D) {
        s->h = in->dim[0] + op->at.pad[0] + op->at.pad[1];
        s->w = in->dim[1] + op->at.pad[2] + op->at.pad[3];
    } else {
        s->h = (int)(ir_elems(in) / in->dim[in->rank - 1]);
    }
    /* put_lines fills a whole gap behind the last line, kernels read whole registers */
    s->bytes = ((int64_t)s->h * s->w + op->at.pad[2]) * channels + NEON_BYTES;
}

/* Lines keep their channels: they are copied, and what is between two of them filled, at once. */
static void put_lines(const neon_stage *s, const ir_op *op, text *t)
{
    const int *pad = op->at.pad;
    int line = s->w * s->channels, own = line - (pad[2] + pad[3]) * s->channels;
    text_set(t, "in_lines", "%d", op->in[0]->shape.dim[0]);
    text_set(t, "own", "%d", own);
    text_set(t, "staged_line", "%d", line);
    text_set(t, "first", "%d", pad[0] * line + pad[2] * s->channels);
    text_set(t, "between", "%d", line - own);
    text_set(t, "last", "%d", pad[1] * line - pad[2] * s->channels);
    text_set(t, "behind", "%d", pad[1] > 0);
    text_put(
        t,
        "?first|    $P$_filled(staged, $fill$, $first$);\n"
        "    for (int32_t y = 0; y < $in_lines$; ++y) {\n"
        "        $P$_copied(staged + $first$ + y * $staged_line$, in0 + y * $own$, $own$);\n"
        "?between|        $P$_filled(staged + $first$ + $own$ + y * $staged_line$, $fill$, "
        "$between$);\n"
        "    }\n"
        "?behind|    $P$_filled(staged + $first$ + $in_lines$ * $staged_line$, $fill$, $last$);\n");
}

static void put_cells(const neon_stage *s, const ir_op *op, text *t)
{
    const int *pad = op->at.pad, line = s->w * s->channels;
    const ir_shape *in = &op->in[0]->shape;
    text_set(t, "staged_bytes", "%d", (int)s->bytes);
    text_set(t, "in_lines", "%d", in->dim[0]);
    text_set(t, "in_cells", "%d", in->dim[1]);
    text_set(t, "in_c", "%d", in->dim[2]);
    text_set(t, "staged_c", "%d", s->channels);
    text_set(t, "staged_line", "%d", line);
    text_set(t, "first", "%d", pad[0] * line + pad[2] * s->channels);
    text_set(t, "copies", s->copies > 1 ? "%d" : "", s->copies);
    text_put(t, "    $P$_filled(staged, $fill$, $staged_bytes$);\n"
                "    for (int32_t y = 0; y < $in_lines$; ++y)\n"
                "        for (int32_t i = 0; i < $in_cells$; ++i) {\n"
                "            const int8_t *from = in0 + (y * $in_cells$ + i) * $in_c$;\n"
                "            int8_t *to = staged + $first$ + y * $staged_line$ + i * $staged_c$;\n"
                "!copies|            $P$_copied(to, from, $in_c$);\n"
                "?copies|            for (int32_t c = 0; c < $in_c$; ++c, to += $copies$)\n"
                "?copies|                for (int32_t k = 0; k < $copies$; ++k)\n"
                "?copies|                    to[k] = from[c];\n"
                "        }\n");
}

void neon_stage_put(const neon_stage *s, emitter *e, const ir_op *op, text *t, bool staged)
{
    const ir_shape *in = &op->in[0]->shape;
    if (!staged) {
        text_put(t, "    const int8_t *x = in0;\n");
        return;
    }
    bool cells = s->channels != in->dim[in->rank - 1];
    text_set(t, "fill", "%d", (int)op->q->in_zero[0]);
    text_set(t, "staged_bytes", "%lld", (long long)ir_elems(in));
    if (!cells || s->copies == 1)
        emit_use_helper(e, EH_NEON_COPY);
    if (cells || neon_is_padded(op))
        emit_use_helper(e, EH_NEON_FILL);
    text_put(t, "    int8_t *const staged = scratch;\n");
    if (cells)
        put_cells(s, op, t);
    else if (neon_is_padded(op))
        put_lines(s, op, t);
    else
        text_put(t, "    $P$_copied(staged, in0, $staged_bytes$);\n");
    text_put(t, "    const int8_t *x = staged;\n");
}
