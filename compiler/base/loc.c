/* loc.c - byte offsets to lines and columns; near-miss names. */
#include <string.h>

#include "compiler/base/ctx.h"

void loc_line_col(qloc loc, int *line, int *col)
{
    *line = 1;
    *col = 1;
    if (!loc.src || !loc.src->text)
        return;
    size_t end = loc.begin < loc.src->len ? loc.begin : loc.src->len;
    size_t start = 0;
    for (size_t i = 0; i < end; i++) {
        if (loc.src->text[i] == '\n') {
            ++*line;
            start = i + 1;
        }
    }
    for (size_t i = start; i < end; i++)
        *col += ((unsigned char)loc.src->text[i] & 0xc0) != 0x80; /* characters of UTF-8 */
}

qloc loc_file(const source *src)
{
    return (qloc){src, 0, 0};
}

qloc loc_none(void)
{
    return (qloc){NULL, 0, 0};
}

qloc loc_span(qloc a, qloc b)
{
    return (qloc){a.src, a.begin, b.end > a.begin ? b.end : a.begin};
}

enum { MAX_NAME = 63 };

/* Edit distance with transpositions (optimal string alignment), names cut at MAX_NAME. */
static int edit_distance(const char *s, int ns, const char *t, int nt)
{
    int row[3][MAX_NAME + 1];
    for (int j = 0; j <= nt; j++)
        row[0][j] = j;
    for (int i = 1; i <= ns; i++) {
        int *cur = row[i % 3], *prev = row[(i + 2) % 3], *prev2 = row[(i + 1) % 3];
        cur[0] = i;
        for (int j = 1; j <= nt; j++) {
            int best = prev[j - 1] + (s[i - 1] != t[j - 1]);
            best = prev[j] + 1 < best ? prev[j] + 1 : best;
            best = cur[j - 1] + 1 < best ? cur[j - 1] + 1 : best;
            if (i > 1 && j > 1 && s[i - 1] == t[j - 2] && s[i - 2] == t[j - 1] &&
                prev2[j - 2] + 1 < best)
                best = prev2[j - 2] + 1;
            cur[j] = best;
        }
    }
    return row[ns % 3][nt];
}

const char *nearest_name(const char *name, const char *const *candidates, int n)
{
    int len = (int)strnlen(name, MAX_NAME);
    int limit = len / 3 > 1 ? len / 3 : 1;
    const char *best = NULL;
    for (int i = 0; i < n; i++) {
        if (!candidates[i] || !strcmp(name, candidates[i]))
            continue;
        int d = edit_distance(name, len, candidates[i], (int)strnlen(candidates[i], MAX_NAME));
        if (d <= limit && d < len) {
            best = candidates[i];
            limit = d - 1;
        }
    }
    return best;
}
