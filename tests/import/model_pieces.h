/* model_pieces.h - what the sample models are put together from. */
#ifndef QCC_TESTS_IMPORT_MODEL_PIECES_H
#define QCC_TESTS_IMPORT_MODEL_PIECES_H

#include "tests/import/models.h"

/* Scales that differ from tensor to tensor, so that a mix-up changes codes. */
#define S1 0.02f
#define S2 0.035f
#define S3 0.05f
#define SOFT (1.0f / 256)

static inline int image(make_model *m, float scale) { return make_act(m, "model/x", scale, scale > 0 ? 3 : 0, 4, DIMS(1, 5, 4, 3)); }

static inline void window(make_op *op, int type, int padding, int h, int w)
{
    make_option(op, type, CONV_PADDING, 'b', padding);
    make_option(op, type, CONV_STRIDE_W, 'i', w);
    make_option(op, type, CONV_STRIDE_H, 'i', h);
}

static inline void pool_window(make_op *op, int padding, int kh, int kw, int sh, int sw)
{
    window(op, OPTIONS_POOL_2D, padding, sh, sw);
    make_option(op, OPTIONS_POOL_2D, POOL_WIDTH, 'i', kw);
    make_option(op, OPTIONS_POOL_2D, POOL_HEIGHT, 'i', kh);
}

/* One operator from x, 5x4x3. */
static inline make_model *one(qctx *ctx, int code, float in, float out, int zero, int rank, const int32_t *dim)
{
    make_model *m = make_new(ctx);
    int x = image(m, in), y = make_act(m, "model/y", out, zero, rank, dim);
    make_operator(m, code, INS(x), y);
    make_ports(m, x, y);
    return m;
}

static inline int ints(make_model *m, const char *name, int32_t n, const int32_t *v)
{
    return make_const(m, name, TFL_INT32, 1, &n, v);
}

/* The two files' own tables. */
extern const sample_model sample_layers[], sample_moves[];
extern const int n_sample_layers, n_sample_moves;

#endif
