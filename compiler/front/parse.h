/* parse.h - what the scanner, the grammar and the tree builders share while one source is read.
 *
 *   qdl_lex.l   bytes → raw tokens                       (pure: notes errors in the token)
 *   tokens.c    newlines and brackets → what bison reads  (reports lexical errors)
 *   qdl.y       tokens → calls of ast_*
 *   ast.c       ast_*: the tree, with checks of single statements
 *   expect.c    syntax errors in human words
 *
 * Nothing here outlives qdl_parse. */
#ifndef QCC_PARSE_H
#define QCC_PARSE_H

#include "compiler/front/ast.h"

/* Bytes of QDL that are read; a net of a thousand layers takes 100 kB. */
enum { QDL_MAX_BYTES = 4 << 20, QDL_MAX_BRACKETS = 64, QDL_MAX_ERRORS = 100 };

typedef VEC(ast_name) ast_names;
typedef VEC(ast_value *) ast_values;
typedef VEC(ast_expr *) ast_exprs;

/* The semantic value of a token or nonterminal. */
typedef union qdl_value {
    ast_name name;
    ast_value *value;
    ast_values *values;
    ast_names *names;
    ast_expr *expr;
    ast_exprs *exprs;
    ast_stmt *stmt;
    ast_block *block; /* the statements of a body; a call's arguments are an expr */
} qdl_value;

typedef struct qdl_token {
    int kind; /* T_* of grammar/qdl.h */
    qdl_value v;
    qloc loc;
    /* A lexical error, reported when the token is handed to the parser. */
    struct qdl_fault {
        bool any;
        diag_id id;
        qloc loc;
        const char *message, *hint;
    } fault;
} qdl_token;

/* Extra data of the scanner. */
typedef struct qdl_scan {
    qctx *ctx;
    const source *src;
    uint32_t at; /* offset of the next byte */
    struct qdl_fault fault;
} qdl_scan;

enum { QDL_LOOKAHEAD = 4 };

typedef struct qdl_parser {
    qctx *ctx;
    const source *src;
    void *scanner;
    ast_file *file;

    /* tokens.c */
    qdl_token ahead[QDL_LOOKAHEAD]; /* a ring: n_ahead tokens from first */
    int first, n_ahead;
    struct qdl_bracket { int kind; qloc loc; } open[QDL_MAX_BRACKETS];
    int depth;            /* open brackets */
    int close_to;         /* brackets from here on are closed before the next token; -1: none */
    int skip_to;          /* after a syntax error inside a bracket: tokens deeper than this are
                             dropped; -1: none */
    bool cut_string;      /* the statement has an unterminated name, which may hold its brackets */
    int depth_before;     /* depth before the newest token */
    qdl_token prev, before; /* the newest token, and the one before it */
    qdl_token first_word; /* first token of the statement */
    int stmt_tokens;      /* tokens of the statement so far */
    uint32_t last_end;    /* end of the last token that was not a newline */
    int section;          /* T_MODEL, T_BLOCK, T_QUANTIZE, T_AUGMENT: where the tokens stand; 0 outside */
    int errors;           /* of this source, in its text */
    int rule_errors;      /* in what the quantize part's rules say */
    bool stopped;         /* no more tokens, no more messages */

    /* ast.c */
    VEC(struct qdl_flag { ast_expr *call; bool chained; }) flags; /* calls of operators
                             that have a bare flag, settled when all blocks are known */
    qloc model_loc, quantize_loc, augment_loc;
} qdl_parser;

/* ---- qdl_lex.l ----------------------------------------------------------------------------- */
void *qdl_scanner_new(qdl_scan *scan);
int qdl_scanner_token(void *scanner, qdl_token *t);

/* ---- tokens.c ------------------------------------------------------------------------------ */
int qdl_next_token(qdl_parser *ps, qdl_value *v, qloc *loc);
/* The parser goes into error recovery at the newest token. */
void qdl_recover(qdl_parser *ps);
void qdl_fail(qdl_parser *ps, diag_id id, qloc loc, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- expect.c ------------------------------------------------------------------------------ */
/* names: what bison calls the tokens that it could have taken (the aliases of qdl.y). */
void qdl_syntax_error(qdl_parser *ps, qloc loc, const char *const *names, int n);

/* ---- ast.c --------------------------------------------------------------------------------- */
ast_value *ast_number(qctx *ctx, qloc loc, double v, bool integer);
ast_value *ast_size(qctx *ctx, qloc loc, ast_value *height, ast_value *width);
ast_name ast_quoted(qdl_parser *ps, const ast_value *string);
ast_value *ast_word_value(qdl_parser *ps, ast_name word);
ast_value *ast_list(qdl_parser *ps, qloc loc, const ast_values *values);
ast_values *ast_values_add(qdl_parser *ps, ast_values *list, ast_value *v);
ast_names *ast_names_add(qdl_parser *ps, ast_names *list, ast_name name);
ast_exprs *ast_exprs_add(qdl_parser *ps, ast_exprs *list, ast_expr *e);

ast_expr *ast_name_expr(qdl_parser *ps, ast_name name);
/* Arguments are collected in a call without a name; args NULL starts one. */
ast_expr *ast_args_expr(qdl_parser *ps, ast_expr *args, ast_expr *e);
ast_expr *ast_args_value(qdl_parser *ps, ast_expr *args, ast_value *v);
ast_expr *ast_args_attr(qdl_parser *ps, ast_expr *args, ast_name name, ast_value *v);
ast_expr *ast_call(qdl_parser *ps, qloc loc, ast_name op, ast_expr *args);
ast_expr *ast_chain(qdl_parser *ps, qloc loc, ast_expr *left, ast_expr *right);

ast_stmt *ast_let(qdl_parser *ps, qloc loc, const ast_names *names, ast_expr *e);
ast_stmt *ast_state(qdl_parser *ps, qloc loc, ast_name name, ast_name type, const ast_value *dims,
                    const ast_values *qualifiers);
ast_stmt *ast_assign(qdl_parser *ps, qloc loc, ast_name name, ast_expr *e);
ast_stmt *ast_input(qdl_parser *ps, qloc loc, ast_name name, ast_name type, const ast_value *dims,
                    const ast_values *qualifiers);
ast_stmt *ast_output(qdl_parser *ps, qloc loc, const ast_name *name, const ast_exprs *exprs);
ast_stmt *ast_return(qdl_parser *ps, qloc loc, const ast_exprs *exprs);
ast_stmt *ast_weights(qdl_parser *ps, qloc loc, ast_name word);

/* Appends a statement (NULL: an empty one, or one with errors); body NULL starts one. */
ast_block *ast_body(qdl_parser *ps, ast_block *body, ast_stmt *s);
void ast_model(qdl_parser *ps, qloc loc, ast_name name, const ast_block *body);
void ast_block_def(qdl_parser *ps, ast_name name, const ast_names *params, ast_block *body);
void ast_unknown_section(qdl_parser *ps, ast_name word, ast_name name);
void ast_quantize(qdl_parser *ps, qloc loc);
void ast_augment(qdl_parser *ps, qloc loc);
/* `path : items`; `word items` (numerics, saved; the steps of the augment part). */
void ast_rule(qdl_parser *ps, qloc loc, const ast_names *path, const ast_values *items);
void ast_directive(qdl_parser *ps, qloc loc, ast_name word, const ast_values *items);

/* Flags among the arguments become attributes (ast_expr); once, at the end. */
void ast_settle_flags(qdl_parser *ps);

#endif
