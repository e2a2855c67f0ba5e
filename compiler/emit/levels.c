/* levels.c - kernels for each level of the processor in one file, and the choice among them
 * (levels.h). */
#include "compiler/emit/levels.h"
#include "compiler/emit/frame.h"
#include "compiler/emit/target.h"

#include <ctype.h>
#include <string.h>

static const struct {
    int lanes;
    const char *lower, *upper;
    const char *target; /* NULL: what every processor has */
} levels[EMIT_LEVELS] = {
    {16, "avx512", "AVX512", "avx512f,avx512bw,avx512vl,avx512vnni"},
    {8, "avx2", "AVX2", "avx2"},
    {4, "sse2", "SSE2", NULL},
};

bool emit_has_levels(const emitter *e)
{
    return emit_find_target(e->o->target)->kernels == x86_dispatch_kernels;
}

const char *emit_level_prefix(const emitter *e, int level, bool upper)
{
    return arena_printf(e->ctx->a, "%s_%s", upper ? e->upper : e->prefix,
                        upper ? levels[level].upper : levels[level].lower);
}

void emit_level_begin(buf *b, int level)
{
    if (levels[level].target)
        buf_printf(
            b,
            "#if defined(__clang__)\n"
            "#pragma clang attribute push(__attribute__((target(\"%s\"))), apply_to = function)\n"
            "#else\n"
            "#pragma GCC push_options\n"
            "#pragma GCC target(\"%s\")\n"
            "#endif\n",
            levels[level].target, levels[level].target);
}

void emit_level_end(buf *b, int level)
{
    if (levels[level].target)
        buf_puts(b, "#if defined(__clang__)\n"
                    "#pragma clang attribute pop\n"
                    "#else\n"
                    "#pragma GCC pop_options\n"
                    "#endif\n");
}

void emit_level_define(const emitter *e, buf *b, int level)
{
    buf_printf(b, "#define %s_LANES %d\n", emit_level_prefix(e, level, true), levels[level].lanes);
}

/* ---- names -------------------------------------------------------------------------------------
 */

static bool in_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static size_t name_length(const char *p)
{
    size_t n = 0;
    while (in_name(p[n]))
        ++n;
    return n;
}

/* Whether the identifier p[n] is one of a text's. */
static bool occurs(const char *text, const char *p, size_t n)
{
    while (*text) {
        size_t m = name_length(text);
        if (m == n && !memcmp(text, p, n))
            return true;
        text += m ? m : 1;
    }
    return false;
}

/* The names that begin with the prefix in a text: of arrays, where it is data. */
static const char *names_in(emitter *e, const char *text)
{
    size_t prefix = strlen(e->prefix);
    buf b;
    buf_init(&b, e->ctx->a);
    for (size_t n; *text; text += n ? n : 1) {
        n = name_length(text);
        if (n > prefix && !memcmp(text, e->prefix, prefix)) {
            buf_bytes(&b, text, n);
            buf_puts(&b, " ");
        }
    }
    return buf_str(&b);
}

static bool is_upper(const char *p, size_t n)
{
    for (size_t i = 0; i < n; ++i)
        if (islower((unsigned char)p[i]))
            return false;
    return true;
}

/* The prefix that the identifier p[n] begins with: a macro's, else the others'. */
static const char *prefix_of(const emitter *e, const char *p, size_t n, bool *upper)
{
    size_t prefix = strlen(e->prefix);
    bool begins = n > prefix && !memcmp(p, e->upper, prefix) && p[prefix] == '_';
    *upper = begins && is_upper(p + prefix, n - prefix);
    if (*upper)
        return e->upper;
    return n > prefix && !memcmp(p, e->prefix, prefix) && p[prefix] == '_' ? e->prefix : NULL;
}

static void put_level(emitter *e, buf *out, int level, const char *text, const char *shared)
{
    while (*text) {
        size_t n = name_length(text);
        bool upper;
        const char *prefix = n ? prefix_of(e, text, n, &upper) : NULL;
        if (prefix && !occurs(shared, text, n)) {
            buf_puts(out, emit_level_prefix(e, level, upper));
            buf_bytes(out, text + strlen(prefix), n - strlen(prefix));
        } else {
            buf_bytes(out, text, n ? n : 1);
        }
        text += n ? n : 1;
    }
}

/* ---- the choice --------------------------------------------------------------------------------
 */

/* The names in a list of parameters, each before a comma or at the end. */
static const char *arguments(emitter *e, const char *p, const char *end)
{
    buf b;
    buf_init(&b, e->ctx->a);
    for (const char *stop; p < end; p = stop + 1) {
        stop = memchr(p, ',', (size_t)(end - p));
        stop = stop ? stop : end;
        const char *name = stop;
        while (name > p && in_name(name[-1]))
            --name;
        buf_printf(&b, "%s%.*s", b.n ? ", " : "", (int)(stop - name), name);
    }
    return buf_str(&b);
}

static void put_choice(emitter *e, const ir_op *op, buf *out, const char *ops)
{
    const char *fn = emit_fn_name(e, op), *rest = fn + strlen(e->prefix);
    const char *head = strstr(ops, arena_printf(e->ctx->a, "static void %s(", fn));
    const char *open = head ? strchr(head, '(') : NULL, *close = open ? strchr(open, ')') : NULL;
    if (!close)
        return;
    const char *list = arguments(e, open + 1, close);
    buf_printf(out, "static void %s%.*s)\n{\n    const int lanes = %s_level();\n", fn,
               (int)(close - open), open, e->prefix);
    for (int i = 0; i < EMIT_LEVELS; ++i) {
        const char *name = emit_level_prefix(e, i, false);
        if (i < EMIT_LEVELS - 1)
            buf_printf(out, "    %sif (lanes == %d)\n", i ? "else " : "", levels[i].lanes);
        else
            buf_puts(out, "    else\n");
        buf_printf(out, "        %s%s(%s);\n", name, rest, list);
    }
    buf_puts(out, "}\n\n");
}

void emit_op_levels(emitter *e, const ir_op *op, buf *out, const char *ops, const char *data)
{
    const char *shared = arena_printf(e->ctx->a, "%s%s", names_in(e, data), emit_shared_helpers(e));
    for (int i = 0; i < EMIT_LEVELS; ++i) {
        emit_level_begin(out, i);
        put_level(e, out, i, ops, shared);
        emit_level_end(out, i);
    }
    put_choice(e, op, out, ops);
}
