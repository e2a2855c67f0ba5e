/* op_resize.c - resize: the cells beside each row and column of the result, and their weights, are
 * tables. */
#include "compiler/emit/ops.h"

#include <math.h>

/* One axis: cells before and behind each place, and what the second weighs. */
typedef struct axis {
    int in, out;
    int16_t *lo, *hi, *weight; /* weight of 1024 */
    float *real;
} axis;

static int limit(int64_t v, int most)
{
    return v < 0 ? 0 : v > most ? most : (int)v;
}

static float float_step(const ir_op *op, const axis *x)
{
    volatile float step = op->at.align_corners && x->out > 1
                              ? (float)(x->in - 1) / (float)(x->out - 1)
                              : (float)x->in / (float)x->out;
    return step;
}

static void fill_nearest(const ir_op *op, axis *x)
{
    for (int o = 0; o < x->out; ++o) {
        volatile float place = (op->at.half_pixel ? (float)o + 0.5f : (float)o);
        place = place * float_step(op, x);
        x->lo[o] = (int16_t)limit((int64_t)floor((double)place + (op->at.align_corners ? 0.5 : 0)),
                                  x->in - 1);
    }
}

static void fill_codes(const ir_op *op, axis *x)
{
    bool corners = op->at.align_corners && x->out > 1;
    int64_t in = x->in - corners, out = x->out - corners, step = (in * 1024 + out / 2) / out;
    for (int o = 0; o < x->out; ++o) {
        int64_t place = step * o;
        if (op->at.half_pixel)
            place += step / 2 - 512;
        x->lo[o] = (int16_t)limit(place / 1024, x->in - 1);
        x->hi[o] = (int16_t)limit((place + 1023) / 1024, x->in - 1);
        x->weight[o] = (int16_t)(x->lo[o] == x->hi[o] ? 0 : place - x->lo[o] * 1024);
    }
}

static void fill_floats(const ir_op *op, axis *x)
{
    double step = (double)float_step(op, x), half = op->at.half_pixel ? 0.5 : 0;
    for (int o = 0; o < x->out; ++o) {
        double place = (o + half) * step - half;
        x->lo[o] = (int16_t)limit((int64_t)floor(place), x->in - 1);
        x->hi[o] = (int16_t)limit((int64_t)ceil(place), x->in - 1);
        x->real[o] = x->lo[o] == x->hi[o] ? 0 : (float)(place - x->lo[o]);
    }
}

static axis make_axis(emitter *e, const ir_op *op, int d)
{
    arena *a = e->ctx->a;
    axis x = {.in = op->in[0]->shape.dim[d], .out = op->out[0]->shape.dim[d]};
    x.lo = ARENA_ARRAY(a, int16_t, x.out);
    x.hi = ARENA_ARRAY(a, int16_t, x.out);
    x.weight = ARENA_ARRAY(a, int16_t, x.out);
    x.real = ARENA_ARRAY(a, float, x.out);
    if (op->kind == OP_RESIZE_NEAREST)
        fill_nearest(op, &x);
    else if (op->q)
        fill_codes(op, &x);
    else
        fill_floats(op, &x);
    return x;
}

static const char *table(emitter *e, const ir_op *op, const char *what, ir_type type, const void *v,
                         int n, const char *comment)
{
    return emit_array(e, EMIT_CONSTANT, op_base(e, op, what), type, v, n, comment);
}

static void begin(emitter *e, const ir_op *op, text *t)
{
    op_begin(e, op, t);
    text_set(t, "oh", "%d", (int)op->out[0]->shape.dim[0]);
    text_set(t, "ow", "%d", (int)op->out[0]->shape.dim[1]);
    text_set(t, "w", "%d", (int)op->in[0]->shape.dim[1]);
    text_set(t, "c", "%d", (int)op->in[0]->shape.dim[2]);
}

/* "y / 2" where cells are repeated evenly, else a table. */
static const char *nearest_index(emitter *e, const ir_op *op, const axis *x, const char *place,
                                 const char *what)
{
    int times = x->out % x->in == 0 ? x->out / x->in : 0;
    for (int o = 0; times && o < x->out; ++o)
        if (x->lo[o] != o / times)
            times = 0;
    if (times)
        return times == 1 ? place : arena_printf(e->ctx->a, "%s / %d", place, times);
    return arena_printf(e->ctx->a, "%s[%s]",
                        table(e, op, what, IR_I16, x->lo, x->out, "the nearest cell of each"),
                        place);
}

bool print_resize_nearest(emitter *e, const ir_op *op)
{
    const axis rows = make_axis(e, op, 0), columns = make_axis(e, op, 1);
    text t;
    begin(e, op, &t);
    text_set(&t, "row", "%s", nearest_index(e, op, &rows, "y", "rows"));
    text_set(&t, "column", "%s", nearest_index(e, op, &columns, "x", "columns"));
    op_comment(e, op, &t);
    op_open(e, op, &t);
    text_put(&t, "    for (int32_t y = 0; y < $oh$; ++y)\n"
                 "        for (int32_t x = 0; x < $ow$; ++x) {\n"
                 "            const $in0$ *p = &$x0$[($row$ * $w$ + $column$) * $c$];\n"
                 "            for (int32_t c = 0; c < $c$; ++c)\n"
                 "                *out++ = p[c];\n"
                 "        }\n");
    op_close(&t);
    return true;
}

/* ---- bilinear ----------------------------------------------------------------------------- */

static void set_axis(emitter *e, const ir_op *op, text *t, const axis *x, const char *const keys[3],
                     const char *const names[3])
{
    text_set(t, keys[0], "%s",
             table(e, op, names[0], IR_I16, x->lo, x->out, "the cell before each place"));
    text_set(t, keys[1], "%s",
             table(e, op, names[1], IR_I16, x->hi, x->out, "the cell behind each place"));
    text_set(t, keys[2], "%s",
             op->q
                 ? table(e, op, names[2], IR_I16, x->weight, x->out,
                         "what the cell behind weighs, of 1024")
                 : table(e, op, names[2], IR_F32, x->real, x->out, "what the cell behind weighs"));
}

static const char *blended(emitter *e, const ir_op *op, text *t)
{
    bool wide = op->in[0]->type == IR_I16;
    if (!op->q)
        return "s";
    if (op->q->mode == IR_NUM_TFLM)
        return text_expand(t, "($out$)((s + (s > 0 ? 524288 : -524288)) / 1048576)");
    emit_use_helper(e, wide ? EH_ASR : EH_ASR32);
    return text_expand(t, wide ? "($out$)$P$_asr(s + 524288, 20)"
                               : "($out$)$P$_asr32(s + 524288, 20)");
}

bool print_resize_bilinear(emitter *e, const ir_op *op)
{
    static const char *const row_keys[] = {"ylo", "yhi", "yw"}, *const column_keys[] = {
                                                                    "xlo", "xhi", "xw"};
    static const char *const row_names[] = {"rows_before", "rows_behind", "row_weights"};
    static const char *const column_names[] = {"columns_before", "columns_behind",
                                               "column_weights"};
    const axis rows = make_axis(e, op, 0), columns = make_axis(e, op, 1);
    text t;
    begin(e, op, &t);
    set_axis(e, op, &t, &rows, row_keys, row_names);
    set_axis(e, op, &t, &columns, column_keys, column_names);
    text_set(&t, "acc", !op->q ? "float" : op->in[0]->type == IR_I16 ? "int64_t" : "int32_t");
    text_set(&t, "one", op->q ? "1024" : "1.0f");
    text_set(&t, "code", "%s", blended(e, op, &t));
    op_comment(e, op, &t);
    op_open(e, op, &t);
    text_put(&t, "    for (int32_t y = 0; y < $oh$; ++y) {\n"
                 "        const $in0$ *above = &$x0$[$ylo$[y] * $w$ * $c$], *below = "
                 "&$x0$[$yhi$[y] * $w$ * $c$];\n"
                 "        const $acc$ v = $yw$[y];\n"
                 "        for (int32_t x = 0; x < $ow$; ++x) {\n"
                 "            const int32_t left = $xlo$[x] * $c$, right = $xhi$[x] * $c$;\n"
                 "            const $acc$ u = $xw$[x];\n"
                 "            for (int32_t c = 0; c < $c$; ++c) {\n"
                 "                const $acc$ s = (above[left + c] * ($one$ - u) + above[right + "
                 "c] * u) * ($one$ - v) +\n"
                 "                    (below[left + c] * ($one$ - u) + below[right + c] * u) * v;\n"
                 "                *out++ = $code$;\n"
                 "            }\n"
                 "        }\n"
                 "    }\n");
    op_close(&t);
    return true;
}
