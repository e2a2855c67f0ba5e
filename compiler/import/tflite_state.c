/* tflite_state.c - VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE: a state of the IR for each variable,
 * called by its shared name. CALL_ONCE may set variables to zero, which they are anyway. */
#include "compiler/import/tflite.h"

#include <string.h>

typedef struct tfl_variable variable;

void tfl_name_variables(tfl_model *m)
{
    for (int i = 0; i < m->n_ops; i++) {
        const tfl_op *op = &m->ops[i];
        if (op->code != TFL_OP_VAR_HANDLE || op->n_out != 1)
            continue;
        tfl_out(m, op, 0)->handle = arena_printf(
            m->ctx->a, "%s/%s", fb_string(&m->file, op->options, VAR_CONTAINER, TFL_MAX_NAME),
            fb_string(&m->file, op->options, VAR_SHARED_NAME, TFL_MAX_NAME));
    }
}

bool tfl_is_state_op(const tfl_op *op)
{
    return op->code == TFL_OP_VAR_HANDLE || op->code == TFL_OP_READ_VARIABLE ||
           op->code == TFL_OP_ASSIGN_VARIABLE || op->code == TFL_OP_CALL_ONCE;
}

bool tfl_var_handle(tfl_model *m, const tfl_op *op)
{
    return op->n_out == 1 ||
           tfl_cannot(m, op, NULL, "it has %d operands and %d results", op->n_in, op->n_out);
}

static variable *find_variable(tfl_model *m, const char *handle)
{
    for (int i = 0; i < m->variables.n; i++)
        if (!strcmp(m->variables.v[i].handle, handle))
            return &m->variables.v[i];
    return NULL;
}

/* The variable behind operand 0, made on first use like the tensor `like`. NULL after tfl_cannot.
 */
static variable *variable_of(tfl_model *m, const tfl_op *op, const tfl_tensor *like)
{
    const tfl_tensor *h = tfl_in(m, op, 0);
    ir_shape shape;
    if (!h || !h->handle) {
        tfl_cannot(m, op, NULL, "its first operand is no variable's handle");
        return NULL;
    }
    variable *v = find_variable(m, h->handle);
    if (v)
        return v;
    ir_quant *q = m->quantized ? tfl_activation_quant(m, op, like) : NULL;
    if (m->quantized ? !q : like->type != TFL_FLOAT32) {
        if (!m->quantized)
            tfl_cannot(m, op, NULL, "the variable is %s", tfl_type_name(like->type));
        return NULL;
    }
    if (!tfl_shape(like, &shape)) {
        tfl_cannot(m, op, NULL, "%s has no fixed shape of at most %d dimensions",
                   tfl_tensor_str(m, like), IR_MAX_RANK);
        return NULL;
    }
    const char *name =
        import_name(m->ctx, &m->names, strchr(h->handle, '/') + 1, NULL, NULL, "state");
    ir_tensor *t = ir_add_tensor(m->ctx, m->g, name, IR_STATE, q ? IR_I8 : IR_F32, &shape,
                                 loc_file(m->file.src));
    t->quant = q;
    t->declared = q != NULL;
    ir_state *state = ARENA_NEW(m->ctx->a, ir_state);
    state->tensor = t;
    *VEC_PUSH(m->ctx->a, &m->g->states) = state;
    v = VEC_PUSH(m->ctx->a, &m->variables);
    *v = (variable){.handle = h->handle, .state = t};
    return v;
}

/* Kernels copy bytes in and out: type, shape and codes are the variable's. */
static bool check_copy(tfl_model *m, const tfl_op *op, const variable *v, const tfl_tensor *t)
{
    ir_shape shape;
    ir_quant *q = m->quantized ? tfl_activation_quant(m, op, t) : NULL;
    if (m->quantized && !q)
        return false;
    bool same =
        tfl_shape(t, &shape) && ir_shape_eq(&shape, &v->state->shape) &&
        (q ? q->scale[0] == v->state->quant->scale[0] && q->zero[0] == v->state->quant->zero[0]
           : t->type == TFL_FLOAT32);
    return same || tfl_cannot(m, op, NULL, "%s has another shape or scale than the variable",
                              tfl_tensor_str(m, t));
}

/* Whether somebody reads `to` after the variable has been assigned: it must be a copy then. */
static bool outlives(const tfl_model *m, const tfl_op *op, const tfl_tensor *to)
{
    const char *handle = tfl_in(m, op, 0)->handle;
    bool assigned = false;
    for (int i = op->index + 1; i < m->n_ops; i++) {
        const tfl_op *later = &m->ops[i];
        for (int k = 0; assigned && k < later->n_in; k++)
            if (later->in[k] == to->index)
                return true;
        const tfl_tensor *h = later->code == TFL_OP_ASSIGN_VARIABLE ? tfl_in(m, later, 0) : NULL;
        assigned = assigned || (h && h->handle && !strcmp(h->handle, handle));
    }
    for (int i = 0; i < m->n_outputs; i++)
        if (m->outputs[i] == to->index)
            return true;
    return false;
}

bool tfl_read_variable(tfl_model *m, const tfl_op *op)
{
    if (op->n_in != 1 || op->n_out != 1)
        return tfl_cannot(m, op, NULL, "it has %d operands and %d results", op->n_in, op->n_out);
    tfl_tensor *to = tfl_out(m, op, 0);
    const variable *v = variable_of(m, op, to);
    if (!v || !check_copy(m, op, v, to))
        return false;
    if (outlives(m, op, to)) {
        const ir_attrs at = {.groups = 1, .to = v->state->shape};
        return tfl_emit(m, op, OP_RESHAPE, tfl_layer_name(m, op, NULL), &at, 1,
                        (ir_tensor *const[]){v->state}, to);
    }
    to->ir = v->state;
    if (v->state->tflite_index < 0)
        v->state->tflite_index = to->index;
    return true;
}

bool tfl_assign_variable(tfl_model *m, const tfl_op *op)
{
    if (op->n_in != 2 || op->n_out != 0 || !tfl_in(m, op, 1))
        return tfl_cannot(m, op, NULL, "it has %d operands and %d results", op->n_in, op->n_out);
    const tfl_tensor *value = tfl_in(m, op, 1);
    if (tfl_is_const(value))
        return tfl_cannot(m, op, "a state begins as zero; a constant needs no variable",
                          "it assigns the constant %s", tfl_tensor_str(m, value));
    if (!value->ir)
        return false; /* told already */
    variable *v = variable_of(m, op, value);
    if (!v || !check_copy(m, op, v, value))
        return false;
    if (v->assigned)
        return tfl_cannot(m, op, "assign it once, at the end", "the variable is assigned twice");
    v->assigned = true;
    ir_tensor *in = value->ir, *out = v->state;
    if (in == out) { /* by itself: a copy, as QDL has it */
        const ir_attrs at = {.groups = 1, .to = in->shape};
        in = tfl_temporary(m, op, OP_RESHAPE, tfl_fresh_name(m, out->name, "copy"), &at, 1, &out,
                           value);
    }
    if (!in)
        return false;
    ir_op *o =
        ir_add_op(m->ctx, m->g, OP_ASSIGN, out->name, 1, &in, 1, &out, loc_file(m->file.src));
    o->at.groups = 1;
    return ir_infer_shape(m->ctx, o);
}

/* ---- variables without handles -------------------------------------------------------------- */

static bool is_written(const tfl_model *m, const tfl_tensor *t)
{
    for (int i = 0; i < m->n_ops; i++)
        for (int k = 0; k < m->ops[i].n_out; k++)
            if (m->ops[i].out[k] == t->index)
                return true;
    return false;
}

/* A tensor that is a variable and that an operator writes: it holds zero at first, then what was written. */
void tfl_declare_states(tfl_model *m)
{
    for (int i = 0; i < m->n_tensors; i++) {
        tfl_tensor *t = &m->tensors[i];
        ir_shape shape;
        bool whole = m->quantized ? t->type == TFL_INT8 : t->type == TFL_FLOAT32;
        if (!t->variable || !whole || !is_written(m, t) || !tfl_shape(t, &shape))
            continue;
        ir_quant *q = m->quantized ? tfl_activation_quant(m, NULL, t) : NULL;
        if (m->quantized && !q)
            continue;
        const char *name = import_name(m->ctx, &m->names, t->name, NULL, NULL, "state");
        t->state = t->ir = ir_add_tensor(m->ctx, m->g, name, IR_STATE, q ? IR_I8 : IR_F32, &shape, loc_file(m->file.src));
        t->ir->quant = q;
        t->ir->declared = q != NULL;
        t->ir->tflite_index = t->index;
        ir_state *state = ARENA_NEW(m->ctx->a, ir_state);
        state->tensor = t->ir;
        *VEC_PUSH(m->ctx->a, &m->g->states) = state;
    }
}

bool tfl_keep_states(tfl_model *m, const tfl_op *op)
{
    for (int k = 0; k < op->n_out; k++) {
        tfl_tensor *t = tfl_out(m, op, k);
        if (!t->state)
            continue;
        if (t->assigned)
            return tfl_cannot(m, op, "write it once, at the end", "the variable %s is written twice",
                              tfl_tensor_str(m, t));
        t->assigned = true;
        ir_tensor *in = t->ir, *out = t->state;
        in->tflite_index = -1;
        ir_op *o = ir_add_op(m->ctx, m->g, OP_ASSIGN, out->name, 1, &in, 1, &out, loc_file(m->file.src));
        o->at.groups = 1;
        t->ir = out;
        if (!ir_infer_shape(m->ctx, o))
            return false;
    }
    return true;
}

void tfl_check_variables(tfl_model *m)
{
    for (int i = 0; i < m->variables.n; i++)
        if (!m->variables.v[i].assigned)
            tfl_cannot(m, NULL, "a variable that never changes is a constant",
                       "the variable '%s' is read, but never assigned",
                       m->variables.v[i].state->name);
}

/* ---- initial values ------------------------------------------------------------------------- */

/* Whether the constant of a tensor table is real zero throughout. */
static bool is_zero(tfl_model *m, fb_table root, fb_table t)
{
    fb_vector buffers = fb_vector_of(&m->file, root, MODEL_BUFFERS, 4);
    uint32_t number = fb_uint32(&m->file, t, TENSOR_BUFFER, 0);
    if (number >= buffers.n)
        return false;
    fb_table q = fb_subtable(&m->file, t, TENSOR_QUANTIZATION);
    fb_vector zero = fb_vector_of(&m->file, q, QUANT_ZERO_POINT, 8);
    fb_vector data = fb_vector_of(&m->file, fb_table_at(&m->file, buffers, number), BUFFER_DATA, 1);
    bool codes = fb_int8(&m->file, t, TENSOR_TYPE, TFL_FLOAT32) == TFL_INT8;
    int want = codes && zero.n == 1 ? (int)fb_int64_at(&m->file, zero, 0) : 0;
    const int8_t *p = data.n ? fb_bytes(&m->file, data) : NULL;
    for (uint32_t i = 0; i < data.n; i++)
        if (p[i] != want)
            return false;
    return data.n > 0 && !m->file.broken;
}

static int code_at(tfl_model *m, fb_table root, fb_table op)
{
    fb_vector codes = fb_vector_of(&m->file, root, MODEL_OPERATOR_CODES, 4);
    uint32_t number = fb_uint32(&m->file, op, OPERATOR_OPCODE, 0);
    if (number >= codes.n)
        return -1;
    fb_table c = fb_table_at(&m->file, codes, number);
    int old = fb_int8(&m->file, c, OPCODE_OLD_BUILTIN, 0),
        code = fb_int32(&m->file, c, OPCODE_BUILTIN, 0);
    return code > old ? code : old;
}

/* Handles, and assignments of zeros: nothing that a state is not by itself. */
static bool only_zeros(tfl_model *m, fb_table root, fb_table graph)
{
    fb_vector tensors = fb_vector_of(&m->file, graph, SUBGRAPH_TENSORS, 4);
    fb_vector ops = fb_vector_of(&m->file, graph, SUBGRAPH_OPERATORS, 4);
    for (uint32_t i = 0; i < ops.n && i < TFL_MAX_OPERATORS && !m->file.broken; i++) {
        fb_table op = fb_table_at(&m->file, ops, i);
        int code = code_at(m, root, op);
        fb_vector in = fb_vector_of(&m->file, op, OPERATOR_INPUTS, 4);
        if (code == TFL_OP_VAR_HANDLE)
            continue;
        if (code != TFL_OP_ASSIGN_VARIABLE || in.n != 2)
            return false;
        int32_t value = fb_int32_at(&m->file, in, 1);
        if (value < 0 || (uint32_t)value >= tensors.n ||
            !is_zero(m, root, fb_table_at(&m->file, tensors, (uint32_t)value)))
            return false;
    }
    return ops.n <= TFL_MAX_OPERATORS && !m->file.broken;
}

bool tfl_call_once(tfl_model *m, const tfl_op *op)
{
    fb_table root = fb_root(&m->file, TFL_IDENTIFIER);
    fb_vector graphs = fb_vector_of(&m->file, root, MODEL_SUBGRAPHS, 4);
    int32_t index = fb_int32(&m->file, op->options, CALL_ONCE_SUBGRAPH, 0);
    if (op->n_in == 0 && op->n_out == 0 && index > 0 && (uint32_t)index < graphs.n &&
        only_zeros(m, root, fb_table_at(&m->file, graphs, (uint32_t)index)))
        return true;
    return tfl_cannot(m, op, "begin with variables that are zero",
                      "it sets variables to something else than zero");
}
