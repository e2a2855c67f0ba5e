/* target.c - operators to printers: the target's kernel where a row takes the operator, else the
 * generic printers of this table. Kernels with a guard are printed beside the generic text. */
#include "compiler/emit/levels.h"
#include "compiler/emit/target.h"
#include "compiler/emit/packed.h"

#include <string.h>

typedef struct op_row {
    bool (*print)(emitter *e, const ir_op *op);       /* codes */
    bool (*print_float)(emitter *e, const ir_op *op);
    int64_t (*scratch)(const emitter *e, const ir_op *op);
    bool elementwise; /* an output element depends on the inputs' elements of the same index only */
    kernel_order order;
    bool pitched; /* goes from cell to cell of the output by $cell$ (op_begin) */
} op_row;

static bool print_any_conv(emitter *e, const ir_op *op)
{
    return ir_is_depthwise(op) ? print_depthwise(e, op) : print_conv(e, op);
}

static bool print_any_float_conv(emitter *e, const ir_op *op)
{
    return ir_is_depthwise(op) ? print_float_depthwise(e, op) : print_conv(e, op);
}

static int64_t scratch_any_conv(const emitter *e, const ir_op *op)
{
    return ir_is_depthwise(op) ? scratch_depthwise(e, op) : scratch_conv(e, op);
}

static const op_row rows[OP_COUNT] = {
    [OP_CONV2D] = {print_any_conv, print_any_float_conv, scratch_any_conv, false, ORDER_CELLS,
                   true},
    [OP_DENSE] = {print_dense, print_dense, scratch_dense, false},
    [OP_MAXPOOL] = {print_maxpool, print_maxpool, NULL, false, ORDER_CELLS, true},
    [OP_AVGPOOL] = {print_avgpool, print_avgpool, scratch_avgpool, false, ORDER_CELLS, true},
    [OP_GLOBAL_AVGPOOL] = {print_global_avgpool, print_global_avgpool, scratch_avgpool, false},
    [OP_GLOBAL_MAXPOOL] = {print_maxpool, print_maxpool, NULL, false},
    [OP_ADD] = {print_add, print_float_eltwise, NULL, true},
    [OP_MUL] = {print_mul, print_float_eltwise, NULL, true},
    [OP_L2_NORM] = {print_l2_norm, print_float_l2_norm, NULL, false},
    [OP_PRELU] = {print_prelu, print_float_eltwise, NULL, true},
    [OP_CONCAT] = {print_concat, print_concat, NULL, false},
    [OP_RESHAPE] = {print_reshape, print_reshape, NULL, true},
    [OP_PAD] = {print_pad, print_pad, NULL, false},
    [OP_RELU] = {print_unary, print_float_unary, NULL, true},
    [OP_RELU6] = {print_unary, print_float_unary, NULL, true},
    [OP_LEAKY_RELU] = {print_unary, print_float_unary, NULL, true},
    [OP_SIGMOID] = {print_unary, print_float_unary, NULL, true},
    [OP_TANH] = {print_unary, print_float_unary, NULL, true},
    [OP_HARD_SWISH] = {print_unary, print_float_unary, NULL, true},
    [OP_SOFTMAX] = {print_softmax, print_float_softmax, NULL, false},
    [OP_SUB] = {print_add, print_float_eltwise, NULL, true},
    [OP_MINIMUM] = {print_select, print_float_eltwise, NULL, true},
    [OP_MAXIMUM] = {print_select, print_float_eltwise, NULL, true},
    [OP_SLICE] = {print_gather, print_gather, NULL, false},
    [OP_TRANSPOSE] = {print_gather, print_gather, NULL, false},
    [OP_REQUANTIZE] = {print_unary, print_float_unary, NULL, true},
    [OP_ASSIGN] = {print_concat, print_concat, NULL, false},
    [OP_REDUCE_SUM] = {print_reduce_sum, print_reduce_sum, NULL, false},
    [OP_REDUCE_MEAN] = {print_reduce_sum, print_reduce_sum, NULL, false},
    [OP_REDUCE_MAX] = {print_reduce_extreme, print_reduce_extreme, NULL, false},
    [OP_REDUCE_MIN] = {print_reduce_extreme, print_reduce_extreme, NULL, false},
    [OP_ARGMAX] = {print_argmax, print_argmax, NULL, false},
    [OP_RESIZE_NEAREST] = {print_resize_nearest, print_resize_nearest, NULL, false},
    [OP_RESIZE_BILINEAR] = {print_resize_bilinear, print_resize_bilinear, NULL, false},
    [OP_DILATE] = {print_dilate, print_dilate, NULL, false},
    [OP_ELU] = {print_unary, print_float_unary, NULL, true},
    [OP_GELU] = {print_unary, print_float_unary, NULL, true},
    [OP_GELU_TANH] = {print_unary, print_float_unary, NULL, true},
};

bool emit_op_is_nop(const ir_op *op)
{
    const int *pad = op->at.pad;
    bool same = op->kind == OP_RESHAPE ||
                (op->kind == OP_PAD && !(pad[0] || pad[1] || pad[2] || pad[3]));
    return same && op->in[0]->kind != IR_STATE;
}

/* ---- kernels ------------------------------------------------------------------------------ */

weight_form weight_form_of(const ir_op *op)
{
    const ir_tensor *w = ir_weight(op);
    if (!w)
        return WEIGHTS_NONE;
    if (w->quant && w->quant->scheme == IR_Q_CODEBOOK)
        return WEIGHTS_CODEBOOK;
    if (weights_packed(op))
        return WEIGHTS_PACKED;
    if (w->type != IR_I8)
        return WEIGHTS_WIDE;
    bool offset = op->q->wmul != 1 || op->q->wadd != 0;
    for (int c = 0; op->q->wzero && c < op->q->channels; ++c)
        offset |= op->q->wzero[c] != 0;
    return offset ? WEIGHTS_AFFINE : WEIGHTS_CODE;
}

static const emit_choice *choice_of(const emitter *e, const ir_op *op)
{
    for (int i = 0; i < e->o->n_choices; ++i)
        if (!strcmp(e->o->choices[i].layer, op->name))
            return &e->o->choices[i];
    return NULL;
}

/* The emitter with the options that were chosen for one operator. */
typedef struct chosen {
    emitter e;
    emit_options o;
} chosen;

static const emitter *as_chosen(const emitter *e, const ir_op *op, chosen *c)
{
    const emit_choice *choice = choice_of(e, op);
    if (!choice)
        return e;
    c->o = *e->o;
    c->o.opt = choice->opt;
    c->e = *e;
    c->e.o = &c->o;
    return &c->e;
}

static bool kernel_takes(const emitter *given, const ir_op *op, const kernel *k)
{
    chosen c;
    const emitter *e = as_chosen(given, op, &c);
    return k->kind == op->kind && (k->forms & weight_form_of(op)) && (!k->takes || k->takes(e, op));
}

const kernel *emit_kernel(const emitter *e, const ir_op *op)
{
    const emit_target *t = emit_find_target(e->o->target);
    const emit_choice *choice = choice_of(e, op);
    const kernel *first = NULL;
    if (!t || !t->kernels || !op->q || emit_op_is_nop(op) || (choice && !strcmp(choice->kernel, GENERIC)))
        return NULL;
    for (const kernel *k = t->kernels; k->name; ++k) {
        if (!kernel_takes(e, op, k))
            continue;
        if (!choice || !strcmp(choice->kernel, k->name))
            return k;
        first = first ? first : k;
    }
    return first;
}

const char *const *emit_alternatives(const emitter *e, const ir_op *op)
{
    const emit_target *t = emit_find_target(e->o->target);
    const kernel *rows_of = t && op->q && !emit_op_is_nop(op) ? t->kernels : NULL;
    int n = 0;
    for (const kernel *k = rows_of; k && k->name; ++k)
        n += kernel_takes(e, op, k);
    const char **names = ARENA_ARRAY(e->ctx->a, const char *, n + 2);
    n = 0;
    for (const kernel *k = rows_of; k && k->name; ++k)
        if (kernel_takes(e, op, k))
            names[n++] = k->name;
    names[n] = GENERIC;
    return names;
}

/* What stands behind the #else of kernel k: the next row without a guard that takes the operator, NULL: the
 * generic text. */
static const kernel *kernel_otherwise(const emitter *e, const ir_op *op, const kernel *k)
{
    for (++k; k->name; ++k)
        if (!k->guard && kernel_takes(e, op, k))
            return k;
    return NULL;
}

static bool kernel_in_place(const emitter *e, const ir_op *op)
{
    const kernel *k = emit_kernel(e, op);
    if (!k || !k->in_place || !k->in_place(op))
        return false;
    const kernel *other = k->guard ? kernel_otherwise(e, op, k) : k;
    return other && other->in_place && other->in_place(op);
}

/* Kernels that go by $cell$ as the rows of the generic text that say so. */
static const char *const pitched_kernels[] = {"dsp-conv", "dsp-depthwise"};

static bool is_pitched(const kernel *k, const ir_op *op)
{
    bool named = false;
    for (size_t i = 0; k && i < sizeof pitched_kernels / sizeof *pitched_kernels; ++i)
        named |= !strcmp(k->name, pitched_kernels[i]);
    return k ? named : rows[op->kind].pitched;
}

bool emit_takes_pitch(const emitter *e, const ir_op *op)
{
    const kernel *k = emit_kernel(e, op);
    return is_pitched(k, op) && is_pitched(k && k->guard ? kernel_otherwise(e, op, k) : k, op);
}

/* Broadcast operands are read again after the output has begun. */
bool emit_may_alias(const emitter *e, const ir_op *op, int in)
{
    const ir_tensor *x = op->in[in], *y = op->out[0];
    bool writes_over = rows[op->kind].elementwise || (in == 0 && kernel_in_place(e, op));
    return writes_over && x->kind != IR_CONST && ir_elems(&x->shape) == ir_elems(&y->shape) &&
           ir_type_size(x->type) == ir_type_size(y->type);
}

static kernel_order order_of(const emitter *e, const ir_op *op, const kernel *k, int *lines)
{
    *lines = 1;
    if (!k)
        return rows[op->kind].order;
    return k->order_of ? k->order_of(e, op, lines) : k->order;
}

kernel_order emit_order(const emitter *given, const ir_op *op, int *lines)
{
    chosen c;
    const emitter *e = as_chosen(given, op, &c);
    const kernel *k = emit_kernel(e, op);
    const kernel *other = k && k->guard ? kernel_otherwise(e, op, k) : k;
    int others;
    kernel_order own = order_of(e, op, k, lines), last = order_of(e, op, other, &others);
    bool agree = own == last && (own != ORDER_LINES || *lines == others);
    return agree ? own : ORDER_UNKNOWN;
}

/* Of the generic text, or of that behind a kernel's #else. */
static int64_t other_scratch(const emitter *e, const ir_op *op, const kernel *k)
{
    const kernel *other = k ? kernel_otherwise(e, op, k) : NULL;
    if (other)
        return other->scratch ? other->scratch(e, op) : 0;
    const op_row *row = &rows[op->kind];
    return row->scratch ? row->scratch(e, op) : 0;
}

int64_t emit_scratch(const emitter *given, const ir_op *op)
{
    chosen c;
    const emitter *e = as_chosen(given, op, &c);
    const kernel *k = emit_kernel(e, op);
    int64_t own = k && k->scratch ? k->scratch(e, op) : 0;
    int64_t other = !k || k->guard ? other_scratch(e, op, k) : 0;
    return own > other ? own : other;
}

/* ---- printing ----------------------------------------------------------------------------- */

static bool print_generic(emitter *e, const ir_op *op)
{
    const op_row *row = &rows[op->kind];
    bool (*print)(emitter *, const ir_op *) = op->q ? row->print : row->print_float;
    if (!print) {
        diag_add(e->ctx, D_INTERNAL_IR, op->loc, "the emitter has no printer for %s '%s'",
                 ir_opinfos[op->kind].word, op->name);
        return false;
    }
    return print(e, op);
}

/* What printers write to. */
typedef struct sinks {
    buf data, weights_unit, ops;
} sinks;

static sinks take_sinks(emitter *e)
{
    sinks s = {e->data, e->weights_unit, e->ops};
    buf_init(&e->data, e->ctx->a);
    buf_init(&e->weights_unit, e->ctx->a);
    buf_init(&e->ops, e->ctx->a);
    return s;
}

static void put_either(buf *b, const char *guard, buf *own, buf *generic)
{
    if (own->n || generic->n)
        buf_printf(b, "#if %s\n%s#else\n%s#endif\n\n", guard, buf_str(own), buf_str(generic));
}

/* The kernel's functions for each level of the processor. */
static buf *own_levels(emitter *e, const ir_op *op, const sinks *own)
{
    buf *b = ARENA_ARRAY(e->ctx->a, buf, 1);
    buf_init(b, e->ctx->a);
    const char *data = arena_printf(e->ctx->a, "%s%s", buf_str(&own->data), buf_str(&own->weights_unit));
    emit_op_levels(e, op, b, buf_str(&own->ops), data);
    emit_use_helper(e, EH_X86_RUN_TIME);
    return b;
}

/* The kernel's text and, behind #else, the other one. What is baked is counted for the kernel. */
static bool print_guarded(emitter *e, const ir_op *op, const kernel *k)
{
    sinks file = take_sinks(e);
    e->guard = !e->guard || !strcmp(e->guard, k->guard) ? k->guard : "";
    e->scratch_idle = !k->scratch || k->scratch(e, op) == 0;
    bool ok = k->print(e, op);
    helper_set helpers = e->helpers;
    e->helpers = (helper_set){{false}};
    int64_t constants = e->constant_bytes, weights = e->weight_bytes;
    sinks own = take_sinks(e);
    e->scratch_idle = other_scratch(e, op, k) == 0;
    const kernel *other = kernel_otherwise(e, op, k);
    ok = ok && (other ? other->print(e, op) : print_generic(e, op));
    for (int h = 0; h < EH_COUNT; ++h)
        e->fallback.has[h] |= e->helpers.has[h];
    e->helpers = helpers;
    e->constant_bytes = constants;
    e->weight_bytes = weights;
    put_either(&file.data, k->guard, &own.data, &e->data);
    put_either(&file.weights_unit, k->guard, &own.weights_unit, &e->weights_unit);
    put_either(&file.ops, k->guard, emit_has_levels(e) ? own_levels(e, op, &own) : &own.ops, &e->ops);
    e->data = file.data;
    e->weights_unit = file.weights_unit;
    e->ops = file.ops;
    return ok;
}

bool emit_op(emitter *e, const ir_op *op)
{
    if (emit_op_is_nop(op))
        return true;
    const kernel *k = emit_kernel(e, op);
    const emit_options *given = e->o;
    chosen c;
    e->o = as_chosen(e, op, &c)->o;
    e->scratch_idle = false;
    bool ok = !k ? print_generic(e, op) : k->guard ? print_guarded(e, op, k) : k->print(e, op);
    e->o = given;
    e->scratch_idle = false;
    return ok;
}
