/* export.h - a net as a model of another tool. */
#ifndef QCC_EXPORT_H
#define QCC_EXPORT_H

#include "compiler/ir/ir.h"

/* What activations are in the file: reals, or int8 or uint8 codes between QuantizeLinear and
 * DequantizeLinear. */
typedef enum export_kind { EXPORT_FLOAT, EXPORT_QDQ_I8, EXPORT_QDQ_U8 } export_kind;

/* An ONNX model of a FOLDED graph (EXPORT_FLOAT) or a QUANTIZED one. Ports of two dimensions and
 * more have their channels first, behind a batch of 1: [H,W,C] is [1,C,H,W]. What has no form in
 * ONNX is one diagnostic
 * (`export-unsupported`, at `loc`) with a note for each: false, and nothing of use in out. */
bool export_onnx(qctx *ctx, const ir_graph *g, export_kind kind, qloc loc, buf *out);

#endif
