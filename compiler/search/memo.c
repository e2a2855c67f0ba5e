/* memo.c - runs of a search, noted in a file: a line each, `CHOICE FLASH RAM RIGHT AGREE ERROR`. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/base/file.h"
#include "compiler/search/internal.h"

static const char head[] = "# runs of a search of qcc for ";

static bool read_line(searcher *s, char *line)
{
    search_point p = {0};
    char *end, *field = strchr(line, ' ');
    if (!field || (size_t)(field - line) != (size_t)s->layers)
        return false;
    p.choice = arena_strndup(s->ctx->a, line, (size_t)s->layers);
    p.flash = strtoll(field, &end, 10);
    p.ram = strtoll(end, &end, 10);
    p.right = strtoll(end, &end, 10);
    p.agree = strtoll(end, &end, 10);
    p.error = strtod(end, &end);
    if (*end != '\0')
        return false;
    *VEC_PUSH(s->ctx->a, &s->memo) = p;
    return true;
}

/* Runs of another net, or a file of something else, count for nothing. */
void memo_read(searcher *s)
{
    if (!s->o->resume || access(s->o->resume, R_OK) != 0)
        return;
    qctx *own = qctx_new(); /* the file will be written: it must not count as an input */
    const source *src = own ? file_read(own, s->o->resume) : NULL;
    char *text = src ? arena_strndup(s->ctx->a, src->text, src->len) : NULL;
    qctx_free(own);
    size_t n = sizeof head - 1, id = strlen(s->identity);
    if (!text || strncmp(text, head, n) || strncmp(text + n, s->identity, id))
        return;
    bool good = true;
    for (char *line = strtok(text, "\n"); line && good; line = strtok(NULL, "\n"))
        good = *line == '#' || read_line(s, line);
    s->noted = s->memo.n;
}

bool memo_find(searcher *s, const char *choice, search_point *p)
{
    for (int i = 0; i < s->memo.n; i++)
        if (!strcmp(s->memo.v[i].choice, choice)) {
            *p = s->memo.v[i];
            s->remembered += i < s->noted;
            return true;
        }
    return false;
}

bool memo_note(searcher *s, const search_point *p)
{
    buf b;
    *VEC_PUSH(s->ctx->a, &s->memo) = *p;
    if (!s->o->resume)
        return true;
    buf_init(&b, s->ctx->a);
    buf_printf(&b, "%s%s\n", head, s->identity);
    for (int i = 0; i < s->memo.n; i++) {
        const search_point *m = &s->memo.v[i];
        buf_printf(&b, "%s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %a\n", m->choice,
                   m->flash, m->ram, m->right, m->agree, m->error);
    }
    const char *text = buf_str(&b);
    return file_write(s->ctx, s->o->resume, text, strlen(text));
}
