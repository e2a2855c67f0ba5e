/* dsp_levels.c - a channel's weights of any form as levels, for kernels that keep them
 * in registers while they go over the channel: what unpacking costs is paid once a channel. */
#include "compiler/emit/dsp_store.h"

#include <string.h>

#include "compiler/quant/grid.h"

static int32_t code_at(const ir_tensor *w, int64_t i)
{
    return w->type == IR_I16  ? ((const int16_t *)w->data)[i]
           : w->type == IR_U8 ? ((const uint8_t *)w->data)[i]
                              : ((const int8_t *)w->data)[i];
}

bool dsp_levels_take(const emitter *e, const ir_op *op)
{
    const ir_tensor *w = ir_weight(op);
    int64_t terms = ir_elems(&w->shape) / w->shape.dim[0];
    /* TensorFlow Lite's rounding may want them twice (fast.h) */
    int32_t most = op->q->mode == IR_NUM_TFLM ? INT16_MAX / 2 : INT16_MAX;
    if (weight_form_of(op) == WEIGHTS_CODE)
        return true;
    for (int64_t i = 0; i < ir_elems(&w->shape); ++i) {
        int32_t level = quant_level(w->quant, (int)(i / terms), code_at(w, i));
        if (level > most || level < -most)
            return false;
    }
    return !fast_has_constant(e, op);
}

static void put_code_levels(emitter *e, const ir_op *op, text *t)
{
    arena *a = e->ctx->a;
    const ir_tensor *w = ir_weight(op);
    int channels = w->shape.dim[0];
    int64_t terms = ir_elems(&w->shape) / channels;
    per_channel offset = weight_offsets(e, op);
    text_set(t, "stored", "%s",
             weight_array(e, op, w->data,
                          arena_printf(a, "[channel %d][tap %lld]", channels, (long long)terms)));
    text_set(t, "stored_type", "%s", emit_ctype(w->type));
    text_set(t, "row", "%lld", (long long)terms);
    text_set(t, "mul", op->q->wmul == 1 ? "" : "%d * ", (int)op->q->wmul);
    text_set(t, "offset", "%s", per_channel_at(a, &offset, "c"));
    text_put(t, "    for (int32_t k = 0; k < $taps$; ++k)\n"
                "        level[k] = ($level_type$)($mul$w[k] + $offset$);\n");
}

static void put_field_levels(emitter *e, const ir_op *op, text *t)
{
    arena *a = e->ctx->a;
    const ir_tensor *w = ir_weight(op);
    int64_t terms = ir_elems(&w->shape) / w->shape.dim[0];
    packed p = packed_weights(e, op, false);
    per_channel offset = packed_offsets(e, op, &p);
    text_set(t, "stored", "%s", p.weight);
    text_set(t, "stored_type", "uint8_t");
    text_set(t, "row", "%lld", (long long)p.row);
    text_put(t, "    int32_t u;\n");
    for (int64_t k = 0; k < terms; ++k) {
        int in_group = (int)(k % p.group);
        const char *base = arena_printf(a, "%lld", (long long)(k / p.group * p.bytes));
        text_set(t, "k", "%lld", (long long)k);
        text_set(t, "group", "%s", packed_group(a, &p, base, NULL));
        const char *field = packed_field(a, &p, "u", in_group);
        if (p.table)
            text_set(t, "level", "%s[%s%s]", p.table,
                     p.table_per_channel ? arena_printf(a, "%d * c + ", p.entries) : "", field);
        else
            text_set(t, "level", "%s%s + %s",
                     p.mul == 1 ? "" : arena_printf(a, "%d * ", (int)p.mul), field,
                     per_channel_at(a, &offset, "c"));
        if (in_group == 0)
            text_put(t, "    u = $group$;\n");
        text_put(t, "    level[$k$] = ($level_type$)($level$);\n");
    }
}

void dsp_levels_print(emitter *e, const ir_op *op, const char *type, text *t)
{
    weight_form form = weight_form_of(op);
    bool fields = form == WEIGHTS_PACKED || form == WEIGHTS_CODEBOOK;
    text_set(t, "levels", "%s", op_aux(e, op, "levels"));
    text_set(t, "level_type", "%s", type);
    buf body, *out = t->out;
    buf_init(&body, e->ctx->a);
    t->out = &body; /* sets what the head says */
    (fields ? put_field_levels : put_code_levels)(e, op, t);
    t->out = out;
    text_put(t, "/* $layer$: the weights of channel c, which lie at w. */\n"
                "static void $levels$(const $stored_type$ *w, int32_t c, $level_type$ *level)\n"
                "{\n");
    if (!strstr(buf_str(&body), "[c]") && !strstr(buf_str(&body), "* c "))
        text_put(t, "    (void)c;\n");
    buf_puts(out, buf_str(&body));
    text_put(t, "}\n\n");
}
