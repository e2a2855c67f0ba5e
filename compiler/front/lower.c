/* lower.c - expressions to operators. */
#include <string.h>

#include "compiler/front/internal.h"

/* ---- arguments ----------------------------------------------------------------------------- */

static int positional_attrs(const ir_word *w)
{
    int n = 0;
    for (const ir_attr *a = w->attrs; a && a->name; a++)
        n += a->positional;
    return n;
}

/* A lone name is a tensor, or a value parameter of the block where a value may stand. */
static void add_name(sema *s, const ir_word *w, const ast_expr *e, call_args *args)
{
    binding *b = find_binding(s->scope, e->name.s);
    if (b && b->kind == BIND_VALUE && args->values.n < positional_attrs(w)) {
        b->used = true;
        *VEC_PUSH(s->ctx->a, &args->values) = b->value;
        return;
    }
    *VEC_PUSH(s->ctx->a, &args->tensors) = lower_expr(s, e, NULL);
}

/* All arguments are looked at even when some are wrong. */
static bool sort_args(sema *s, const ir_word *w, const ast_expr *call, call_args *args)
{
    bool ok = true;
    for (int i = 0; i < call->positional.n; i++) {
        const ast_arg *arg = &call->positional.v[i];
        if (arg->value) {
            const ast_value *v = resolve_value(s, arg->value);
            ok &= v != NULL;
            if (v)
                *VEC_PUSH(s->ctx->a, &args->values) = v;
        } else if (arg->expr->kind == AST_E_NAME) {
            add_name(s, w, arg->expr, args);
        } else {
            *VEC_PUSH(s->ctx->a, &args->tensors) = lower_expr(s, arg->expr, NULL);
        }
    }
    for (int i = 0; i < call->attrs.n; i++)
        *VEC_PUSH(s->ctx->a, &args->attrs) = call->attrs.v[i];
    return ok;
}

static bool check_arity(sema *s, const ir_word *w, const ast_name *op, int n)
{
    int max = w->max_in < 0 ? IR_MAX_INPUTS : w->max_in;
    if (n >= w->min_in && n <= max)
        return true;
    diag_add(s->ctx, D_WRONG_ARITY, op->loc, "%s has %d tensor%s", w->word, n, n == 1 ? "" : "s");
    if (w->min_in == max)
        diag_expected(s->ctx, "%d", max);
    else
        diag_expected(s->ctx, "%d to %d", w->min_in, max);
    return false;
}

/* ---- weights ------------------------------------------------------------------------------- */

typedef struct weight_names {
    const char *label; /* constants are "label.weight", … */
    const char *key;   /* the same in the weight file */
} weight_names;

/* "c1" for the first layer with weights of the statement c1, "c1_bn" for a batch norm after it;
 * others say `weights "…"`. NULL after a diagnostic. */
static const char *own_name(sema *s, const ir_word *w, const ast_name *op)
{
    statement *st = s->st;
    if (!st->has_weights)
        return st->local;
    if (w->kind == OP_BATCH_NORM && !st->has_norm) {
        st->has_norm = true;
        return *st->local ? arena_printf(s->ctx->a, "%s_bn", st->local) : "bn";
    }
    diag_add(s->ctx, D_WEIGHTS_NAME, op->loc,
             "a second layer with weights in one statement needs a name for them");
    diag_hint(s->ctx, "say %s(…, weights \"name\"), or give it a statement of its own", w->word);
    return NULL;
}

static bool name_weights(sema *s, const ir_word *w, const ast_name *op, const call_attrs *attrs,
                         weight_names *names)
{
    const char *local = attrs->weights && s->st->has_weights ? attrs->weights : own_name(s, w, op);
    if (!local)
        return false;
    s->st->has_weights = true;
    names->label = full_name(s, local);
    names->key = join_names(s, s->scope->prefix, attrs->weights ? attrs->weights : local);
    return true;
}

static ir_tensor *add_const(sema *s, const char *label, const char *part, qloc loc)
{
    const char *name = arena_printf(s->ctx->a, "%s.%s", label, part);
    ir_shape unknown = {.rank = 0};
    if (!reserve_name(s, name, loc))
        return NULL;
    return ir_add_tensor(s->ctx, s->g, name, IR_CONST, IR_F32, &unknown, loc);
}

/* Appends the layer's constants to in[1…]; false after a diagnostic. */
static bool add_weights(sema *s, const ir_word *w, const ast_name *op, const call_attrs *attrs,
                        ir_tensor **in, int *n, weight_names *names)
{
    static const char *const layer[] = {"weight", "bias"};
    static const char *const norm[] = {"weight", "bias", "running_mean", "running_var"};
    bool is_norm = w->kind == OP_BATCH_NORM;
    int parts = is_norm ? 4 : attrs->no_bias ? 1 : 2;
    if (!name_weights(s, w, op, attrs, names))
        return false;
    for (int i = 0; i < parts; i++) {
        in[*n] = add_const(s, names->label, is_norm ? norm[i] : layer[i], op->loc);
        if (!in[(*n)++])
            return false;
    }
    return true;
}

/* ---- operators ----------------------------------------------------------------------------- */

bool count_call(sema *s, qloc loc)
{
    if (s->stopped)
        return false;
    if (++s->calls <= SEMA_MAX_CALLS)
        return true;
    s->stopped = true;
    diag_add(s->ctx, D_TOO_MANY_OPERATORS, loc,
             "the model has more than %d operators and block instances", SEMA_MAX_CALLS);
    return false;
}

/* Attributes that depend on the word and on the input. */
static bool finish_attrs(sema *s, const ir_word *w, const ast_expr *call, ir_tensor *const *in,
                         ir_attrs *at)
{
    const ir_shape *x = &in[0]->shape;
    at->native_columns = s->g->weights_native;
    if (!strcmp(w->word, "flatten"))
        at->to = (ir_shape){.rank = 1, .dim = {-1}};
    if (strcmp(w->word, "depthwise") != 0)
        return true;
    int channels = x->rank ? x->dim[x->rank - 1] : 1;
    if (at->filters > INT32_MAX / channels) {
        diag_add(s->ctx, D_SHAPE_TOO_LARGE, call->loc, "%d channels times multiplier %d are 2^31 or "
                 "more", channels, at->filters);
        return false;
    }
    at->depthwise = true;
    at->groups = channels;
    at->filters *= channels;
    return true;
}

static ir_tensor *add_operator(sema *s, const ir_word *w, const ast_expr *call,
                               const ast_name *name, const call_args *args,
                               const call_attrs *attrs, const char *local)
{
    ir_tensor *in[IR_MAX_INPUTS + 4];
    int n = args->tensors.n;
    weight_names names = {NULL, NULL};
    for (int i = 0; i < n; i++)
        in[i] = args->tensors.v[i];
    ir_attrs at = attrs->at;
    if (!check_constants(s, call, w, in, n))
        return NULL;
    if (w->kind == OP_PRELU && n == 1 && !(in[n++] = add_slope(s, call, in[0], attrs)))
        return NULL;
    bool weighted = ir_opinfos[w->kind].flags & OPF_W, flat = is_one_d(w);
    if (flat && !(in[0] = enter_one_d(s, w, call, in[0], &at)))
        return NULL;
    if (!strcmp(w->word, "conv_transpose") && !(in[0] = enter_transposed(s, call, in[0], &at)))
        return NULL;
    if (!finish_attrs(s, w, call, in, &at))
        return NULL;
    if (weighted && !add_weights(s, w, name, attrs, in, &n, &names))
        return NULL;
    if (!local)
        local = fresh_local(s, s->st->local, w->word);
    ir_shape unknown = {.rank = 0};
    const char *full = full_name(s, flat ? fresh_local(s, local, ir_opinfos[w->kind].word) : local);
    ir_tensor *out =
        ir_add_tensor(s->ctx, s->g, full, IR_VALUE, IR_F32, &unknown, call->loc);
    ir_op *op = ir_add_op(s->ctx, s->g, w->kind, weighted ? names.label : full, n, in, 1, &out,
                          call->loc);
    op->wname = names.key;
    op->at = at;
    if (!ir_infer_shape(s->ctx, op))
        return NULL;
    if (flat && !(out = leave_one_d(s, call, out, local)))
        return NULL;
    out->tflite_index = attrs->tensor;
    return out;
}

/* Arguments and attributes of a call; false after a diagnostic. */
static bool read_call(sema *s, const ir_word *w, const ast_expr *call, const ast_name *name,
                      ir_tensor *first, bool has_first, call_args *args, call_attrs *attrs)
{
    *args = (call_args){0};
    if (has_first)
        *VEC_PUSH(s->ctx->a, &args->tensors) = first;
    int errors = diag_errors(s->ctx);
    bool ok = sort_args(s, w, call, args);
    bool complete = diag_errors(s->ctx) == errors && check_arity(s, w, name, args->tensors.n);
    ok &= read_attrs(s, w, name, args, complete, attrs) && complete;
    for (int i = 0; i < args->tensors.n; i++)
        ok &= args->tensors.v[i] != NULL;
    if (ok && count_call(s, call->loc))
        return true;
    /* what follows in the statement is named as if this had worked */
    s->st->has_weights |= (ir_opinfos[w->kind].flags & OPF_W) != 0;
    return false;
}

/* ---- calls --------------------------------------------------------------------------------- */

static void unknown_operator(sema *s, const ast_expr *call, const ast_name *name)
{
    int blocks = s->file->blocks.n, n = 0;
    const char **known = ARENA_ARRAY(s->ctx->a, const char *, ir_words_count() + blocks);
    for (int i = 0; i < ir_words_count(); i++)
        known[n++] = ir_words[i].word;
    for (int i = 0; i < blocks; i++)
        known[n++] = s->file->blocks.v[i]->name.s;
    diag_add(s->ctx, D_UNKNOWN_OPERATOR, name->loc, "'%s' is neither an operator nor a block",
             name->s);
    hint_near(s, name->s, known, n);
    for (int i = 0; i < call->args.n; i++) /* for their own mistakes, and so that they count as read */
        if (call->args.v[i]->kind != AST_E_NAME || find_binding(s->scope, call->args.v[i]->name.s))
            lower_expr(s, call->args.v[i], NULL);
}

/* A call, or a bare word of a chain (`|> relu`), which has no arguments of its own. */
static bool lower_call(sema *s, const ast_expr *call, ir_tensor *first, bool has_first,
                       const char *local, int want, ir_tensor **out)
{
    const ast_name *name = &call->name;
    const ir_word *w = ir_find_word(name->s);
    int block = find_block(s, name->s);
    for (int i = 0; i < want; i++)
        out[i] = NULL;
    if (block >= 0)
        return lower_block(s, block, call, name, first, has_first, local, want, out);
    if (!w) {
        unknown_operator(s, call, name);
        return false;
    }
    call_args args;
    call_attrs attrs;
    bool ok = read_call(s, w, call, name, first, has_first, &args, &attrs);
    if (!strcmp(w->word, "split"))
        return ok && lower_split(s, call, name, args.tensors.v[0], &attrs, want, out);
    bool constant = !strcmp(w->word, "constant");
    if (ok && constant)
        *out = lower_constant(s, call, &attrs, local);
    else
        *out = ok ? add_operator(s, w, call, name, &args, &attrs, local) : NULL;
    if (want == 1)
        return *out != NULL;
    diag_add(s->ctx, D_RETURN_COUNT, name->loc, "%s gives one result, not %d", w->word, want);
    return false;
}

/* The links of `e |> a |> b`, from the first on. Long chains must not nest calls of C. */
static int chain_links(sema *s, const ast_expr *e, const ast_expr ***links)
{
    int n = 1;
    for (const ast_expr *p = e; p->kind == AST_E_CHAIN; p = p->left)
        n++;
    *links = ARENA_ARRAY(s->ctx->a, const ast_expr *, n);
    for (int i = n - 1; i > 0; i--, e = e->left)
        (*links)[i] = e->right;
    (*links)[0] = e;
    return n;
}

static bool lower_links(sema *s, const ast_expr *e, const char *local, int want, ir_tensor **out)
{
    const ast_expr **links;
    int n = chain_links(s, e, &links);
    bool ok;
    if (links[0]->kind == AST_E_NAME) {
        *out = lookup_tensor(s, &links[0]->name);
        ok = *out != NULL;
        if (n == 1 && want > 1) {
            diag_add(s->ctx, D_RETURN_COUNT, e->loc, "one tensor cannot have %d names", want);
            return false;
        }
    } else {
        ok = lower_call(s, links[0], NULL, false, n == 1 ? local : NULL, n == 1 ? want : 1, out);
    }
    for (int i = 1; i < n && !s->stopped; i++) {
        bool last = i == n - 1;
        ok = lower_call(s, links[i], *out, true, last ? local : NULL, last ? want : 1, out);
    }
    return ok;
}

bool lower_results(sema *s, const ast_expr *e, const char *local, int want, ir_tensor **out)
{
    for (int i = 0; i < want; i++)
        out[i] = NULL;
    if (s->stopped)
        return false;
    if (s->depth >= SEMA_MAX_DEPTH) {
        s->stopped = true;
        diag_add(s->ctx, D_TOO_DEEP, e->loc, "calls are nested more than %d deep", SEMA_MAX_DEPTH);
        return false;
    }
    s->depth++;
    bool ok = lower_links(s, e, local, want, out);
    s->depth--;
    return ok;
}

ir_tensor *lower_expr(sema *s, const ast_expr *e, const char *local)
{
    ir_tensor *out;
    return lower_results(s, e, local, 1, &out) ? out : NULL;
}
