/* csv.c - comma-separated numbers, one row a line.
 *
 * Fields are decimal numbers; blanks around them and blank lines are skipped, lines end with LF or
 * CRLF, a UTF-8 byte order mark is allowed. The first line is a header when none of its fields is
 * a number or one of them is called "label". Quotes are refused. Numbers mean the same in every
 * locale. */
#define _GNU_SOURCE /* uselocale */
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "compiler/io/internal.h"

typedef struct csv {
    qctx *ctx;
    const source *src;
    locale_t c_locale;
    const char *body; /* after the header line */
    int64_t columns, rows;
    int64_t label;    /* column of the labels, or -1 */
    bool values;      /* columns other than the label are numbers to keep */
    float *out;
    int32_t *labels;
} csv;

/* Bytes [begin, end) of the text, blanks trimmed. */
typedef struct field {
    const char *begin, *end;
} field;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* End of the line that p stands in: its newline or the end of the text. */
static const char *line_end(const csv *c, const char *p)
{
    const char *end = c->src->text + c->src->len, *nl = memchr(p, '\n', (size_t)(end - p));
    return nl ? nl : end;
}

static const char *next_line(const csv *c, const char *end)
{
    return end < c->src->text + c->src->len ? end + 1 : end;
}

static bool blank_line(const char *p, const char *end)
{
    while (p < end && is_blank(*p))
        p++;
    return p == end;
}

/* The field at p; *p moves behind its comma, or to NULL after the last one. */
static field next_field(const char **p, const char *end)
{
    const char *comma = memchr(*p, ',', (size_t)(end - *p));
    field f = {*p, comma ? comma : end};
    while (f.begin < f.end && is_blank(*f.begin))
        f.begin++;
    while (f.end > f.begin && is_blank(f.end[-1]))
        f.end--;
    *p = comma ? comma + 1 : NULL;
    return f;
}

static int64_t count_fields(const char *p, const char *end)
{
    int64_t n = 1;
    for (; (p = memchr(p, ',', (size_t)(end - p))); p++)
        n++;
    return n;
}

static qloc place(const csv *c, const char *begin, const char *end)
{
    uint32_t at = (uint32_t)(begin - c->src->text);
    return (qloc){c->src, at, end > begin ? (uint32_t)(end - c->src->text) : at + 1};
}

/* ---- numbers ------------------------------------------------------------------------------ */

static const char *digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

/* [+-] digits [. digits] [e [+-] digits], at least one digit in the mantissa. */
static bool is_number(field f)
{
    const char *p = f.begin;
    if (p < f.end && (*p == '+' || *p == '-'))
        p++;
    const char *whole = digits(p, f.end), *fraction = whole;
    bool any = whole > p;
    if (whole < f.end && *whole == '.') {
        fraction = digits(whole + 1, f.end);
        any = any || fraction > whole + 1;
    }
    p = fraction;
    if (any && p < f.end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < f.end && (*p == '+' || *p == '-'))
            p++;
        const char *exponent = digits(p, f.end);
        any = exponent > p;
        p = exponent;
    }
    return any && p == f.end;
}

/* Whole numbers of at most 7 digits are exact in float32 and need no strtof. */
static bool small_number(field f, float *v)
{
    const char *p = f.begin;
    bool minus = p < f.end && *p == '-';
    p += minus;
    if (p == f.end || f.end - p > 7)
        return false;
    int n = 0;
    for (; p < f.end; p++) {
        if (*p < '0' || *p > '9')
            return false;
        n = 10 * n + (*p - '0');
    }
    *v = minus ? -(float)n : (float)n;
    return true;
}

static bool spelled(field f, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(f.end - f.begin) == n && !strncasecmp(f.begin, word, n);
}

static bool bad_field(const csv *c, field f)
{
    qctx *ctx = c->ctx;
    if (memchr(f.begin, '"', (size_t)(f.end - f.begin))) {
        diag_add(ctx, D_CSV_QUOTE, place(c, f.begin, f.end), "quotes are not supported in CSV files");
        diag_expected(ctx, "plain numbers, separated by commas");
        return false;
    }
    const char *shown =
        shown_name(ctx->a, arena_strndup(ctx->a, f.begin, (size_t)(f.end - f.begin)));
    if (f.begin == f.end)
        diag_add(ctx, D_CSV_FIELD, place(c, f.begin, f.end), "an empty field");
    else if (is_number(f))
        diag_add(ctx, D_CSV_FIELD, place(c, f.begin, f.end), "'%s' is beyond float32", shown);
    else
        diag_add(ctx, D_CSV_FIELD, place(c, f.begin, f.end), "'%s' is not a number", shown);
    diag_expected(ctx, "a finite decimal number");
    if (strpbrk(shown, ";\t "))
        diag_hint(ctx, "fields are separated by commas");
    return false;
}

static bool read_number(const csv *c, field f, float *v)
{
    if (small_number(f, v))
        return true;
    if (!is_number(f))
        return bad_field(c, f);
    locale_t before = uselocale(c->c_locale);
    *v = strtof(f.begin, NULL);
    uselocale(before);
    return isfinite(*v) || bad_field(c, f);
}

static bool read_label(const csv *c, field f, int32_t *v)
{
    const char *p = f.begin;
    *v = 0;
    bool ok = p < f.end && digits(p, f.end) == f.end;
    for (; ok && p < f.end; p++)
        ok = !__builtin_mul_overflow(*v, 10, v) && !__builtin_add_overflow(*v, *p - '0', v);
    if (ok)
        return true;
    if (memchr(f.begin, '"', (size_t)(f.end - f.begin)))
        return bad_field(c, f);
    diag_add(c->ctx, D_CSV_LABEL, place(c, f.begin, f.end), "the label '%s' is not a class number",
             shown_name(c->ctx->a, arena_strndup(c->ctx->a, f.begin, (size_t)(f.end - f.begin))));
    diag_expected(c->ctx, "a whole number, 0 or greater");
    return false;
}

/* ---- the table ---------------------------------------------------------------------------- */

/* Looks at the first line: is it a header, and which column is called "label"? */
static bool read_header(csv *c, const char *p, const char *end, bool *header)
{
    const char *first = p, *all = p;
    bool numbers = false;
    c->label = -1;
    for (int64_t i = 0; p; i++) {
        field f = next_field(&p, end);
        numbers = numbers || is_number(f);
        if (!spelled(f, "label"))
            continue;
        if (c->label >= 0) {
            diag_add(c->ctx, D_CSV_LABEL, place(c, f.begin, f.end), "a second column called 'label'");
            return false;
        }
        c->label = i;
    }
    /* names that hold a comma inside quotes cannot be told apart: refuse quotes at once */
    const char *quote = memchr(all, '"', (size_t)(end - all));
    if (quote)
        return bad_field(c, (field){quote, quote + 1});
    /* a data row that begins with NaN or an empty field is data with an error, not a header */
    field f = next_field(&first, end);
    bool almost = spelled(f, "nan") || spelled(f, "inf") || spelled(f, "-inf") || f.begin == f.end;
    *header = c->label >= 0 || (!numbers && !almost);
    return true;
}

static bool choose_columns(csv *c, csv_use use, bool header, const char *p, const char *end)
{
    if (use == CSV_LABEL_FIRST && !header)
        c->label = 0;
    if (use == CSV_LABELS && c->label < 0 && c->columns == 1)
        c->label = 0;
    if (use != CSV_DATA && c->label < 0) {
        diag_add(c->ctx, D_CSV_LABEL, place(c, p, end), "no column is called 'label'");
        diag_expected(c->ctx, use == CSV_LABELS ? "one column, or a header line with 'label'"
                                                : "a header line with 'label', or no header line");
        return false;
    }
    c->values = use != CSV_LABELS;
    if (c->values && c->columns - (c->label >= 0) < 1) {
        diag_add(c->ctx, D_DATA_EMPTY, loc_file(c->src), "no column but the label");
        diag_expected(c->ctx, "at least one column of values");
        return false;
    }
    return true;
}

/* Counts the rows after the header and checks that each has as many fields as the first. */
static bool count_rows(csv *c)
{
    const char *stop = c->src->text + c->src->len;
    for (const char *p = c->body; p < stop;) {
        const char *end = line_end(c, p);
        if (!blank_line(p, end)) {
            int64_t n = count_fields(p, end);
            if (n != c->columns) {
                diag_add(c->ctx, D_CSV_RAGGED, place(c, p, end), "a row of %lld field%s",
                         (long long)n, n == 1 ? "" : "s");
                diag_expected(c->ctx, "%lld, as in the first line", (long long)c->columns);
                return false;
            }
            c->rows++;
        }
        p = next_line(c, end);
    }
    if (c->rows > 0)
        return true;
    diag_add(c->ctx, D_DATA_EMPTY, loc_file(c->src), "no rows of data");
    diag_expected(c->ctx, "at least one line of comma-separated numbers");
    return false;
}

static bool read_row(const csv *c, const char *p, const char *end, float *out, int32_t *label)
{
    for (int64_t i = 0; p; i++) {
        field f = next_field(&p, end);
        if (i == c->label ? !read_label(c, f, label) : c->values && !read_number(c, f, out++))
            return false;
    }
    return true;
}

static bool read_rows(csv *c)
{
    const char *stop = c->src->text + c->src->len;
    int64_t width = c->values ? c->columns - (c->label >= 0) : 0, row = 0;
    c->out = ARENA_ARRAY(c->ctx->a, float, width * c->rows);
    c->labels = c->label >= 0 ? ARENA_ARRAY(c->ctx->a, int32_t, c->rows) : NULL;
    for (const char *p = c->body; p < stop;) {
        const char *end = line_end(c, p);
        if (!blank_line(p, end)) {
            if (!read_row(c, p, end, c->out + row * width, c->labels ? c->labels + row : NULL))
                return false;
            row++;
        }
        p = next_line(c, end);
    }
    return true;
}

static void release_locale(void *p)
{
    locale_t *slot = p;
    if (*slot)
        freelocale(*slot);
}

static bool open_csv(csv *c)
{
    locale_t *slot = ARENA_NEW(c->ctx->a, locale_t);
    arena_defer(c->ctx->a, release_locale, slot);
    c->c_locale = *slot = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c->c_locale)
        arena_exhausted(c->ctx->a);
    const char *p = c->src->text, *stop = p + c->src->len;
    if (c->src->len >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
        p += 3;
    while (p < stop && blank_line(p, line_end(c, p)))
        p = next_line(c, line_end(c, p));
    c->body = p;
    return true;
}

bool csv_read(qctx *ctx, const source *src, csv_use use, data_array *d)
{
    csv c = {.ctx = ctx, .src = src};
    if (!open_csv(&c))
        return false;
    bool header = false;
    const char *first = c.body, *end = line_end(&c, first);
    c.columns = count_fields(first, end);
    if (!read_header(&c, first, end, &header))
        return false;
    if (header)
        c.body = next_line(&c, end);
    if (!count_rows(&c) || !choose_columns(&c, use, header, first, end) || !read_rows(&c))
        return false;
    int64_t width = c.values ? c.columns - (c.label >= 0) : 1;
    *d = (data_array){.format = DF_CSV, .dtype = DT_F32, .rank = 2, .dim = {c.rows, width},
                      .data = c.out, .labels = c.labels};
    return true;
}
