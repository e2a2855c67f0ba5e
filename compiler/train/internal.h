/* internal.h - between the files of the engine. Nothing outside compiler/train includes it. */
#ifndef QCC_TRAIN_INTERNAL_H
#define QCC_TRAIN_INTERNAL_H

#include "compiler/train/engine.h"

/* Hot loops are compiled for several x86-64 levels and chosen at load time, by what the processor
 * can do. (The name of a processor would choose for that model alone.) */
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) &&       \
    __GNUC__ >= 12 && !defined(__SANITIZE_ADDRESS__)
#define TRAIN_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TRAIN_CLONES
#endif

/* Operators of the engine: the IR's, and its own. */
enum { TK_QUANT = OP_COUNT, TK_COUNT };

/* A tensor over the batch: [batch][n]. Tensors whose operator works in place share their memory. */
typedef struct tval {
    const ir_tensor *tensor;
    int64_t n;
    int readers;       /* nodes that read it */
    bool own;          /* its memory is not another's */
    struct tval *home; /* whose memory it is */
    bool wants_gradient;
    bool given;        /* while building: a reader has given a gradient */
    struct tnode *maker;
    const float *fixed; /* a constant: [n], or NULL */
    float *v, *g;
} tval;

typedef struct tnode tnode;

/* What a kernel works on: one shard of one node. dx[k] NULL: not wanted. Kernels overwrite dx and
 * add to dw, db, which are this shard's own. */
typedef struct tcall {
    const tnode *node;
    int shard, rows;
    bool training;
    uint64_t seed;
    const float *const *x;
    float *y;
    const float *dy;
    float *const *dx;
    const float *w, *b;
    float *dw, *db;
    float *dtheta; /* this shard's whole gradient */
    float *scratch; /* of this thread */
} tcall;

/* Steps of one operator, a row of the table. NULL: nothing to do. once-steps run on one thread. */
typedef struct tkernel {
    void (*prepare)(tnode *n);                            /* once, before forward: from n->w, n->b */
    void (*gather)(const tcall *c);                      /* per shard: partial sums */
    void (*merge)(tnode *n, int shards, int64_t rows);   /* once: of all shards, in order */
    void (*forward)(const tcall *c);
    void (*gather_back)(const tcall *c);
    void (*merge_back)(tnode *n, int shards, int64_t rows);
    void (*backward)(const tcall *c);
    int64_t (*scratch)(const tnode *n);                  /* floats that a shard needs */
    bool in_place;   /* y may be x, dx may be dy: backward needs y alone */
    bool needs_y;    /* backward reads its own result */
} tkernel;
extern const tkernel train_kernels[TK_COUNT];

struct tnode {
    int kind;
    const ir_op *op;     /* of the IR: for attributes, messages */
    const tkernel *k;
    int n_in;
    tval **in, *out;
    const ir_shape **in_shape;
    int64_t w_at, b_at;  /* offsets in theta; −1 none */
    int64_t wn, bn;      /* elements */
    const float *w, *b;  /* of this step: in theta, or what fake quantization made of it */
    float *prepared;     /* [wn] weights as the kernel wants them */
    bool *first;         /* by input: the first of its readers to give a gradient, backwards */
    const int32_t **map; /* of two operands: element of operand k for each element of the output;
                            NULL: the same */
    int64_t taps;        /* taps.c */
    const int32_t *from;
    const float *shares;
    /* batch norm */
    float *running;      /* mean, then variance: [2][channels] */
    double *partial;     /* [shards][2][channels] */
    float *stats;        /* [4][channels]: see norm.c */
    bool frozen;
    bool batch_stats;    /* this step's statistics are the batch's */
    double momentum;
    const struct qact *quant; /* TK_QUANT */
    const struct qweight *wquant; /* weights of conv2d, dense under fake quantization */
    float *quantized;    /* [wn + bn] what came of them */
    int64_t seed;        /* tells nodes of one step apart */
};

/* gemm.c: C[m][n] = op(A)·op(B) + beta·C, row-major; beta 0 or 1. */
void train_gemm(bool ta, bool tb, int m, int n, int k, const float *a, int lda, const float *b,
                int ldb, float beta, float *c, int ldc);
void train_gemm_init(void);

/* conv.c */
void conv_prepare(tnode *n);
void conv_forward(const tcall *c);
void conv_backward(const tcall *c);
int64_t conv_scratch(const tnode *n);
bool conv_is_depthwise(const tnode *n);
/* depthwise.c: multiplier 1. w: [kh·kw][C]. */
void depthwise_prepare(tnode *n);
void depthwise_forward(const tcall *c);
void depthwise_backward(const tcall *c);
/* dense.c */
void dense_forward(const tcall *c);
void dense_backward(const tcall *c);
/* Zero for the shard's gradient of input k, for kernels that add to it. */
void train_clear_dx(const tcall *c, int k);
/* y[i][c] += b[c]; db[c] += Σ dy[i][c] */
void train_add_bias(float *y, int64_t rows, int64_t channels, const float *b);
void train_sum_bias(const float *dy, int64_t rows, int64_t channels, float *db);
/* norm.c */
void norm_prepare(tnode *n);
void norm_gather(const tcall *c);
void norm_merge(tnode *n, int shards, int64_t rows);
void norm_forward(const tcall *c);
void norm_gather_back(const tcall *c);
void norm_merge_back(tnode *n, int shards, int64_t rows);
void norm_backward(const tcall *c);
/* unary.c */
void relu_forward(const tcall *c);
void relu_backward(const tcall *c);
void relu6_forward(const tcall *c);
void relu6_backward(const tcall *c);
void leaky_forward(const tcall *c);
void leaky_backward(const tcall *c);
void sigmoid_forward(const tcall *c);
void sigmoid_backward(const tcall *c);
void tanh_forward(const tcall *c);
void tanh_backward(const tcall *c);
void swish_forward(const tcall *c);
void swish_backward(const tcall *c);
void elu_forward(const tcall *c);
void elu_backward(const tcall *c);
void gelu_forward(const tcall *c);
void gelu_backward(const tcall *c);
void gelu_tanh_forward(const tcall *c);
void gelu_tanh_backward(const tcall *c);
void l2_forward(const tcall *c);
void l2_backward(const tcall *c);
void softmax_forward(const tcall *c);
void softmax_backward(const tcall *c);
void dropout_forward(const tcall *c);
void dropout_backward(const tcall *c);
/* pool.c */
void maxpool_forward(const tcall *c);
void maxpool_backward(const tcall *c);
void avgpool_forward(const tcall *c);
void avgpool_backward(const tcall *c);
void global_max_forward(const tcall *c);
void global_max_backward(const tcall *c);
void global_avg_forward(const tcall *c);
void global_avg_backward(const tcall *c);
/* join.c */
void add_forward(const tcall *c);
void add_backward(const tcall *c);
void sub_forward(const tcall *c);
void sub_backward(const tcall *c);
void mul_forward(const tcall *c);
void mul_backward(const tcall *c);
void minimum_forward(const tcall *c);
void minimum_backward(const tcall *c);
void maximum_forward(const tcall *c);
void maximum_backward(const tcall *c);
void prelu_forward(const tcall *c);
void prelu_backward(const tcall *c);
void concat_forward(const tcall *c);
void concat_backward(const tcall *c);
void copy_forward(const tcall *c);
void copy_backward(const tcall *c);
void pad_forward(const tcall *c);
void pad_backward(const tcall *c);
/* taps.c. 0 taps: the operator is none of them. */
int64_t taps_of(const ir_op *op);
void taps_make(qctx *ctx, const ir_op *op, const int32_t **from, const float **shares);
void taps_forward(const tcall *c);
void taps_backward(const tcall *c);
void extreme_forward(const tcall *c);
void extreme_backward(const tcall *c);
/* fakequant.c */
void quant_forward(const tcall *c);
void quant_backward(const tcall *c);

#endif
