/* quant.h - the passes from a FOLDED graph to a LEGAL one. Each is one file and one entry point. */
#ifndef QCC_QUANT_H
#define QCC_QUANT_H

#include "compiler/io/dataset.h"
#include "compiler/ir/ir.h"
#include "compiler/quant/spec.h"

/* pass/fold_bn.c: batch norm into the convolution or dense layer before it; one without such a
 * layer becomes a 1x1 depthwise convolution. In double, rounded once to float32. */
bool pass_fold_bn(qctx *ctx, ir_graph *g);
/* pass/dropout.c: takes dropout out. */
void pass_dropout(qctx *ctx, ir_graph *g);
/* pass/fuse.c: relu and relu6 into the producer (conv2d, dense, add, mul, pools) that nothing else reads;
 * pad into a following convolution; flatten of a flatten; the graph is FOLDED afterwards. */
bool pass_fuse(qctx *ctx, ir_graph *g);

/* quant/layer.c: the layer whose rules weights and bias obey: "c1" for the constant "c1.weight". */
const char *layer_of_weight(qctx *ctx, const ir_tensor *w);

/* quant/calibrate.c: the range of every activation of a FOLDED graph. data NULL: random inputs over
 * the declared range (uniform noise, 64 rows, seeded), with the warning `calibration-none`. */
typedef struct act_range {
    double lo, hi;
    double clipped;
    int64_t samples;
    const double *power; /* mean squares along the last dimension, where a codebook is fitted to what
                            multiplies it and there are data; else NULL */
} act_range;
bool calibrate(qctx *ctx, const ir_graph *g, const quant_spec *spec, const port_map *ports,
               act_range *ranges /* [tensors.n] */);

/* quant/choose.c: QUANTIZED graph out of a FOLDED one: quantization of every tensor chosen by the
 * spec and the ranges, weights rounded to nearest, biases rounded to int32 (int64 where needed) at
 * scale s_in*s_w. Works on a clone; the float graph stays as it is. */
ir_graph *choose_quantization(qctx *ctx, const ir_graph *folded, const quant_spec *spec,
                              const act_range *ranges);

/* quant/equalize.c: a clone in which the channels of the layers that ask for it are balanced against
 * those that read them; computes the same up to rounding. The graph itself where none does. */
const ir_graph *equalize(qctx *ctx, const ir_graph *folded, const quant_spec *spec);

/* quant/refine.c: weights rounded and biases corrected so that outputs of each layer come closest to
 * the float net's on the calibration rows, for the layers that ask for it (`round gptq`,
 * `bias_correct`, `match_deviation`). quantized comes out of choose_quantization on the same folded
 * graph and is changed in place. Without data: nothing, with the warning `rounding-data`. */
typedef struct refined {
    const char *layer;
    int inputs;            /* of one output: K */
    int dead;              /* inputs that never vary, summed over groups */
    double damping;        /* λ of GPTQ, the largest of the groups */
    double before, after;  /* squared error of the outputs on the rows that judge, summed over channels */
    double signal;         /* their power around the mean */
    bool rounded, matched, corrected; /* what was kept */
    bool learned;          /* the codes by AdaRound: errors and signal are behind the activation */
    bool skipped;          /* too many inputs for moments: nearest */
} refined;
typedef VEC(refined) rounding_log;
bool refine_rounding(qctx *ctx, const ir_graph *folded, ir_graph *quantized, const quant_spec *spec,
                     const port_map *ports, rounding_log *log);

/* quant/legalize.c: fills op->q of every operator: QUANTIZED -> LEGAL. What has no formula gets
 * the diagnostic `numerics-refused`. */
bool legalize(qctx *ctx, ir_graph *g, ir_numerics numerics);
/* quant/bounds.c: accumulator bounds, widths, saturation flags. Called by legalize. */
bool prove_bounds(qctx *ctx, ir_graph *g, bool strict_acc32);

/* quant/lean.c: the LEGAL graph without channels that are constant or read by none, and without rows and
 * columns at the edges of kernels that add nothing: the same codes at all ports. A copy, whose tensors say
 * what they lost (ir_channels); NULL where nothing is left out. multiple ≥ 1: where few of these channels
 * round what is left up to a multiple of it, so many stay, the first. */
ir_graph *lean_graph(qctx *ctx, const ir_graph *legal, int multiple);
/* quant/lean_taps.c: whether row (axis 0) or column (1) k of a convolution's kernel is outside the input
 * wherever the window lies. */
bool kernel_line_is_outside(const ir_op *op, int axis, int k);

/* quant/saved.c: the saved pair. save_pair writes base.qdl and base.bin (both or none); load_saved
 * turns the LOWERED graph of a saved QDL plus its tensors into a QUANTIZED graph. Also the float
 * twin (weights dequantized) for what needs floats. */
bool save_pair(qctx *ctx, const ir_graph *quantized, const char *base);
/* The two halves of save_pair: the texts, and base.qdl and base.bin, both or none. */
bool format_pair(qctx *ctx, const ir_graph *quantized, buf *qdl, buf *bin);
bool write_pair(qctx *ctx, const char *base, const buf *qdl, const buf *bin);
/* Weights of files are in PyTorch's layouts: shape, and the IR's element for the file's element i. */
ir_shape weight_file_shape(const ir_op *op);
int64_t *weight_file_order(qctx *ctx, const ir_op *op);
/* The weights' elements in the file's order. */
const void *weight_in_file_order(qctx *ctx, const ir_op *op);
ir_graph *load_saved(qctx *ctx, const ir_graph *lowered, const quant_spec *spec,
                     const tensor_file *file);
ir_graph *dequantized_float(qctx *ctx, const ir_graph *quantized);

#endif
