/* rule.h - rules of the quantize part from their words. */
#ifndef QCC_RULE_H
#define QCC_RULE_H

#include "compiler/front/ast.h"

/* `path : items`: a rule for each part that is stated. A path is `default` or a layer's name, in
 * pieces between dots; weight, bias or activation as an unquoted last piece is the part. All errors
 * of the items are reported; a rule with errors is not added. */
bool spec_add_rule(qctx *ctx, quant_spec *s, qloc loc, const ast_name *path, int n_path,
                   ast_value *const *items, int n_items);
/* `numerics MODE`, `saved "SHA-256"`. */
bool spec_add_directive(qctx *ctx, quant_spec *s, qloc loc, const ast_name *word,
                        ast_value *const *items, int n_items);

#endif
