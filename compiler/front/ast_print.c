/* ast_print.c - a tree back to text: for tests, and for people who look at what was read. */
#include <string.h>

#include "compiler/front/literal.h"
#include "compiler/front/ast.h"

static void put_number(buf *b, const ast_value *v)
{
    if (v->integer)
        buf_printf(b, "%.0f", v->number);
    else
        buf_double(b, v->number);
}

static void put_value(buf *b, const ast_value *v)
{
    switch (v->kind) {
    case AST_V_NUMBER:
        put_number(b, v);
        break;
    case AST_V_STRING:
        ir_print_string(b, v->text);
        break;
    case AST_V_WORD:
        buf_puts(b, v->text);
        break;
    case AST_V_LIST:
    case AST_V_SIZE:
        buf_puts(b, v->kind == AST_V_LIST ? "[" : "");
        for (int i = 0; i < v->list.n; i++) {
            buf_puts(b, !i ? "" : v->kind == AST_V_LIST ? ", " : " x ");
            put_value(b, v->list.v[i]);
        }
        buf_puts(b, v->kind == AST_V_LIST ? "]" : "");
        break;
    }
}

static void put_name(buf *b, const ast_name *n)
{
    if (n->quoted)
        ir_print_string(b, n->s);
    else
        buf_puts(b, n->s);
}

static void put_expr(buf *b, const ast_expr *e);

static void put_call(buf *b, const ast_expr *e)
{
    const char *comma = "";
    put_name(b, &e->name);
    buf_puts(b, "(");
    for (int i = 0; i < e->positional.n; i++, comma = ", ") {
        buf_puts(b, comma);
        if (e->positional.v[i].expr)
            put_expr(b, e->positional.v[i].expr);
        else
            put_value(b, e->positional.v[i].value);
    }
    for (int i = 0; i < e->attrs.n; i++, comma = ", ") {
        buf_puts(b, comma);
        put_name(b, &e->attrs.v[i].name);
        if (e->attrs.v[i].value) {
            buf_puts(b, " ");
            put_value(b, e->attrs.v[i].value);
        }
    }
    buf_puts(b, ")");
}

static void put_expr(buf *b, const ast_expr *e)
{
    switch (e->kind) {
    case AST_E_NAME:
        put_name(b, &e->name);
        break;
    case AST_E_CALL:
        put_call(b, e);
        break;
    case AST_E_CHAIN:
        put_expr(b, e->left);
        buf_puts(b, " |> ");
        put_expr(b, e->right);
        break;
    }
}

static void put_exprs(buf *b, const ast_stmt *s)
{
    for (int i = 0; i < s->exprs.n; i++) {
        buf_puts(b, i ? ", " : "");
        put_expr(b, s->exprs.v[i]);
    }
}

static void put_names(buf *b, const ast_name *v, int n)
{
    for (int i = 0; i < n; i++) {
        buf_puts(b, i ? ", " : "");
        put_name(b, &v[i]);
    }
}

static void put_input(buf *b, const ast_stmt *s)
{
    buf_puts(b, s->kind == AST_S_STATE ? "state " : "input ");
    put_names(b, s->names.v, s->names.n);
    buf_puts(b, " : ");
    put_name(b, &s->type);
    buf_puts(b, "[");
    for (int i = 0; i < s->dims.n; i++) {
        buf_puts(b, i ? ", " : "");
        put_value(b, s->dims.v[i]);
    }
    buf_puts(b, "]");
    if (s->has_real) {
        buf_puts(b, " real [");
        buf_double(b, s->lo);
        buf_puts(b, ", ");
        buf_double(b, s->hi);
        buf_puts(b, "]");
    }
    if (s->has_scale) {
        buf_puts(b, " scale ");
        buf_double(b, s->scale);
        buf_printf(b, " zero %lld", (long long)s->zero);
    }
    if (s->layout)
        buf_printf(b, " layout %s", s->layout);
    if (s->has_tensor)
        buf_printf(b, " tensor %d", s->tensor);
}

static void put_stmt(buf *b, const ast_stmt *s)
{
    buf_puts(b, "    ");
    switch (s->kind) {
    case AST_S_INPUT:
    case AST_S_STATE:
        put_input(b, s);
        break;
    case AST_S_ASSIGN:
        put_names(b, s->names.v, s->names.n);
        buf_puts(b, " := ");
        put_exprs(b, s);
        break;
    case AST_S_LET:
        put_names(b, s->names.v, s->names.n);
        buf_puts(b, " = ");
        put_exprs(b, s);
        break;
    case AST_S_OUTPUT:
        buf_puts(b, "output ");
        put_names(b, s->names.v, s->names.n);
        buf_puts(b, s->names.n ? " = " : "");
        put_exprs(b, s);
        break;
    case AST_S_RETURN:
        buf_puts(b, "return ");
        put_exprs(b, s);
        break;
    case AST_S_WEIGHTS:
        buf_puts(b, "weights native");
        break;
    }
    buf_puts(b, "\n");
}

void ast_print(const ast_file *f, buf *b)
{
    for (int i = 0; i < f->blocks.n; i++) {
        const ast_block *block = f->blocks.v[i];
        buf_puts(b, "block ");
        put_name(b, &block->name);
        buf_puts(b, "(");
        put_names(b, block->params.v, block->params.n);
        buf_puts(b, ") {\n");
        for (int k = 0; k < block->stmts.n; k++)
            put_stmt(b, block->stmts.v[k]);
        buf_puts(b, "}\n");
    }
    if (!f->has_model)
        return;
    buf_puts(b, "model ");
    put_name(b, &f->model);
    buf_puts(b, " {\n");
    for (int k = 0; k < f->stmts.n; k++)
        put_stmt(b, f->stmts.v[k]);
    buf_puts(b, "}\n");
}
