/* internal.h - between the files of semantic analysis. Nothing outside compiler/front includes it.
 *
 *   names.c    scopes: what a name stands for, where names may not be
 *   attrs.c    values and attributes of a call → ir_attrs, by the table of ir/words.h
 *   lower.c    expressions → operators
 *   split.c    split → slices
 *   one_d.c    conv1d and pools over a length → those over images
 *   constants.c   constants as operands
 *   transposed.c  conv_transpose → dilate and conv2d
 *   blocks.c   calls of blocks: a scope of their own, statements lowered into the caller's graph
 *   ports.c    inputs and outputs
 *   states.c   states and their assignments
 *   sema.c     statements; sema_lower
 *
 * After an error a name is bound to nothing ("broken"), and what needs it is silently broken too, so
 * that each mistake is told once. */
#ifndef QCC_FRONT_INTERNAL_H
#define QCC_FRONT_INTERNAL_H

#include "compiler/front/front.h"
#include "compiler/ir/words.h"

enum {
    SEMA_MAX_CALLS = 10000, /* operators and block instances of one model */
    SEMA_MAX_DEPTH = 100    /* calls inside calls, blocks inside blocks */
};

/* ---- names.c ------------------------------------------------------------------------------- */

typedef enum bind_kind { BIND_LATER, BIND_TENSOR, BIND_VALUE, BIND_BROKEN } bind_kind;

typedef struct binding {
    const char *name;
    qloc loc;
    bind_kind kind;
    ir_tensor *tensor;
    const ast_value *value; /* a parameter's value, resolved */
    int stmt;               /* defining statement; -1: a parameter */
    bool used;
} binding;

/* Strings → numbers ≥ 0, open addressing. */
typedef struct name_map {
    struct name_slot { const char *name; int value; } *slot;
    int n, size;
} name_map;

int name_map_get(const name_map *m, const char *name); /* -1: absent */
void name_map_put(qctx *ctx, name_map *m, const char *name, int value);

typedef VEC(ast_stmt *) ast_stmts;

typedef struct scope {
    const ast_block *block;  /* NULL: the model */
    const char *instance;    /* "" or "b1": what inner names begin with */
    const char *prefix;      /* the same for names in the weight file */
    struct scope *caller;
    qloc call;
    ast_stmt *const *stmts;
    int n_stmts;
    int now;                 /* the statement that is being lowered */
    VEC(binding) names;
    name_map index;
} scope;

/* The statement that is being lowered. */
typedef struct statement {
    const char *local;     /* "c1", or "" for an unnamed return */
    bool has_weights;      /* its first layer with weights took its name */
    bool has_norm;         /* a batch norm took c1_bn */
} statement;

typedef struct sema {
    qctx *ctx;
    const ast_file *file;
    ir_graph *g;
    scope *scope;
    statement *st;
    name_map taken;        /* full names of the graph */
    name_map blocks;       /* name → number */
    bool *block_called, *block_broken; /* by number of the block */
    int calls, depth, unnamed_outputs;
    qloc layout;           /* the input that stated one */
    bool stopped;          /* a limit was hit: no further messages */
} sema;

/* "b1" + "dw" = "b1.dw"; either may be "". */
const char *join_names(sema *s, const char *outer, const char *inner);
/* Full name of a name of the current scope. */
const char *full_name(sema *s, const char *local);
/* A local name that nothing has: base.word, base.word1, …; reserved from now on. */
const char *fresh_local(sema *s, const char *base, const char *word);
/* Reserves a full name of the graph; false with `duplicate-name` when it is taken. */
bool reserve_name(sema *s, const char *full, qloc loc);
/* Adds a name to the scope; false with `duplicate-name`. */
binding *declare(sema *s, const char *name, qloc loc, int stmt);
binding *find_binding(const scope *sc, const char *name);
void define_tensor(sema *s, const char *name, int stmt, ir_tensor *t);
/* The tensor behind a name, marked as used; NULL: broken, told (now or before). */
ir_tensor *lookup_tensor(sema *s, const ast_name *name);
void hint_near(sema *s, const char *name, const char *const *candidates, int n);

/* ---- attrs.c ------------------------------------------------------------------------------- */

/* The arguments of a call, sorted out. */
typedef struct call_args {
    VEC(ir_tensor *) tensors;         /* NULL where broken */
    VEC(const ast_value *) values;    /* positional, resolved */
    VEC(ast_attr) attrs;
} call_args;

typedef struct call_attrs {
    ir_attrs at;
    bool no_bias;
    const char *weights; /* NULL: not given */
    int tensor;          /* of an imported file; -1: none */
} call_attrs;

/* Parameters of the block replaced by what they stand for; NULL after `not-a-value`. */
const ast_value *resolve_value(sema *s, const ast_value *v);
/* complete: no argument was lost before, so that what is missing is told. */
bool read_attrs(sema *s, const ir_word *w, const ast_name *op, const call_args *args,
                bool complete, call_attrs *out);

/* ---- split.c ------------------------------------------------------------------------------- */

/* `a, b = split(x, …)`: a slice for each of the statement's names. attrs: read by the table. */
bool lower_split(sema *s, const ast_expr *call, const ast_name *name, ir_tensor *x,
                 const call_attrs *attrs, int want, ir_tensor **out);

/* ---- one_d.c ------------------------------------------------------------------------------- */

/* conv1d, maxpool1d, avgpool1d. */
bool is_one_d(const ir_word *w);
/* x, [L, C], as an image [1, L, C]; completes the attributes. NULL after a diagnostic. */
ir_tensor *enter_one_d(sema *s, const ir_word *w, const ast_expr *call, ir_tensor *x, ir_attrs *at);
/* [1, L, C] as [L, C], under the name of the statement. */
ir_tensor *leave_one_d(sema *s, const ast_expr *call, ir_tensor *y, const char *local);

/* ---- constants.c ---------------------------------------------------------------------------- */

/* The tensor that `constant` gives: no operator makes it. NULL after a diagnostic. */
ir_tensor *lower_constant(sema *s, const ast_expr *call, const call_attrs *attrs, const char *local);
/* The slopes of a prelu of x that names none: one for each channel. NULL after a diagnostic. */
ir_tensor *add_slope(sema *s, const ast_expr *call, const ir_tensor *x, const call_attrs *attrs);
/* Whether constants stand only where an operator takes them; false after `constant-place`. */
bool check_constants(sema *s, const ast_expr *call, const ir_word *w, ir_tensor *const *in, int n);

/* ---- transposed.c -------------------------------------------------------------------------- */

/* x with zeros between its cells, and the attributes of the convolution of that; NULL after a
 * diagnostic. */
ir_tensor *enter_transposed(sema *s, const ast_expr *call, ir_tensor *x, ir_attrs *at);

/* ---- lower.c, blocks.c, ports.c, sema.c ------------------------------------------------------ */

/* Shape, type and quantization of a declared tensor, an input or a state; NULL after a diagnostic. */
ir_tensor *add_declared(sema *s, const ast_stmt *stmt, ir_tkind kind);
/* A copy of a tensor, as it is now. */
ir_tensor *copy_tensor(sema *s, ir_tensor *t, const char *local, qloc loc);

/* The value of an expression; its final operator is called `local` (NULL: a fresh name). NULL:
 * broken. want results: more than one only for blocks. */
ir_tensor *lower_expr(sema *s, const ast_expr *e, const char *local);
bool lower_results(sema *s, const ast_expr *e, const char *local, int want, ir_tensor **out);
/* Counts a call against the limits; false (told once) beyond them. */
bool count_call(sema *s, qloc loc);

/* Number of the block that a call means, -1: none. */
int find_block(const sema *s, const char *name);
bool lower_block(sema *s, int block, const ast_expr *call, const ast_name *name, ir_tensor *first,
                 bool has_first, const char *local, int want, ir_tensor **out);

void lower_input(sema *s, const ast_stmt *stmt, int number);
void lower_state(sema *s, const ast_stmt *stmt, int number);
void lower_assign(sema *s, const ast_stmt *stmt);
/* States that nothing assigns are errors. */
void check_states(sema *s);
void lower_output(sema *s, const ast_stmt *stmt, int number);

/* All statements of a scope but returns; then `unused-result` where nothing failed. */
void declare_statements(sema *s);
void lower_statement(sema *s, int number);
void warn_unused(sema *s);

#endif
