/* saved.c - writing the saved pair, and the float twin of a quantized graph. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "compiler/base/file.h"
#include "compiler/quant/internal.h"

/* ---- the weights file ---------------------------------------------------------------------- */

typedef struct writer {
    qctx *ctx;
    VEC(named_tensor) tensors;
} writer;

static void add(writer *w, const char *name, tensor_dtype dtype, const ir_shape *s,
                const void *data)
{
    named_tensor *t = VEC_PUSH(w->ctx->a, &w->tensors);
    t->name = name;
    t->dtype = dtype;
    t->rank = s->rank;
    t->dim = ARENA_ARRAY(w->ctx->a, int64_t, s->rank);
    for (int i = 0; i < s->rank; i++)
        t->dim[i] = s->dim[i];
    t->elems = ir_elems(s);
    t->data = data;
}

const void *weight_in_file_order(qctx *ctx, const ir_op *op)
{
    const ir_tensor *w = ir_weight(op);
    const int64_t *at = weight_file_order(ctx, op);
    int64_t n = ir_elems(&w->shape);
    size_t size = ir_type_size(w->type);
    char *out = arena_calloc(ctx->a, (size_t)n, size);
    for (int64_t i = 0; i < n; i++)
        memcpy(out + (size_t)i * size, (const char *)w->data + (size_t)at[i] * size, size);
    return out;
}

static void add_weight(writer *w, const ir_op *op, const char *name)
{
    const ir_tensor *t = ir_weight(op);
    const void *codes = weight_in_file_order(w->ctx, op);
    ir_shape shape = weight_file_shape(op);
    if (t->quant->bits >= 8) {
        add(w, name, t->type == IR_I16 ? DT_I16 : t->type == IR_U8 ? DT_U8 : DT_I8, &shape, codes);
        return;
    }
    int32_t rows = shape.dim[0];
    int64_t row = ir_elems(&shape) / rows, bytes = packed_row_bytes(row, t->quant->bits);
    uint8_t *packed = ARENA_ARRAY(w->ctx->a, uint8_t, rows * bytes);
    for (int64_t r = 0; r < rows; r++)
        pack_row(t->quant, (const int8_t *)codes + r * row, row, packed + r * bytes);
    ir_shape packed_shape = {.rank = 2, .dim = {rows, (int32_t)bytes}};
    add(w, name, DT_U8, &packed_shape, packed);
}

static void add_codebook(writer *w, const ir_quant *q, const char *name)
{
    int64_t n = (int64_t)q->entries * (q->table_per_channel ? q->n : 1);
    ir_shape one = {.rank = 1, .dim = {q->entries}}, each = {.rank = 2, .dim = {q->n, q->entries}};
    int8_t *narrow = ARENA_ARRAY(w->ctx->a, int8_t, n);
    for (int64_t i = 0; i < n; i++)
        narrow[i] = (int8_t)q->table[i];
    bool wide = q->table_type == IR_I16;
    add(w, name, wide ? DT_I16 : DT_I8, q->table_per_channel ? &each : &one,
        wide ? (const void *)q->table : (const void *)narrow);
}

static void add_layer(writer *w, const ir_op *op)
{
    arena *a = w->ctx->a;
    const char *prefix = saved_prefix(w->ctx, op);
    const ir_quant *q = ir_weight(op)->quant;
    const ir_tensor *bias = ir_bias(op);
    ir_shape channels = {.rank = 1, .dim = {q->n}};
    add_weight(w, op, arena_printf(a, "%s.weight", prefix));
    if (q->n > 1) {
        add(w, arena_printf(a, "%s.weight_scale", prefix), DT_F32, &channels, q->scale);
        if (!q->symmetric)
            add(w, arena_printf(a, "%s.weight_zero_point", prefix), DT_I32, &channels, q->zero);
    }
    if (q->scheme == IR_Q_CODEBOOK)
        add_codebook(w, q, arena_printf(a, "%s.weight_codebook", prefix));
    if (bias)
        add(w, arena_printf(a, "%s.bias", prefix), bias->type == IR_I64 ? DT_I64 : DT_I32,
            &bias->shape, bias->data);
}

/* ---- both or none -------------------------------------------------------------------------- */

/* Publishes the .bin first; when the .qdl fails, what was there before comes back. */
bool write_pair(qctx *ctx, const char *base, const buf *qdl, const buf *bin)
{
    const char *bin_path = arena_printf(ctx->a, "%s.bin", base);
    const char *qdl_path = arena_printf(ctx->a, "%s.qdl", base);
    const char *kept = arena_printf(ctx->a, "%s.bin.kept-%ld", base, (long)getpid());
    bool had = link(bin_path, kept) == 0;
    if (!file_write(ctx, bin_path, bin->p, bin->n)) {
        if (had)
            unlink(kept);
        return false;
    }
    if (file_write(ctx, qdl_path, qdl->p, qdl->n)) {
        if (had)
            unlink(kept);
        return true;
    }
    if (!had || rename(kept, bin_path) != 0)
        unlink(bin_path);
    return false;
}

bool format_pair(qctx *ctx, const ir_graph *g, buf *qdl, buf *bin)
{
    writer w = {.ctx = ctx};
    for (int i = 0; i < g->ops.n; i++)
        if (ir_weight(g->ops.v[i]))
            add_layer(&w, g->ops.v[i]);
    ir_tensor **constants;
    for (int i = 0, n = ir_operands(ctx->a, g, &constants); i < n; i++)
        add(&w, arena_printf(ctx->a, "%s.weight", constants[i]->wname),
            constants[i]->type == IR_I16 ? DT_I16 : DT_I8, &constants[i]->shape, constants[i]->data);
    const char *const metadata[][2] = {{"qcc.numerics", ir_numerics_name(g->numerics)}};
    print_saved(g, qdl);
    return safetensors_format(ctx, bin, w.tensors.v, w.tensors.n, metadata, 1);
}

bool save_pair(qctx *ctx, const ir_graph *g, const char *base)
{
    buf qdl, bin;
    buf_init(&qdl, ctx->a);
    buf_init(&bin, ctx->a);
    return format_pair(ctx, g, &qdl, &bin) && write_pair(ctx, base, &qdl, &bin);
}

/* ---- the float twin ------------------------------------------------------------------------ */

static int64_t stored_code(const ir_tensor *t, int64_t i)
{
    switch (t->type) {
    case IR_I8:
        return ((const int8_t *)t->data)[i];
    case IR_U8:
        return ((const uint8_t *)t->data)[i];
    case IR_I16:
        return ((const int16_t *)t->data)[i];
    case IR_I32:
        return ((const int32_t *)t->data)[i];
    case IR_I64:
        return ((const int64_t *)t->data)[i];
    case IR_F32:
        break;
    }
    return 0;
}

static float *real_values(qctx *ctx, const ir_tensor *t)
{
    int64_t n = ir_elems(&t->shape);
    float *v = ARENA_ARRAY(ctx->a, float, n);
    for (int64_t i = 0; i < n; i++)
        v[i] = (float)quant_value(t->quant, quant_channel(t->quant, &t->shape, i), (int32_t)stored_code(t, i));
    return v;
}

static void to_float(qctx *ctx, const ir_op *quantized, const ir_op *op)
{
    const ir_tensor *w = ir_weight(quantized), *b = ir_bias(quantized);
    op->in[1]->data = real_values(ctx, w);
    if (!b)
        return;
    int channels = w->shape.dim[0];
    double in_scale = (double)quantized->in[0]->quant->scale[0];
    float *bias = ARENA_ARRAY(ctx->a, float, channels);
    for (int c = 0; c < channels; c++) {
        double scale = in_scale * (double)w->quant->scale[w->quant->n > 1 ? c : 0];
        bias[c] = (float)(scale * (double)stored_code(b, c));
    }
    op->in[2]->data = bias;
}

ir_graph *dequantized_float(qctx *ctx, const ir_graph *quantized)
{
    ir_graph *g = ir_clone(ctx, quantized);
    for (int i = 0; i < g->ops.n; i++) {
        g->ops.v[i]->q = NULL;
        if (ir_weight(g->ops.v[i]))
            to_float(ctx, quantized->ops.v[i], g->ops.v[i]);
    }
    for (int i = 0; i < g->tensors.n; i++) {
        ir_tensor *t = g->tensors.v[i];
        if (ir_is_operand(t))
            t->data = real_values(ctx, t);
        t->type = IR_F32;
        if (t->kind != IR_INPUT) /* ports keep theirs: rows of codes stay readable */
            t->quant = NULL;
    }
    g->stage = IR_FOLDED;
    return g;
}
