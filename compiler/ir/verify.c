/* verify.c - the invariants of a graph, stage by stage.
 *
 * A violation is a bug in qcc, never the user's: one diagnostic `internal-ir` names the pass and the
 * invariant. Checks run in the order of the table; a failed one ends the run, as later ones rely on
 * it. */
#include "compiler/ir/ir.h"

#include <math.h>
#include <string.h>

#include "compiler/quant/grid.h"

typedef struct checker {
    qctx *ctx;
    const ir_graph *g;
    const char *pass;
} checker;

static bool broken(const checker *c, qloc loc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool broken(const checker *c, qloc loc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *what = arena_vprintf(c->ctx->a, fmt, ap);
    va_end(ap);
    diag_add(c->ctx, D_INTERNAL_IR, loc, "internal error after pass %s: %s", c->pass, what);
    return false;
}

static bool is_activation(const ir_tensor *t)
{
    return t->kind != IR_CONST || ir_is_operand(t);
}

/* ---- structure ----------------------------------------------------------------------------- */

static bool member(const ir_graph *g, const ir_tensor *t)
{
    return t && t->id >= 0 && t->id < g->tensors.n && g->tensors.v[t->id] == t;
}

static bool tensors_numbered(const checker *c)
{
    for (int i = 0; i < c->g->tensors.n; i++) {
        const ir_tensor *t = c->g->tensors.v[i];
        if (t->id != i || !t->name || !*t->name)
            return broken(c, t->loc, "tensor number %d has the number %d or no name", i, t->id);
    }
    return true;
}

static bool ops_complete(const checker *c)
{
    for (int i = 0; i < c->g->ops.n; i++) {
        const ir_op *op = c->g->ops.v[i];
        if (op->id != i || !op->name || (unsigned)op->kind >= OP_COUNT)
            return broken(c, op->loc, "operator number %d has the number %d, no name or no kind", i,
                          op->id);
        const ir_opinfo *info = &ir_opinfos[op->kind];
        int max = info->max_in < 0 ? IR_MAX_INPUTS : info->max_in;
        if (op->n_in < info->min_in || op->n_in > max || op->n_out != info->n_out)
            return broken(c, op->loc, "'%s' has %d inputs, %d outputs", op->name, op->n_in,
                          op->n_out);
        for (int k = 0; k < op->n_in; k++)
            if (!member(c->g, op->in[k]))
                return broken(c, op->loc, "input %d of '%s' is not in the graph", k, op->name);
        for (int k = 0; k < op->n_out; k++)
            if (!member(c->g, op->out[k]))
                return broken(c, op->loc, "output %d of '%s' is not in the graph", k, op->name);
    }
    return true;
}

static bool contains(ir_tensor *const *v, int n, const ir_tensor *t)
{
    for (int i = 0; i < n; i++)
        if (v[i] == t)
            return true;
    return false;
}

static bool ports_known(const checker *c)
{
    const ir_graph *g = c->g;
    for (int i = 0; i < g->inputs.n; i++)
        if (!member(g, g->inputs.v[i]) || g->inputs.v[i]->kind != IR_INPUT)
            return broken(c, loc_none(), "input %d is no input tensor of the graph", i);
    for (int i = 0; i < g->outputs.n; i++)
        if (!member(g, g->outputs.v[i]) || g->outputs.v[i]->kind == IR_CONST)
            return broken(c, loc_none(), "output %d is no activation of the graph", i);
    for (int i = 0; i < g->states.n; i++)
        if (!member(g, g->states.v[i]->tensor) || g->states.v[i]->tensor->kind != IR_STATE)
            return broken(c, loc_none(), "state %d is no state of the graph", i);
    for (int i = 0; i < g->tensors.n; i++) {
        const ir_tensor *t = g->tensors.v[i];
        if ((t->kind == IR_INPUT) != contains(g->inputs.v, g->inputs.n, t) ||
            t->is_output != contains(g->outputs.v, g->outputs.n, t))
            return broken(c, t->loc, "'%s' and the list of ports disagree", t->name);
    }
    return true;
}

/* Open addressing over the names' hashes: nets of importers have thousands of tensors. */
static bool names_unique(const checker *c)
{
    size_t size = 16;
    while (size < 2 * (size_t)c->g->tensors.n)
        size *= 2;
    const ir_tensor **slot = ARENA_ARRAY(c->ctx->a, const ir_tensor *, size);
    for (int i = 0; i < c->g->tensors.n; i++) {
        const ir_tensor *t = c->g->tensors.v[i];
        uint64_t h = 14695981039346656037u; /* FNV-1a */
        for (const char *p = t->name; *p; p++)
            h = (h ^ (unsigned char)*p) * 1099511628211u;
        size_t at = h & (size - 1);
        for (; slot[at]; at = (at + 1) & (size - 1))
            if (!strcmp(slot[at]->name, t->name))
                return broken(c, t->loc, "two tensors are called '%s'", t->name);
        slot[at] = t;
    }
    return true;
}

/* Every tensor is written once, before it is read. */
static bool written_before_read(const checker *c)
{
    const ir_graph *g = c->g;
    bool *written = ARENA_ARRAY(c->ctx->a, bool, g->tensors.n);
    for (int i = 0; i < g->ops.n; i++) {
        const ir_op *op = g->ops.v[i];
        for (int k = 0; k < op->n_in; k++)
            if (op->in[k]->kind == IR_VALUE && !written[op->in[k]->id])
                return broken(c, op->loc, "'%s' reads '%s' before it is written", op->name,
                              op->in[k]->name);
        for (int k = 0; k < op->n_out; k++) {
            const ir_tensor *t = op->out[k];
            bool state = t->kind == IR_STATE;
            if (written[t->id] || t->producer != (state ? NULL : op) || t->kind == IR_CONST ||
                t->kind == IR_INPUT || state != (op->kind == OP_ASSIGN))
                return broken(c, op->loc, "'%s' writes '%s', which it may not", op->name, t->name);
            written[t->id] = true;
        }
    }
    for (int i = 0; i < g->tensors.n; i++) {
        const ir_tensor *t = g->tensors.v[i];
        if (t->kind == IR_VALUE && !written[i])
            return broken(c, t->loc, "nothing writes '%s'", t->name);
        if (t->kind != IR_VALUE && t->producer)
            return broken(c, t->loc, "'%s' has a producer", t->name);
    }
    return true;
}

/* ---- shapes -------------------------------------------------------------------------------- */

static bool shapes_sane(const checker *c)
{
    for (int i = 0; i < c->g->tensors.n; i++) {
        const ir_tensor *t = c->g->tensors.v[i];
        int64_t n = 1;
        bool ok = t->shape.rank >= 0 && t->shape.rank <= IR_MAX_RANK;
        for (int k = 0; ok && k < t->shape.rank; k++) {
            ok = t->shape.dim[k] >= 1 && n <= INT32_MAX / t->shape.dim[k];
            n *= t->shape.dim[k];
        }
        if (!ok)
            return broken(c, t->loc, "'%s' has no possible shape", t->name);
    }
    return true;
}

static bool has_window(const ir_op *op)
{
    return op->kind == OP_CONV2D || op->kind == OP_MAXPOOL || op->kind == OP_AVGPOOL;
}

static bool attrs_sane(const checker *c)
{
    for (int i = 0; i < c->g->ops.n; i++) {
        const ir_op *op = c->g->ops.v[i];
        const ir_attrs *at = &op->at;
        bool ok = true;
        for (int k = 0; has_window(op) && k < 2; k++)
            ok = ok && at->kernel[k] >= 1 && at->stride[k] >= 1 && at->dilation[k] >= 0;
        for (int k = 0; k < 4; k++)
            ok = ok && at->pad[k] >= 0;
        ok = ok && (op->kind != OP_CONV2D || (at->groups >= 1 && at->filters >= 1));
        ok = ok && (!has_window(op) || at->padmode == IR_PAD_EXPLICIT);
        if (!ok)
            return broken(c, op->loc, "'%s' has an attribute out of range", op->name);
    }
    return true;
}

/* The rules of shape.c, run again on a copy, must give what the graph has. */
static bool shapes_follow(const checker *c)
{
    for (int i = 0; i < c->g->ops.n; i++) {
        ir_op op = *c->g->ops.v[i];
        ir_tensor out = *op.out[0], *outs = &out;
        op.out = &outs;
        int errors = diag_errors(c->ctx);
        if (!ir_infer_shape(c->ctx, &op))
            return broken(c, op.loc, "'%s' has inputs of impossible shapes", op.name);
        if (diag_errors(c->ctx) != errors || !ir_shape_eq(&out.shape, &c->g->ops.v[i]->out[0]->shape))
            return broken(c, op.loc, "'%s' should be %s, not %s", out.name,
                          ir_shape_str(c->ctx->a, &out.shape),
                          ir_shape_str(c->ctx->a, &c->g->ops.v[i]->out[0]->shape));
    }
    return true;
}

/* ---- float stages -------------------------------------------------------------------------- */

static bool all_float(const checker *c)
{
    for (int i = 0; i < c->g->tensors.n; i++) {
        const ir_tensor *t = c->g->tensors.v[i];
        if (t->type != IR_F32)
            return broken(c, t->loc, "'%s' is %s in a float graph", t->name, ir_type_name(t->type));
    }
    return true;
}

static bool folded(const checker *c)
{
    for (int i = 0; i < c->g->ops.n; i++) {
        const ir_op *op = c->g->ops.v[i];
        if (ir_opinfos[op->kind].flags & OPF_X)
            return broken(c, op->loc, "'%s' was not folded", op->name);
        if (strcmp(op->name, op->out[0]->name) != 0)
            return broken(c, op->loc, "operator '%s' gives '%s'", op->name, op->out[0]->name);
    }
    return true;
}

/* ---- integer stages ------------------------------------------------------------------------ */

static bool quant_sane(const ir_quant *q, const ir_shape *shape)
{
    int want = q->axis < 0 ? 1 : q->axis < shape->rank ? shape->dim[q->axis] : -1;
    bool ok = q->n == want && q->scale && ((q->bits >= 1 && q->bits <= 8) || q->bits == 16);
    for (int i = 0; ok && i < q->n; i++)
        ok = isfinite(q->scale[i]) && q->scale[i] > 0;
    if (ok && q->scheme == IR_Q_CODEBOOK)
        ok = q->table && q->entries >= 1 && q->entries <= (1 << q->bits);
    return ok && (q->scheme == IR_Q_CODEBOOK || q->zero);
}

static bool activation_quantized(const checker *c, const ir_tensor *t)
{
    if (ir_is_index(t))
        return (!t->quant && t->type == IR_I32) ||
               broken(c, t->loc, "the indices '%s' are no plain i32", t->name);
    if (!t->quant || !quant_sane(t->quant, &t->shape) || t->quant->axis >= 0 ||
        t->quant->scheme != IR_Q_UNIFORM)
        return broken(c, t->loc, "'%s' has no quantization or an impossible one", t->name);
    int32_t lo, hi;
    quant_code_range(t->quant, &lo, &hi);
    int32_t zero = t->quant->zero[0];
    if (t->quant->grid == IR_GRID_TREAD && (zero < lo || zero > hi))
        return broken(c, t->loc, "the zero point of '%s' is %d, no code", t->name, (int)zero);
    if (t->type != (t->quant->bits == 16 ? IR_I16 : IR_I8))
        return broken(c, t->loc, "'%s' has %d bits but is %s", t->name, t->quant->bits,
                      ir_type_name(t->type));
    return true;
}

static int32_t code_at(const ir_tensor *t, int64_t i)
{
    switch (t->type) {
    case IR_I8: return ((const int8_t *)t->data)[i];
    case IR_U8: return ((const uint8_t *)t->data)[i];
    default: return ((const int16_t *)t->data)[i];
    }
}

static bool codes_in_range(const checker *c, const ir_tensor *t)
{
    int32_t lo, hi;
    quant_code_range(t->quant, &lo, &hi);
    int64_t n = ir_elems(&t->shape);
    for (int64_t i = 0; i < n; i++) {
        int32_t code = code_at(t, i);
        if (code < lo || code > hi)
            return broken(c, t->loc, "'%s'[%lld] is %d, not in [%d, %d]", t->name, (long long)i,
                          (int)code, (int)lo, (int)hi);
    }
    return true;
}

static bool weight_quantized(const checker *c, const ir_tensor *t)
{
    if (!t->data || !t->quant || !quant_sane(t->quant, &t->shape))
        return broken(c, t->loc, "'%s' has no codes or no quantization", t->name);
    bool narrow = t->type == IR_I8 || t->type == IR_U8;
    if (!narrow && t->type != IR_I16)
        return broken(c, t->loc, "'%s' is %s", t->name, ir_type_name(t->type));
    return codes_in_range(c, t);
}

static bool bias_quantized(const checker *c, const ir_tensor *t)
{
    if (!t->data || t->quant || (t->type != IR_I32 && t->type != IR_I64))
        return broken(c, t->loc, "the bias '%s' is not plain i32 or i64", t->name);
    return true;
}

static bool all_quantized(const checker *c)
{
    for (int i = 0; i < c->g->tensors.n; i++) {
        const ir_tensor *t = c->g->tensors.v[i];
        if (is_activation(t) && !activation_quantized(c, t))
            return false;
        if (ir_is_operand(t) && (!t->data || !codes_in_range(c, t)))
            return t->data ? false : broken(c, t->loc, "the constant '%s' has no codes", t->name);
    }
    for (int i = 0; i < c->g->ops.n; i++) {
        const ir_op *op = c->g->ops.v[i];
        if (ir_weight(op) && !weight_quantized(c, ir_weight(op)))
            return false;
        if (ir_bias(op) && !bias_quantized(c, ir_bias(op)))
            return false;
    }
    return true;
}

static bool legal(const checker *c)
{
    for (int i = 0; i < c->g->ops.n; i++) {
        const ir_op *op = c->g->ops.v[i];
        const ir_iparams *q = op->q;
        if (!q || q->lo > q->hi)
            return broken(c, op->loc, "'%s' has no integer parameters", op->name);
        if (!ir_weight(op))
            continue;
        if (q->channels != ir_weight(op)->shape.dim[0] || !q->bias || !q->bound)
            return broken(c, op->loc, "'%s' has no folded bias or bound for each channel", op->name);
        if (q->acc_type != IR_I32 && q->acc_type != IR_I64)
            return broken(c, op->loc, "the accumulator of '%s' has no width", op->name);
        for (int k = 0; k < q->channels; k++)
            if (q->bound[k] < 0 || (q->acc_type == IR_I32 && q->bound[k] > INT32_MAX))
                return broken(c, op->loc, "the bound of '%s'[%d] is beyond its accumulator",
                              op->name, k);
    }
    return true;
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct {
    bool (*run)(const checker *c);
    ir_stage first, last;
} checks[] = {
    {tensors_numbered, IR_LOWERED, IR_LEGAL},
    {ops_complete, IR_LOWERED, IR_LEGAL},
    {ports_known, IR_LOWERED, IR_LEGAL},
    {names_unique, IR_LOWERED, IR_LEGAL},
    {written_before_read, IR_LOWERED, IR_LEGAL},
    {shapes_sane, IR_LOWERED, IR_LEGAL},
    {attrs_sane, IR_LOWERED, IR_LEGAL},
    {shapes_follow, IR_LOWERED, IR_LEGAL},
    {all_float, IR_LOWERED, IR_FOLDED},
    {folded, IR_FOLDED, IR_LEGAL},
    {all_quantized, IR_QUANTIZED, IR_LEGAL},
    {legal, IR_LEGAL, IR_LEGAL},
};

bool ir_verify(qctx *ctx, const ir_graph *g, const char *after_pass)
{
    checker c = {ctx, g, after_pass};
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (g->stage >= checks[i].first && g->stage <= checks[i].last && !checks[i].run(&c))
            return false;
    return true;
}
