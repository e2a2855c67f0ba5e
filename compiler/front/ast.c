/* ast.c - the builders that the grammar's actions call: nodes of the tree, with the few checks that
 * need a single statement only. */
#include <math.h>
#include <string.h>

#include "compiler/front/parse.h"
#include "compiler/ir/words.h"
#include "compiler/quant/rule.h"
#include "grammar/qdl.h"

#define NEW(type) ARENA_NEW(ps->ctx->a, type)
#define PUSH(vec) VEC_PUSH(ps->ctx->a, vec)
/* Vectors of one element type that C takes for different types. */
#define TAKE(to, from) ((to).v = (from).v, (to).n = (from).n, (to).cap = (from).cap)

/* ---- values and names ---------------------------------------------------------------------- */

ast_value *ast_number(qctx *ctx, qloc loc, double v, bool integer)
{
    ast_value *value = ARENA_NEW(ctx->a, ast_value);
    value->kind = AST_V_NUMBER;
    value->loc = loc;
    value->number = v;
    value->integer = integer;
    return value;
}

ast_value *ast_size(qctx *ctx, qloc loc, ast_value *height, ast_value *width)
{
    ast_value *value = ast_number(ctx, loc, 0, false);
    value->kind = AST_V_SIZE;
    *VEC_PUSH(ctx->a, &value->list) = height;
    *VEC_PUSH(ctx->a, &value->list) = width;
    return value;
}

ast_name ast_quoted(qdl_parser *ps, const ast_value *string)
{
    if (!*string->text)
        qdl_fail(ps, D_EMPTY_NAME, string->loc, "a name without characters");
    return (ast_name){string->text, string->loc, true};
}

ast_value *ast_word_value(qdl_parser *ps, ast_name word)
{
    ast_value *value = ast_number(ps->ctx, word.loc, 0, false);
    value->kind = AST_V_WORD;
    value->text = word.s;
    return value;
}

ast_value *ast_list(qdl_parser *ps, qloc loc, const ast_values *values)
{
    ast_value *value = ast_number(ps->ctx, loc, 0, false);
    value->kind = AST_V_LIST;
    if (values)
        TAKE(value->list, *values);
    return value;
}

ast_values *ast_values_add(qdl_parser *ps, ast_values *list, ast_value *v)
{
    if (!list)
        list = NEW(ast_values);
    *PUSH(list) = v;
    return list;
}

ast_names *ast_names_add(qdl_parser *ps, ast_names *list, ast_name name)
{
    if (!list)
        list = NEW(ast_names);
    *PUSH(list) = name;
    return list;
}

ast_exprs *ast_exprs_add(qdl_parser *ps, ast_exprs *list, ast_expr *e)
{
    if (!list)
        list = NEW(ast_exprs);
    *PUSH(list) = e;
    return list;
}

/* ---- expressions --------------------------------------------------------------------------- */

static ast_expr *expr_new(qdl_parser *ps, ast_ekind kind, qloc loc)
{
    ast_expr *e = NEW(ast_expr);
    e->kind = kind;
    e->loc = loc;
    e->depth = 1;
    return e;
}

static void deepen(qdl_parser *ps, ast_expr *e, const ast_expr *part)
{
    if (part->depth >= e->depth)
        e->depth = part->depth + 1;
    if (e->depth <= AST_MAX_DEPTH || ps->stopped)
        return;
    qdl_fail(ps, D_NESTING, part->loc, "more than %d calls inside or behind one another",
             AST_MAX_DEPTH);
    diag_hint(ps->ctx, "give names to intermediate results");
    ps->stopped = true;
}

ast_expr *ast_name_expr(qdl_parser *ps, ast_name name)
{
    ast_expr *e = expr_new(ps, AST_E_NAME, name.loc);
    e->name = name;
    return e;
}

static ast_expr *args_or_new(qdl_parser *ps, ast_expr *args)
{
    return args ? args : expr_new(ps, AST_E_CALL, loc_none());
}

ast_expr *ast_args_expr(qdl_parser *ps, ast_expr *args, ast_expr *e)
{
    args = args_or_new(ps, args);
    *PUSH(&args->args) = e;
    PUSH(&args->positional)->expr = e;
    deepen(ps, args, e);
    return args;
}

ast_expr *ast_args_value(qdl_parser *ps, ast_expr *args, ast_value *v)
{
    args = args_or_new(ps, args);
    *PUSH(&args->values) = v;
    PUSH(&args->positional)->value = v;
    return args;
}

ast_expr *ast_args_attr(qdl_parser *ps, ast_expr *args, ast_name name, ast_value *v)
{
    args = args_or_new(ps, args);
    *PUSH(&args->attrs) = (ast_attr){name, v};
    return args;
}

/* The attribute of an operator that is a bare word, or NULL. */
static const char *flag_word(const char *op)
{
    const ir_word *w = ir_find_word(op);
    for (const ir_attr *at = w ? w->attrs : NULL; at && at->name; at++)
        if (at->kind == IR_A_FLAG && !at->second)
            return at->name;
    return NULL;
}

ast_expr *ast_call(qdl_parser *ps, qloc loc, ast_name op, ast_expr *args)
{
    ast_expr *e = args_or_new(ps, args);
    e->loc = loc;
    e->name = op;
    if (e->args.n && flag_word(op.s))
        *PUSH(&ps->flags) = (struct qdl_flag){e, false};
    return e;
}

ast_expr *ast_chain(qdl_parser *ps, qloc loc, ast_expr *left, ast_expr *right)
{
    ast_expr *e = expr_new(ps, AST_E_CHAIN, loc);
    e->left = left;
    e->right = right;
    if (ps->flags.n && ps->flags.v[ps->flags.n - 1].call == right)
        ps->flags.v[ps->flags.n - 1].chained = true;
    deepen(ps, e, left);
    deepen(ps, e, right);
    return e;
}

/* Moves the bare words `flag` behind the place of the tensor from the arguments to the attributes.
 */
static void settle_flag(qdl_parser *ps, ast_expr *call, const char *flag, int tensors)
{
    int kept = 0, positional = 0;
    for (int i = 0; i < call->positional.n; i++) {
        ast_arg at = call->positional.v[i];
        bool bare = at.expr && at.expr->kind == AST_E_NAME && !at.expr->name.quoted;
        if (bare && positional >= tensors && !strcmp(at.expr->name.s, flag)) {
            *PUSH(&call->attrs) = (ast_attr){at.expr->name, NULL};
            continue;
        }
        call->positional.v[positional++] = at;
        if (at.expr)
            call->args.v[kept++] = at.expr;
    }
    call->args.n = kept;
    call->positional.n = positional;
}

void ast_settle_flags(qdl_parser *ps)
{
    for (int i = 0; i < ps->flags.n; i++) {
        const struct qdl_flag *f = &ps->flags.v[i];
        bool is_block = false;
        for (int b = 0; b < ps->file->blocks.n; b++)
            is_block |= !strcmp(ps->file->blocks.v[b]->name.s, f->call->name.s);
        if (!is_block)
            settle_flag(ps, f->call, flag_word(f->call->name.s), f->chained ? 0 : 1);
    }
}

/* ---- statements ---------------------------------------------------------------------------- */

static ast_stmt *stmt_new(qdl_parser *ps, ast_skind kind, qloc loc)
{
    ast_stmt *s = NEW(ast_stmt);
    s->kind = kind;
    s->loc = loc;
    return s;
}

ast_stmt *ast_let(qdl_parser *ps, qloc loc, const ast_names *names, ast_expr *e)
{
    ast_stmt *s = stmt_new(ps, AST_S_LET, loc);
    TAKE(s->names, *names);
    *PUSH(&s->exprs) = e;
    return s;
}

ast_stmt *ast_output(qdl_parser *ps, qloc loc, const ast_name *name, const ast_exprs *exprs)
{
    ast_stmt *s = stmt_new(ps, AST_S_OUTPUT, loc);
    if (name)
        *PUSH(&s->names) = *name;
    TAKE(s->exprs, *exprs);
    return s;
}

ast_stmt *ast_return(qdl_parser *ps, qloc loc, const ast_exprs *exprs)
{
    ast_stmt *s = stmt_new(ps, AST_S_RETURN, loc);
    TAKE(s->exprs, *exprs);
    return s;
}

static void near_miss(qdl_parser *ps, const char *word, const char *const *words, int n)
{
    const char *near = nearest_name(word, words, n);
    if (near)
        diag_hint(ps->ctx, "did you mean '%s'?", near);
}

ast_stmt *ast_weights(qdl_parser *ps, qloc loc, ast_name word)
{
    static const char *const words[] = {"native"};
    if (strcmp(word.s, "native")) {
        qdl_fail(ps, D_UNKNOWN_WORD, word.loc, "`weights %s` is no statement", word.s);
        diag_expected(ps->ctx, "`weights native`");
        near_miss(ps, word.s, words, 1);
    }
    return stmt_new(ps, AST_S_WEIGHTS, loc);
}

/* ---- inputs -------------------------------------------------------------------------------- */

static void bad_qualifier(qdl_parser *ps, qloc loc, const char *message, const char *expected)
{
    qdl_fail(ps, D_INPUT_QUALIFIER, loc, "%s", message);
    if (expected)
        diag_expected(ps->ctx, "%s", expected);
}

static void input_real(qdl_parser *ps, ast_stmt *s, const ast_value *v)
{
    bool pair = v->kind == AST_V_LIST && v->list.n == 2 && v->list.v[0]->kind == AST_V_NUMBER &&
                v->list.v[1]->kind == AST_V_NUMBER;
    if (!pair) {
        bad_qualifier(ps, v->loc, "`real` takes the range of real values",
                      "two numbers: [LOW, HIGH]");
        return;
    }
    s->has_real = true;
    s->lo = v->list.v[0]->number;
    s->hi = v->list.v[1]->number;
}

static void input_scale(qdl_parser *ps, ast_stmt *s, const ast_value *v)
{
    if (v->kind != AST_V_NUMBER)
        bad_qualifier(ps, v->loc, "`scale` takes a number", "a number above 0");
    s->has_scale = true;
    s->scale = v->number;
}

static void input_zero(qdl_parser *ps, ast_stmt *s, const ast_value *v)
{
    if (v->kind == AST_V_NUMBER && v->integer && fabs(v->number) <= INT32_MAX)
        s->zero = (int64_t)v->number;
    else
        bad_qualifier(ps, v->loc, "`zero` takes the code of real 0", "a whole number of 32 bits");
}

static void input_layout(qdl_parser *ps, ast_stmt *s, const ast_value *v)
{
    if (v->kind == AST_V_WORD && (!strcmp(v->text, "nhwc") || !strcmp(v->text, "nchw")))
        s->layout = v->text;
    else
        bad_qualifier(ps, v->loc, "`layout` takes the order of host arrays", "`nhwc` or `nchw`");
}

static void input_tensor(qdl_parser *ps, ast_stmt *s, const ast_value *v)
{
    s->has_tensor = v->kind == AST_V_NUMBER && v->integer && v->number >= 0 && v->number <= 16777216;
    if (s->has_tensor)
        s->tensor = (int)v->number;
    else
        bad_qualifier(ps, v->loc, "`tensor` takes the number that an imported file has for it",
                      "a whole number from 0 to 16777216");
}

enum { Q_REAL, Q_SCALE, Q_ZERO, Q_LAYOUT, Q_TENSOR, N_QUALIFIERS };
static const char *const qualifier_words[N_QUALIFIERS] = {"real", "scale", "zero", "layout", "tensor"};
static void (*const qualifier_take[N_QUALIFIERS])(qdl_parser *, ast_stmt *, const ast_value *) = {
    input_real, input_scale, input_zero, input_layout, input_tensor};

static int find_word(const char *s, const char *const *words, int n)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(s, words[i]))
            return i;
    return -1;
}

/* Pairs of word and value; seen: where each word stood. */
static void take_qualifiers(qdl_parser *ps, ast_stmt *s, const ast_values *list, qloc *seen)
{
    for (int i = 0; i + 1 < list->n; i += 2) {
        const ast_value *word = list->v[i], *v = list->v[i + 1];
        int q = find_word(word->text, qualifier_words, N_QUALIFIERS);
        if (q < 0) {
            qdl_fail(ps, D_UNKNOWN_WORD, word->loc, "'%s' says nothing about an input", word->text);
            diag_expected(ps->ctx, "`real [LOW, HIGH]`, `scale S zero Z` or `layout nhwc|nchw`");
            near_miss(ps, word->text, qualifier_words, N_QUALIFIERS);
            continue;
        }
        if (seen[q].src) {
            bad_qualifier(ps, word->loc, arena_printf(ps->ctx->a, "a second `%s`", word->text),
                          NULL);
            diag_note_at(ps->ctx, seen[q], "the first one");
            continue;
        }
        seen[q] = word->loc;
        qualifier_take[q](ps, s, v);
        bool quant = q == Q_REAL || q == Q_SCALE || q == Q_ZERO;
        if (quant && !s->quant_loc.src)
            s->quant_loc = word->loc;
        if (quant)
            s->quant_loc = loc_span(s->quant_loc, v->loc);
    }
}

static void check_type(qdl_parser *ps, const ast_name *type)
{
    static const char *const types[] = {"u8", "i8", "i16", "f32"};
    if (find_word(type->s, types, 4) >= 0)
        return;
    /* what others call these types */
    static const char *const others[] = {"uint8",   "int8",   "int16",   "float32",
                                         "uint8_t", "int8_t", "int16_t", "float"};
    int other = find_word(type->s, others, 8);
    qdl_fail(ps, D_UNKNOWN_TYPE, type->loc, "'%s' is no type of an input", type->s);
    diag_expected(ps->ctx, "`u8`, `i8`, `i16` or `f32`");
    if (other >= 0)
        diag_hint(ps->ctx, "did you mean '%s'?", types[other % 4]);
    else
        near_miss(ps, type->s, types, 4);
}

ast_stmt *ast_input(qdl_parser *ps, qloc loc, ast_name name, ast_name type, const ast_value *dims,
                    const ast_values *qualifiers)
{
    ast_stmt *s = stmt_new(ps, AST_S_INPUT, loc);
    *PUSH(&s->names) = name;
    s->type = type;
    TAKE(s->dims, dims->list);
    check_type(ps, &type);
    qloc seen[N_QUALIFIERS] = {{NULL, 0, 0}};
    if (qualifiers)
        take_qualifiers(ps, s, qualifiers, seen);
    if (seen[Q_REAL].src && seen[Q_SCALE].src)
        bad_qualifier(ps, s->quant_loc, "both a real range and a scale", "one of them");
    if (seen[Q_ZERO].src && !seen[Q_SCALE].src)
        bad_qualifier(ps, seen[Q_ZERO], "`zero` without `scale`", "`scale S zero Z`");
    return s;
}

/* A state is declared as an input is, but for what only ports have. */
ast_stmt *ast_state(qdl_parser *ps, qloc loc, ast_name name, ast_name type, const ast_value *dims,
                    const ast_values *qualifiers)
{
    ast_stmt *s = ast_input(ps, loc, name, type, dims, qualifiers);
    s->kind = AST_S_STATE;
    if (s->layout)
        bad_qualifier(ps, loc, "a state has no layout: no file holds it", NULL);
    if (!strcmp(type.s, "u8")) {
        qdl_fail(ps, D_UNKNOWN_TYPE, type.loc, "'u8' is no type of a state");
        diag_expected(ps->ctx, "`i8`, `i16` or `f32`");
    }
    return s;
}

ast_stmt *ast_assign(qdl_parser *ps, qloc loc, ast_name name, ast_expr *e)
{
    ast_stmt *s = stmt_new(ps, AST_S_ASSIGN, loc);
    *PUSH(&s->names) = name;
    *PUSH(&s->exprs) = e;
    return s;
}

/* ---- sections ------------------------------------------------------------------------------ */

ast_block *ast_body(qdl_parser *ps, ast_block *body, ast_stmt *s)
{
    if (!body)
        body = NEW(ast_block);
    if (s)
        *PUSH(&body->stmts) = s;
    return body;
}

static bool first_section(qdl_parser *ps, bool *seen, qloc *first, qloc loc, const char *what)
{
    if (*seen) {
        qdl_fail(ps, D_DUPLICATE_SECTION, loc, "a second %s in one file", what);
        diag_note_at(ps->ctx, *first, "the first one");
        return false;
    }
    *seen = true;
    *first = loc;
    return true;
}

void ast_model(qdl_parser *ps, qloc loc, ast_name name, const ast_block *body)
{
    if (!first_section(ps, &ps->file->has_model, &ps->model_loc, loc, "model"))
        return;
    ps->file->model = name;
    TAKE(ps->file->stmts, body->stmts);
}

void ast_block_def(qdl_parser *ps, ast_name name, const ast_names *params, ast_block *body)
{
    body->name = name;
    if (params)
        TAKE(body->params, *params);
    *PUSH(&ps->file->blocks) = body;
}

void ast_unknown_section(qdl_parser *ps, ast_name word, ast_name name)
{
    static const char *const words[] = {"model", "block", "quantize", "augment"};
    qdl_fail(ps, D_UNKNOWN_SECTION, word.loc, "'%s %s' is no part of a file", word.s, name.s);
    diag_expected(ps->ctx, "`model NAME {`, `block NAME(…) {`, `quantize {` or `augment {`");
    near_miss(ps, word.s, words, 4);
}

void ast_quantize(qdl_parser *ps, qloc loc)
{
    first_section(ps, &ps->file->has_quantize, &ps->quantize_loc, loc, "quantize part");
}

void ast_augment(qdl_parser *ps, qloc loc)
{
    first_section(ps, &ps->file->has_augment, &ps->augment_loc, loc, "augment part");
}

/* Errors in a rule's settings count as well, but leave the tree whole. */
static void count_errors(qdl_parser *ps, int before)
{
    ps->rule_errors += ps->ctx->errors - before;
    ps->stopped |= ps->errors + ps->rule_errors >= QDL_MAX_ERRORS;
}

void ast_rule(qdl_parser *ps, qloc loc, const ast_names *path, const ast_values *items)
{
    if (ps->section == T_AUGMENT) {
        qdl_fail(ps, D_SYNTAX, loc, "a step of augmentation has no `:`");
        diag_expected(ps->ctx, "a step and its value, such as `rotate 10`");
        return;
    }
    int before = ps->ctx->errors;
    spec_add_rule(ps->ctx, ps->file->spec, loc, path->v, path->n, items->v, items->n);
    count_errors(ps, before);
}

void ast_directive(qdl_parser *ps, qloc loc, ast_name word, const ast_values *items)
{
    int before = ps->ctx->errors;
    if (ps->section == T_AUGMENT)
        aug_add(ps->ctx, ps->file->augment, &word, items->v, items->n);
    else
        spec_add_directive(ps->ctx, ps->file->spec, loc, &word, items->v, items->n);
    count_errors(ps, before);
}
