/* section_memory.c - the report's sections on memory: the arena over time, layers, size against
 * rate.
 */
#include <inttypes.h>
#include <string.h>

#include "compiler/report/chart.h"
#include "compiler/report/histogram.h"
#include "compiler/report/sections.h"

/* ---- the arena ------------------------------------------------------------------------------- */

static void block_label(chart *c, const emit_block *m, double x0, double x1)
{
    double width = chart_x(c, x1) - chart_x(c, x0);
    double height = chart_y(c, (double)m->offset) - chart_y(c, (double)(m->offset + m->bytes));
    if (height > 13 && width > 8 * (double)strlen(m->name))
        chart_label(c, "in", "middle", chart_x(c, (x0 + x1) / 2),
                    chart_y(c, (double)m->offset + (double)m->bytes / 2) + 4, "%s", m->name);
}

static void draw_block(chart *c, const emit_block *m, int ops, int number)
{
    double x0 = m->first < 0 ? 0 : m->first, x1 = m->last >= ops ? ops : m->last + 1;
    chart_rect(
        c, arena_printf(c->p->ctx->a, "block f%d", m->scratch ? 5 : number % (CHART_COLOURS - 1)),
        x0, (double)m->offset, x1, (double)(m->offset + m->bytes),
        arena_printf(c->p->ctx->a, "%s%s: %" PRId64 " bytes at %" PRId64, m->name,
                     m->scratch ? ", scratch" : "", m->bytes, m->offset));
    block_label(c, m, x0, x1);
}

static const char *op_at(const ir_graph *g, int i)
{
    return i < 0 ? "start" : i >= g->ops.n ? "end" : g->ops.v[i]->name;
}

static void list_blocks(page *p, const ir_graph *g, const emit_result *r)
{
    static const char *const heads[] = {"tensor", ">offset", ">bytes", "from", "to"};
    page_table(p, "The arena in numbers", true, heads, 5);
    for (int i = 0; i < r->n_blocks; i++) {
        const emit_block *m = &r->blocks[i];
        page_cell(p, "%s%s", m->name, m->scratch ? " (scratch)" : "");
        page_cell(p, "%" PRId64, m->offset);
        page_cell(p, "%" PRId64, m->bytes);
        page_cell(p, "%s", op_at(g, m->first));
        page_cell(p, "%s", op_at(g, m->last));
    }
    page_table_end(p);
}

static int64_t sum_bytes(ir_tensor *const *t, int n)
{
    int64_t bytes = 0;
    for (int i = 0; i < n; i++)
        bytes += ir_elems(&t[i]->shape) * (int64_t)ir_type_size(t[i]->type);
    return bytes;
}

void report_memory(page *p, const ir_graph *g, const emit_result *r)
{
    page_section(p, "memory", "Memory over time");
    page_text(p,
              "The arena takes %" PRId64 " bytes; no plan for this order of layers needs less than "
              "%" PRId64 ". Inputs (%" PRId64 " bytes) and outputs (%" PRId64 " bytes) are the "
              "caller's; the stack comes to it.",
              r->arena_bytes, r->arena_lower_bound, sum_bytes(g->inputs.v, g->inputs.n),
              sum_bytes(g->outputs.v, g->outputs.n));
    if (r->n_blocks == 0 || g->ops.n == 0) {
        page_text(p, "Nothing lies in the arena.");
        return;
    }
    chart_frame f = {.title = "The arena while the layers run",
                     .description = "A rectangle for each tensor: from left to right the layers "
                                    "during which it lives, from bottom to top the bytes it takes",
                     .h = 340,
                     .x1 = g->ops.n,
                     .y1 = (double)r->arena_bytes * 1.03};
    chart c = chart_begin(p, &f);
    chart_axis_y(&c, "bytes from the start of the arena");
    for (int i = 0; i < r->n_blocks; i++)
        draw_block(&c, &r->blocks[i], g->ops.n, i);
    chart_axis_x(&c, "layers, in the order in which they run");
    chart_end(&c, "%s. Each has its own colour; scratch of a layer is grey-blue.", f.description);
    list_blocks(p, g, r);
}

/* ---- layers ---------------------------------------------------------------------------------- */

void report_layers(page *p, const ir_graph *g, const emit_result *r)
{
    static const char *const heads[] = {
        "layer",   "operator",      "result",         ">parameters",   ">MACs",
        "weights", ">weight bytes", ">all constants", ">arena in use", "kernel"};
    page_section(p, "layers", "Layers");
    page_table(p, "Layers of the emitted C; bytes as stored", false, heads, 10);
    for (int i = 0; i < g->ops.n; i++) {
        const ir_op *op = g->ops.v[i];
        const ir_tensor *w = ir_weight(op);
        int64_t params = 0;
        for (int k = 0; k < op->n_in; k++)
            params += op->in[k]->kind == IR_CONST ? ir_elems(&op->in[k]->shape) : 0;
        page_cell(p, "%s", op->name);
        page_cell(p, "%s",
                  op->kind == OP_CONV2D && op->at.depthwise ? "depthwise"
                                                            : ir_opinfos[op->kind].word);
        page_cell(p, "%s", ir_shape_str(p->ctx->a, &op->out[0]->shape));
        page_cell(p, "%" PRId64, params);
        page_cell(p, "%" PRId64, ir_macs(op));
        page_cell(p, "%s", w && w->quant ? histogram_grid(p->ctx, w->quant) : "");
        page_cell(p, "%" PRId64, r->op_weights[i]);
        page_cell(p, "%" PRId64, r->op_constants[i]);
        page_cell(p, "%" PRId64, r->op_live[i]);
        page_cell(p, "%s", r->op_kernels[i]);
    }
    page_table_end(p);
}

/* ---- rate against size ----------------------------------------------------------------------- */

enum { MOST_NAMES = 24, LINE = 14, MOST_LINES = 3 };
#define CHAR_WIDTH 7.2

typedef struct spot {
    double from, to, y;
} spot;

static bool overlap(const spot *a, const spot *b)
{
    return a->from < b->to && b->from < a->to && a->y > b->y - LINE && a->y < b->y + LINE;
}

/* Names beside their dots, the last point's first; moved down a few lines where one would lie on
 * another, else left to the table. */
static void name_points(chart *c, const report_point *v, int n)
{
    spot taken[MOST_NAMES];
    int named = 0;
    for (int i = n - 1; i >= 0 && n <= MOST_NAMES; i--) {
        double x = chart_x(c, (double)v[i].bytes), y = chart_y(c, v[i].rate) + 4;
        double width = CHAR_WIDTH * (double)strlen(v[i].name);
        bool left = x > c->w * 0.6, moved = true;
        spot s = {left ? x - 10 - width : x + 10, left ? x - 10 : x + 10 + width, y};
        while (moved) {
            moved = false;
            for (int k = 0; k < named; k++)
                if (overlap(&s, &taken[k])) {
                    s.y = taken[k].y + LINE;
                    moved = true;
                }
        }
        if (s.y > y + MOST_LINES * LINE || s.y > c->h - c->bottom)
            continue;
        taken[named++] = s;
        chart_label(c, "halo", left ? "end" : "start", x + (left ? -10 : 10), s.y, "%s", v[i].name);
    }
}

static void list_points(page *p, const char *rate, const char *bytes, const report_point *v, int n)
{
    const char *heads[] = {"net", arena_printf(p->ctx->a, ">%s, bytes", bytes),
                           arena_printf(p->ctx->a, ">%s", rate), ">95 % interval", "note"};
    page_table(p, arena_printf(p->ctx->a, "%s against size, in numbers", rate), false, heads, 5);
    for (int i = 0; i < n; i++) {
        page_cell(p, "%s", v[i].name);
        page_cell(p, "%" PRId64, v[i].bytes);
        page_cell(p, "%.2f %%", 100 * v[i].rate);
        page_cell(p, "%.2f … %.2f", 100 * v[i].lo, 100 * v[i].hi);
        page_cell(p, "%s", v[i].note ? v[i].note : "");
    }
    page_table_end(p);
}

void report_tradeoff(page *p, const char *rate, const char *bytes, const report_point *v, int n)
{
    arena *a = p->ctx->a;
    chart_frame f = {.title = arena_printf(a, "%s against size", rate),
                     .description = arena_printf(a,
                                                 "Each dot is a net: to the right its %s in "
                                                 "bytes, upwards its %s in percent, with its 95 "
                                                 "%% interval",
                                                 bytes, rate),
                     .h = 340,
                     .y0 = 1};
    page_section(p, "tradeoff", f.title);
    for (int i = 0; i < n; i++) {
        f.x1 = (double)v[i].bytes * 1.06 > f.x1 ? (double)v[i].bytes * 1.06 : f.x1;
        f.y0 = v[i].lo < f.y0 ? v[i].lo : f.y0;
        f.y1 = v[i].hi > f.y1 ? v[i].hi : f.y1;
    }
    double room = f.y1 - f.y0 > 0.02 ? (f.y1 - f.y0) * 0.08 : 0.005;
    f.x1 = f.x1 > 0 ? f.x1 : 1;
    f.y0 = 100 * (f.y0 > room ? f.y0 - room : 0);
    f.y1 = 100 * (f.y1 + room);
    report_point *drawn = arena_memdup(a, v, (size_t)n * sizeof *v);
    chart c = chart_begin(p, &f);
    chart_axis_y(&c, arena_printf(a, "%s, %%", rate));
    chart_axis_x(&c, arena_printf(a, "%s, bytes", bytes));
    for (int i = 0; i < n; i++) {
        const char *line = arena_printf(a, "line l%d", v[i].colour),
                   *dot = arena_printf(a, "f%d", v[i].colour);
        drawn[i].rate *= 100;
        chart_rule(&c, line, (double)v[i].bytes, 100 * v[i].lo, (double)v[i].bytes, 100 * v[i].hi);
        chart_dot(&c, dot, (double)v[i].bytes, drawn[i].rate,
                  arena_printf(a, "%s: %" PRId64 " bytes, %.2f %%", v[i].name, v[i].bytes,
                               drawn[i].rate));
    }
    name_points(&c, drawn, n);
    chart_end(&c, "%s.", f.description);
    list_points(p, rate, bytes, v, n);
}
