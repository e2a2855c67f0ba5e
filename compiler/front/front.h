/* front.h - from a parsed QDL file to a LOWERED graph, and weights into it. */
#ifndef QCC_FRONT_H
#define QCC_FRONT_H

#include "compiler/front/ast.h"
#include "compiler/io/tensors.h"
#include "compiler/ir/ir.h"

/* Names, blocks, arity, attributes, shapes: all semantic errors of the model in one run, then the
 * graph at stage LOWERED (for a saved pair the weights come later as codes). Weight constants have
 * shape and type F32 and data NULL. NULL after errors. */
ir_graph *sema_lower(qctx *ctx, const ast_file *file);

/* Checks every rule of the quantize part against the LOWERED graph: unknown layers (with a hint),
 * parts that a layer does not have, ranges and bits that make no sense. A rule that names what a
 * block returned (`b1`) then names the layer that made it (`b1.pw`). */
bool sema_check_spec(qctx *ctx, const ir_graph *g, quant_spec *spec);

/* A parameter of the model in order of declaration, as raw float32 files and messages need it. */
typedef struct weight_slot {
    ir_op *op;
    ir_tensor *tensor;       /* the constant to fill */
    const char *key;         /* "c1.weight", "features.0.running_mean" */
    ir_shape torch_shape;    /* PyTorch's shape: conv [out, in/groups, kh, kw], linear [out, in] */
} weight_slot;
int weight_slots(qctx *ctx, const ir_graph *g, weight_slot **slots);

/* Fills all weight constants from a file's tensors: names, shapes, types; PyTorch's layouts turned
 * into the IR's (conv OIHW → OHWI; dense columns C·H·W → H·W·C where the input is a flattened
 * spatial tensor and the model does not say `weights native`). Reports every missing, extra (unless
 * allow_extra), misshapen tensor and the first NaN or infinity of each with its index.
 * Not for saved pairs (quant/saved.h). */
bool weights_bind(qctx *ctx, ir_graph *g, const tensor_file *file, bool allow_extra);

/* The way back: all parameters of a LOWERED graph with data, as a weights file holds them (names and
 * PyTorch's layouts), for safetensors_write. false after a diagnostic. */
bool weights_export(qctx *ctx, const ir_graph *g, named_tensor **tensors, int *n);

#endif
