/* tflite.c - a TensorFlow Lite model as a graph: ports, operators in the file's order, and in the end
 * all that could not be imported. */
#include "compiler/import/tflite.h"

#include <stdarg.h>
#include <string.h>

/* ---- problems ------------------------------------------------------------------------------ */

bool tfl_cannot(tfl_model *m, const tfl_op *op, const char *hint, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    problem_add(m->ctx, &m->problems, op, hint, fmt, ap);
    va_end(ap);
    return false;
}

/* Names of a file as they may stand in a message. */
static const char *shown(tfl_model *m, const char *name)
{
    char *s = arena_strndup(m->ctx->a, name, strcspn(name, ";"));
    for (char *p = s; *p; p++)
        if ((unsigned char)*p < 32 || *p == 127)
            *p = '?';
    return strlen(s) > 80 ? arena_printf(m->ctx->a, "%.80s…", s) : s;
}

const char *tfl_tensor_str(const tfl_model *m, const tfl_tensor *t)
{
    tfl_model *mut = (tfl_model *)(uintptr_t)m;
    return arena_printf(m->ctx->a, "'%s' (t%d)", shown(mut, t->name), t->index);
}

/* "CONV_2D 'model/conv' (operator 3)" */
static const char *op_str(void *model, const void *operator)
{
    tfl_model *m = model;
    const tfl_op *op = operator;
    const char *name = op->n_out ? shown(m, m->tensors[op->out[0]].name) : "";
    const char *code = op->code == TFL_OP_CUSTOM
                           ? arena_printf(m->ctx->a, "CUSTOM %s", shown(m, op->custom))
                           : tfl_code_name(op->code);
    return arena_printf(m->ctx->a, "%s '%s' (operator %d)", code, name, op->index);
}

/* ---- tensors ------------------------------------------------------------------------------- */

tfl_tensor *tfl_in(const tfl_model *m, const tfl_op *op, int i)
{
    return i < op->n_in && op->in[i] >= 0 ? &m->tensors[op->in[i]] : NULL;
}

tfl_tensor *tfl_out(const tfl_model *m, const tfl_op *op, int i) { return &m->tensors[op->out[i]]; }

bool tfl_shape(const tfl_tensor *t, ir_shape *s)
{
    int batch = t->rank >= 2 && t->dim[0] == 1;
    s->rank = t->rank - batch;
    if (tfl_elems(t) < 0 || s->rank > IR_MAX_RANK)
        return false;
    for (int i = 0; i < s->rank; i++)
        s->dim[i] = t->dim[i + batch];
    if (!s->rank)
        *s = (ir_shape){.rank = 1, .dim = {1}};
    return true;
}

const char *tfl_layer_name(tfl_model *m, const tfl_op *op, const tfl_tensor *from)
{
    return import_name(m->ctx, &m->names, tfl_out(m, op, 0)->name, from ? from->name : NULL,
                       tfl_name_kind(op->code), tfl_word(op->code));
}

const char *tfl_result_name(tfl_model *m, const tfl_op *op, const tfl_tensor *to)
{
    return import_name(m->ctx, &m->names, to->name, NULL, tfl_name_kind(op->code), tfl_word(op->code));
}

const char *tfl_fresh_name(tfl_model *m, const char *base, const char *suffix)
{
    return import_name(m->ctx, &m->names, arena_printf(m->ctx->a, "%s_%s", base, suffix), NULL, NULL,
                       suffix);
}

/* ---- operators ----------------------------------------------------------------------------- */

/* An activation of unknown shape. */
static ir_tensor *add_value(tfl_model *m, const tfl_op *op, const char *name, const tfl_tensor *like)
{
    const ir_shape unknown = {.rank = 0};
    ir_quant *q = NULL;
    if (m->quantized)
        q = tfl_activation_quant(m, op, like);
    else if (like->type != TFL_FLOAT32)
        tfl_cannot(m, op, "convert the whole model to float32, or to int8", "its result is %s",
                   tfl_type_name(like->type));
    if (m->quantized ? !q : like->type != TFL_FLOAT32)
        return NULL;
    ir_tensor *t = ir_add_tensor(m->ctx, m->g, name, IR_VALUE, q ? IR_I8 : IR_F32, &unknown,
                                 loc_file(m->file.src));
    t->quant = q;
    return t;
}

/* A shape that does not follow is one more thing that cannot be imported. */
static bool infer(tfl_model *m, const tfl_op *op, ir_op *o)
{
    qctx quiet = *m->ctx;
    memset(&quiet.diags, 0, sizeof quiet.diags);
    quiet.newest = NULL;
    if (ir_infer_shape(&quiet, o))
        return true;
    return tfl_cannot(m, op, NULL, "%s", diag_count(&quiet) ? diag_get(&quiet, 0)->message : "its shapes do not fit");
}

ir_tensor *tfl_temporary(tfl_model *m, const tfl_op *op, ir_opkind kind, const char *name,
                         const ir_attrs *at, int n_in, ir_tensor *const *in, const tfl_tensor *like)
{
    ir_tensor *out = add_value(m, op, name, like);
    if (!out)
        return NULL;
    ir_op *o = ir_add_op(m->ctx, m->g, kind, name, n_in, in, 1, &out, loc_file(m->file.src));
    o->at = *at;
    return infer(m, op, o) ? out : NULL;
}

bool tfl_emit(tfl_model *m, const tfl_op *op, ir_opkind kind, const char *name, const ir_attrs *at,
              int n_in, ir_tensor *const *in, tfl_tensor *to)
{
    ir_shape want;
    ir_tensor *out = tfl_temporary(m, op, kind, name, at, n_in, in, to);
    if (!out)
        return false;
    if (!tfl_shape(to, &want) || !ir_shape_eq(&want, &out->shape))
        return tfl_cannot(m, op, "convert the model with fixed shapes and batch size 1",
                          "its result is %s by its attributes, and not so in the file",
                          ir_shape_str(m->ctx->a, &out->shape));
    out->tflite_index = to->index;
    to->ir = out;
    return true;
}

ir_tensor *tfl_reshaped(tfl_model *m, const tfl_op *op, ir_tensor *x, const ir_shape *shape)
{
    if (ir_shape_eq(&x->shape, shape))
        return x;
    const ir_shape unknown = {.rank = 0};
    const char *name = tfl_fresh_name(m, x->name, shape->rank == 1 ? "flat" : "reshaped");
    ir_tensor *out =
        ir_add_tensor(m->ctx, m->g, name, IR_VALUE, x->type, &unknown, loc_file(m->file.src));
    out->quant = x->quant;
    ir_op *o = ir_add_op(m->ctx, m->g, OP_RESHAPE, name, 1, &x, 1, &out, loc_file(m->file.src));
    o->at = (ir_attrs){.groups = 1, .to = *shape};
    (void)op;
    return ir_infer_shape(m->ctx, o) ? out : NULL;
}

static bool is_number_type(int type) { return type == TFL_INT32 || type == TFL_INT64; }

/* Whether all activations that an operator reads were imported. */
static bool operands_known(const tfl_model *m, const tfl_op *op)
{
    for (int i = 0; i < op->n_in; i++) {
        const tfl_tensor *t = tfl_in(m, op, i);
        if (t && !t->ir && !t->space && !tfl_is_const(t) && !is_number_type(t->type))
            return false;
    }
    return true;
}

/* The first operand is what an operator works on. */
static bool has_activation(const tfl_model *m, const tfl_op *op)
{
    for (int i = 0; i < op->n_in; i++)
        if (tfl_in(m, op, i) && (tfl_in(m, op, i)->ir || tfl_in(m, op, i)->space))
            return true;
    return op->code == TFL_OP_DEQUANTIZE || op->code == TFL_OP_QUANTIZE;
}

static const tfl_tensor *variable_operand(const tfl_model *m, const tfl_op *op)
{
    for (int i = 0; i < op->n_in; i++)
        if (tfl_in(m, op, i) && tfl_in(m, op, i)->variable && !tfl_in(m, op, i)->ir)
            return tfl_in(m, op, i);
    return NULL;
}

/* An operand in float32 of an int8 model: only QUANTIZE takes it. */
static const tfl_tensor *float_operand(const tfl_model *m, const tfl_op *op)
{
    for (int i = 0; m->quantized && op->code != TFL_OP_QUANTIZE && i < op->n_in; i++)
        if (tfl_in(m, op, i) && tfl_in(m, op, i)->ir && !tfl_in(m, op, i)->ir->quant)
            return tfl_in(m, op, i);
    return NULL;
}

/* An operand of whole numbers that neither the file nor shape computations give. */
static const tfl_tensor *open_number(const tfl_model *m, const tfl_op *op)
{
    for (int i = 0; i < op->n_in; i++) {
        const tfl_tensor *t = tfl_in(m, op, i);
        if (t && is_number_type(t->type) && !t->ir && !tfl_is_const(t) && t->n_ints < 0)
            return t;
    }
    return NULL;
}

/* An operand of several small images, which only convolutions take. */
static const tfl_tensor *space_operand(const tfl_model *m, const tfl_op *op)
{
    bool conv = op->code == TFL_OP_CONV_2D || op->code == TFL_OP_DEPTHWISE_CONV_2D;
    for (int i = conv; i < op->n_in; i++)
        if (tfl_in(m, op, i) && tfl_in(m, op, i)->space)
            return tfl_in(m, op, i);
    return NULL;
}

static void import_op(tfl_model *m, const tfl_op *op)
{
    if (tfl_fold(m, op))
        return;
    if (space_operand(m, op))
        tfl_cannot(m, op, "let the converter fold the dilation into the convolution",
                   "its operand %s comes from SPACE_TO_BATCH_ND", tfl_tensor_str(m, space_operand(m, op)));
    else if (!tfl_can_import(op) || tfl_is_state_op(op))
        tfl_import_op(m, op);
    else if (open_number(m, op))
        tfl_cannot(m, op, "convert the model with fixed shapes and batch size 1",
                   "its operand %s holds whole numbers that are not known", tfl_tensor_str(m, open_number(m, op)));
    else if (variable_operand(m, op))
        tfl_cannot(m, op, "export the model without its state", "its operand %s is a variable",
                   tfl_tensor_str(m, variable_operand(m, op)));
    else if (float_operand(m, op))
        tfl_cannot(m, op, "convert the whole model to int8, or to float32",
                   "its operand %s is not quantized", tfl_tensor_str(m, float_operand(m, op)));
    else if (operands_known(m, op) && !has_activation(m, op))
        tfl_cannot(m, op, "run the converter's constant folding", "it computes with constants only");
    else if (operands_known(m, op) && tfl_import_op(m, op))
        tfl_keep_states(m, op);
}

/* ---- ports --------------------------------------------------------------------------------- */

static bool is_integer_activation(int type)
{
    return type == TFL_INT8 || type == TFL_UINT8 || type == TFL_INT16;
}

/* Whether some activation is in integer codes. */
static bool find_quantized(const tfl_model *m)
{
    for (int i = 0; i < m->n_ops; i++)
        for (int k = 0; m->ops[i].live && k < m->ops[i].n_out; k++)
            if (is_integer_activation(tfl_out(m, &m->ops[i], k)->type))
                return true;
    for (int i = 0; i < m->n_inputs; i++)
        if (is_integer_activation(m->tensors[m->inputs[i]].type))
            return true;
    return false;
}

/* A float or uint8 input of an int8 model gets its codes from the QUANTIZE behind it. */
static void add_input(tfl_model *m, tfl_tensor *t)
{
    ir_shape shape;
    ir_quant *q = NULL;
    if (!tfl_shape(t, &shape)) {
        tfl_cannot(m, NULL, "convert the model with fixed shapes and batch size 1",
                   "the input %s has no fixed shape of at most %d dimensions", tfl_tensor_str(m, t),
                   IR_MAX_RANK);
        return;
    }
    bool behind = m->quantized && (t->type == TFL_FLOAT32 || t->type == TFL_UINT8);
    if (m->quantized && !behind && !(q = tfl_activation_quant(m, NULL, t)))
        return;
    if (!m->quantized && t->type != TFL_FLOAT32) {
        tfl_cannot(m, NULL, NULL, "the input %s is %s", tfl_tensor_str(m, t), tfl_type_name(t->type));
        return;
    }
    const char *name = import_name(m->ctx, &m->names, t->name, NULL, NULL, "input");
    t->ir = ir_add_tensor(m->ctx, m->g, name, IR_INPUT, m->quantized ? IR_I8 : IR_F32, &shape,
                          loc_file(m->file.src));
    t->ir->quant = q;
    t->ir->declared = m->quantized;
    t->ir->tflite_index = t->index;
}

/* Each output is a tensor of its own that an operator writes, as QDL has it. */
static ir_tensor *own_output(tfl_model *m, ir_tensor *t)
{
    if (t->kind != IR_INPUT && t->kind != IR_STATE && !t->is_output)
        return t;
    const char *name = tfl_fresh_name(m, t->name, "output");
    ir_tensor *out =
        ir_add_tensor(m->ctx, m->g, name, IR_VALUE, t->type, &t->shape, loc_file(m->file.src));
    out->quant = t->quant;
    ir_op *o = ir_add_op(m->ctx, m->g, OP_RESHAPE, name, 1, &t, 1, &out, loc_file(m->file.src));
    o->at = (ir_attrs){.groups = 1, .to = t->shape};
    return out;
}

static void add_outputs(tfl_model *m)
{
    for (int i = 0; i < m->n_outputs; i++) {
        tfl_tensor *t = &m->tensors[m->outputs[i]];
        if (!t->ir) {
            if (tfl_is_const(t) || t->n_ints >= 0 || !m->problems.n)
                tfl_cannot(m, NULL, NULL, "the output %s is %s", tfl_tensor_str(m, t),
                           t->variable ? "a variable" : "a constant");
            continue;
        }
        ir_tensor *out = own_output(m, t->ir);
        out->is_output = true;
        *VEC_PUSH(m->ctx->a, &m->g->outputs) = out;
    }
    if (!m->n_inputs || !m->n_outputs)
        tfl_cannot(m, NULL, NULL, "the model has no %s", m->n_inputs ? "output" : "input");
}

/* Inputs whose codes nothing defined. */
static void check_inputs(tfl_model *m)
{
    for (int i = 0; m->quantized && i < m->g->inputs.n; i++)
        if (!m->g->inputs.v[i]->quant)
            tfl_cannot(m, NULL, "convert the model with int8 inputs",
                       "the input '%s' is not quantized", m->g->inputs.v[i]->name);
}

/* ---- the graph ----------------------------------------------------------------------------- */

enum { MAX_PAD = 32767 }; /* what QDL can say */

/* An int8 PAD in front of a convolution becomes the convolution's: both hold the zero point outside of
 * the tensor. (Float graphs are fused when they are loaded.) */
static void fuse_pads(tfl_model *m)
{
    for (int i = 0; m->quantized && i < m->g->ops.n; i++) {
        ir_op *conv = m->g->ops.v[i], *pad = conv->in[0]->producer;
        bool fits = conv->kind == OP_CONV2D && pad && pad->kind == OP_PAD &&
                    pad->in[0]->kind != IR_STATE && ir_uses(m->g, conv->in[0]) == 1;
        const ir_quant *a = fits ? pad->in[0]->quant : NULL, *b = conv->in[0]->quant;
        fits = fits && a->scale[0] == b->scale[0] && a->zero[0] == b->zero[0];
        for (int k = 0; k < 4; k++)
            fits = fits && pad->at.pad[k] <= MAX_PAD - conv->at.pad[k];
        for (int k = 0; fits && k < 4; k++)
            conv->at.pad[k] += pad->at.pad[k];
        if (fits)
            conv->in[0] = pad->in[0];
    }
}

ir_graph *import_tflite(qctx *ctx, const source *file, const char *name, const import_options *o)
{
    tfl_model m = {.ctx = ctx, .file = {.ctx = ctx, .src = file}, .g = ir_new(ctx, name)};
    int errors = diag_errors(ctx);
    if (!tfl_read(&m))
        return NULL;
    m.quantized = find_quantized(&m);
    tfl_name_variables(&m);
    tfl_declare_states(&m);
    for (int i = 0; i < m.n_inputs; i++)
        add_input(&m, &m.tensors[m.inputs[i]]);
    for (int i = 0; i < m.n_ops && !m.file.broken; i++)
        if (m.ops[i].live)
            import_op(&m, &m.ops[i]);
    if (m.file.broken)
        return NULL;
    add_outputs(&m);
    check_inputs(&m);
    tfl_check_variables(&m);
    if (!problems_report(ctx, &import_words, loc_file(file), &m.problems, op_str, &m) ||
        diag_errors(ctx) != errors)
        return NULL;
    fuse_pads(&m);
    ir_remove_unused(ctx, m.g);
    m.g->stage = m.quantized ? IR_QUANTIZED : IR_LOWERED;
    m.g->weights_native = true;
    m.g->numerics = o->has_numerics ? o->numerics : IR_NUM_TFLM;
    return ir_verify(ctx, m.g, "import") ? m.g : NULL;
}
