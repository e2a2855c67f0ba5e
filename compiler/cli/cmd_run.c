/* cmd_run.c - qcc run: rows through an engine. */
#include <inttypes.h>
#include <string.h>

#include "compiler/cli/cli.h"
#include "compiler/quant/grid.h"

typedef struct run {
    qctx *ctx;
    cli *c;
    const ir_graph *g;
    port_map *ports;
    int64_t rows;
    void **out;   /* [outputs] rows × elements, codes of the tensor's type (float for float nets) */
} run;

static bool map_ports(run *r)
{
    int n = r->g->inputs.n;
    if (r->c->operands.n - 2 != n) {
        diag_add(r->ctx, D_DATA_PORTS, loc_none(), "the model has %d input%s, %d file%s given", n,
                 n == 1 ? "" : "s", r->c->operands.n - 2, r->c->operands.n == 3 ? " is" : "s are");
        return false;
    }
    r->ports = ARENA_ARRAY(r->ctx->a, port_map, n);
    for (int i = 0; i < n; i++) {
        dataset *d = dataset_read(r->ctx, r->c->operands.v[2 + i], false);
        if (!d)
            return false;
        d->codes = d->codes || (r->c->net.codes && d->format == DF_CSV);
        const char *layout = r->c->net.layout ? r->c->net.layout : r->g->layout;
        if (!port_map_make(r->ctx, r->g->inputs.v[i], d, layout, &r->ports[i]))
            return false;
        if (i && r->ports[i].rows != r->ports[0].rows) {
            diag_add(r->ctx, D_DATA_PORTS, loc_file(d->src), "%" PRId64 " rows, the first input has %" PRId64,
                     r->ports[i].rows, r->ports[0].rows);
            return false;
        }
    }
    r->rows = r->ports[0].rows;
    return true;
}

static size_t tensor_bytes(const ir_tensor *t)
{
    return (size_t)ir_elems(&t->shape) * ir_type_size(t->type);
}

static bool execute(run *r, engine *e)
{
    const ir_graph *g = r->g;
    void **in = ARENA_ARRAY(r->ctx->a, void *, g->inputs.n);
    void **out = ARENA_ARRAY(r->ctx->a, void *, g->outputs.n);
    r->out = ARENA_ARRAY(r->ctx->a, void *, g->outputs.n);
    for (int i = 0; i < g->inputs.n; i++)
        in[i] = arena_alloc(r->ctx->a, tensor_bytes(g->inputs.v[i]));
    for (int i = 0; i < g->outputs.n; i++)
        r->out[i] = arena_calloc(r->ctx->a, (size_t)r->rows, tensor_bytes(g->outputs.v[i]));
    for (int64_t row = 0; row < r->rows; row++) {
        for (int i = 0; i < g->inputs.n; i++) {
            if (g->inputs.v[i]->type == IR_F32)
                port_row_real(&r->ports[i], row, in[i]);
            else
                port_row_codes(&r->ports[i], row, in[i]);
        }
        for (int i = 0; i < g->outputs.n; i++)
            out[i] = (char *)r->out[i] + (size_t)row * tensor_bytes(g->outputs.v[i]);
        if (engine_run(e, (const void *const *)in, out) != 0) {
            diag_add(r->ctx, D_INTERNAL_IR, loc_none(), "the compiled network refused its arguments");
            return false;
        }
        if (r->ctx->progress)
            r->ctx->progress(r->ctx->progress_user, "run", (double)(row + 1) / (double)r->rows);
    }
    return true;
}

/* Element i of an output as a real number. */
static double real_value(const ir_tensor *t, const void *data, int64_t i)
{
    switch (t->type) {
    case IR_F32:
        return (double)((const float *)data)[i];
    case IR_I16:
        return t->quant ? quant_value(t->quant, 0, ((const int16_t *)data)[i]) : ((const int16_t *)data)[i];
    case IR_I32:
        return ((const int32_t *)data)[i];
    default:
        return t->quant ? quant_value(t->quant, 0, ((const int8_t *)data)[i]) : ((const int8_t *)data)[i];
    }
}

static int64_t code_value(const ir_tensor *t, const void *data, int64_t i)
{
    return t->type == IR_I16 ? ((const int16_t *)data)[i]
           : t->type == IR_I32 ? ((const int32_t *)data)[i]
                               : ((const int8_t *)data)[i];
}

/* Outputs leave in the host's order: with channels first, where the layout says so. */
static void to_host_order(run *r)
{
    const char *layout = r->c->net.layout ? r->c->net.layout : r->g->layout;
    for (int o = 0; o < r->g->outputs.n && !strcmp(layout, "nchw"); o++) {
        const ir_tensor *t = r->g->outputs.v[o];
        size_t size = ir_type_size(t->type), bytes = tensor_bytes(t);
        char *row = arena_alloc(r->ctx->a, bytes);
        for (int64_t i = 0; i < r->rows; i++) {
            char *at = (char *)r->out[o] + (size_t)i * bytes;
            memcpy(row, at, bytes);
            for (int64_t k = 0; k < ir_elems(&t->shape); k++)
                memcpy(at + (size_t)port_host_index(&t->shape, true, k) * size, row + (size_t)k * size, size);
        }
    }
}

static void print_rows(const run *r)
{
    for (int64_t row = 0; row < r->rows; row++) {
        for (int o = 0; o < r->g->outputs.n; o++) {
            const ir_tensor *t = r->g->outputs.v[o];
            int64_t n = ir_elems(&t->shape);
            const char *data = (const char *)r->out[o] + (size_t)row * tensor_bytes(t);
            bool real = t->type == IR_F32 || r->c->real;
            for (int64_t i = 0; i < n; i++) {
                if (real)
                    printf("%s%.9g", i ? " " : "", real_value(t, data, i));
                else
                    printf("%s%" PRId64, i ? " " : "", code_value(t, data, i));
            }
            putchar('\n');
        }
    }
}

static bool save_rows(const run *r)
{
    for (int o = 0; o < r->c->outputs.n; o++) {
        const ir_tensor *t = r->g->outputs.v[o];
        int64_t dim[IR_MAX_RANK + 1] = {r->rows}, n = r->rows * ir_elems(&t->shape);
        const char *layout = r->c->net.layout ? r->c->net.layout : r->g->layout;
        port_host_shape(&t->shape, !strcmp(layout, "nchw"), dim + 1);
        tensor_dtype type = t->type == IR_F32 ? DT_F32 : t->type == IR_I16 ? DT_I16 : t->type == IR_I32 ? DT_I32 : DT_I8;
        const void *data = r->out[o];
        if (r->c->real && type != DT_F32) {
            float *v = ARENA_ARRAY(r->ctx->a, float, n);
            for (int64_t i = 0; i < n; i++)
                v[i] = (float)real_value(t, r->out[o], i);
            data = v;
            type = DT_F32;
        }
        if (!npy_write(r->ctx, r->c->outputs.v[o], type, t->shape.rank + 1, dim, data))
            return false;
    }
    return true;
}

int cmd_run(qctx *ctx, cli *c)
{
    engine_kind kind;
    if (!cli_engine(c, &kind))
        return EXIT_WRONG_USAGE;
    net *n = cli_net(ctx, c, !c->use_float);
    if (!n)
        return EXIT_BAD_INPUT;
    run r = {.ctx = ctx, .c = c, .g = c->use_float ? n->floating : n->legal};
    if (c->outputs.n > r.g->outputs.n)
        return cli_usage(c, "%d times -o, the model has %d output%s", c->outputs.n, r.g->outputs.n,
                         r.g->outputs.n == 1 ? "" : "s");
    if (!map_ports(&r))
        return EXIT_BAD_INPUT;
    c->emit.emit_float = c->use_float;
    engine *e = engine_new(ctx, r.g, kind, &c->emit, NULL);
    if (!e || !execute(&r, e))
        return EXIT_BAD_INPUT;
    to_host_order(&r);
    if (c->outputs.n)
        return save_rows(&r) ? EXIT_DONE : EXIT_BAD_INPUT;
    print_rows(&r);
    return EXIT_DONE;
}
