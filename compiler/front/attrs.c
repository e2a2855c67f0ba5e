/* attrs.c - the values and attributes of a call, read by the operator's table. */
#include <math.h>
#include <string.h>

#include "compiler/front/internal.h"

typedef struct reader {
    sema *s;
    const ir_word *w;
    const ast_name *op;
    call_attrs *out;
    uint32_t given; /* by row of the table; common attributes behind it */
} reader;

/* ---- block parameters ---------------------------------------------------------------------- */

static const ast_value *resolve_list(sema *s, const ast_value *v)
{
    ast_value *copy = arena_memdup(s->ctx->a, v, sizeof *v);
    copy->list.v = NULL;
    copy->list.n = copy->list.cap = 0;
    for (int i = 0; i < v->list.n; i++) {
        const ast_value *item = v->list.v[i];
        item = item->kind == AST_V_WORD ? resolve_value(s, item) : item;
        if (!item)
            return NULL;
        *VEC_PUSH(s->ctx->a, &copy->list) = (ast_value *)(uintptr_t)item;
    }
    return copy;
}

const ast_value *resolve_value(sema *s, const ast_value *v)
{
    if (v->kind == AST_V_LIST || v->kind == AST_V_SIZE)
        return resolve_list(s, v);
    binding *b = v->kind == AST_V_WORD && s->scope->block ? find_binding(s->scope, v->text) : NULL;
    if (!b || b->stmt >= 0)
        return v;
    b->used = true;
    if (b->kind == BIND_VALUE)
        return b->value;
    if (b->kind == BIND_TENSOR)
        diag_add(s->ctx, D_NOT_A_VALUE, v->loc, "the parameter '%s' is a tensor here; a value is "
                 "needed", v->text);
    return NULL;
}

/* ---- single values ------------------------------------------------------------------------- */

static bool whole(const ast_value *v, double lo, double hi)
{
    return v->kind == AST_V_NUMBER && v->integer && v->number >= lo && v->number <= hi;
}

static bool read_int(const ir_attr *a, const ast_value *v, void *field)
{
    if (!whole(v, a->lo, a->hi))
        return false;
    *(int *)field = (int)v->number;
    return true;
}

static bool read_size(const ir_attr *a, const ast_value *v, void *field)
{
    int *size = field;
    bool pair = v->kind == AST_V_SIZE && v->list.n == 2;
    for (int i = 0; i < 2; i++) {
        const ast_value *x = pair ? v->list.v[i] : v;
        if (!whole(x, a->lo, a->hi))
            return false;
        size[i] = (int)x->number;
    }
    return true;
}

static bool read_pads(const ir_attr *a, const ast_value *v, void *field)
{
    int *pad = field;
    bool list = v->kind == AST_V_LIST && v->list.n == 4;
    for (int i = 0; i < 4; i++) {
        const ast_value *x = list ? v->list.v[i] : v;
        if (!whole(x, a->lo, a->hi))
            return false;
        pad[i] = (int)x->number;
    }
    return true;
}

static bool read_pad(const ir_attr *a, const ast_value *v, ir_attrs *at)
{
    if (v->kind == AST_V_WORD) {
        at->padmode = !strcmp(v->text, "same") ? IR_PAD_SAME : IR_PAD_VALID;
        return at->padmode == IR_PAD_SAME || !strcmp(v->text, "valid");
    }
    at->padmode = IR_PAD_EXPLICIT;
    return read_pads(a, v, at->pad);
}

static bool read_shape(const ir_attr *a, const ast_value *v, void *field)
{
    ir_shape *shape = field;
    int open = 0;
    if (v->kind != AST_V_LIST || v->list.n < 1 || v->list.n > IR_MAX_RANK)
        return false;
    for (int i = 0; i < v->list.n; i++) {
        bool left_over = whole(v->list.v[i], -1, -1);
        open += left_over;
        if (!left_over && !whole(v->list.v[i], a->lo, a->hi))
            return false;
        shape->dim[i] = (int32_t)v->list.v[i]->number;
    }
    shape->rank = v->list.n;
    return open <= 1;
}

static bool read_list(const ir_attr *a, const ast_value *v, void *field)
{
    ir_shape *list = field;
    if (v->kind != AST_V_LIST || v->list.n < 1 || v->list.n > IR_MAX_RANK)
        return false;
    for (int i = 0; i < v->list.n; i++) {
        if (!whole(v->list.v[i], a->lo, a->hi))
            return false;
        list->dim[i] = (int32_t)v->list.v[i]->number;
    }
    list->rank = v->list.n;
    return true;
}

static bool read_number(const ir_attr *a, const ast_value *v, void *field)
{
    if (v->kind != AST_V_NUMBER || !(v->number >= a->lo && v->number <= a->hi))
        return false;
    *(double *)field = v->number;
    return true;
}

/* ---- messages ------------------------------------------------------------------------------ */

static const char *expectation(reader *r, const ir_attr *a)
{
    arena *m = r->s->ctx->a;
    switch (a->kind) {
    case IR_A_TENSOR:
    case IR_A_INT: return arena_printf(m, "a whole number from %.0f to %.0f", a->lo, a->hi);
    case IR_A_SIZE:
        return arena_printf(m, "height x width, as in 3x3, or one number for both, from %.0f to "
                            "%.0f", a->lo, a->hi);
    case IR_A_PAD:
        return arena_printf(m, "same, valid, a number or [top, bottom, left, right], up to %.0f",
                            a->hi);
    case IR_A_PADS:
        return arena_printf(m, "a number or [top, bottom, left, right], up to %.0f", a->hi);
    case IR_A_SHAPE:
        return arena_printf(m, "a list of 1 to %d sizes, one of which may be -1", IR_MAX_RANK);
    case IR_A_LIST:
        return arena_printf(m, "a list of 1 to %d whole numbers from %.0f to %.0f", IR_MAX_RANK, a->lo,
                            a->hi);
    case IR_A_NUMBER: return arena_printf(m, "a number from %g to %g", a->lo, a->hi);
    case IR_A_FLAG:
    case IR_A_NO_BIAS: return a->second ? a->second : "no value";
    case IR_A_WEIGHTS: return "a text, as in weights \"features.0\"";
    }
    return "";
}

static void bad_value(reader *r, const ir_attr *a, qloc loc)
{
    diag_add(r->s->ctx, D_BAD_VALUE, loc, "%s of %s does not take this value", a->name,
             r->w->word);
    diag_expected(r->s->ctx, "%s", expectation(r, a));
}

static int attr_count(const ir_word *w)
{
    int n = 0;
    while (w->attrs && w->attrs[n].name)
        n++;
    return n;
}

/* "filters, kernel, stride": what the operator takes, for hints. */
static const char *attr_list(reader *r)
{
    buf b;
    buf_init(&b, r->s->ctx->a);
    for (int i = 0; i < attr_count(r->w); i++) {
        const ir_attr *a = &r->w->attrs[i];
        buf_printf(&b, "%s%s%s%s", i ? ", " : "", a->name, a->second ? " " : "",
                   a->second ? a->second : "");
    }
    return buf_str(&b);
}

/* ---- attributes ---------------------------------------------------------------------------- */

static bool read_word_flag(const ir_attr *a, const ast_value *v)
{
    if (!a->second)
        return v == NULL;
    return v && v->kind == AST_V_WORD && !strcmp(v->text, a->second);
}

static bool read_value(reader *r, const ir_attr *a, const ast_value *v)
{
    void *field = (char *)&r->out->at + a->field;
    switch (a->kind) {
    case IR_A_INT: return read_int(a, v, field);
    case IR_A_SIZE: return read_size(a, v, field);
    case IR_A_PAD: return read_pad(a, v, &r->out->at);
    case IR_A_PADS: return read_pads(a, v, field);
    case IR_A_SHAPE: return read_shape(a, v, field);
    case IR_A_LIST: return read_list(a, v, field);
    case IR_A_NUMBER: return read_number(a, v, field);
    case IR_A_FLAG: *(bool *)field = true; return true;
    case IR_A_NO_BIAS: r->out->no_bias = true; return true;
    case IR_A_WEIGHTS: r->out->weights = v->text; return v->kind == AST_V_STRING && *v->text;
    case IR_A_TENSOR: return read_int(a, v, &r->out->tensor);
    }
    return false;
}

static bool is_flag(const ir_attr *a)
{
    return a->kind == IR_A_FLAG || a->kind == IR_A_NO_BIAS;
}

static bool set_attr(reader *r, int row, const ast_value *v, qloc loc)
{
    int own = attr_count(r->w);
    const ir_attr *a = row < own ? &r->w->attrs[row] : &ir_common_attrs[row - own];
    if (r->given & 1u << row) {
        diag_add(r->s->ctx, D_DUPLICATE_ATTRIBUTE, loc, "%s is given twice", a->name);
        return false;
    }
    r->given |= 1u << row;
    bool ok = is_flag(a) ? read_word_flag(a, v) : v != NULL;
    if (ok && v && !is_flag(a)) {
        v = resolve_value(r->s, v);
        if (!v)
            return false;
    }
    if (ok && read_value(r, a, v))
        return true;
    bad_value(r, a, v ? v->loc : loc);
    return false;
}

static bool set_named(reader *r, const ast_attr *attr)
{
    const char *names[32] = {NULL};
    int n = attr_count(r->w);
    for (int i = 0; i < n; i++) {
        names[i] = r->w->attrs[i].name;
        if (!strcmp(names[i], attr->name.s))
            return set_attr(r, i, attr->value, attr->name.loc);
    }
    for (int i = 0; ir_common_attrs[i].name; i++)
        if (!strcmp(ir_common_attrs[i].name, attr->name.s))
            return set_attr(r, n + i, attr->value, attr->name.loc);
    diag_add(r->s->ctx, D_UNKNOWN_ATTRIBUTE, attr->name.loc, "%s has no attribute '%s'",
             r->w->word, attr->name.s);
    const char *near = nearest_name(attr->name.s, names, n);
    if (near)
        diag_hint(r->s->ctx, "did you mean '%s'?", near);
    else if (n)
        diag_hint(r->s->ctx, "%s takes: %s", r->w->word, attr_list(r));
    return false;
}

static int next_positional(const reader *r, int row)
{
    int n = attr_count(r->w);
    while (row < n && !r->w->attrs[row].positional)
        row++;
    return row < n ? row : -1;
}

static bool set_positional(reader *r, const call_args *args)
{
    bool ok = true;
    int row = next_positional(r, 0);
    for (int i = 0; i < args->values.n; i++) {
        const ast_value *v = args->values.v[i];
        if (row < 0) {
            diag_add(r->s->ctx, D_WRONG_ARITY, v->loc, "%s takes no such value without a name",
                     r->w->word);
            if (attr_count(r->w))
                diag_hint(r->s->ctx, "%s takes: %s", r->w->word, attr_list(r));
            return false;
        }
        ok &= set_attr(r, row, v, v->loc);
        row = next_positional(r, row + 1);
    }
    return ok;
}

static void set_fallback(call_attrs *out, const ir_attr *a)
{
    void *field = (char *)&out->at + a->field;
    int *pair = field;
    switch (a->kind) {
    case IR_A_INT: *(int *)field = (int)a->fallback; break;
    case IR_A_SIZE:
        pair[0] = a->fallback < 0 ? out->at.kernel[0] : (int)a->fallback;
        pair[1] = a->fallback < 0 ? out->at.kernel[1] : (int)a->fallback;
        break;
    case IR_A_NUMBER: *(double *)field = a->fallback; break;
    default: break; /* zero: no pads, no flag, no prefix */
    }
}

/* What is missing is not told after arguments without a place: they may be meant for it. */
static bool set_missing(reader *r, bool tell)
{
    bool ok = true;
    for (int i = 0; i < attr_count(r->w); i++) {
        const ir_attr *a = &r->w->attrs[i];
        if (r->given & 1u << i)
            continue;
        ok &= !a->required;
        if (a->required && tell) {
            diag_add(r->s->ctx, D_MISSING_ATTRIBUTE, r->op->loc, "%s needs %s", r->w->word,
                     a->name);
            diag_expected(r->s->ctx, "%s", expectation(r, a));
        }
        set_fallback(r->out, a);
    }
    return ok;
}

bool read_attrs(sema *s, const ir_word *w, const ast_name *op, const call_args *args,
                bool complete, call_attrs *out)
{
    reader r = {.s = s, .w = w, .op = op, .out = out};
    *out = (call_attrs){.at = {.dilation = {1, 1}, .groups = 1}, .tensor = -1};
    bool placed = set_positional(&r, args), ok = placed;
    for (int i = 0; i < args->attrs.n; i++)
        ok &= set_named(&r, &args->attrs.v[i]);
    return set_missing(&r, placed && complete) && ok;
}
