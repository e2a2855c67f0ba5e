/* inspect_lean.c - the channels that the emitted C leaves out, with the proof of each. */
#include "compiler/cli/inspect.h"

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

static int left_out(const ir_channels *c)
{
    int n = 0;
    for (int i = 0; i < c->n; i++)
        n += c->gone[i] != IR_KEPT;
    return n;
}

static bool alike(const ir_channels *c, int a, int b)
{
    return c->gone[a] == c->gone[b] && (c->gone[a] == IR_GONE_UNREAD || c->code[a] == c->code[b]);
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
    return c->gone[i] != IR_KEPT;
}

static void print_layer(arena *a, const ir_op *op)
{
    const ir_channels *c = channels_of(op);
    printf("%-16s %d of %d:", op->name, left_out(c), c->n);
    for (int i = 0; i < c->n; i++) {
        if (!is_first(c, i))
            continue;
        printf(" [%s]", list_of(a, c, i));
        if (c->gone[i] != IR_GONE_UNREAD)
            printf(" = %d,", (int)c->code[i]);
        printf(" %s;", reasons[c->gone[i]]);
    }
    putchar('\n');
}

static int64_t lean_macs(const ir_graph *g)
{
    int64_t n = 0;
    for (int i = 0; i < g->ops.n; i++)
        n += ir_macs(g->ops.v[i]);
    return n;
}

void inspect_lean(qctx *ctx, const ir_graph *lean)
{
    int gone = 0, all = 0;
    for (int i = 0; i < lean->ops.n; i++) {
        const ir_channels *c = channels_of(lean->ops.v[i]);
        gone += c ? left_out(c) : 0;
        all += c ? c->n : 0;
    }
    printf("\nleft out of the C (channels of each result, which code, why; --whole-layers keeps "
           "them):\n");
    for (int i = 0; i < lean->ops.n; i++)
        if (channels_of(lean->ops.v[i]))
            print_layer(ctx->a, lean->ops.v[i]);
    printf("%d of these %d channels; multiply-accumulates left: %lld\n", gone, all,
           (long long)lean_macs(lean));
}

static json_t *group_json(arena *a, const ir_channels *c, int first)
{
    json_t *list = json_array();
    for (int i = first; i < c->n; i++)
        if (alike(c, first, i))
            json_array_append_new(list, json_integer(i));
    json_t *j = json_pack("{s:o, s:s}", "channels", list, "why",
                          arena_printf(a, "%s", reasons[c->gone[first]]));
    if (c->gone[first] != IR_GONE_UNREAD)
        json_object_set_new(j, "code", json_integer(c->code[first]));
    return j;
}

void inspect_lean_json(qctx *ctx, json_t *j, const ir_graph *lean)
{
    json_t *layers = json_array();
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
    json_object_set_new(j, "left_out", layers);
    json_object_set_new(j, "macs_left", json_integer(lean_macs(lean)));
}
