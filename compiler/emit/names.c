/* names.c - C identifiers out of QDL names.
 *
 * Every file-scope identifier is PREFIX_something, so a keyword without an underscore can never
 * arise; what can are words with one (prefix "static", layer "assert"), names of <stdint.h> (prefix
 * "int8", layer "t"), the interface's own (layer "run") and one name twice ("a.b", "a_b"). */
#include "compiler/emit/frame.h"

#include <string.h>

enum { MAX_DERIVED = 63, MAX_PREFIX = 120 };

struct emit_names {
    const char **slot; /* open addressing, a power of two of slots */
    size_t cap, n;
    const char **fn;   /* [ops.n] names given out by emit_fn_name */
};

/* Words of C and C++ that hold an underscore and do not begin with one. */
static const char *const words[] = {
    "static_assert", "thread_local", "const_cast", "static_cast", "dynamic_cast",
    "reinterpret_cast", "and_eq", "or_eq", "xor_eq", "not_eq", "co_await", "co_return", "co_yield",
};

/* Endings that <stdint.h> and <stddef.h> use for types and macros. */
static const char *const endings[] = {"_t", "_MAX", "_MIN", "_C", "_WIDTH"};

static const char *const functions[] = {
    "run", "run_float", "reset", "state", "arena", "profile", "selftest", "copy", "rows_move",
    "engine_call", "engine_state_bytes", "engine_reset",
};
static const char *const ported_functions[] = {
    "input", "output", "quantize_input", "dequantize_output",
};
static const char *const macros[] = {
    "H", "INLINE", "INTERFACE", "ALIGN", "SECTION", "PRAGMA", "ARENA_SIZE", "ARENA_ALIGN", "ABI_VERSION",
    "DSP", "MVE_TILE1", "MVE_FIRST1", "MVE_NEXT1", "MVE_FIRST_STEP1", "MVE_NEXT_STEP1", "MVE_END1", "MVE_CLOBBERS1",
    "MVE_TILE2", "MVE_FIRST2", "MVE_NEXT2", "MVE_FIRST_STEP2", "MVE_NEXT_STEP2", "MVE_END2", "MVE_CLOBBERS2",
    "LANES", "LOAD", "ADD", "MADD", "MADDS", "SUB", "LOW", "HIGH", "DOT", "PAIR", "UNROLL", /* x86_text.c */
};
static const char *const ported_macros[] = {"SIZE", "BYTES", "ALIGN", "SCALE", "ZERO_POINT"};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

/* ---- the set of names ---------------------------------------------------------------------- */

static size_t hash(const char *s)
{
    uint32_t h = 2166136261U;
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 16777619U;
    return h;
}

/* The slot that holds s, or the free one where it belongs. */
static const char **find(const emit_names *names, const char *s)
{
    size_t i = hash(s) & (names->cap - 1);
    while (names->slot[i] && strcmp(names->slot[i], s) != 0)
        i = (i + 1) & (names->cap - 1);
    return &names->slot[i];
}

static void rehash(emitter *e, emit_names *names)
{
    const char **old = names->slot;
    size_t old_cap = names->cap;
    names->cap *= 2;
    names->slot = ARENA_ARRAY(e->ctx->a, const char *, names->cap);
    for (size_t i = 0; i < old_cap; i++)
        if (old[i])
            *find(names, old[i]) = old[i];
}

static void add(emitter *e, const char *s)
{
    emit_names *names = e->names;
    const char **slot = find(names, s);
    if (*slot)
        return;
    *slot = s;
    if (2 * ++names->n > names->cap)
        rehash(e, names);
}

void emit_reserve(emitter *e, const char *identifier)
{
    add(e, arena_strdup(e->ctx->a, identifier));
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && !strcmp(s + n - m, end);
}

static bool is_taken(const emitter *e, const char *s)
{
    for (size_t i = 0; i < COUNT(endings); i++)
        if (ends_with(s, endings[i]))
            return true;
    return *find(e->names, s) != NULL;
}

/* ---- making identifiers -------------------------------------------------------------------- */

/* Every run of other characters becomes one underscore; none at either end. May be empty. */
static char *legal_part(arena *a, const char *s)
{
    char *out = arena_alloc(a, MAX_DERIVED + 1);
    size_t n = 0;
    for (; *s && n < MAX_DERIVED; s++) {
        char c = is_word(*s) ? *s : '_';
        if (c != '_' || (n > 0 && out[n - 1] != '_'))
            out[n++] = c;
    }
    while (n > 0 && out[n - 1] == '_')
        n--;
    out[n] = '\0';
    return out;
}

static const char *derived_prefix(arena *a, const char *model)
{
    char *s = legal_part(a, model);
    if (!*s)
        return "net";
    return is_letter(*s) ? s : arena_printf(a, "m%s", s);
}

static bool prefix_is_legal(const char *s)
{
    size_t n = 0;
    while (is_word(s[n]))
        n++;
    return n > 0 && n <= MAX_PREFIX && !s[n] && (is_letter(*s) || *s == '_');
}

static const char *in_capitals(arena *a, const char *s)
{
    char *up = arena_strdup(a, s);
    for (char *p = up; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
    return up;
}

const char *emit_prefix(qctx *ctx, const ir_graph *g, const emit_options *o)
{
    if (!o->prefix)
        return derived_prefix(ctx->a, g->name ? g->name : "");
    if (prefix_is_legal(o->prefix))
        return o->prefix;
    diag_add(ctx, D_PREFIX_INVALID, loc_none(), "'%.60s' cannot begin the names of a C program",
             o->prefix);
    diag_expected(ctx, "a C identifier of at most %d letters, digits and underscores", MAX_PREFIX);
    return NULL;
}

static void reserve_ports(emitter *e, int n, size_t first, const char *macro_word)
{
    arena *a = e->ctx->a;
    for (int k = 0; k < n; k++) {
        const char *number = k ? arena_printf(a, "%d", k) : "";
        for (size_t i = first; i < COUNT(ported_functions); i += 2)
            add(e, arena_printf(a, "%s_%s%s", e->prefix, ported_functions[i], number));
        for (size_t i = 0; i < COUNT(ported_macros); i++)
            add(e, arena_printf(a, "%s_%s%s_%s", e->upper, macro_word, number, ported_macros[i]));
    }
}

bool emit_names_init(emitter *e)
{
    arena *a = e->ctx->a;
    e->prefix = emit_prefix(e->ctx, e->g, e->o);
    if (!e->prefix)
        return false;
    e->upper = in_capitals(a, e->prefix);
    e->names = ARENA_NEW(a, emit_names);
    e->names->cap = 256;
    e->names->slot = ARENA_ARRAY(a, const char *, e->names->cap);
    e->names->fn = ARENA_ARRAY(a, const char *, e->g->ops.n);
    for (size_t i = 0; i < COUNT(words); i++)
        add(e, words[i]);
    for (size_t i = 0; i < COUNT(functions); i++)
        add(e, arena_printf(a, "%s_%s", e->prefix, functions[i]));
    for (size_t i = 0; i < COUNT(macros); i++)
        add(e, arena_printf(a, "%s_%s", e->upper, macros[i]));
    for (int i = 0; emit_helper_suffixes[i]; i++)
        add(e, arena_printf(a, "%s_%s", e->prefix, emit_helper_suffixes[i]));
    reserve_ports(e, e->g->inputs.n, 0, "INPUT");
    reserve_ports(e, e->g->outputs.n, 1, "OUTPUT");
    return true;
}

const char *emit_identifier(emitter *e, const char *base)
{
    arena *a = e->ctx->a;
    const char *part = legal_part(a, base);
    const char *s = arena_printf(a, "%s_%s", e->prefix, *part ? part : "x");
    for (int i = 2; is_taken(e, s); i++)
        s = arena_printf(a, "%s_%s_%d", e->prefix, *part ? part : "x", i);
    add(e, s);
    return s;
}

const char *emit_fn_name(emitter *e, const ir_op *op)
{
    const char **fn = &e->names->fn[op->id];
    if (!*fn)
        *fn = emit_identifier(e, op->name);
    return *fn;
}

const char *emit_comment(emitter *e, const char *text)
{
    char *s = arena_strdup(e->ctx->a, text);
    for (char *p = s; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = '?';
        if ((p[0] == '*' && p[1] == '/') || (p[0] == '/' && p[1] == '*'))
            p[1] = '|';
    }
    return s;
}

const char *emit_ctype(ir_type t)
{
    static const char *const names[] = {
        [IR_F32] = "float",   [IR_I8] = "int8_t",   [IR_U8] = "uint8_t",
        [IR_I16] = "int16_t", [IR_I32] = "int32_t", [IR_I64] = "int64_t",
    };
    return names[t];
}
