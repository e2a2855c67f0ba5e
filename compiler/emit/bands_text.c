/* bands_text.c - the C of a chain of layers in bands of rows (bands.h).
 *
 * nM are the bytes of window M so far; aS is where step S reads next (aS_K of its map K). A step
 * makes rows as soon as its windows are there; the last one that can goes first. */
#include "compiler/emit/bands.h"
#include "compiler/emit/ops.h"

typedef struct bands_text {
    emitter *e;
    const band_chain *c;
    text t;
} bands_text;

static long long bytes_of(const band_map *m, int rows)
{
    return (long long)rows * (long long)m->row_bytes;
}

/* ---- names ---------------------------------------------------------------------------------- */

static const char *reader_name(const bands_text *v, int step, int k)
{
    return arena_printf(v->e->ctx->a, k ? "a%d_%d" : "a%d", step, k);
}

/* Number of a whole map among the parameters. */
static int parameter(const band_chain *c, int map)
{
    int n = 0;
    for (int m = 0; m < map; m++)
        n += c->map.v[m].kind != BAND_WINDOW;
    return n;
}

static const char *base_of(const bands_text *v, int map)
{
    const band_map *m = &v->c->map.v[map];
    if (m->kind == BAND_WINDOW)
        return arena_printf(v->e->ctx->a, "mem + %lld",
                            (long long)v->e->plan->at[m->place->id].offset);
    return arena_printf(v->e->ctx->a, "p%d", parameter(v->c, map));
}

/* A place in a map as a pointer to its elements. */
static const char *pointer(const bands_text *v, int map, const char *at)
{
    const band_map *m = &v->c->map.v[map];
    const char *here = arena_printf(v->e->ctx->a, "%s + %s", base_of(v, map), at);
    if (m->t->type == IR_I8)
        return here;
    const char *constant = m->kind == BAND_READ ? "const " : "";
    return arena_printf(v->e->ctx->a, "(%s%s *)(%svoid *)(%s)", constant, emit_ctype(m->t->type),
                        constant, here);
}

/* ---- windows -------------------------------------------------------------------------------- */

/* Calls with each reader of the map. */
static int readers_of(const band_chain *c, int map, int *step, int *k)
{
    int n = 0;
    for (int i = 0; i < c->step.n; i++)
        for (int j = 0; j < c->step.v[i].n; j++)
            if (c->step.v[i].reader[j].map == map) {
                step[n] = i;
                k[n++] = j;
            }
    return n;
}

static int total_readers(const band_chain *c)
{
    int n = 0;
    for (int i = 0; i < c->step.n; i++)
        n += c->step.v[i].n;
    return n;
}

/* Makes room for `rows` more by moving down what is still to be read. */
static void put_room(bands_text *v, int map, int rows)
{
    arena *a = v->e->ctx->a;
    text *t = &v->t;
    const band_map *m = &v->c->map.v[map];
    int most = total_readers(v->c), *step = ARENA_ARRAY(a, int, most),
        *k = ARENA_ARRAY(a, int, most);
    int n = readers_of(v->c, map, step, k);
    text_set(t, "m", "%d", map);
    text_set(t, "full", "%lld", bytes_of(m, m->room - rows));
    text_set(t, "window", "%s", base_of(v, map));
    text_set(t, "first", "%s", reader_name(v, step[0], k[0]));
    text_put(t, "            if (n$m$ > $full$) {\n"
                "                int32_t d = $first$;\n");
    bool beyond = false;
    for (int i = 0; i < n; i++) {
        const band_reader *r = &v->c->step.v[step[i]].reader[k[i]];
        beyond |= r->step > r->rows;
        text_set(t, "a", "%s", reader_name(v, step[i], k[i]));
        if (i > 0)
            text_put(t, "                d = $a$ < d ? $a$ : d;\n");
    }
    if (beyond)
        text_put(t, "                d = n$m$ < d ? n$m$ : d;\n");
    text_put(t, "                $rows_move$($window$, $window$ + d, n$m$ - d);\n"
                "                n$m$ -= d;\n");
    for (int i = 0; i < n; i++) {
        text_set(t, "a", "%s", reader_name(v, step[i], k[i]));
        text_put(t, "                $a$ -= d;\n");
    }
    text_put(t, "            }\n");
}

/* `rows` rows of padding from `at` on. */
static void put_padding(bands_text *v, int map, const char *at, int rows, int indent)
{
    text *t = &v->t;
    const band_map *m = &v->c->map.v[map];
    text_set(t, "type", "%s", emit_ctype(m->t->type));
    text_set(t, "cells", "%lld", bytes_of(m, rows) / (long long)ir_type_size(m->t->type));
    text_set(t, "at", "%s", pointer(v, map, at));
    text_set(t, "zero", "%d", (int)m->zero);
    text_put_at(t, indent,
                "$type$ *row = $at$;\n"
                "for (int32_t i = 0; i < $cells$; ++i)\n"
                "    row[i] = $zero$;\n");
}

/* Whether the calls of step i are counted: they are to stop, or rows go below the last. */
static bool is_counted(const bands_text *v, int i)
{
    const band_step *s = &v->c->step.v[i];
    bool last = i == v->c->step.n - 1;
    return s->counted && !last && (i > 0 || v->c->map.v[s->out].below > 0);
}

/* ---- steps ---------------------------------------------------------------------------------- */

/* "n3 - a3_4 >= 1536 && left4 > 0" */
static const char *condition(const bands_text *v, int i)
{
    const band_step *s = &v->c->step.v[i];
    buf b;
    buf_init(&b, v->e->ctx->a);
    for (int k = 0; k < s->n; k++) {
        const band_map *m = &v->c->map.v[s->reader[k].map];
        if (m->kind == BAND_WINDOW)
            buf_printf(&b, "%sn%d - %s >= %lld", b.n ? " && " : "", s->reader[k].map,
                       reader_name(v, i, k), bytes_of(m, s->reader[k].rows));
    }
    if (is_counted(v, i))
        buf_printf(&b, "%sleft%d > 0", b.n ? " && " : "", i);
    return b.n ? buf_str(&b) : "1";
}

static const char *out_at(const bands_text *v, const band_step *s)
{
    return arena_printf(v->e->ctx->a, "n%d", s->out);
}

static void put_call(bands_text *v, int i)
{
    emitter *e = v->e;
    const band_step *s = &v->c->step.v[i];
    buf *b = v->t.out;
    if (!s->op) {
        text_set(&v->t, "to", "%s + n%d", base_of(v, s->out), s->out);
        text_set(&v->t, "from", "%s + %s", base_of(v, s->reader[0].map), reader_name(v, i, 0));
        text_set(&v->t, "bytes", "%lld", bytes_of(&v->c->map.v[s->out], 1));
        text_put(&v->t, "            $rows_move$($to$, $from$, $bytes$);\n");
        return;
    }
    buf_printf(b, "            %s(", emit_fn_name(e, s->op));
    for (int k = 0; k < s->n; k++)
        buf_printf(b, "%s%s", k ? ", " : "", pointer(v, s->reader[k].map, reader_name(v, i, k)));
    buf_printf(b, ", %s", pointer(v, s->out, out_at(v, s)));
    if (e->plan->scratch[s->op->id] >= 0)
        buf_printf(b, ", mem + %lld", (long long)e->plan->scratch[s->op->id]);
    buf_puts(b, ");\n");
    if (e->o->profile)
        buf_printf(b, "            %s_profile(%d, %s, %lldU);\n", e->prefix,
                   emit_number(e, s->op->id), pointer(v, s->out, out_at(v, s)),
                   bytes_of(&v->c->map.v[s->out], s->rows));
}

/* After a step's last call: the padding below its rows. */
static void put_below(bands_text *v, int i)
{
    text *t = &v->t;
    const band_step *s = &v->c->step.v[i];
    const band_map *m = &v->c->map.v[s->out];
    text_set(t, "i", "%d", i);
    if (m->kind != BAND_WINDOW || m->below == 0) {
        text_put(t, "            --left$i$;\n");
        return;
    }
    text_put(t, "            if (--left$i$ == 0) { /* rows below */\n");
    buf *out = t->out, body;
    buf_init(&body, v->e->ctx->a);
    body.indent = 4;
    t->out = &body;
    put_room(v, s->out, m->below);
    put_padding(v, s->out, out_at(v, s), m->below, 12);
    text_set(t, "bytes", "%lld", bytes_of(m, m->below));
    text_put(t, "            n$m$ += $bytes$;\n");
    t->out = out;
    buf_puts(out, buf_str(&body));
    text_put(t, "            }\n");
}

static void put_step(bands_text *v, int i)
{
    text *t = &v->t;
    const band_step *s = &v->c->step.v[i];
    const band_map *m = &v->c->map.v[s->out];
    bool last = i == v->c->step.n - 1;
    text_set(t, "if", "%s", last ? "        if" : " else if");
    text_set(t, "when", "%s", condition(v, i));
    text_set(t, "name", "%s",
             s->op ? emit_comment(v->e, s->op->name)
                   : arena_printf(v->e->ctx->a, "rows of %s", emit_comment(v->e, m->t->name)));
    if (i == 0)
        text_put(t, " else { /* $name$ */\n");
    else
        text_put(t, "$if$ ($when$) { /* $name$ */\n");
    if (m->kind == BAND_WINDOW)
        put_room(v, s->out, s->rows);
    put_call(v, i);
    for (int k = 0; k < s->n; k++) {
        const band_map *from = &v->c->map.v[s->reader[k].map];
        text_set(t, "a", "%s", reader_name(v, i, k));
        text_set(t, "bytes", "%lld", bytes_of(from, s->reader[k].step));
        text_put(t, "            $a$ += $bytes$;\n");
    }
    text_set(t, "m", "%d", s->out);
    text_set(t, "bytes", "%lld", bytes_of(m, s->rows));
    text_put(t, "            n$m$ += $bytes$;\n");
    if (is_counted(v, i))
        put_below(v, i);
    text_put(t, "        }");
}

/* ---- the function ---------------------------------------------------------------------------- */

static void put_rows_move(emitter *e, text *t)
{
    text_set(t, "rows_move", "%s_rows_move", e->prefix);
    if (e->bands->moves)
        return;
    e->bands->moves = true;
    emit_use_helper(e, EH_APART); /* inlined, gcc at -O3 warns of vectors beyond a static arena */
    text_set(t, "apart", "%s_APART", e->upper);
    text_put(t, "/* Bytes of a window of rows, further down or from elsewhere. */\n"
                "$apart$ void $rows_move$(int8_t *to, const int8_t *from, int32_t bytes)\n"
                "{\n"
                "    int32_t i = 0;\n"
                "#if defined(__GNUC__) && defined(__ARM_FEATURE_UNALIGNED) && !defined(__TINYC__)\n"
                "    for (; i + 8 <= bytes; i += 8) {\n"
                "        uint32_t a, b;\n"
                "        __builtin_memcpy(&a, from + i, sizeof a);\n"
                "        __builtin_memcpy(&b, from + i + 4, sizeof b);\n"
                "        __builtin_memcpy(to + i, &a, sizeof a);\n"
                "        __builtin_memcpy(to + i + 4, &b, sizeof b);\n"
                "    }\n"
                "#endif\n"
                "    for (; i < bytes; ++i)\n"
                "        to[i] = from[i];\n"
                "}\n\n");
}

static void put_comment(bands_text *v)
{
    const band_chain *c = v->c;
    buf *b = v->t.out;
    const ir_graph *g = v->e->g;
    buf_printf(b,
               "/* %s to %s: each makes some rows as soon as those that it reads are there. "
               "Windows hold the\n"
               " * rows that are still to be read, with padding above and below:\n",
               emit_comment(v->e, g->ops.v[c->first]->name),
               emit_comment(v->e, g->ops.v[c->last]->name));
    for (int m = 0; m < c->map.n; m++)
        if (c->map.v[m].kind == BAND_WINDOW)
            buf_printf(b, " *   n%d: %d rows of %s, of %d; %lld bytes each\n", m, c->map.v[m].room,
                       emit_comment(v->e, c->map.v[m].t->name), c->map.v[m].rows,
                       (long long)c->map.v[m].row_bytes);
    buf_puts(b, " */\n");
}

static void put_head(bands_text *v)
{
    const band_chain *c = v->c;
    buf *b = v->t.out;
    text_put(&v->t, "static void $fn$(");
    for (int m = 0; m < c->map.n; m++)
        if (c->map.v[m].kind != BAND_WINDOW)
            buf_printf(b, "%sint8_t *p%d, ", c->map.v[m].kind == BAND_READ ? "const " : "",
                       parameter(c, m));
    buf_puts(b, "int8_t *mem)\n{\n");
    for (int m = 0; m < c->map.n; m++)
        if (c->map.v[m].kind != BAND_READ)
            buf_printf(b, "    int32_t n%d = %lld;\n", m,
                       bytes_of(&c->map.v[m], c->map.v[m].above));
    for (int i = 0; i < c->step.n; i++)
        for (int k = 0; k < c->step.v[i].n; k++) {
            const band_reader *r = &c->step.v[i].reader[k];
            buf_printf(b, "    int32_t %s = %lld;\n", reader_name(v, i, k),
                       bytes_of(&c->map.v[r->map], r->start));
        }
    for (int i = 0; i < c->step.n; i++)
        if (is_counted(v, i))
            buf_printf(b, "    int32_t left%d = %d;\n", i, c->step.v[i].calls);
}

void bands_print(emitter *e, int k)
{
    band_chain *c = e->bands->chain.v[k];
    bands_text v = {.e = e, .c = c};
    text *t = &v.t;
    int out = c->map.n - 1;
    text_init(t, &e->ops);
    put_rows_move(e, t);
    c->fn = emit_identifier(e, arena_printf(e->ctx->a, "rows_%s", e->g->ops.v[c->last]->name));
    text_set(t, "fn", "%s", c->fn);
    put_comment(&v);
    put_head(&v);
    for (int m = 0; m < c->map.n; m++)
        if (c->map.v[m].kind == BAND_WINDOW && c->map.v[m].above > 0) {
            text_put(t, "    { /* rows above */\n");
            put_padding(&v, m, "0", c->map.v[m].above, 8);
            text_put(t, "    }\n");
        }
    text_set(t, "m", "%d", out);
    text_set(t, "bytes", "%lld", bytes_of(&c->map.v[out], c->map.v[out].rows));
    text_put(t, "    while (n$m$ < $bytes$) {\n");
    for (int i = c->step.n - 1; i >= 0; i--)
        put_step(&v, i);
    text_put(t, "\n    }\n}\n\n");
}

const char *bands_call(emitter *e, const band_chain *c,
                       const char *(*where)(emitter *, const ir_tensor *))
{
    buf b;
    buf_init(&b, e->ctx->a);
    buf_printf(&b, "%s(", c->fn);
    for (int m = 0; m < c->map.n; m++) {
        const band_map *map = &c->map.v[m];
        const char *constant = map->kind == BAND_READ ? "const " : "";
        if (map->kind == BAND_WINDOW)
            continue;
        if (map->t->type != IR_I8)
            buf_printf(&b, "(%sint8_t *)(%svoid *)", constant, constant);
        buf_printf(&b, "%s, ",
                   map->t->type == IR_I8 ? where(e, map->t)
                                         : arena_printf(e->ctx->a, "(%s)", where(e, map->t)));
    }
    buf_puts(&b, "mem)");
    return buf_str(&b);
}

/* ---- facts ----------------------------------------------------------------------------------- */

static emit_chain facts_of(emitter *e, const band_chain *c)
{
    emit_chain f = {.first = emit_number(e, c->first), .last = emit_number(e, c->last)};
    buf b;
    buf_init(&b, e->ctx->a);
    for (int m = 0; m < c->map.n; m++) {
        const band_map *map = &c->map.v[m];
        if (map->kind != BAND_WINDOW)
            continue;
        f.window_bytes += bytes_of(map, map->room);
        buf_printf(&b, "%s%s %d of %d", b.n ? ", " : "", map->t->name, map->room, map->rows);
    }
    f.windows = buf_str(&b);
    return f;
}

void bands_facts(emitter *e, emit_result *r)
{
    r->arena_whole = e->bands ? e->bands->whole : r->arena_bytes;
    if (!e->bands)
        return;
    emit_chain *v = ARENA_ARRAY(e->ctx->a, emit_chain, e->bands->chain.n);
    for (int k = 0; k < e->bands->chain.n; k++)
        v[k] = facts_of(e, e->bands->chain.v[k]);
    r->chains = v;
    r->n_chains = e->bands->chain.n;
}
