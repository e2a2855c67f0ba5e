/* ast.h - the syntax tree of a QDL file, as the grammar's actions build it (ast_* functions) and
 * as sema reads it. Nothing here knows what an operator means.
 *
 * The language is described in docs/qdl.md. */
#ifndef QCC_AST_H
#define QCC_AST_H

#include "compiler/augment/augment.h"
#include "compiler/base/ctx.h"
#include "compiler/quant/spec.h"

typedef struct ast_name { const char *s; qloc loc; bool quoted; } ast_name;

typedef enum ast_vkind { AST_V_NUMBER, AST_V_STRING, AST_V_WORD, AST_V_LIST, AST_V_SIZE } ast_vkind;

/* The value of an attribute: 3, 0.1, "text", same, [1, 2, 3, 4], 5x5. */
typedef struct ast_value {
    ast_vkind kind;
    qloc loc;
    double number;
    bool integer;          /* number is a whole number written without point or exponent */
    const char *text;      /* string, word */
    VEC(struct ast_value *) list; /* list; the two numbers (or words) of a size */
} ast_value;

typedef struct ast_attr { ast_name name; ast_value *value; /* NULL: a bare flag */ } ast_attr;

typedef enum ast_ekind { AST_E_NAME, AST_E_CALL, AST_E_CHAIN } ast_ekind;

/* A positional argument: exactly one of the two. */
typedef struct ast_arg { struct ast_expr *expr; ast_value *value; } ast_arg;

/* An expression: a name; a call `op(args…, attr value, …)`; a chain `e |> call |> word`.
 *
 * A bare word among the arguments is an AST_E_NAME in args: a tensor, or a value parameter of a
 * block (`conv2d(x, filters)`); only scopes can tell. Bare flags (ceil, keep) are in attrs with
 * value NULL: in a call of a pool outside the place of its tensor, where no block has the pool's
 * name. `no bias`, `count all` are attributes `no`, `count` with the words bias, all as values. */
typedef struct ast_expr {
    ast_ekind kind;
    qloc loc;
    ast_name name;                  /* name, or the called operator or block */
    VEC(struct ast_expr *) args;    /* positional expressions (tensors), in order */
    VEC(ast_value *) values;        /* positional values: filters, kernel, units, … */
    VEC(ast_arg) positional;        /* args and values together, in order of appearance */
    VEC(ast_attr) attrs;
    struct ast_expr *left, *right;  /* chain; right is AST_E_NAME or AST_E_CALL */
    int depth;                      /* 1 + the deepest of its parts, at most AST_MAX_DEPTH */
} ast_expr;

/* Trees are walked recursively; the parser refuses deeper ones (`nesting`). */
enum { AST_MAX_DEPTH = 500 };

typedef enum ast_skind {
    AST_S_INPUT, AST_S_LET, AST_S_OUTPUT, AST_S_RETURN, AST_S_WEIGHTS, AST_S_STATE, AST_S_ASSIGN
} ast_skind;

/* Any statement may stand in any body here: sema says where they belong. AST_S_WEIGHTS is
 * `weights native`; AST_S_STATE has the fields of an input; AST_S_ASSIGN is `name := expr`. */
typedef struct ast_stmt {
    ast_skind kind;
    qloc loc;
    VEC(ast_name) names;     /* let: one or several (block with several returns); output: 0 or 1 */
    VEC(ast_expr *) exprs;   /* let: 1; output and return: ≥ 1 */
    /* input */
    ast_name type;           /* u8, i8, i16, f32 (checked by the parser) */
    VEC(ast_value *) dims;   /* as written: numbers or words, any value */
    bool has_real, has_scale;
    double lo, hi;           /* real [lo, hi]: finite */
    double scale; int64_t zero; /* scale S zero Z: S finite, Z an int32 */
    qloc quant_loc;
    const char *layout;      /* NULL, "nhwc", "nchw" */
    bool has_tensor;
    int tensor;              /* of an imported file */
} ast_stmt;

typedef struct ast_block {
    ast_name name;
    VEC(ast_name) params;
    VEC(ast_stmt *) stmts;
} ast_block;

typedef struct ast_file {
    const source *src;
    ast_name model;          /* empty s: the file has no model (a quantize file) */
    VEC(ast_block *) blocks;
    VEC(ast_stmt *) stmts;
    quant_spec *spec;        /* never NULL; empty if there is no quantize part */
    aug_spec *augment;       /* never NULL; empty if there is no augment part */
    bool has_model, has_quantize, has_augment;
} ast_file;

/* Parses a whole source. NULL when an error was reported (all that could be found in one run are
 * reported). Reentrant. */
ast_file *qdl_parse(qctx *ctx, const source *src);

/* The same, and the tree too where errors are in the quantize part's settings only, so that the model
 * can be checked in the same run; sound: no error was reported. */
ast_file *qdl_parse_tree(qctx *ctx, const source *src, bool *sound);

/* The tree as QDL text; parsing it again gives the same tree. The quantize part is not printed. */
void ast_print(const ast_file *f, buf *b);

#endif
