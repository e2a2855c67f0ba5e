/* internal.h - between search.c, evaluate.c and memo.c. */
#ifndef QCC_SEARCH_INTERNAL_H
#define QCC_SEARCH_INTERNAL_H

#include "compiler/search/search.h"

extern const int search_n_schemes;

typedef struct searcher {
    qctx *ctx;
    net *n;
    const port_map *ports;
    const search_options *o;
    int layers;
    const char **layer; /* names that rules take */
    bool *fixed;        /* a rule of the user's states the layer's scheme or width: left alone */
    int64_t rows, offset;
    int64_t helpers;        /* of the base: -1 before it was made */
    int64_t code, stack;    /* of the last run that was made */
    target_size how;        /* who told them */
    float **floats;              /* [rows]: output 0 of the float net */
    bool failed;                 /* after an error */
    int runs, remembered, noted; /* noted: how many of memo come from the file */
    const char *identity;        /* of net and data: what noted runs belong to */
    VEC(search_point) memo;
} searcher;

/* evaluate.c: calibrates, runs the float net over the selection rows, finds the layers. */
bool search_start(qctx *ctx, net *n, const port_map *ports, const search_options *o, searcher *s);
/* Quantizes as chosen and runs the selection rows; false, with s->failed, after a diagnostic. */
bool search_run(searcher *s, const char *choice, search_point *p);
/* Leaves the net quantized as chosen. */
bool search_apply(searcher *s, const char *choice);
/* The quantize part of a choice, in ctx's arena. */
const char *search_rules(const searcher *s, qctx *ctx, const char *choice);
/* Flash and RAM of a net; code and stack of it stand in s. */
bool search_measure(searcher *s, const ir_graph *legal, search_point *p);
double search_lower_bound(int64_t hits, int64_t rows);

/* memo.c: runs noted in o->resume. */
void memo_read(searcher *s);
bool memo_find(searcher *s, const char *choice, search_point *p);
bool memo_note(searcher *s, const search_point *p);

#endif
