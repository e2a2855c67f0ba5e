/* frame.h - among the files of the emitter's frame (frame.c, header.c, run.c, selftest.c, plan.c,
 * names.c, options.c, adapter.c): places of tensors, ports, the interface. Operator printers need
 * only internal.h. */
#ifndef QCC_EMIT_FRAME_H
#define QCC_EMIT_FRAME_H

#include "compiler/emit/internal.h"

enum { EMIT_ABI_VERSION = 1, EMIT_OFFSET_ALIGN = 8 };

/* ---- plan.c -------------------------------------------------------------------------------- */

/* Where NAME_run finds a tensor. Tensors joined by reshapes are one group with one place. */
typedef enum place_kind { PLACE_NONE, PLACE_INPUT, PLACE_OUTPUT, PLACE_ARENA, PLACE_STATE } place_kind;
typedef struct place {
    place_kind kind;
    int index;      /* port or state number */
    int64_t offset; /* PLACE_ARENA: bytes */
    int64_t shift;  /* bytes from the beginning of the port, of the item */
    int item;       /* what the planner placed: equal items are the same memory; -1 none */
    int64_t room;   /* item ≥ 0: where in the arena it was placed, also for ports of the caller */
} place;

/* ports_are_places: --io-in-arena, NAME_run itself works on the ports in the arena. Without it
 * (--float-io, --selftest) ports have room in the arena for callers of NAME_run inside the file. */
typedef struct plan_request {
    bool inputs_in_arena, outputs_in_arena, ports_are_places;
    const int64_t *scratch; /* [ops.n] bytes, or NULL: none */
    const emitter *e;       /* for emit_may_alias */
} plan_request;

struct emit_plan {
    place *at;            /* [tensors.n] */
    int64_t *in_offset;   /* [inputs.n] the port's room in the arena, -1 none */
    int64_t *out_offset;  /* [outputs.n] */
    int64_t *scratch;     /* [ops.n] offset of the operator's scratch, -1 none */
    int64_t *live;        /* [ops.n] bytes of the arena that are live while the operator runs */
    uint64_t *laid;       /* [ops.n] of concat and pad: bit k, input k lies in the output */
    int *pitch;           /* [tensors.n] elements from cell to cell; 0: as the shape says */
    int64_t arena_bytes, lower_bound;
    emit_block *blocks; /* in the order of the tensors, then scratch */
    int n_blocks;
};

/* Offsets for all groups. Does not touch the graph. */
emit_plan *plan_places(qctx *ctx, const ir_graph *g, const plan_request *r);
/* What plan_places would call the lower bound, without a layout. */
int64_t plan_bound(qctx *ctx, const ir_graph *g, const plan_request *r);
void plan_set_views(ir_graph *g, const emit_plan *plan);
/* What emit_scratch asks for, operator by operator. */
int64_t *plan_scratch(const emitter *e);

/* ---- order.c ------------------------------------------------------------------------------- */

/* Puts the operators of g, which is e->g, into the order of the least arena: e->was is then set. */
void order_operators(emitter *e, ir_graph *g, const plan_request *r);

/* ---- elide.c ------------------------------------------------------------------------------- */

/* Tensors by the memory that they share. */
typedef struct joints {
    int *root;      /* [tensors.n] the tensor that stands for it */
    int64_t *shift; /* [tensors.n] bytes from its beginning */
    int *pitch;     /* [tensors.n] as emit_plan has it */
    uint64_t *laid; /* [ops.n] as emit_plan has it */
} joints;

/* Pads of g, which is e->g, go into the windows of their readers where these can take them; whether any does. */
bool elide_pads(emitter *e, ir_graph *g);
/* Lays inputs of concats and pads into the outputs, but not those of `copies` ([ops.n], or NULL). lie:
 * false: only laid is set, to all that some plan could have. */
void elide_joins(const emitter *e, const bool *copies, bool lie, joints *j);
/* Of a concat or a pad, whether it copies: "no copy: in place", "copies 1 of 2 inputs", or with reasons
 * "copies x (rescaled)"; NULL of others. */
const char *elide_note(const emitter *e, const ir_op *op, bool reasons);

/* ---- behind.c ------------------------------------------------------------------------------ */

/* Whether output 0 may overlap input 0 where it begins at least *ahead bytes below it. */
bool emit_writes_behind(const emitter *e, const ir_op *op, int64_t *ahead);
/* Whether output 0 may begin where input `in` begins. It is no larger. */
bool emit_writes_same(const emitter *e, const ir_op *op, int in);

/* ---- names.c ------------------------------------------------------------------------------- */
/* Sets prefix, upper and the reserved names of the interface. false: `prefix-invalid`. */
bool emit_names_init(emitter *e);

/* ---- ports (header.c) ---------------------------------------------------------------------- */
/* The graph's scale and zero point of a port, 1 and 0 where it has none (float nets). */
float port_scale(const ir_tensor *t);
int32_t port_zero(const ir_tensor *t);
int64_t port_bytes(const ir_tensor *t);
/* "INPUT", "INPUT1", … or "input", "input1", …: k > 0 carries its number. */
const char *port_word(emitter *e, const char *word, int k);

/* Macros, struct NAME_state and prototypes between guards; the same in the header and in the C. */
void emit_interface(emitter *e, buf *b);
/* Parameters of a function of the interface, e.g. "const int8_t *in0, int8_t *out0, void *arena". */
const char *emit_parameters(emitter *e, bool state, bool ports, bool float_ports, bool arena);
/* The whole header. */
void emit_header(emitter *e, buf *b);
/* float32 <-> codes of one port, as a function `storage` NAME. */
void emit_quantizer(emitter *e, buf *b, const char *storage, const char *name, const ir_tensor *t);
void emit_dequantizer(emitter *e, buf *b, const char *storage, const char *name, const ir_tensor *t);

/* ---- array.c ------------------------------------------------------------------------------- */
/* Definitions of NAME_ALIGN and NAME_SECTION. */
void emit_attribute_macros(emitter *e, buf *b);
/* `n` elements as an initialiser's lines, without braces. */
void emit_elements(buf *b, ir_type type, const void *data, int64_t n);

/* ---- run.c --------------------------------------------------------------------------------- */
/* NAME_run and the functions around it; the self-test is in selftest.c. */
void emit_run(emitter *e, buf *b);
/* C expression of a place in the arena; `mem` is the arena as int8_t *. */
const char *emit_arena_place(emitter *e, ir_type type, int64_t offset);
bool emit_selftest(emitter *e, buf *b);

/* ---- comment.c ----------------------------------------------------------------------------- */
/* The header comment; constants[i]: bytes that operator i baked. */
void emit_top_comment(emitter *e, buf *b, const int64_t *constants);

/* ---- options.c ----------------------------------------------------------------------------- */
/* The options that shape the C, in normal form. */
const char *emit_option_line(emitter *e);
/* false with diagnostics: `target-unknown`, `section-invalid`. */
bool emit_check_options(emitter *e);

#endif
