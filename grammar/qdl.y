/* qdl.y - the syntax of QDL (docs/qdl.md). Actions only call the builders of compiler/front/ast.c.
 *
 * Every word is a name where a name may stand: T_MODEL and its kind are also `word`s, and one token
 * of lookahead decides. Newlines arrive only where they end something and brackets always match:
 * compiler/front/tokens.c sees to both. */
%code requires {
#include "compiler/front/parse.h"
}

%code {
static int qdlyylex(qdl_value *v, qloc *loc, qdl_parser *ps)
{
    return qdl_next_token(ps, v, loc);
}

static void qdlyyerror(qloc *loc, qdl_parser *ps, const char *message);

/* Brackets nest to a limit and lists are left-recursive, so this stack always suffices; without
 * growth nothing of the parser is outside the arena. */
#define YYINITDEPTH 1000
#define YYMAXDEPTH 1000
#define YYLLOC_DEFAULT(current, rhs, n) \
    ((current) = (n) ? loc_span(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, n)) \
                     : (qloc){YYRHSLOC(rhs, 0).src, YYRHSLOC(rhs, 0).end, YYRHSLOC(rhs, 0).end})
}

%require "3.8"
%define api.pure full
%define api.prefix {qdlyy}
%define api.token.prefix {T_}
%define api.value.type {union qdl_value}
%define api.location.type {qloc}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%define lr.default-reduction consistent
%param {qdl_parser *ps}

/* Aliases are what `expected:` lines print; expect.c sums them up. */
%token END 0 "the end of the file"
%token NEWLINE "the end of the line" SEMICOLON "`;`"
%token <name> WORD "a name"
%token <value> STRING "a quoted name" NUMBER "a number" SIZE "a size such as 3x3"
%token <name> MODEL "`model`" BLOCK "`block`" QUANTIZE "`quantize`" INPUT "`input`"
%token <name> OUTPUT "`output`" RETURN "`return`" WEIGHTS "`weights`" X "`x`"
%token <name> STATE "`state`" AUGMENT "`augment`"
%token LBRACE "`{`" RBRACE "`}`" LPAREN "`(`" RPAREN "`)`" LBRACKET "`[`" RBRACKET "`]`"
%token COMMA "`,`" COLON "`:`" EQUALS "`=`" ASSIGN "`:=`" DOT "`.`" PIPE "`|>`"
%token BAD "an unknown character"

%type <name> word name label
%type <value> scalar value position plain list item
%type <values> scalars items qualifiers
%type <names> names params path
%type <expr> expr callee call args arg_list
%type <exprs> exprs
%type <stmt> stmt
%type <block> body stmts

%%

file: sections;

sections:
    %empty
  | sections section
  ;

section:
    MODEL name body                       { ast_model(ps, @$, $2, $3); }
  | MODEL error body                      { ast_model(ps, @$, $1, $3); }
  | MODEL error
  | BLOCK name params body                { ast_block_def(ps, $2, $3, $4); }
  | BLOCK error body                      { ast_block_def(ps, $1, NULL, $3); }
  | BLOCK error
  | QUANTIZE LBRACE rules RBRACE          { ast_quantize(ps, @$); }
  | AUGMENT LBRACE rules RBRACE           { ast_augment(ps, @$); }
  | WORD label body                       { ast_unknown_section(ps, $1, $2); }
  | error
  ;

label: WORD | STRING                      { $$ = ast_quoted(ps, $1); };

params:
    LPAREN names RPAREN                   { $$ = $2; }
  | LPAREN RPAREN                         { $$ = NULL; }
  | LPAREN error RPAREN                   { $$ = NULL; }
  ;

body:
    LBRACE stmts RBRACE                   { $$ = $2; }
  ;

stmts:
    stmt                                  { $$ = ast_body(ps, NULL, $1); }
  | stmts end stmt                        { $$ = ast_body(ps, $1, $3); }
  ;

/* Behind the end of a statement everything is news again. */
end:
    NEWLINE                               { yyerrok; }
  | SEMICOLON                             { yyerrok; }
  ;

stmt:
    %empty                                { $$ = NULL; }
  | names EQUALS expr                     { $$ = ast_let(ps, @$, $1, $3); }
  | INPUT name COLON name list qualifiers { $$ = ast_input(ps, @$, $2, $4, $5, $6); }
  | STATE name COLON name list qualifiers { $$ = ast_state(ps, @$, $2, $4, $5, $6); }
  | name ASSIGN expr                      { $$ = ast_assign(ps, @$, $1, $3); }
  | OUTPUT exprs                          { $$ = ast_output(ps, @$, NULL, $2); }
  | OUTPUT name EQUALS expr
        { $$ = ast_output(ps, @$, &$2, ast_exprs_add(ps, NULL, $4)); }
  | RETURN exprs                          { $$ = ast_return(ps, @$, $2); }
  | WEIGHTS word                          { $$ = ast_weights(ps, @$, $2); }
  | error                                 { $$ = NULL; }
  ;

qualifiers:
    %empty                                { $$ = NULL; }
  | qualifiers word plain
        { $$ = ast_values_add(ps, ast_values_add(ps, $1, ast_word_value(ps, $2)), $3); }
  ;

expr:
    callee
  | expr PIPE callee                      { $$ = ast_chain(ps, @$, $1, $3); }
  ;

callee:
    name                                  { $$ = ast_name_expr(ps, $1); }
  | call
  ;

call:
    name LPAREN arg_list RPAREN           { $$ = ast_call(ps, @$, $1, $3); }
  ;

arg_list:
    %empty                                { $$ = NULL; }
  | args
  | error                                 { $$ = NULL; }
  ;

args:
    expr                                  { $$ = ast_args_expr(ps, NULL, $1); }
  | position                              { $$ = ast_args_value(ps, NULL, $1); }
  | word value                            { $$ = ast_args_attr(ps, NULL, $1, $2); }
  | args COMMA expr                       { $$ = ast_args_expr(ps, $1, $3); }
  | args COMMA position                   { $$ = ast_args_value(ps, $1, $3); }
  | args COMMA word value                 { $$ = ast_args_attr(ps, $1, $3, $4); }
  ;

exprs:
    expr                                  { $$ = ast_exprs_add(ps, NULL, $1); }
  | exprs COMMA expr                      { $$ = ast_exprs_add(ps, $1, $3); }
  ;

rules: rule | rules end rule;

rule:
    %empty
  | path COLON items                      { ast_rule(ps, @$, $1, $3); }
  | word items                            { ast_directive(ps, @$, $1, $2); }
  | error
  ;

path:
    name                                  { $$ = ast_names_add(ps, NULL, $1); }
  | path DOT name                         { $$ = ast_names_add(ps, $1, $3); }
  ;

items:
    item                                  { $$ = ast_values_add(ps, NULL, $1); }
  | items item                            { $$ = ast_values_add(ps, $1, $2); }
  | items COMMA item                      { $$ = ast_values_add(ps, $1, $3); }
  ;

item: plain | STRING | SIZE;

/* What an argument may be without a name before it; words are expressions there. */
position:
    NUMBER
  | SIZE
  | list
  | NUMBER X scalar                       { $$ = ast_size(ps->ctx, @$, $1, $3); }
  ;

value:
    position
  | STRING
  | word                                  { $$ = ast_word_value(ps, $1); }
  | word X scalar
        { $$ = ast_size(ps->ctx, @$, ast_word_value(ps, $1), $3); }
  ;

plain: scalar | list;

scalar:
    NUMBER
  | word                                  { $$ = ast_word_value(ps, $1); }
  ;

list:
    LBRACKET scalars RBRACKET             { $$ = ast_list(ps, @$, $2); }
  | LBRACKET error RBRACKET               { $$ = ast_list(ps, @$, NULL); }
  ;

scalars:
    scalar                                { $$ = ast_values_add(ps, NULL, $1); }
  | scalars COMMA scalar                  { $$ = ast_values_add(ps, $1, $3); }
  ;

names:
    name                                  { $$ = ast_names_add(ps, NULL, $1); }
  | names COMMA name                      { $$ = ast_names_add(ps, $1, $3); }
  ;

name:
    word
  | STRING                                { $$ = ast_quoted(ps, $1); }
  ;

word: WORD | MODEL | BLOCK | QUANTIZE | AUGMENT | INPUT | STATE | OUTPUT | RETURN | WEIGHTS | X;

%%

static int yyreport_syntax_error(const yypcontext_t *at, qdl_parser *ps)
{
    yysymbol_kind_t kinds[YYNTOKENS];
    const char *names[YYNTOKENS];
    int n = yypcontext_expected_tokens(at, kinds, YYNTOKENS);
    for (int i = 0; i < n; i++)
        names[i] = yysymbol_name(kinds[i]);
    qdl_syntax_error(ps, *yypcontext_location(at), names, n);
    return 0;
}

static void qdlyyerror(qloc *loc, qdl_parser *ps, const char *message)
{
    qdl_fail(ps, D_NESTING, *loc, "%s", message);
}
