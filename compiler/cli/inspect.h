/* inspect.h - the parts of `qcc inspect` beside its table of layers. */
#ifndef QCC_INSPECT_H
#define QCC_INSPECT_H

#include <jansson.h>

#include "compiler/cli/cli.h"
#include "compiler/report/errors.h"

/* Columns of the tables for names of layers: as many as the longest has, from 16 to 40. */
int inspect_width(const ir_graph *g);

/* inspect_rounding.c: what rounding on the data did, layer by layer; nothing where no layer asks.
 */
void inspect_rounding(const net *n);
void inspect_rounding_json(json_t *j, const net *n);

/* inspect_lean.c: what the emitted C leaves out, with the proof of each; lean: what is emitted (emit_lean). */
void inspect_lean(qctx *ctx, const ir_graph *whole, const ir_graph *lean);
void inspect_lean_json(qctx *ctx, json_t *j, const ir_graph *whole, const ir_graph *lean);

/* inspect_code.c: flash with --target. */
enum { INSPECT_LEVELS = 3 }; /* emit_opt */
typedef struct inspect_flash {
    int64_t code;                /* bytes */
    int64_t all[INSPECT_LEVELS]; /* of constants and code with -Os, -O2, -Ospeed; --json: with what
                                    is asked for */
    const char *by;      /* the compiler and its flags; NULL: not asked for, or there is none */
    const char *missing; /* the target's compiler, where another served, or none */
    double factor;       /* then: by which its code was multiplied */
} inspect_flash;
bool inspect_code(qctx *ctx, const cli *c, const ir_graph *g, inspect_flash *f);
/* Ends the line that tells the constants. */
void inspect_code_print(const inspect_flash *f, const emit_result *r);
void inspect_code_json(json_t *j, const inspect_flash *f, const emit_result *r);

/* inspect_errors.c: what --errors and --health ask for. */
typedef struct inspect_extra {
    layer_error *errors; /* [operators], or NULL */
    health health;       /* n = 0: not asked for */
} inspect_extra;
bool inspect_extras(qctx *ctx, cli *c, const net *n, inspect_extra *x);
void inspect_extras_print(qctx *ctx, const net *n, const inspect_extra *x);
void inspect_extras_json(qctx *ctx, json_t *j, const net *n, const inspect_extra *x);

#endif
