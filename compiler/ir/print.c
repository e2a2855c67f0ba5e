/* print.c - a graph as QDL; what QDL cannot say stands in comments. */
#include <stdio.h>
#include <string.h>

#include "compiler/base/sha256.h"
#include "compiler/ir/words.h"

/* ---- words --------------------------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_word(const char *s)
{
    if (!is_letter(*s))
        return false;
    for (; *s; s++)
        if (!is_letter(*s) && !(*s >= '0' && *s <= '9'))
            return false;
    return true;
}

void ir_print_string(buf *b, const char *s)
{
    buf_puts(b, "\"");
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c < 32 || c == 127)
            buf_printf(b, "\\x%02x", c);
        else if (c == '"' || c == '\\')
            buf_printf(b, "\\%c", c);
        else
            buf_bytes(b, s, 1);
    }
    buf_puts(b, "\"");
}

void ir_print_name(buf *b, const char *name)
{
    if (is_word(name))
        buf_puts(b, name);
    else
        ir_print_string(b, name);
}

void ir_print_hex(buf *b, double v)
{
    char s[64];
    snprintf(s, sizeof s, "%a", v);
    char *comma = strchr(s, ',');
    if (comma)
        *comma = '.';
    buf_puts(b, s);
}

static void put_dims(buf *b, const ir_shape *s)
{
    buf_puts(b, "[");
    for (int i = 0; i < s->rank; i++)
        buf_printf(b, "%s%d", i ? ", " : "", (int)s->dim[i]);
    buf_puts(b, "]");
}

/* ---- attributes ---------------------------------------------------------------------------- */

static void begin_attr(buf *b, const ir_attr *a)
{
    buf_puts(b, ", ");
    if (!a->positional)
        buf_printf(b, "%s ", a->name);
}

static void put_int(buf *b, const ir_attr *a, const ir_op *op, int v)
{
    if (!strcmp(a->name, "multiplier"))
        v /= op->at.groups;
    if (a->kind == IR_A_INT && !strcmp(a->name, "axis") && v == op->in[0]->shape.rank - 1)
        return;
    if (!a->required && v == (int)a->fallback)
        return;
    begin_attr(b, a);
    buf_printf(b, "%d", v);
}

static void put_size(buf *b, const ir_attr *a, const ir_op *op, const int *v)
{
    bool as_kernel = a->fallback < 0;
    int h = as_kernel ? op->at.kernel[0] : (int)a->fallback;
    int w = as_kernel ? op->at.kernel[1] : (int)a->fallback;
    if (!a->required && v[0] == h && v[1] == w)
        return;
    begin_attr(b, a);
    buf_printf(b, "%dx%d", v[0], v[1]);
}

static void put_pad(buf *b, const ir_attr *a, const int *v)
{
    if (!a->required && !v[0] && !v[1] && !v[2] && !v[3])
        return;
    begin_attr(b, a);
    buf_printf(b, "[%d, %d, %d, %d]", v[0], v[1], v[2], v[3]);
}

/* Not where all numbers are what an absent list stands for. */
static void put_list(buf *b, const ir_attr *a, const ir_shape *v)
{
    bool plain = !a->required;
    for (int i = 0; i < v->rank; i++)
        plain = plain && v->dim[i] == (int)a->fallback;
    if (plain)
        return;
    begin_attr(b, a);
    put_dims(b, v);
}

static void put_number(buf *b, const ir_attr *a, double v)
{
    begin_attr(b, a);
    buf_double(b, v);
}

/* "c1" of the constant "c1.weight" that the layer's weights are kept under; NULL where that is the
 * result's name. */
static const char *weights_label(const buf *b, const ir_op *op)
{
    const char *name = op->n_in > 1 && !ir_is_operand(op->in[1]) ? op->in[1]->name : "";
    size_t n = strlen(name), suffix = strlen(".weight");
    if (n <= suffix || strcmp(name + n - suffix, ".weight") != 0)
        return NULL;
    const char *label = arena_strndup(b->a, name, n - suffix);
    return strcmp(label, op->out[0]->name) ? label : NULL;
}

static void put_weights(buf *b, const ir_attr *a, const ir_op *op)
{
    const char *label = weights_label(b, op);
    if (!label)
        return;
    begin_attr(b, a);
    ir_print_string(b, label);
}

static void put_attr(buf *b, const ir_attr *a, const ir_op *op)
{
    const char *field = (const char *)&op->at + a->field;
    switch (a->kind) {
    case IR_A_INT: put_int(b, a, op, *(const int *)field); break;
    case IR_A_SIZE: put_size(b, a, op, (const int *)field); break;
    case IR_A_PAD:
    case IR_A_PADS: put_pad(b, a, (const int *)field); break;
    case IR_A_SHAPE:
        begin_attr(b, a);
        put_dims(b, (const ir_shape *)field);
        break;
    case IR_A_LIST: put_list(b, a, (const ir_shape *)field); break;
    case IR_A_NUMBER: put_number(b, a, *(const double *)field); break;
    case IR_A_FLAG:
        if (*(const bool *)field)
            buf_printf(b, ", %s%s%s", a->name, a->second ? " " : "", a->second ? a->second : "");
        break;
    case IR_A_NO_BIAS:
        if (!ir_bias(op))
            buf_puts(b, ", no bias");
        break;
    case IR_A_WEIGHTS: put_weights(b, a, op); break;
    case IR_A_TENSOR: break; /* of the statement's last call: put_tensor */
    }
}

/* ---- statements ---------------------------------------------------------------------------- */

/* The tensor of an imported file that a call's result is. */
static void put_tensor(buf *b, const ir_op *op, const char *before, const char *after)
{
    if (op->out[0]->tflite_index >= 0)
        buf_printf(b, "%stensor %d%s", before, op->out[0]->tflite_index, after);
}

static void put_call(buf *b, const ir_op *op)
{
    static const char *const act[] = {[IR_ACT_RELU] = "relu", [IR_ACT_RELU6] = "relu6"};
    const ir_word *word = ir_word_of(op);
    buf_printf(b, "%s(", word->word);
    int n = word->max_in < 0 ? op->n_in : word->max_in;
    for (int i = 0; i < n; i++) {
        buf_puts(b, i ? ", " : "");
        ir_print_name(b, op->in[i]->name);
    }
    for (const ir_attr *a = word->attrs; a && a->name; a++)
        put_attr(b, a, op);
    if (!op->at.act)
        put_tensor(b, op, ", ", "");
    buf_puts(b, ")");
    if (!op->at.act)
        return;
    buf_printf(b, " |> %s", act[op->at.act]);
    put_tensor(b, op, "(", ")");
}

static void put_port_quant(buf *b, const ir_tensor *t)
{
    if (t->real_lo < t->real_hi) {
        buf_puts(b, " real [");
        buf_double(b, t->real_lo);
        buf_puts(b, ", ");
        buf_double(b, t->real_hi);
        buf_puts(b, "]");
    } else if (t->quant) {
        buf_puts(b, " scale ");
        ir_print_hex(b, (double)t->quant->scale[0]);
        buf_printf(b, " zero %d", (int)t->quant->zero[0] + (t->u8_port ? 128 : 0));
    }
}

/* An input or a state. */
static void put_declaration(buf *b, const ir_graph *g, const ir_tensor *t)
{
    const char *type = t->u8_port                     ? "u8"
                       : t->port_type == IR_I16       ? "i16"
                       : t->quant || t->type == IR_I8 ? "i8"
                                                      : "f32";
    buf_puts(b, t->kind == IR_STATE ? "    state " : "    input ");
    ir_print_name(b, t->name);
    buf_printf(b, " : %s", type);
    put_dims(b, &t->shape);
    put_port_quant(b, t);
    if (t->tflite_index >= 0)
        buf_printf(b, " tensor %d", t->tflite_index);
    if (t->kind == IR_INPUT && strcmp(g->layout, "nhwc") != 0)
        buf_printf(b, " layout %s", g->layout);
}

/* Constants that are operands stand above what reads them. */
static void put_constant(buf *b, const ir_tensor *t)
{
    buf_puts(b, "    ");
    ir_print_name(b, t->name);
    buf_puts(b, " = constant(");
    put_dims(b, &t->shape);
    if (strcmp(t->wname, t->name) != 0) {
        buf_puts(b, ", weights ");
        ir_print_string(b, t->wname);
    }
    if (t->tflite_index >= 0)
        buf_printf(b, ", tensor %d", t->tflite_index);
    buf_puts(b, ")");
}

static void put_outputs(buf *b, const ir_graph *g)
{
    for (int i = 0; i < g->outputs.n; i++) {
        buf_puts(b, i ? ", " : "    output ");
        ir_print_name(b, g->outputs.v[i]->name);
    }
    buf_puts(b, "\n");
}

/* ---- comments ------------------------------------------------------------------------------ */

static void note_quant(buf *b, const ir_quant *q)
{
    buf_printf(b, " int%d%s%s", q->bits, q->scheme == IR_Q_CODEBOOK ? " codebook" : "",
               q->grid == IR_GRID_MIDPOINT ? " midpoint" : "");
    if (q->n > 1) {
        buf_printf(b, " per channel (%d)", q->n);
        return;
    }
    buf_puts(b, " scale ");
    buf_float(b, q->scale[0]);
    if (q->zero)
        buf_printf(b, " zero %d", (int)q->zero[0]);
}

static void note_tensor(buf *b, const ir_tensor *t)
{
    for (int i = 0; i < t->shape.rank; i++)
        buf_printf(b, "%s%d", i ? "x" : "", (int)t->shape.dim[i]);
    buf_printf(b, " %s", ir_type_name(t->type));
    if (t->quant)
        note_quant(b, t->quant);
    if (t->kind != IR_CONST || !t->data)
        return;
    char hex[65];
    sha256 s;
    sha256_init(&s);
    sha256_update(&s, t->data, (size_t)ir_elems(&t->shape) * ir_type_size(t->type));
    sha256_hex(&s, hex);
    buf_printf(b, " #%.12s", hex);
}

static void note_op(buf *b, const ir_op *op)
{
    buf_puts(b, "  # ");
    note_tensor(b, op->out[0]);
    for (int i = 0; i < op->n_in; i++) {
        if (op->in[i]->kind != IR_CONST || ir_is_operand(op->in[i]))
            continue;
        buf_puts(b, "; ");
        ir_print_name(b, op->in[i]->name);
        buf_puts(b, " ");
        note_tensor(b, op->in[i]);
    }
    if (op->q && op->q->bound && op->q->channels > 0) {
        int64_t most = 0;
        for (int c = 0; c < op->q->channels; c++)
            most = op->q->bound[c] > most ? op->q->bound[c] : most;
        buf_printf(b, "; |acc| <= %lld %s", (long long)most, ir_type_name(op->q->acc_type));
    }
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void end_declaration(buf *b, const ir_tensor *t, bool notes)
{
    if (notes) {
        buf_puts(b, "  # ");
        note_tensor(b, t);
    }
    buf_puts(b, "\n");
}

static void put_operator(buf *b, const ir_op *op)
{
    buf_puts(b, "    ");
    ir_print_name(b, op->out[0]->name);
    buf_puts(b, op->kind == OP_ASSIGN ? " := " : " = ");
    if (op->kind == OP_ASSIGN)
        ir_print_name(b, op->in[0]->name);
    else
        put_call(b, op);
}

static void print(const ir_graph *g, buf *b, bool notes)
{
    buf_puts(b, "model ");
    ir_print_name(b, g->name);
    buf_puts(b, " {\n");
    if (g->weights_native || !notes)
        buf_puts(b, "    weights native\n");
    for (int i = 0; i < g->inputs.n; i++) {
        put_declaration(b, g, g->inputs.v[i]);
        end_declaration(b, g->inputs.v[i], notes);
    }
    for (int i = 0; i < g->states.n; i++) {
        put_declaration(b, g, g->states.v[i]->tensor);
        end_declaration(b, g->states.v[i]->tensor, notes);
    }
    ir_tensor **constants;
    for (int i = 0, n = ir_operands(b->a, g, &constants); i < n; i++) {
        put_constant(b, constants[i]);
        end_declaration(b, constants[i], notes);
    }
    for (int i = 0; i < g->ops.n; i++) {
        put_operator(b, g->ops.v[i]);
        if (notes)
            note_op(b, g->ops.v[i]);
        buf_puts(b, "\n");
    }
    put_outputs(b, g);
    buf_puts(b, "}\n");
}

void ir_print(const ir_graph *g, buf *b)
{
    static const char *const stages[] = {[IR_LOWERED] = "lowered", [IR_FOLDED] = "folded",
                                         [IR_QUANTIZED] = "quantized", [IR_LEGAL] = "legal"};
    buf_printf(b, "# stage: %s\n", stages[g->stage]);
    print(g, b, true);
}

void ir_print_model(const ir_graph *g, buf *b)
{
    print(g, b, false);
}
