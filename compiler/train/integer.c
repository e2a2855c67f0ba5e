/* integer.c - scores of an integer net, and its codes against the training forward's. */
#include "compiler/train/integer.h"

#include <string.h>

#include "compiler/base/apart.h"
#include "compiler/quant/grid.h"
#include "compiler/quant/quant.h"
#include "compiler/train/ranks.h"
#include "compiler/train/tune.h"
#include "runtime/interp.h"

enum { COMPARED = 64 };

/* What a context of its own found wrong, told again in ctx. */
static bool pass_on(qctx *ctx, qctx *own, const char *what)
{
    const char *why =
        own && diag_count(own) ? diag_get(own, diag_count(own) - 1)->message : "no memory";
    diag_add(ctx, D_TRAIN_INTEGER, loc_none(), "%s: %s", what, why);
    qctx_free(own);
    return false;
}

static const ir_graph *legal_of(qctx *own, const ir_graph *quantized)
{
    ir_graph *g = ir_clone(own, quantized);
    return legalize(own, g, g->numerics) && prove_bounds(own, g, false) ? g : NULL;
}

static int32_t code_at(const ir_tensor *t, const void *data, int64_t i)
{
    return t->type == IR_I16   ? ((const int16_t *)data)[i]
           : t->type == IR_I32 ? ((const int32_t *)data)[i]
                               : ((const int8_t *)data)[i];
}

/* The net up to its logits: losses apply a final softmax themselves, and its 8-bit probabilities
 * say little of them. */
static const ir_graph *logits_graph(qctx *own, const ir_graph *quantized)
{
    ir_graph *g = ir_clone(own, quantized);
    ir_op *last = g->outputs.v[0]->producer;
    if (g->outputs.n != 1 || !last || last->kind != OP_SOFTMAX || last->in[0]->kind != IR_VALUE)
        return g;
    g->outputs.v[0]->is_output = false;
    g->outputs.v[0] = last->in[0];
    last->in[0]->is_output = true;
    ir_remove_unused(own, g);
    return g;
}

static void **buffers(qctx *own, ir_tensor *const *t, int n)
{
    void **p = ARENA_ARRAY(own->a, void *, n);
    for (int i = 0; i < n; i++)
        p[i] = arena_alloc(own->a, (size_t)ir_elems(&t[i]->shape) * ir_type_size(t[i]->type));
    return p;
}

static void target_of(const train_rows *rows, const float *teacher, int32_t row, int64_t n,
                      float *to)
{
    if (teacher)
        memcpy(to, teacher + row * n, (size_t)n * sizeof *to);
    for (int64_t k = 0; k < n && rows->targets; k++)
        to[k] = (float)dtype_value(rows->targets->dtype, rows->targets->data, row * n + k);
}

typedef struct scoring {
    qctx *ctx;
    const ir_graph *quantized;
    engine_kind kind;
    const train_rows *rows;
    const float *teacher;
    const loss_spec *loss;
    bool (*stopped)(void); /* or NULL */
    uint8_t *hits;         /* by row, or NULL */
    fit_score *score;
} scoring;

/* Loss and hit of each row that this process judges, in a context of its own. */
static bool score_rows(const scoring *s, loss_sum *of)
{
    qctx *own = qctx_new();
    if (!own || setjmp(*arena_guard(own->a)))
        return pass_on(s->ctx, own, "the integer net cannot be judged");
    emit_options o;
    emit_options_init(&o);
    const ir_graph *g = legal_of(own, logits_graph(own, s->quantized));
    engine *e = g ? engine_new(own, g, s->kind, &o, "-O2") : NULL;
    if (!e)
        return pass_on(s->ctx, own, "the integer net cannot be judged");
    const ir_tensor *out = g->outputs.v[0];
    void **x = buffers(own, g->inputs.v, g->inputs.n),
         **codes = buffers(own, g->outputs.v, g->outputs.n);
    const train_rows *rows = s->rows;
    int64_t n = ir_elems(&out->shape), begin, end, i;
    float *y = ARENA_ARRAY(own->a, float, n), *target = ARENA_ARRAY(own->a, float, n);
    ranks_part(s->ctx->ranks, rows->n, &begin, &end);
    for (i = begin; i < end && !(s->stopped && s->stopped()); i++) {
        int32_t row = rows_number(rows, NULL, i);
        for (int k = 0; k < rows->n_ports; k++)
            port_row_codes(&rows->ports[k], row, x[k]);
        engine_run(e, (const void *const *)x, codes);
        for (int64_t k = 0; k < n; k++)
            y[k] = (float)quant_value(out->quant, 0, code_at(out, codes[0], k));
        target_of(rows, s->teacher, row, n, target);
        of[i] = loss_row(s->loss, y, n, rows->labels ? &rows->labels[row] : NULL,
                         s->teacher || rows->targets ? target : NULL);
    }
    qctx_free(own);
    return i == end;
}

static bool score_all(qctx *own, void *user)
{
    const scoring *s = user;
    qctx *ctx = s->ctx;
    int64_t n = s->rows->n;
    loss_sum *of = ARENA_ARRAY(own->a, loss_sum, n), sum = {0, 0};
    if (!ranks_agree(ctx, score_rows(s, of)))
        return false;
    ranks_gather(ctx->ranks, of, n, 1, sizeof *of);
    for (int64_t i = 0; i < n; i++) {
        sum.loss += of[i].loss;
        sum.right += of[i].right;
        if (s->hits)
            s->hits[i] = of[i].right != 0;
    }
    *s->score = (fit_score){sum.loss / (double)n, (double)sum.right / (double)n, sum.right};
    return true;
}

bool tune_score_until(qctx *ctx, const ir_graph *quantized, engine_kind kind,
                      const train_rows *rows, const float *teacher, const loss_spec *loss,
                      bool (*stopped)(void), fit_score *score)
{
    scoring s = {ctx, quantized, kind, rows, teacher, loss, stopped, NULL, score};
    return qctx_apart(ctx, score_all, &s);
}

bool tune_score(qctx *ctx, const ir_graph *quantized, engine_kind kind, const train_rows *rows,
                const float *teacher, const loss_spec *loss, uint8_t *hits, fit_score *score)
{
    scoring s = {ctx, quantized, kind, rows, teacher, loss, NULL, hits, score};
    return qctx_apart(ctx, score_all, &s);
}

/* ---- codes side by side ---------------------------------------------------------------------- */

static int64_t differing_of(const ir_tensor *t, const void *codes, const float *v, int64_t *n)
{
    int64_t differing = 0, elements = ir_elems(&t->shape);
    for (int64_t i = 0; i < elements; i++)
        differing += quant_encode(t->quant, 0, (double)v[i], NULL) != code_at(t, codes, i);
    *n += elements;
    return differing;
}

double integer_difference(qctx *ctx, qat *q, tengine *e, const ir_graph *quantized,
                          const train_rows *rows, int64_t *codes)
{
    const ir_graph *g = legal_of(ctx, quantized);
    int64_t differing = 0;
    int n = (int)(rows->n < COMPARED ? rows->n : COMPARED);
    n = n < tengine_batch(e) ? n : tengine_batch(e);
    *codes = 0;
    if (!g)
        return 0;
    train_rows through = *rows;
    through.through_codes = true;
    tengine_alone(e);
    rows_load(&through, e, NULL, 0, n);
    tengine_forward(e, n, false, 0);
    interp *it = interp_new(ctx, g);
    void **x = buffers(ctx, g->inputs.v, g->inputs.n),
         **y = buffers(ctx, g->outputs.v, g->outputs.n);
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < rows->n_ports; k++)
            port_row_codes(&rows->ports[k], rows_number(rows, NULL, i), x[k]);
        interp_run(it, (const void *const *)x, y);
        for (int k = 0; k < g->ops.n; k++) {
            const ir_tensor *t = g->ops.v[k]->out[0];
            const float *v = qat_activation(q, g->ops.v[k])
                                 ? tengine_values(e, qat_folded(q)->tensors.v[t->id])
                                 : NULL;
            const void *c = interp_value(it, t);
            if (v && c && t->quant)
                differing += differing_of(t, c, v + i * ir_elems(&t->shape), codes);
        }
    }
    return *codes ? (double)differing / (double)*codes : 0;
}
