/* save_float.c - a float graph as the pair that a user could have written: QDL with explicit pads and
 * eps, and a safetensors file in PyTorch's layouts. */
#include <string.h>

#include "compiler/import/import.h"
#include "compiler/io/tensors.h"
#include "compiler/quant/quant.h"

typedef VEC(named_tensor) tensor_list;

static void add(qctx *ctx, tensor_list *list, const char *name, const ir_shape *s, const void *data)
{
    named_tensor *t = VEC_PUSH(ctx->a, list);
    *t = (named_tensor){.name = name, .dtype = DT_F32, .rank = s->rank, .elems = ir_elems(s), .data = data};
    t->dim = ARENA_ARRAY(ctx->a, int64_t, s->rank);
    for (int i = 0; i < s->rank; i++)
        t->dim[i] = s->dim[i];
}

static void add_layer(qctx *ctx, tensor_list *list, const ir_op *op)
{
    for (int i = 1; i < op->n_in; i++) {
        const ir_tensor *t = op->in[i];
        if (t == ir_weight(op)) {
            const ir_shape shape = weight_file_shape(op);
            add(ctx, list, t->name, &shape, weight_in_file_order(ctx, op));
        } else {
            add(ctx, list, t->name, &t->shape, t->data);
        }
    }
}

bool format_float(qctx *ctx, const ir_graph *g, const char *comment, buf *qdl, buf *weights)
{
    tensor_list list = {0};
    for (int i = 0; i < g->ops.n; i++)
        if (ir_opinfos[g->ops.v[i]->kind].flags & OPF_W)
            add_layer(ctx, &list, g->ops.v[i]);
    ir_tensor **constants;
    for (int i = 0, n = ir_operands(ctx->a, g, &constants); i < n; i++)
        add(ctx, &list, arena_printf(ctx->a, "%s.weight", constants[i]->wname), &constants[i]->shape,
            constants[i]->data);
    for (const char *line = comment; *line;) {
        size_t n = strcspn(line, "\n");
        buf_printf(qdl, "# %.*s\n", (int)n, line);
        line += n + (line[n] == '\n');
    }
    ir_print_model(g, qdl);
    return safetensors_format(ctx, weights, list.v, list.n, NULL, 0);
}
