/* inspect_lean.c - the channels, and rows and columns of kernels, that the emitted C leaves out,
 * with the proof of each, and the channels that it could leave out but keeps. */
#include "compiler/cli/inspect.h"

#include "compiler/quant/quant.h"

static const char *const reasons[] = {
    [IR_GONE_WEIGHTS] = "all weights zero",
    [IR_GONE_MULTIPLIER] = "multiplier 0",
    [IR_GONE_RANGE] = "every sum that can arise gives it",
    [IR_GONE_CLAMP] = "every sum that can arise is clamped to it",
    [IR_GONE_UNREAD] = "read by none: multiplied by zero wherever it is read",
};

static const ir_channels *channels_of(const ir_op *op)
{
    return op->out[0]->channels;
}

/* Why channel i could be left out, whether it was or stays for the multiple. */
static ir_gone why_of(const ir_channels *c, int i)
{
    return c->gone[i] != IR_KEPT ? c->gone[i] : c->spared[i];
}

static int left_out(const ir_channels *c)
{
    int n = 0;
    for (int i = 0; i < c->n; i++)
        n += c->gone[i] != IR_KEPT;
    return n;
}

static bool alike(const ir_channels *c, int a, int b)
{
    return c->gone[a] == c->gone[b] && c->spared[a] == c->spared[b] &&
           (why_of(c, a) == IR_GONE_UNREAD || c->code[a] == c->code[b]);
}

/* "3, 17-19": the channels that are as `first`, which is the first of them. */
static const char *list_of(arena *a, const ir_channels *c, int first)
{
    buf b;
    buf_init(&b, a);
    for (int i = first; i < c->n; i++) {
        int end = i;
        while (end < c->n && alike(c, first, end))
            end++;
        if (end == i)
            continue;
        buf_printf(&b, "%s%d", b.n ? ", " : "", i);
        if (end > i + 1)
            buf_printf(&b, "-%d", end - 1);
        i = end;
    }
    return buf_str(&b);
}

static bool is_first(const ir_channels *c, int i)
{
    for (int k = 0; k < i; k++)
        if (alike(c, k, i))
            return false;
    return why_of(c, i) != IR_KEPT;
}

static void print_layer(arena *a, const ir_op *op)
{
    const ir_channels *c = channels_of(op);
    printf("%-16s %d of %d:", op->name, left_out(c), c->n);
    for (int i = 0; i < c->n; i++) {
        if (!is_first(c, i))
            continue;
        printf(" [%s]", list_of(a, c, i));
        if (why_of(c, i) != IR_GONE_UNREAD)
            printf(" = %d,", (int)c->code[i]);
        printf(" %s", reasons[why_of(c, i)]);
        if (c->spared[i])
            printf(", but kept: %d channels are a multiple of %d",
                   (int)op->out[0]->shape.dim[op->out[0]->shape.rank - 1], c->multiple);
        putchar(';');
    }
    putchar('\n');
}

/* ---- kernels ----------------------------------------------------------------------------------
 */

/* Of a line of the whole kernel: NULL where it stays, or there is none. */
static const char *line_reason(const ir_op *whole, const ir_op *lean, int axis, int k)
{
    int first = (whole->at.pad[2 * axis] - lean->at.pad[2 * axis]) / whole->at.dilation[axis];
    if ((k >= first && k < first + lean->at.kernel[axis]) || k >= whole->at.kernel[axis])
        return NULL;
    return kernel_line_is_outside(whole, axis, k) ? "outside the input wherever it is read"
                                                  : "zero in every filter that is left";
}

static bool is_trimmed(const ir_op *whole, const ir_op *lean)
{
    return whole->kind == OP_CONV2D &&
           (whole->at.kernel[0] != lean->at.kernel[0] || whole->at.kernel[1] != lean->at.kernel[1]);
}

static void print_lines(const ir_op *whole, const ir_op *lean, int axis)
{
    for (int k = 0; k < whole->at.kernel[axis]; k++) {
        const char *why = line_reason(whole, lean, axis, k);
        int first = k;
        while (why && line_reason(whole, lean, axis, k + 1) == why)
            k++;
        if (why && first == k)
            printf(" [%s %d] %s;", axis ? "column" : "row", k, why);
        else if (why)
            printf(" [%ss %d-%d] %s;", axis ? "column" : "row", first, k, why);
    }
}

static void print_kernel(const ir_op *whole, const ir_op *lean)
{
    printf("%-16s kernel %dx%d, %dx%d left:", whole->name, whole->at.kernel[0], whole->at.kernel[1],
           lean->at.kernel[0], lean->at.kernel[1]);
    print_lines(whole, lean, 0);
    print_lines(whole, lean, 1);
    putchar('\n');
}

static json_t *kernel_json(const ir_op *whole, const ir_op *lean)
{
    json_t *lines = json_array();
    for (int axis = 0; axis < 2; axis++)
        for (int k = 0; k < whole->at.kernel[axis]; k++) {
            const char *why = line_reason(whole, lean, axis, k);
            if (why)
                json_array_append_new(
                    lines, json_pack("{s:i, s:s}", axis ? "column" : "row", k, "why", why));
        }
    return json_pack("{s:s, s:[ii], s:[ii], s:o}", "layer", whole->name, "whole",
                     whole->at.kernel[0], whole->at.kernel[1], "left", lean->at.kernel[0],
                     lean->at.kernel[1], "proof", lines);
}

/* ---- all --------------------------------------------------------------------------------------
 */

static int64_t lean_macs(const ir_graph *g)
{
    int64_t n = 0;
    for (int i = 0; i < g->ops.n; i++)
        n += ir_macs(g->ops.v[i]);
    return n;
}

void inspect_lean(qctx *ctx, const ir_graph *whole, const ir_graph *lean)
{
    int gone = 0, all = 0;
    for (int i = 0; i < lean->ops.n; i++) {
        const ir_channels *c = channels_of(lean->ops.v[i]);
        gone += c ? left_out(c) : 0;
        all += c ? c->n : 0;
    }
    printf("\nleft out of the C (channels of each result, which code, why; rows of kernels; --whole-layers "
           "keeps them):\n");
    for (int i = 0; i < lean->ops.n; i++)
        if (channels_of(lean->ops.v[i]))
            print_layer(ctx->a, lean->ops.v[i]);
    for (int i = 0; i < lean->ops.n; i++)
        if (is_trimmed(whole->ops.v[i], lean->ops.v[i]))
            print_kernel(whole->ops.v[i], lean->ops.v[i]);
    if (all)
        printf("%d of these %d channels; ", gone, all);
    printf("multiply-accumulates left: %lld\n", (long long)lean_macs(lean));
}

static json_t *group_json(arena *a, const ir_channels *c, int first)
{
    json_t *list = json_array();
    for (int i = first; i < c->n; i++)
        if (alike(c, first, i))
            json_array_append_new(list, json_integer(i));
    json_t *j = json_pack("{s:o, s:s}", "channels", list, "why",
                          arena_printf(a, "%s", reasons[why_of(c, first)]));
    if (why_of(c, first) != IR_GONE_UNREAD)
        json_object_set_new(j, "code", json_integer(c->code[first]));
    if (c->spared[first])
        json_object_set_new(j, "kept_for_multiple", json_integer(c->multiple));
    return j;
}

void inspect_lean_json(qctx *ctx, json_t *j, const ir_graph *whole, const ir_graph *lean)
{
    json_t *layers = json_array(), *kernels = json_array();
    for (int i = 0; i < lean->ops.n; i++) {
        const ir_channels *c = channels_of(lean->ops.v[i]);
        if (!c)
            continue;
        json_t *groups = json_array();
        for (int k = 0; k < c->n; k++)
            if (is_first(c, k))
                json_array_append_new(groups, group_json(ctx->a, c, k));
        json_array_append_new(layers,
                              json_pack("{s:s, s:i, s:i, s:o}", "layer", lean->ops.v[i]->name,
                                        "whole", c->n, "left_out", left_out(c), "proof", groups));
    }
    for (int i = 0; i < lean->ops.n; i++)
        if (is_trimmed(whole->ops.v[i], lean->ops.v[i]))
            json_array_append_new(kernels, kernel_json(whole->ops.v[i], lean->ops.v[i]));
    json_object_set_new(j, "left_out", layers);
    json_object_set_new(j, "kernels_cut", kernels);
    json_object_set_new(j, "macs_left", json_integer(lean_macs(lean)));
}
