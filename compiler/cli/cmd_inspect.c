/* cmd_inspect.c - qcc inspect: a table of layers and the totals. */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "compiler/cli/inspect.h"
#include "compiler/cli/report.h"
#include "compiler/quant/grid.h"

typedef struct layer {
    const ir_op *op;
    const char *kind, *shape, *scheme, *kernel, *note;
    int64_t params, macs, weight_bytes, bound, flash, ram;
    double clipped;
    int acc_bits;
} layer;

static const char *op_word(const ir_op *op)
{
    return op->kind == OP_CONV2D && op->at.depthwise ? "depthwise" : ir_opinfos[op->kind].word;
}

/* "int4 tread/channel", "codebook4/channel": what the weights are. */
static const char *scheme_text(arena *a, const ir_tensor *w)
{
    if (!w || !w->quant)
        return "";
    const ir_quant *q = w->quant;
    const char *scales = q->axis < 0 ? "tensor" : "channel";
    if (q->scheme == IR_Q_CODEBOOK)
        return arena_printf(a, "codebook%d%s/%s", q->bits, q->table_per_channel ? " each" : "",
                            scales);
    return arena_printf(a, "int%d%s %s/%s%s", q->bits, q->symmetric ? "" : " asym",
                        q->grid == IR_GRID_TREAD ? "tread" : "midpoint", scales,
                        q->bits > 4 && q->bits < 8 ? " in 8" : "");
}

/* r: what emitting said, or NULL before quantization. */
static layer layer_of(qctx *ctx, const ir_op *op, const emit_result *r)
{
    layer l = {.op = op, .kind = op_word(op), .macs = ir_macs(op)};
    const ir_tensor *out = op->out[0], *w = ir_weight(op);
    l.shape = ir_shape_str(ctx->a, &out->shape);
    l.flash = r ? r->op_constants[op->id] : -1;
    l.ram = r ? r->op_live[op->id] : -1;
    l.kernel = r ? r->op_kernels[op->id] : "";
    l.note = r ? r->op_notes[op->id] : NULL;
    for (int i = 0; i < op->n_in; i++)
        if (op->in[i]->kind == IR_CONST)
            l.params += ir_elems(&op->in[i]->shape);
    l.scheme = scheme_text(ctx->a, w);
    l.weight_bytes = r ? r->op_weights[op->id] : 0;
    if (w && w->quant)
        l.clipped = w->quant->clipped;
    for (int c = 0; op->q && op->q->bound && c < op->q->channels; c++)
        l.bound = op->q->bound[c] > l.bound ? op->q->bound[c] : l.bound;
    l.acc_bits = op->q && op->q->bound ? (op->q->acc_type == IR_I64 ? 64 : 32) : 0;
    return l;
}

static void print_quant(const ir_tensor *t)
{
    if (t->quant)
        printf(" %12.6g %5d", (double)t->quant->scale[0], (int)t->quant->zero[0]);
    else
        printf(" %12s %5s", "-", "-");
}

int inspect_width(const ir_graph *g)
{
    size_t width = 16;
    for (int i = 0; i < g->ops.n; i++)
        if (strlen(g->ops.v[i]->name) > width)
            width = strlen(g->ops.v[i]->name);
    return width > 40 ? 40 : (int)width;
}

static void print_layer(const layer *l, int width)
{
    printf("%-*.*s %-14s %-12s %9" PRId64 " %11" PRId64, width, width, l->op->name, l->kind,
           l->shape, l->params, l->macs);
    print_quant(l->op->out[0]);
    if (l->acc_bits)
        printf(" %12" PRId64 "/%d", l->bound, l->acc_bits);
    else
        printf(" %15s", "-");
    printf(" %-19s", l->scheme);
    if (*l->scheme)
        printf(" %6.2f %%", 100 * l->clipped);
    else
        printf(" %8s", "");
    if (l->flash >= 0)
        printf(" %9" PRId64 " %9" PRId64 "  %s", l->flash, l->ram, l->kernel);
    putchar('\n');
}

/* The plan of the arena, by the offset of each block; blocks that overlap in place and time are
 * outputs that stay behind what their operators read. */
static void print_memory(const ir_graph *g, const emit_result *r)
{
    if (r->n_blocks == 0)
        return;
    printf("\n%9s %9s %-35s %s\n", "offset", "bytes", "from … to", "memory");
    for (int64_t at = 0; at >= 0;) {
        int64_t next = -1;
        for (int i = 0; i < r->n_blocks; i++) {
            const emit_block *b = &r->blocks[i];
            if (b->offset > at && (next < 0 || b->offset < next))
                next = b->offset;
            if (b->offset != at)
                continue;
            printf("%9" PRId64 " %9" PRId64 " %-16.16s … %-16.16s %s%s\n", b->offset, b->bytes,
                   b->first < 0 ? "(input)" : g->ops.v[b->first]->name,
                   b->last >= g->ops.n ? "(output)" : g->ops.v[b->last]->name,
                   b->scratch ? "scratch of " : "", b->name);
        }
        at = next;
    }
}

/* Concats and pads: what they copy. */
static void print_notes(const ir_graph *g, const emit_result *r)
{
    bool any = false;
    for (int i = 0; i < g->ops.n; i++) {
        if (!r->op_notes[i])
            continue;
        printf("%s%s %s: %s\n", any ? "" : "\n", ir_opinfos[g->ops.v[i]->kind].word,
               g->ops.v[i]->name, r->op_notes[i]);
        any = true;
    }
}

/* --ram=min: layers whose rows stream through windows, and what that saves. */
static void print_chains(const ir_graph *g, const emit_result *r)
{
    for (int i = 0; i < r->n_chains; i++) {
        const emit_chain *c = &r->chains[i];
        printf("%s to %s in bands of rows: windows %" PRId64 " bytes (rows: %s)\n", g->ops.v[c->first]->name,
               g->ops.v[c->last]->name, c->window_bytes, c->windows);
    }
    if (r->arena_own_order)
        printf("branches in another order than the net's, whose arena would have %" PRId64 " bytes\n",
               r->arena_own_order);
    if (r->n_chains > 0)
        printf("arena of whole maps %" PRId64 " bytes, of bands %" PRId64 "\n", r->arena_whole, r->arena_bytes);
}

static json_t *chains_json(const ir_graph *g, const emit_result *r)
{
    json_t *list = json_array();
    for (int i = 0; i < r->n_chains; i++) {
        const emit_chain *c = &r->chains[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:s}", "first", g->ops.v[c->first]->name, "last",
                                              g->ops.v[c->last]->name, "window_bytes",
                                              (json_int_t)c->window_bytes, "windows", c->windows));
    }
    return list;
}

static void print_totals(qctx *ctx, const net *n, const ir_graph *g, const emit_options *o,
                         const emit_result *r, const inspect_flash *f)
{
    int64_t params = 0, macs = 0;
    for (int i = 0; i < g->ops.n; i++) {
        layer l = layer_of(ctx, g->ops.v[i], r);
        params += l.params;
        macs += l.macs;
    }
    printf("\nparameters %" PRId64 ", multiply-accumulates %" PRId64 "\n", params, macs);
    if (!r)
        return;
    int64_t weights, constants;
    char hash[65];
    model_sizes(ctx, g, o, &weights, &constants);
    printf("flash: weights %" PRId64 " bytes, all constants %" PRId64 " (emitted: %" PRId64 ")",
           weights, constants, r->constant_bytes);
    inspect_code_print(f, r);
    printf("RAM: arena %" PRId64 " bytes (no plan needs less than %" PRId64
           "), without input, output and stack\n",
           r->arena_bytes, r->arena_lower_bound);
    ir_canonical_sha256(ctx, n->quantized, hash);
    printf("numerics %s, model %.16s…\n", ir_numerics_name(g->numerics), hash);
}

static void print_table(qctx *ctx, const net *n, const ir_graph *g, const emit_options *o,
                        const emit_result *r, const inspect_extra *x, const inspect_flash *f)
{
    printf("model %s\n", g->name);
    for (int i = 0; i < g->inputs.n; i++) {
        const ir_tensor *t = g->inputs.v[i];
        printf("input  %-12s %s %s", t->name, t->u8_port ? "u8" : ir_type_name(t->type),
               ir_shape_str(ctx->a, &t->shape));
        if (t->quant)
            printf("  scale %.9g zero %d", (double)t->quant->scale[0], (int)t->quant->zero[0]);
        putchar('\n');
    }
    int width = inspect_width(g);
    printf("\n%-*s %-14s %-12s %9s %11s %12s %5s %17s %-19s %8s", width, "layer", "operator",
           "output", "params", "MACs", "scale", "zero", "|acc| ≤", "weights", "clipped");
    puts(r ? "     flash       RAM  kernel" : "");
    for (int i = 0; i < g->ops.n; i++) {
        layer l = layer_of(ctx, g->ops.v[i], r);
        print_layer(&l, width);
    }
    for (int i = 0; i < g->outputs.n; i++)
        printf("output %s %s\n", g->outputs.v[i]->name,
               ir_shape_str(ctx->a, &g->outputs.v[i]->shape));
    inspect_rounding(n);
    inspect_extras_print(ctx, n, x);
    if (r) {
        print_memory(g, r);
        print_notes(g, r);
        print_chains(g, r);
    }
    const ir_graph *lean = r ? emit_lean(ctx, g, o) : g;
    if (lean != g)
        inspect_lean(ctx, g, lean);
    print_totals(ctx, n, g, o, r, f);
}

static json_t *layer_json(const layer *l)
{
    json_t *j =
        json_pack("{s:s, s:s, s:s, s:I, s:I}", "name", l->op->name, "operator", l->kind, "shape",
                  l->shape, "parameters", (json_int_t)l->params, "macs", (json_int_t)l->macs);
    const ir_quant *q = l->op->out[0]->quant;
    if (q) {
        json_object_set_new(j, "scale", json_real((double)q->scale[0]));
        json_object_set_new(j, "zero_point", json_integer(q->zero[0]));
    }
    if (l->acc_bits) {
        json_object_set_new(j, "accumulator_bound", json_integer(l->bound));
        json_object_set_new(j, "accumulator_bits", json_integer(l->acc_bits));
    }
    if (*l->scheme) {
        json_object_set_new(j, "weights", json_string(l->scheme));
        json_object_set_new(j, "clipped", json_real(l->clipped));
        json_object_set_new(j, "weight_bytes", json_integer(l->weight_bytes));
    }
    if (l->flash >= 0) {
        json_object_set_new(j, "constant_bytes", json_integer(l->flash));
        json_object_set_new(j, "arena_bytes", json_integer(l->ram));
        json_object_set_new(j, "kernel", json_string(l->kernel));
    }
    if (l->note)
        json_object_set_new(j, "copy", json_string(l->note));
    return j;
}

static void print_json(qctx *ctx, const net *n, const ir_graph *g, const emit_options *o,
                       const emit_result *r, const inspect_extra *x, const inspect_flash *f)
{
    json_t *j = json_pack("{s:s}", "model", g->name), *layers = json_array();
    for (int i = 0; i < g->ops.n; i++) {
        layer l = layer_of(ctx, g->ops.v[i], r);
        json_array_append_new(layers, layer_json(&l));
    }
    json_object_set_new(j, "layers", layers);
    inspect_rounding_json(j, n);
    inspect_extras_json(ctx, j, n, x);
    const ir_graph *lean = r ? emit_lean(ctx, g, o) : g;
    if (lean != g)
        inspect_lean_json(ctx, j, g, lean);
    if (r) {
        int64_t weights, constants;
        char hash[65];
        model_sizes(ctx, g, o, &weights, &constants);
        ir_canonical_sha256(ctx, n->quantized, hash);
        json_object_set_new(j, "weight_bytes", json_integer(weights));
        json_object_set_new(j, "constant_bytes", json_integer(constants));
        inspect_code_json(j, f, r);
        json_object_set_new(j, "arena_bytes", json_integer(r->arena_bytes));
        json_object_set_new(j, "arena_lower_bound", json_integer(r->arena_lower_bound));
        if (r->arena_own_order)
            json_object_set_new(j, "arena_bytes_own_order", json_integer(r->arena_own_order));
        if (r->n_chains > 0) {
            json_object_set_new(j, "arena_bytes_whole", json_integer(r->arena_whole));
            json_object_set_new(j, "chains", chains_json(g, r));
        }
        json_object_set_new(j, "numerics", json_string(ir_numerics_name(g->numerics)));
        json_object_set_new(j, "model_sha256", json_string(hash));
    }
    json_dumpf(j, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(j);
}

int cmd_inspect(qctx *ctx, cli *c)
{
    bool weights = c->operands.n > 1;
    net *n = cli_net(ctx, c, weights);
    if (!n)
        return EXIT_BAD_INPUT;
    const ir_graph *g = weights ? n->legal : n->lowered;
    emit_result emitted, *r = n->legal ? &emitted : NULL;
    inspect_extra x = {0};
    inspect_flash f = {0};
    if (!weights && (c->errors || c->health || c->report))
        return cli_usage(c, "--errors, --health and --report need the weights");
    if (r && (!emit_c(ctx, g, &c->emit, r) || !inspect_code(ctx, c, g, &f) ||
              !inspect_extras(ctx, c, n, &x)))
        return EXIT_BAD_INPUT;
    report_extra known = {.errors = x.errors, .health = x.health.n ? &x.health : NULL};
    if (!report_write(ctx, c, n, &known))
        return EXIT_BAD_INPUT;
    progress_end(ctx);
    if (c->json)
        print_json(ctx, n, g, &c->emit, r, &x, &f);
    else
        print_table(ctx, n, g, &c->emit, r, &x, &f);
    return EXIT_DONE;
}
