/* pipeline.h - the list of passes, read top to bottom; shared by the library and the command line. */
#ifndef QCC_PIPELINE_H
#define QCC_PIPELINE_H

#include "compiler/front/front.h"
#include "compiler/import/import.h"
#include "compiler/quant/quant.h"

typedef struct net {
    ast_file *file;
    quant_spec *spec;     /* the model's quantize part, --quant files and options appended */
    bool saved;           /* a saved quantized pair */
    ir_graph *lowered;
    ir_graph *floating;   /* FOLDED (saved pair: dequantized) */
    ir_graph *quantized;  /* QUANTIZED: the canonical model; NULL until net_quantize (or saved) */
    ir_graph *legal;      /* LEGAL */
    const ir_graph *prepared; /* the float net that was quantized: floating, equalized where asked */
    act_range *ranges;
    rounding_log rounding;    /* of net_quantize, a row for each layer that was refined */
} net;

/* One option that decides quantization: "range", "-1:1". */
typedef struct net_setting {
    const char *which, *text;
} net_setting;

typedef struct net_options {
    bool allow_extra;
    const char *quant_file;          /* --quant */
    VEC(net_setting) settings;       /* --range, --bits, --grid, --numerics in order */
    const char *calibrate;           /* data spec or NULL; several inputs: comma separated */
    const char *layout;
    VEC(const char *) binds;         /* --bind NAME=FILE, of an imported model */
    bool seed_given;                 /* --seed, which a saved pair has no use for */
    bool strict_acc32;
    bool codes;                      /* --codes for CSV */
} net_options;

/* parse → sema → lower → bind weights → fold batch norm → fuse. NULL after errors. weights_path NULL:
 * structure only (shapes, parameters; no data). A model of another tool (import_takes) is imported
 * first; it holds its weights itself. */
net *net_load(qctx *ctx, const char *qdl_path, const char *weights_path, const net_options *o);
/* What net_load makes of a model of another tool: the pair of this name, in memory. */
imported *net_import(qctx *ctx, const char *path, const char *name, const net_options *o);
net *net_load_imported(qctx *ctx, const imported *pair, const net_options *o);
/* One more setting, checked against the model. On a saved pair it must be what the pair has. */
bool net_set(qctx *ctx, net *n, const char *which, const char *text);
/* Rows for all inputs of a graph. files: FILE[,FILE…], one for each input, each with its :OFFSET+COUNT. */
bool net_data(qctx *ctx, const ir_graph *g, const char *files, const net_options *o, port_map **ports);
/* Names of the passes for --dump, ended by NULL. */
extern const char *const pipeline_passes[];
/* The ranges of all activations only (n->ranges). */
bool net_calibrate(qctx *ctx, net *n, const net_options *o);
/* equalize → calibrate → choose → refine → legalize → bounds. A saved pair goes straight to legalize. */
bool net_quantize(qctx *ctx, net *n, const net_options *o);
/* Its halves, for nets that are quantized again and again with the same ranges. */
bool net_calibrate_ports(qctx *ctx, net *n, const port_map *ports);
bool net_choose(qctx *ctx, net *n, const port_map *ports, bool strict_acc32);
/* The calibration data of the options as ports of the net: NULL in *ports without any. */
bool net_ports(qctx *ctx, const net *n, const net_options *o, port_map **ports);
/* The same with calibration rows at hand: one port map for each input, or NULL for noise. */
bool net_quantize_ports(qctx *ctx, net *n, const port_map *ports, bool strict_acc32);

#endif
