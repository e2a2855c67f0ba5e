/* onnx.c - an ONNX model as a graph: ports, nodes in the file's order, and in the end all that
 * could not be imported.
 *
 * Two things are not in the file: whether the host's arrays have their channels first, and whether
 * a first dimension of N counts rows. The import is tried both ways, and that which moves least is
 * taken. */
#include "compiler/import/onnx.h"

#include <stdlib.h>
#include <string.h>

/* ---- messages ------------------------------------------------------------------------------ */

/* "Conv '/features/0/Conv' (node 3)" */
static const char *node_str(void *model, const void *operator)
{
    onx_model *m = model;
    const onx_node *node = operator;
    const char *name = node->p->name && *node->p->name ? node->p->name
                       : onx_out(m, node, 0)           ? onx_out(m, node, 0)->name
                                                       : "";
    return arena_printf(m->ctx->a, "%s%s%s '%s' (node %d)", onx_shown(m->ctx, node->domain),
                        *node->domain ? "." : "", onx_shown(m->ctx, node->type),
                        onx_shown(m->ctx, name), node->index);
}

/* ---- ports --------------------------------------------------------------------------------- */

/* Dimensions of the host's row, in the IR's sequence: without the rows, or a first 1. */
static int port_dims(const onx_model *m, const onx_dims *d, bool batch, int *dims)
{
    int n = 0, first = batch || (d->rank > 1 && d->dim[0] == 1);
    for (int i = first; i < d->rank; i++)
        dims[n++] = i;
    if (m->nchw && n > 1) {
        memmove(dims, dims + 1, (size_t)(n - 1) * sizeof *dims);
        dims[n - 1] = first;
    }
    return n;
}

static ir_shape port_shape(const onx_dims *d, int n, const int *dims)
{
    ir_shape s = {.rank = n};
    for (int i = 0; i < n; i++)
        s.dim[i] = (int32_t)d->dim[dims[i]];
    return n ? s : (ir_shape){.rank = 1, .dim = {1}};
}

static void add_input(onx_model *m, onx_value *v)
{
    int dims[ONX_MAX_RANK];
    const char *name = onx_shown(m->ctx, v->name);
    if (v->in_dims.rank < 0 || onx_count(&v->in_dims) < 1) {
        onx_cannot(m, NULL, "export the model with fixed shapes",
                   "the input '%s' has no shape of at most %d dimensions", name, ONX_MAX_RANK);
        return;
    }
    bool codes = m->quantized && (v->in_type == ONX_UINT8 || v->in_type == ONX_INT8);
    if (v->in_type != ONX_FLOAT && !codes) /* told at the end, where no reader did */
        return;
    v->d = v->in_dims;
    v->batch = m->batch && v->d.rank > 1;
    int n = port_dims(m, &v->d, v->batch, dims);
    if (n > IR_MAX_RANK) {
        onx_cannot(m, NULL, NULL, "the input '%s' has more than %d dimensions", name, IR_MAX_RANK);
        return;
    }
    const ir_shape shape = port_shape(&v->d, n, dims);
    v->ir =
        ir_add_tensor(m->ctx, m->g, import_name(m->ctx, &m->names, v->name, NULL, NULL, "input"),
                      IR_INPUT, m->quantized ? IR_I8 : IR_F32, &shape, loc_file(m->src));
    v->ir->declared = m->quantized;
    v->ir->u8_port = v->in_type == ONX_UINT8;
    v->ir->quant = codes ? onx_open_quant(m) : NULL;
    v->code_type = v->in_type;
    v->real = !codes;
    v->lay = onx_lay_of(&v->d, v->batch, n, dims);
    v->known = true;
}

static bool reads(const onx_model *m, const onx_node *node, const onx_value *v)
{
    for (int i = 0; node && i < node->n_in; i++)
        if (onx_in(m, node, i) == v)
            return true;
    return false;
}

/* Inputs that are no activations: what reads them as constants has said so. */
static void check_inputs(onx_model *m)
{
    int n = m->problems.n;
    for (int i = 0; i < m->inputs.n; i++) {
        const onx_value *v = &m->values.v[m->inputs.v[i]];
        bool told = v->known || v->in_type == ONX_FLOAT || !v->readers;
        for (int k = 0; k < n && !told; k++)
            told = reads(m, m->problems.v[k].op, v);
        const char *name = onx_shown(m->ctx, v->name);
        if (!told)
            onx_cannot(m, NULL, arena_printf(m->ctx->a, "--bind %s=FILE makes it a constant", name),
                       "the input '%s' is %s, not float", name, onx_type_name(v->in_type));
    }
}

/* Each output is a tensor of its own that an operator writes, as QDL has it, in the host's order.
 */
static void add_output(onx_model *m, onx_value *v)
{
    int dims[ONX_MAX_RANK];
    if (!v->known) {
        if (!m->problems.n)
            onx_cannot(m, NULL, NULL, "the output '%s' is a constant", onx_shown(m->ctx, v->name));
        return;
    }
    int n = port_dims(m, &v->d, v->batch, dims);
    if (m->batch && !v->batch)
        onx_cannot(m, NULL, "export the model with batch size 1", "the output '%s' mixes rows",
                   onx_shown(m->ctx, v->name));
    if (n > IR_MAX_RANK)
        onx_cannot(m, NULL, NULL, "the output '%s' has more than %d dimensions",
                   onx_shown(m->ctx, v->name), IR_MAX_RANK);
    if (m->problems.n)
        return;
    const ir_shape shape = port_shape(&v->d, n, dims);
    ir_tensor *out = onx_in_dims(m, NULL, v, n, dims, &shape);
    const ir_attrs at = {.groups = 1, .to = shape};
    if (out && (out->kind == IR_INPUT || out->is_output))
        out = onx_emit(m, NULL, OP_RESHAPE, onx_fresh(m, v->name, "output"), &at, 1, &out,
                       out->quant);
    if (!out)
        return;
    if (m->quantized && !ir_is_index(out) && !onx_quant_known(out->quant))
        onx_cannot(m, NULL, NULL, "the output '%s' is not quantized", onx_shown(m->ctx, v->name));
    if (m->quantized && !v->real && v->code_type == ONX_UINT8)
        diag_add(m->ctx, D_IMPORT_U8_OUTPUT, loc_file(m->src),
                 "the output '%s' is uint8 in the model; the C gives int8, 128 less",
                 onx_shown(m->ctx, v->name));
    out->is_output = true;
    *VEC_PUSH(m->ctx->a, &m->g->outputs) = out;
}

/* ---- nodes --------------------------------------------------------------------------------- */

/* Whether all that a node reads was imported, or is constant, or never will be (a graph input). */
static bool operands_known(onx_model *m, const onx_node *node)
{
    for (int i = 0; i < node->n_in; i++) {
        const onx_value *v = onx_in(m, node, i);
        if (v && !v->known && !v->is_input && !onx_constant(m, node->in[i]))
            return false;
    }
    return true;
}

static bool has_activation(onx_model *m, const onx_node *node)
{
    for (int i = 0; i < node->n_in; i++)
        if (onx_in(m, node, i) && onx_in(m, node, i)->known)
            return true;
    return false;
}

/* Whether another node's import gave its result: the last of those that are one operator here. */
static bool is_done(onx_model *m, const onx_node *node)
{
    return node->n_out == 1 && onx_out(m, node, 0) && onx_out(m, node, 0)->known;
}

/* A constant that is a node, given before others, some of which look ahead: PyTorch writes each
 * before its first reader. */
static bool is_given(onx_model *m, const onx_node *node)
{
    return !node->n_in && node->n_out == 1 && onx_out(m, node, 0) && onx_out(m, node, 0)->c;
}

static void give_constants(onx_model *m)
{
    for (int i = 0; i < m->n_nodes; i++)
        if (m->nodes[i].live && !m->nodes[i].n_in)
            onx_fold(m, &m->nodes[i]);
}

static void import_node(onx_model *m, const onx_node *node)
{
    if (is_given(m, node) || onx_fold(m, node) || is_done(m, node))
        return;
    if (!onx_can_import(node))
        onx_import_node(m, node);
    else if (m->quantized && !onx_check_codes(m, node))
        return;
    else if (operands_known(m, node) && !has_activation(m, node))
        onx_cannot(m, node, "run the exporter's constant folding",
                   "it computes with constants only");
    else if (operands_known(m, node))
        onx_import_node(m, node);
}

/* ---- attempts ------------------------------------------------------------------------------ */

static void forget(onx_model *m)
{
    for (int i = 0; i < m->values.n; i++) {
        onx_value *v = &m->values.v[i];
        if (!v->proto && !v->bound)
            v->c = NULL;
        v->bad = v->known = v->batch = v->real = false;
        v->ir = NULL;
    }
    m->names = (name_set){0};
    m->problems.n = m->needed.n = 0;
    m->moved = 0;
    m->folded = 0;
}

static void attempt(onx_model *m, const char *name, bool nchw, bool batch)
{
    forget(m);
    m->g = ir_new(m->ctx, name);
    m->nchw = nchw;
    m->batch = batch;
    for (int i = 0; i < m->inputs.n; i++)
        add_input(m, &m->values.v[m->inputs.v[i]]);
    give_constants(m);
    for (int i = 0; i < m->n_nodes; i++)
        if (m->nodes[i].live)
            import_node(m, &m->nodes[i]);
    check_inputs(m);
    for (int i = 0; m->quantized && i < m->g->inputs.n; i++)
        if (!onx_quant_known(m->g->inputs.v[i]->quant) && !m->problems.n)
            onx_cannot(m, NULL, "quantize the whole model, inputs and outputs too",
                       "the input '%s' is not quantized", m->g->inputs.v[i]->name);
    for (int i = 0; i < m->outputs.n; i++)
        add_output(m, &m->values.v[m->outputs.v[i]]);
    if (!m->inputs.n || !m->outputs.n)
        onx_cannot(m, NULL, NULL, "the model has no %s", m->inputs.n ? "output" : "input");
}

/* The same without diagnostics: problems and moved tell. */
static void try(onx_model *m, const char *name, bool nchw, bool batch)
{
    qctx *own = m->ctx, quiet = *own;
    memset(&quiet.diags, 0, sizeof quiet.diags);
    quiet.newest = NULL;
    m->ctx = &quiet;
    attempt(m, name, nchw, batch);
    m->ctx = own;
}

/* Whether all inputs have the same first dimension, larger than 1. */
static bool may_be_rows(const onx_model *m)
{
    for (int i = 0; i < m->inputs.n; i++) {
        const onx_value *v = &m->values.v[m->inputs.v[i]], *first = &m->values.v[m->inputs.v[0]];
        if (v->in_dims.rank < 2 || v->in_dims.dim[0] < 2 ||
            v->in_dims.dim[0] != first->in_dims.dim[0])
            return false;
    }
    return m->inputs.n > 0;
}

/* Whether a port has both channels and something else, so that its order matters. */
static bool order_matters(const onx_model *m, const onx_dims *d, bool batch)
{
    int dims[ONX_MAX_RANK], n = port_dims(m, d, batch, dims);
    int64_t channels = n ? d->dim[m->nchw ? dims[n - 1] : dims[0]] : 1, all = onx_count(d);
    for (int i = 0; batch && i < 1; i++)
        all /= d->dim[0];
    return n > 1 && channels > 1 && all > channels;
}

static bool layout_matters(const onx_model *m)
{
    for (int i = 0; i < m->inputs.n; i++) {
        const onx_value *v = &m->values.v[m->inputs.v[i]];
        if (v->known && order_matters(m, &v->d, v->batch))
            return true;
    }
    for (int i = 0; i < m->outputs.n; i++) {
        const onx_value *v = &m->values.v[m->outputs.v[i]];
        if (v->known && order_matters(m, &v->d, v->batch))
            return true;
    }
    return false;
}

typedef struct choice {
    bool nchw, batch, matters;
    int problems;
    double moved[2]; /* channels last, first; < 0: it cannot be */
} choice;

/* Both layouts, of which one is stated or the better is found. */
static choice choose_layout(onx_model *m, const char *name, bool batch)
{
    choice c = {.batch = batch, .moved = {-1, -1}};
    const char *stated = m->o->layout;
    int problems[2] = {1 << 30, 1 << 30};
    for (int nchw = 0; nchw < 2; nchw++) {
        if (stated && (strcmp(stated, "nchw") == 0) != nchw)
            continue;
        try(m, name, nchw, batch);
        problems[nchw] = m->problems.n;
        c.moved[nchw] = m->problems.n ? -1 : m->moved;
        c.matters = c.matters || layout_matters(m);
    }
    bool first = c.moved[1] >= 0 && (c.moved[0] < 0 || c.moved[1] < c.moved[0]);
    c.nchw = c.moved[0] < 0 && c.moved[1] < 0 ? problems[1] < problems[0] : first;
    if (!c.matters && c.moved[0] >= 0)
        c.nchw = false;
    c.problems = problems[c.nchw];
    return c;
}

static bool check_choice(onx_model *m, const choice *c)
{
    if (m->o->layout || !c->matters || c->moved[0] < 0 || c->moved[0] != c->moved[1])
        return true;
    diag_add(m->ctx, D_IMPORT_LAYOUT, loc_file(m->src),
             "nothing in the model says whether its arrays have their channels first or last");
    diag_hint(m->ctx, "say --layout nchw, or --layout nhwc for arrays as the C takes them");
    return false;
}

static void tell_needed(onx_model *m)
{
    struct import_needed *needed = m->o->needed;
    for (int i = 0; needed && i < m->needed.n; i++)
        *VEC_PUSH(m->ctx->a, &needed->names) = m->values.v[m->needed.v[i]].name;
}

ir_graph *import_onnx(qctx *ctx, const source *file, const char *name, const import_options *o)
{
    onx_model m = {.ctx = ctx, .src = file, .o = o};
    int errors = diag_errors(ctx);
    if (!onx_read(&m))
        return NULL;
    choice c = choose_layout(&m, name, may_be_rows(&m));
    if (c.problems && c.batch) {
        choice whole = choose_layout(&m, name, false);
        c = whole.problems <= c.problems ? whole : c;
    }
    if (!c.problems && !check_choice(&m, &c))
        return NULL;
    attempt(&m, name, c.nchw, c.batch);
    tell_needed(&m);
    if (!problems_report(ctx, &import_words, loc_file(file), &m.problems, node_str, &m) ||
        diag_errors(ctx) != errors)
        return NULL;
    ir_remove_unused(ctx, m.g);
    m.g->stage = m.quantized ? IR_QUANTIZED : IR_LOWERED;
    m.g->weights_native = true;
    m.g->layout = c.nchw ? "nchw" : "nhwc";
    m.g->numerics = o->has_numerics ? o->numerics : IR_NUM_ONNX;
    return ir_verify(ctx, m.g, "import") ? m.g : NULL;
}
