/* blas_float.c - convolution and dense layer of float nets through OpenBLAS: fast, not the oracle.
 *
 * Windows are laid side by side (im2col, Chellapilla et al. 2006), one output row at a time, and
 * multiplied with all filters by sgemm. Depthwise convolutions have nothing to gain and stay with the
 * reference. Nothing that chooses a baked integer comes through here. */
#include "config.h"

#include "runtime/ref.h"

#ifdef HAVE_OPENBLAS
#include <cblas.h>
#include <string.h>

static int64_t terms(const ir_op *op)
{
    const int32_t *w = op->in[1]->shape.dim;
    return (int64_t)w[1] * w[2] * w[3];
}

int64_t ref_blas_scratch(const ir_op *op)
{
    if (op->kind != OP_CONV2D || ir_is_depthwise(op))
        return 0;
    return terms(op) * op->out[0]->shape.dim[1];
}

/* The windows of group g along output row oy: [ow][kh·kw·c/groups], zeros outside the input. */
static void gather(const ref_args *a, int oy, int g, float *to)
{
    const ir_attrs *at = &a->op->at;
    const int32_t *in = a->op->in[0]->shape.dim, *w = a->op->in[1]->shape.dim;
    const float *x = (const float *)a->in[0] + (int64_t)g * w[3];
    size_t bytes = (size_t)w[3] * sizeof *to;
    for (int ox = 0; ox < a->op->out[0]->shape.dim[1]; ox++)
        for (int ky = 0; ky < w[1]; ky++)
            for (int kx = 0; kx < w[2]; kx++, to += w[3]) {
                int64_t iy = (int64_t)oy * at->stride[0] - at->pad[0] + (int64_t)ky * at->dilation[0];
                int64_t ix = (int64_t)ox * at->stride[1] - at->pad[2] + (int64_t)kx * at->dilation[1];
                if (iy < 0 || iy >= in[0] || ix < 0 || ix >= in[1])
                    memset(to, 0, bytes);
                else
                    memcpy(to, x + (iy * in[1] + ix) * in[2], bytes);
            }
}

/* y[rows][n] (pitch ldy) = x[rows][k] · w[n][k]ᵀ, then bias and activation. */
static void product(const ref_args *a, int rows, int n, int64_t k, const float *x, const float *w,
                    const float *bias, float *y, int ldy)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, n, (int)k, 1, x, (int)k, w, (int)k, 0, y,
                ldy);
    for (int r = 0; r < rows; r++)
        for (int o = 0; o < n; o++)
            y[(int64_t)r * ldy + o] =
                ref_activate(a->op, (double)y[(int64_t)r * ldy + o] + (bias ? (double)bias[o] : 0));
}

static void blas_conv2d(const ref_args *a)
{
    if (ir_is_depthwise(a->op)) {
        ref_float_conv2d(a);
        return;
    }
    const int32_t *out = a->op->out[0]->shape.dim;
    int groups = a->op->at.groups, n = out[2] / groups;
    int64_t k = terms(a->op);
    const float *bias = a->op->n_in > 2 ? a->in[2] : NULL;
    float *y = a->out;
    for (int oy = 0; oy < out[0]; oy++, y += (int64_t)out[1] * out[2])
        for (int g = 0; g < groups; g++) {
            gather(a, oy, g, a->scratch);
            product(a, out[1], n, k, a->scratch, (const float *)a->in[1] + k * n * g,
                    bias ? bias + (int64_t)n * g : NULL, y + (int64_t)n * g, out[2]);
        }
}

static void blas_dense(const ref_args *a)
{
    const int32_t *w = a->op->in[1]->shape.dim;
    int64_t rows = ir_elems(&a->op->in[0]->shape) / w[1];
    product(a, (int)rows, w[0], w[1], a->in[0], a->in[1], a->op->n_in > 2 ? a->in[2] : NULL, a->out, w[0]);
}

ref_kernel ref_blas_kernel(ir_opkind kind)
{
    return kind == OP_CONV2D ? blas_conv2d : kind == OP_DENSE ? blas_dense : ref_float_kernels[kind];
}
#else
int64_t ref_blas_scratch(const ir_op *op)
{
    (void)op;
    return 0;
}

ref_kernel ref_blas_kernel(ir_opkind kind)
{
    return ref_float_kernels[kind];
}
#endif
