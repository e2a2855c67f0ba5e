/* ports.c - inputs and outputs. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "compiler/front/internal.h"
#include "compiler/quant/grid.h"

/* ---- inputs -------------------------------------------------------------------------------- */

static const struct port_type {
    const char *word;
    ir_type code;      /* what the C takes */
    bool u8;
    int32_t zero_lo, zero_hi; /* zero points that can be declared, in the user's codes */
} port_types[] = {
    {"u8", IR_I8, true, 0, 255},
    {"i8", IR_I8, false, -128, 127},
    {"i16", IR_I16, false, -32768, 32767},
    {"f32", IR_I8, false, -128, 127},
};

static const struct port_type *find_type(sema *s, const ast_name *type)
{
    enum { N = sizeof port_types / sizeof *port_types };
    const char *names[N];
    for (int i = 0; i < N; i++) {
        names[i] = port_types[i].word;
        if (!strcmp(type->s, names[i]))
            return &port_types[i];
    }
    diag_add(s->ctx, D_BAD_SHAPE, type->loc, "'%s' is no type of an input", type->s);
    diag_expected(s->ctx, "u8, i8, i16 or f32");
    hint_near(s, type->s, names, N);
    return NULL;
}

static bool read_dims(sema *s, const ast_stmt *stmt, ir_shape *shape)
{
    int64_t n = 1;
    shape->rank = stmt->dims.n;
    if (stmt->dims.n < 1 || stmt->dims.n > IR_MAX_RANK) {
        diag_add(s->ctx, D_BAD_SHAPE, stmt->loc, "an input has 1 to %d dimensions, not %d",
                 IR_MAX_RANK, stmt->dims.n);
        return false;
    }
    for (int i = 0; i < stmt->dims.n; i++) {
        const ast_value *v = resolve_value(s, stmt->dims.v[i]);
        if (!v)
            return false;
        if (v->kind != AST_V_NUMBER || !v->integer || v->number < 1 || v->number > INT32_MAX) {
            diag_add(s->ctx, D_BAD_SHAPE, v->loc, "not a dimension");
            diag_expected(s->ctx, "a whole number from 1 to 2147483647");
            return false;
        }
        if (v->number > (double)(INT32_MAX / n)) {
            diag_add(s->ctx, D_SHAPE_TOO_LARGE, stmt->loc, "the input '%s' has 2^31 elements or "
                     "more", stmt->names.v[0].s);
            return false;
        }
        shape->dim[i] = (int32_t)v->number;
        n *= shape->dim[i];
    }
    return true;
}

static bool usable_scale(double scale)
{
    return scale >= (double)FLT_MIN && scale <= (double)FLT_MAX;
}

static bool check_real(sema *s, const ast_stmt *stmt, const struct port_type *type)
{
    double lo = stmt->lo, hi = stmt->hi;
    if (!(lo < hi) || !isfinite(lo) || !isfinite(hi)) {
        diag_add(s->ctx, D_EMPTY_RANGE, stmt->quant_loc, "the range [%g, %g] is empty", lo, hi);
        diag_expected(s->ctx, "real [lo, hi] with lo < hi");
        return false;
    }
    if (lo > 0 || hi < 0) {
        diag_add(s->ctx, D_RANGE_WITHOUT_ZERO, stmt->quant_loc,
                 "the range [%g, %g] does not hold 0", lo, hi);
        diag_hint(s->ctx, "zero must be a code: pads and zero points are made of it");
        return false;
    }
    if (usable_scale((hi - lo) / (type->code == IR_I16 ? 65535 : 255)))
        return true;
    diag_add(s->ctx, D_BAD_SCALE, stmt->quant_loc,
             "the range [%g, %g] has no scale that float32 can hold", lo, hi);
    return false;
}

static void warn_moved(sema *s, const ast_stmt *stmt, const ir_quant *q, bool moved)
{
    int32_t lo, hi;
    quant_code_range(q, &lo, &hi);
    if (moved)
        diag_add(s->ctx, D_ZERO_POINT_ROUNDED, stmt->quant_loc,
                 "0 is no code of [%g, %g]: the codes stand for [%.7g, %.7g]", stmt->lo, stmt->hi,
                 quant_value(q, 0, lo), quant_value(q, 0, hi));
}

static ir_quant *real_quant(sema *s, const ast_stmt *stmt, const struct port_type *type)
{
    bool moved = false;
    ir_quant *q;
    if (type->code == IR_I16) {
        q = quant_uniform(s->ctx, IR_GRID_TREAD, false, false, 16, -1, 1, &stmt->lo, &stmt->hi);
        double zero = -32768 - stmt->lo / ((stmt->hi - stmt->lo) / 65535);
        moved = fabs(zero - q->zero[0]) > 1e-6;
    } else {
        q = quant_port(s->ctx, stmt->lo, stmt->hi, &moved);
    }
    warn_moved(s, stmt, q, moved);
    return q;
}

static ir_quant *exact_quant(sema *s, const ast_stmt *stmt, const struct port_type *type)
{
    if (!usable_scale(stmt->scale)) {
        diag_add(s->ctx, D_BAD_SCALE, stmt->quant_loc, "%g is no scale", stmt->scale);
        diag_expected(s->ctx, "a number > 0 that float32 can hold");
        return NULL;
    }
    if (stmt->zero < type->zero_lo || stmt->zero > type->zero_hi) {
        diag_add(s->ctx, D_BAD_SCALE, stmt->quant_loc, "the zero point %lld is no code of %s",
                 (long long)stmt->zero, type->word);
        diag_expected(s->ctx, "a zero point from %d to %d", (int)type->zero_lo, (int)type->zero_hi);
        return NULL;
    }
    const double lo = -1, hi = 1;
    ir_quant *q = quant_uniform(s->ctx, IR_GRID_TREAD, false, false, type->code == IR_I16 ? 16 : 8,
                                -1, 1, &lo, &hi);
    float scale = (float)stmt->scale;
    int32_t zero = (int32_t)stmt->zero - (type->u8 ? 128 : 0), first, last;
    q->scale = arena_memdup(s->ctx->a, &scale, sizeof scale);
    q->zero = arena_memdup(s->ctx->a, &zero, sizeof zero);
    quant_code_range(q, &first, &last);
    q->lo = quant_value(q, 0, first);
    q->hi = quant_value(q, 0, last);
    return q;
}

/* NULL with *ok set: nothing was declared, calibration chooses. */
static ir_quant *declared_quant(sema *s, const ast_stmt *stmt, const struct port_type *type,
                                bool *ok)
{
    *ok = !stmt->has_real || check_real(s, stmt, type);
    if (!*ok || (!stmt->has_real && !stmt->has_scale))
        return NULL;
    ir_quant *q = stmt->has_real ? real_quant(s, stmt, type) : exact_quant(s, stmt, type);
    *ok = q != NULL;
    return q;
}

/* One layout for all inputs: an input that states none goes along with the others. */
static bool set_layout(sema *s, const ast_stmt *stmt)
{
    if (!stmt->layout)
        return true;
    if (s->layout.src && strcmp(s->g->layout, stmt->layout) != 0) {
        diag_add(s->ctx, D_LAYOUT_CONFLICT, stmt->loc, "the input '%s' is %s, another one is %s",
                 stmt->names.v[0].s, stmt->layout, s->g->layout);
        diag_note_at(s->ctx, s->layout, "stated here");
        return false;
    }
    s->layout = stmt->loc;
    s->g->layout = stmt->layout;
    return true;
}

ir_tensor *add_declared(sema *s, const ast_stmt *stmt, ir_tkind kind)
{
    const struct port_type *type = find_type(s, &stmt->type);
    ir_shape shape;
    bool ok;
    if (!read_dims(s, stmt, &shape) || !type)
        return NULL;
    ir_quant *q = declared_quant(s, stmt, type, &ok);
    if (!ok)
        return NULL;
    ir_tensor *t = ir_add_tensor(s->ctx, s->g, full_name(s, stmt->names.v[0].s), kind, IR_F32,
                                 &shape, stmt->names.v[0].loc);
    t->quant = q;
    t->declared = q != NULL;
    t->u8_port = type->u8;
    t->port_type = type->code;
    t->tflite_index = stmt->has_tensor ? stmt->tensor : -1;
    t->real_lo = stmt->has_real ? stmt->lo : 0;
    t->real_hi = stmt->has_real ? stmt->hi : 0;
    return set_layout(s, stmt) ? t : NULL;
}

void lower_input(sema *s, const ast_stmt *stmt, int number)
{
    if (s->scope->block) {
        diag_add(s->ctx, D_MISPLACED_STATEMENT, stmt->loc, "a block has parameters, no inputs");
        return;
    }
    define_tensor(s, stmt->names.v[0].s, number, add_declared(s, stmt, IR_INPUT));
}

/* ---- outputs ------------------------------------------------------------------------------- */

/* Each output is a tensor of its own that an operator writes: inputs, states and repeated outputs are
 * copied, by a reshape to their own shape. */
ir_tensor *copy_tensor(sema *s, ir_tensor *t, const char *local, qloc loc)
{
    const char *full = full_name(s, local);
    ir_tensor *out = ir_add_tensor(s->ctx, s->g, full, IR_VALUE, IR_F32, &t->shape, loc);
    ir_op *op = ir_add_op(s->ctx, s->g, OP_RESHAPE, full, 1, &t, 1, &out, loc);
    op->at.to = t->shape;
    op->at.groups = 1;
    return out;
}

static const char *unnamed_output(sema *s)
{
    for (;;) {
        int n = s->unnamed_outputs++;
        const char *local = n ? arena_printf(s->ctx->a, "output%d", n) : "output";
        if (name_map_get(&s->taken, local) >= 0)
            continue;
        name_map_put(s->ctx, &s->taken, local, 0);
        return local;
    }
}

static void add_output(sema *s, const ast_stmt *stmt, const ast_expr *e, int number)
{
    const char *local = stmt->names.n ? stmt->names.v[0].s : NULL;
    if (!local && e->kind != AST_E_NAME)
        local = unnamed_output(s);
    statement st = {.local = local ? local : ""};
    s->st = &st;
    ir_tensor *t = lower_expr(s, e, local);
    if (t && t->kind == IR_CONST) {
        diag_add(s->ctx, D_CONSTANT_PLACE, e->loc, "an output cannot be the constant '%s'", t->name);
        t = NULL;
    }
    if (t && (t->is_output || t->kind == IR_INPUT || t->kind == IR_STATE)) {
        bool is_new = stmt->names.n && e->kind == AST_E_NAME;
        t = copy_tensor(s, t, is_new ? local : unnamed_output(s), e->loc);
    }
    if (stmt->names.n)
        define_tensor(s, local, number, t);
    if (!t)
        return;
    t->is_output = true;
    *VEC_PUSH(s->ctx->a, &s->g->outputs) = t;
}

void lower_output(sema *s, const ast_stmt *stmt, int number)
{
    if (s->scope->block) {
        diag_add(s->ctx, D_MISPLACED_STATEMENT, stmt->loc, "a block has returns, no outputs");
        return;
    }
    for (int i = 0; i < stmt->exprs.n; i++)
        add_output(s, stmt, stmt->exprs.v[i], number);
    if (stmt->names.n && find_binding(s->scope, stmt->names.v[0].s))
        find_binding(s->scope, stmt->names.v[0].s)->used = true;
}
