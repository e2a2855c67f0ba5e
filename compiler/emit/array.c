/* array.c - constant arrays: decimals or string literals, alignment, section, split weights. */
#include "compiler/emit/frame.h"
#include "compiler/emit/target.h"

#include <string.h>

enum { LINE_COLUMNS = 96, PIECES_PER_LINE = 24, ALIGN_WEIGHTS = 4 };

/* ---- elements ------------------------------------------------------------------------------ */

static int64_t int_element(ir_type type, const void *data, int64_t i)
{
    switch (type) {
    case IR_I8: return ((const int8_t *)data)[i];
    case IR_U8: return ((const uint8_t *)data)[i];
    case IR_I16: return ((const int16_t *)data)[i];
    case IR_I32: return ((const int32_t *)data)[i];
    default: return ((const int64_t *)data)[i];
    }
}

/* Weights are most of the file: digits are made here, not by printf. */
static void put_int(buf *b, int64_t v)
{
    char s[24], *p = s + sizeof s;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do
        *--p = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0)
        *--p = '-';
    buf_bytes(b, p, (size_t)(s + sizeof s - p));
}

static void put_element(buf *b, ir_type type, const void *data, int64_t i)
{
    if (type == IR_F32) {
        buf_float(b, ((const float *)data)[i]);
        buf_puts(b, "F");
        return;
    }
    int64_t v = int_element(type, data, i);
    if (v == INT64_MIN || (type != IR_I64 && v == INT32_MIN)) /* no literal of its own */
        buf_printf(b, "(%lld - 1)", (long long)v + 1);
    else
        put_int(b, v);
}

void emit_elements(buf *b, ir_type type, const void *data, int64_t n)
{
    size_t line = b->n;
    buf_puts(b, "    ");
    for (int64_t i = 0; i < n; i++) {
        put_element(b, type, data, i);
        if (i + 1 == n)
            break;
        if (b->n - line > LINE_COLUMNS - 8) {
            line = b->n + 2;
            buf_bytes(b, ",\n    ", 6);
        } else {
            buf_bytes(b, ", ", 2);
        }
    }
    buf_puts(b, "\n");
}

/* Printable characters as they are; '?' escaped, for `??=` would be a trigraph. Returns the end. */
static char *put_char(char *p, unsigned char c)
{
    if (c >= ' ' && c < 127) {
        if (c == '"' || c == '\\' || c == '?')
            *p++ = '\\';
        *p++ = (char)c;
        return p;
    }
    *p++ = '\\';
    *p++ = (char)('0' + (c >> 6));
    *p++ = (char)('0' + (c >> 3 & 7));
    *p++ = (char)('0' + (c & 7));
    return p;
}

static void put_string(buf *b, const unsigned char *data, int64_t n)
{
    char line[4 * PIECES_PER_LINE + 8];
    for (int64_t i = 0; i < n; i += PIECES_PER_LINE) {
        char *p = line;
        memcpy(p, "    \"", 5);
        p += 5;
        for (int64_t k = i; k < n && k < i + PIECES_PER_LINE; k++)
            p = put_char(p, data[k]);
        *p++ = '"';
        buf_bytes(b, line, (size_t)(p - line));
        if (i + PIECES_PER_LINE < n)
            buf_bytes(b, "\n", 1);
    }
}

/* ---- definitions --------------------------------------------------------------------------- */

static bool as_string(const emitter *e, ir_type type, int64_t n)
{
    return e->o->weights == EMIT_STRING && n > 0 && (type == IR_I8 || type == IR_U8);
}

static int alignment(const emitter *e)
{
    const emit_target *t = emit_find_target(e->o->target);
    return t && t->cost.align ? t->cost.align : ALIGN_WEIGHTS;
}

static void put_definition(emitter *e, buf *b, bool weight, const char *storage, const char *name,
                           ir_type type, const void *data, int64_t n)
{
    if (weight)
        buf_printf(b, "%s_ALIGN(%d) %s_SECTION\n", e->upper, alignment(e), e->upper);
    buf_printf(b, "%sconst %s %s[%lld] =", storage, emit_ctype(type), name, (long long)n);
    if (as_string(e, type, n)) {
        buf_puts(b, "\n");
        put_string(b, data, n);
        buf_puts(b, ";\n\n");
        return;
    }
    buf_puts(b, " {\n");
    emit_elements(b, type, data, n);
    buf_puts(b, "};\n\n");
}

const char *emit_array(emitter *e, emit_use use, const char *base, ir_type type, const void *data,
                       int64_t n, const char *comment)
{
    const char *name = emit_identifier(e, base);
    bool weight = use == EMIT_WEIGHT;
    int64_t bytes = n * (int64_t)ir_type_size(type);
    e->constant_bytes += bytes;
    if (weight)
        e->weight_bytes += bytes;
    buf *b = &e->data;
    if (comment)
        buf_printf(b, "/* %s */\n", comment);
    if (!weight || !e->o->split_weights) {
        put_definition(e, b, weight, "static ", name, type, data, n);
        return name;
    }
    buf_printf(b, "extern const %s %s[%lld];\n\n", emit_ctype(type), name, (long long)n);
    b = &e->weights_unit;
    if (comment)
        buf_printf(b, "/* %s */\n", comment);
    buf_printf(b, "extern const %s %s[%lld];\n", emit_ctype(type), name, (long long)n);
    put_definition(e, b, weight, "", name, type, data, n);
    return name;
}

/* ---- attributes ---------------------------------------------------------------------------- */

/* $ is the prefix in capitals; the section's lines are left out where none is asked for. */
static const char *const attribute_lines[] = {
    "/* Alignment and section of the arrays below; define both to have them otherwise. */",
    "#ifndef $_ALIGN",
    "#if defined(__GNUC__) || defined(__clang__) || defined(__CC_ARM) || defined(__TINYC__)",
    "#define $_ALIGN(n) __attribute__((aligned(n)))",
    "#elif defined(__ICCARM__) || defined(__ICCRISCV__)",
    "#define $_PRAGMA(x) _Pragma(#x)",
    "#define $_ALIGN(n) $_PRAGMA(data_alignment = n)",
    "#else",
    "#define $_ALIGN(n)",
    "#endif",
    "#endif",
};

static const char *const section_lines[] = {
    "#ifndef $_SECTION",
    "#if defined(__GNUC__) || defined(__clang__) || defined(__CC_ARM) || defined(__TINYC__)",
    "#define $_SECTION __attribute__((section(\"@\")))",
    "#elif defined(__ICCARM__) || defined(__ICCRISCV__)",
    "#define $_SECTION _Pragma(\"location=\\\"@\\\"\")",
    "#else",
    "#define $_SECTION",
    "#endif",
    "#endif",
};

static const char *const no_section_lines[] = {
    "#ifndef $_SECTION",
    "#define $_SECTION",
    "#endif",
};

static void put_lines(emitter *e, buf *b, const char *const *lines, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (const char *p = lines[i]; *p; p++)
            if (*p == '$')
                buf_puts(b, e->upper);
            else if (*p == '@')
                buf_puts(b, e->o->section);
            else
                buf_bytes(b, p, 1);
        buf_puts(b, "\n");
    }
}

#define PUT_LINES(e, b, lines) put_lines(e, b, lines, sizeof(lines) / sizeof *(lines))

void emit_attribute_macros(emitter *e, buf *b)
{
    PUT_LINES(e, b, attribute_lines);
    if (e->o->section)
        PUT_LINES(e, b, section_lines);
    else
        PUT_LINES(e, b, no_section_lines);
    buf_puts(b, "\n");
}
