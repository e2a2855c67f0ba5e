/* names.c - readable, unique names of layers. */
#include "compiler/import/names.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { MAX_NAME = 64 };

/* ---- words --------------------------------------------------------------------------------- */

const char *import_word(qctx *ctx, const char *text)
{
    char *word = arena_alloc(ctx->a, MAX_NAME + 2), *end = word;
    for (; *text && end - word < MAX_NAME; text++) {
        bool plain = isascii((unsigned char)*text) && isalnum((unsigned char)*text);
        if (plain && end == word && isdigit((unsigned char)*text))
            *end++ = '_';
        if (plain)
            *end++ = *text;
        else if (end > word && end[-1] != '_')
            *end++ = '_';
    }
    while (end > word && end[-1] == '_')
        end--;
    *end = '\0';
    return word;
}

/* ---- TensorFlow's paths -------------------------------------------------------------------- */

/* What says nothing of a layer, in front of a name and as a name. */
static const char *const prefixes[] = {"serving_default_"};
static const char *const nothings[] = {"StatefulPartitionedCall", "PartitionedCall", "Identity"};

/* Bytes of a piece in front of "/kind", with or without digits behind; 0: it does not end so. */
static size_t before_kind(const char *piece, size_t n, const char *kind)
{
    size_t k = strlen(kind);
    while (n > 0 && isdigit((unsigned char)piece[n - 1]) && !isdigit((unsigned char)kind[k - 1]))
        n--;
    bool ends = n > k + 1 && piece[n - k - 1] == '/' && !strncasecmp(piece + n - k, kind, k);
    return ends ? n - k - 1 : 0;
}

static const char *piece_of_kind(qctx *ctx, const char *text, const char *kind)
{
    for (const char *p = text; p && kind && *p;) {
        size_t n = strcspn(p, ";"), before = before_kind(p, n, kind);
        if (before)
            return arena_strndup(ctx->a, p, before);
        p += n + (p[n] == ';');
    }
    return NULL;
}

static bool says_nothing(const char *s)
{
    for (size_t i = 0; i < sizeof nothings / sizeof *nothings; i++) {
        size_t n = strlen(nothings[i]);
        if (!strncmp(s, nothings[i], n) && strcspn(s + n, "_:0123456789") == 0)
            return true;
    }
    return false;
}

/* Without prefix, number of the result (":0") and outermost scope. */
static const char *bare(qctx *ctx, const char *s)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (!strncmp(s, prefixes[i], strlen(prefixes[i])))
            s += strlen(prefixes[i]);
    const char *colon = strrchr(s, ':');
    if (colon && colon > s && strspn(colon + 1, "0123456789") == strlen(colon + 1))
        s = arena_strndup(ctx->a, s, (size_t)(colon - s));
    const char *slash = strchr(s, '/');
    return slash && slash[1] ? slash + 1 : s;
}

/* ---- the set ------------------------------------------------------------------------------- */

static struct taken_name *find(const name_set *set, const char *name)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (const char *p = name; *p; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    int at = (int)(h & (uint32_t)(set->size - 1));
    while (set->slot[at].name && strcmp(set->slot[at].name, name) != 0)
        at = (at + 1) & (set->size - 1);
    return &set->slot[at];
}

/* The entry of a name; new: it was not there before. */
static struct taken_name *take(qctx *ctx, name_set *set, const char *name, bool *new)
{
    if (2 * (set->n + 1) > set->size) {
        name_set old = *set;
        set->size = old.size ? 2 * old.size : 64;
        set->slot = ARENA_ARRAY(ctx->a, struct taken_name, set->size);
        for (int i = 0; i < old.size; i++)
            if (old.slot[i].name)
                *find(set, old.slot[i].name) = old.slot[i];
    }
    struct taken_name *slot = find(set, name);
    *new = !slot->name;
    if (*new) {
        *slot = (struct taken_name){name, 2};
        set->n++;
    }
    return slot;
}

const char *import_name(qctx *ctx, name_set *taken, const char *text, const char *better,
                        const char *kind, const char *fallback)
{
    const char *piece = piece_of_kind(ctx, better, kind);
    if (!piece)
        piece = piece_of_kind(ctx, text, kind);
    if (!piece)
        piece = arena_strndup(ctx->a, text, strcspn(text, ";"));
    const char *word = says_nothing(piece) ? "" : import_word(ctx, bare(ctx, piece));
    if (!*word)
        word = fallback;
    bool new;
    const char *name = word;
    for (int number = take(ctx, taken, word, &new)->next; !new; number++) {
        name = arena_printf(ctx->a, "%s_%d", word, number);
        take(ctx, taken, name, &new);
        find(taken, word)->next = number + 1;
    }
    return name;
}
