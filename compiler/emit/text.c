/* text.c - templates of whole lines (text.h). */
#include "compiler/emit/text.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

void text_init(text *t, buf *out)
{
    memset(t, 0, sizeof *t);
    t->out = out;
}

/* The variable whose key is key[0..n), or NULL. */
static text_var *find(const text *t, const char *key, size_t n)
{
    for (int i = 0; i < t->vars.n; ++i)
        if (strlen(t->vars.v[i].key) == n && memcmp(t->vars.v[i].key, key, n) == 0)
            return &t->vars.v[i];
    return NULL;
}

void text_set(text *t, const char *key, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *value = arena_vprintf(t->out->a, fmt, ap);
    va_end(ap);
    text_var *v = find(t, key, strlen(key));
    if (!v)
        v = VEC_PUSH(t->out->a, &t->vars);
    v->key = key;
    v->value = value;
}

static bool is_set(const text *t, const char *key, size_t n)
{
    const text_var *v = find(t, key, n);
    return v && *v->value && strcmp(v->value, "0") != 0;
}

/* Whether the line is wanted; moves *line behind its conditions. */
static bool wanted(const text *t, const char **line, const char *end)
{
    bool all = true;
    while (*line < end && (**line == '?' || **line == '!')) {
        const char *p = *line, *bar = memchr(p, '|', (size_t)(end - p));
        assert(bar && "a conditional line has a bar after its key");
        all = all && is_set(t, p + 1, (size_t)(bar - p - 1)) == (*p == '?');
        *line = bar + 1;
    }
    return all;
}

static void expand(const text *t, buf *b, const char *p, const char *end)
{
    while (p < end) {
        const char *dollar = memchr(p, '$', (size_t)(end - p));
        buf_bytes(b, p, (size_t)((dollar ? dollar : end) - p));
        if (!dollar)
            return;
        const char *close = memchr(dollar + 1, '$', (size_t)(end - dollar - 1));
        assert(close && "a variable ends with a dollar on its line");
        const text_var *v = find(t, dollar + 1, (size_t)(close - dollar - 1));
        assert(v && "every variable of a template is set");
        buf_puts(b, v->value);
        p = close + 1;
    }
}

static void put(const text *t, buf *b, int indent, const char *lines)
{
    for (const char *p = lines; *p;) {
        const char *end = strchr(p, '\n');
        if (!end)
            end = p + strlen(p);
        const char *line = p;
        if (wanted(t, &line, end)) {
            if (line < end)
                buf_printf(b, "%*s", indent, "");
            expand(t, b, line, end);
            if (*end)
                buf_bytes(b, "\n", 1);
        }
        p = *end ? end + 1 : end;
    }
}

void text_put(text *t, const char *lines)
{
    put(t, t->out, t->out->indent, lines);
}

void text_put_at(text *t, int columns, const char *lines)
{
    put(t, t->out, t->out->indent + columns, lines);
}

const char *text_expand(text *t, const char *lines)
{
    buf b;
    buf_init(&b, t->out->a);
    put(t, &b, 0, lines);
    return buf_str(&b);
}
