/* bands.h - chains of layers whose maps never exist whole (--ram=min).
 *
 * A chain is a run of operators that work row by row. Each is called for a band of `rows` rows of its
 * output. Of a map between them only a window lies in the arena: the rows that are still to be read.
 * Rows of padding stand in the windows as the zero point, so every call of an operator is the same
 * one: a layer of few rows, without padding above and below, for which any kernel serves. Rows of a
 * map outside the chain are read where they are; where they need padding, they are copied into a
 * window first ("fed").
 *
 *   bands.c         which operators can do so; the order of the calls, played to size the windows
 *   bands_choose.c  which chains, and how high their bands
 *   bands_text.c    the C of a chain */
#ifndef QCC_EMIT_BANDS_H
#define QCC_EMIT_BANDS_H

#include "compiler/emit/frame.h"

typedef enum band_kind { BAND_WINDOW, BAND_READ, BAND_WRITTEN } band_kind;

/* A map of the chain. Rows of a window count from its first row above. */
typedef struct band_map {
    const ir_tensor *t;
    ir_tensor *place; /* the tensor that the planner places: t, or where it is fed one of its own */
    band_kind kind;   /* in a window; or whole, outside the chain: read, or written */
    int rows;         /* of the map */
    int64_t row_bytes;
    int above, below; /* rows of padding, whose codes are `zero` */
    int32_t zero;
    int room;         /* of a window: rows */
    int end;          /* played: rows so far */
    int64_t ahead;    /* READ, or fed: least distance, in bytes, of the written map below it */
    int source;       /* fed: the map that it is copied from; else -1 */
} band_map;

/* How a step reads a map: `rows` rows at once, each call `step` rows further. */
typedef struct band_reader {
    int map, start, rows, step;
    int at; /* played */
} band_reader;

/* An operator, or what feeds a window (op NULL). */
typedef struct band_step {
    const ir_op *whole; /* as it stands in the net */
    ir_op *op;          /* a band of it */
    band_reader *reader;
    int n, out;
    int rows, calls; /* rows of a call; calls that make the whole map */
    bool counted;    /* its calls are counted: it could be called once more, or rows go below */
    int made;        /* played: calls */
} band_step;

typedef struct band_chain {
    int first, last; /* operators */
    VEC(band_map) map;
    VEC(band_step) step; /* in the order of the operators, each after what feeds it */
    VEC(ir_tensor *) views; /* tensors of the bands, to be numbered */
    VEC(int) view_map;
    const char *fn; /* its function's name, once printed */
} band_chain;

struct emit_bands {
    VEC(band_chain *) chain;
    int tensors;    /* those from here on are views, or fed windows */
    int64_t whole;  /* bytes of the arena without chains */
    bool moves;     /* the function that moves rows was printed */
    VEC(int) root;  /* [id - tensors]: the tensor whose place a view is in; its own id: a fed window */
};

/* The chain of operators first to last with bands of at most `height` rows, or NULL. Leaves the graph
 * alone. */
band_chain *bands_chain(const emitter *e, int first, int last, int height);
/* Puts the bands in the place of the operators of g, which is e->g; takes the last chain back. */
void bands_apply(emitter *e, ir_graph *g, band_chain *c);
void bands_undo(emitter *e, ir_graph *g);
/* What `inspect` says of the chains. */
void bands_facts(emitter *e, emit_result *r);

/* Chooses chains for the least arena and applies them. */
void bands_choose(emitter *e, ir_graph *g, plan_request *r);

/* The chain that operator number `op` is part of, or NULL. */
const band_chain *bands_of(const emitter *e, int op);
/* The operator as it stands in the net. */
const ir_op *bands_whole(const emitter *e, const ir_op *op);
/* The tensor whose place t lies in: itself, unless it is a view. */
const ir_tensor *bands_root(const emitter *e, const ir_tensor *t);
/* Bytes of t's place: a window's, where it is one. */
int64_t bands_bytes(const emitter *e, const ir_tensor *t);

/* Prints the function of chain number k to e->ops. */
void bands_print(emitter *e, int k);
/* C expression that calls it; `place` gives that of a map outside the chain. */
const char *bands_call(emitter *e, const band_chain *c, const char *(*place)(emitter *, const ir_tensor *));

#endif
