/* gemm.c - matrix products of the trainer: OpenBLAS where it is built in, else plain C.
 *
 * One product is one thread's; OpenBLAS is told so, since shards already run side by side. */
#include "config.h"

#include "compiler/train/internal.h"

#ifdef HAVE_OPENBLAS
#include <cblas.h>

void train_gemm_init(void)
{
    openblas_set_num_threads(1);
}

void train_gemm(bool ta, bool tb, int m, int n, int k, const float *a, int lda, const float *b,
                int ldb, float beta, float *c, int ldc)
{
    cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, m, n,
                k, 1, a, lda, b, ldb, beta, c, ldc);
}

#else

enum { LANES = 16 };

void train_gemm_init(void)
{
}

/* Σ a[i]·b[i] in LANES partial sums. */
TRAIN_CLONES
static float dot(const float *a, const float *b, int k)
{
    float lane[LANES] = {0}, sum = 0;
    int i = 0;
    for (; i + LANES <= k; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += a[i + j] * b[i + j];
    for (int j = 0; j < LANES; j++)
        sum += lane[j];
    for (; i < k; i++)
        sum += a[i] * b[i];
    return sum;
}

/* y[0…n) += s·x[0…n) */
TRAIN_CLONES
static void axpy(int n, float s, const float *restrict x, float *restrict y)
{
    for (int i = 0; i < n; i++)
        y[i] += s * x[i];
}

void train_gemm(bool ta, bool tb, int m, int n, int k, const float *a, int lda, const float *b,
                int ldb, float beta, float *c, int ldc)
{
    for (int i = 0; i < m; i++) {
        float *row = c + (int64_t)i * ldc;
        for (int j = 0; j < n && beta == 0; j++)
            row[j] = 0;
        if (tb && !ta) {
            for (int j = 0; j < n; j++)
                row[j] += dot(a + (int64_t)i * lda, b + (int64_t)j * ldb, k);
            continue;
        }
        for (int p = 0; p < k; p++) {
            float s = ta ? a[(int64_t)p * lda + i] : a[(int64_t)i * lda + p];
            if (!tb)
                axpy(n, s, b + (int64_t)p * ldb, row);
            for (int j = 0; tb && j < n; j++)
                row[j] += s * b[(int64_t)j * ldb + p];
        }
    }
}
#endif
