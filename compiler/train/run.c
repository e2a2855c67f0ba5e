/* run.c - one step: forward and backward over shards, on any number of threads.
 *
 * A thread keeps its shards from operator to operator (static schedules of equal length), so only
 * batch norm's statistics need the others. */
#include <math.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#define OMP(text) _Pragma(#text)
#else
#define OMP(text)
#endif

#include "compiler/train/build.h"
#include "compiler/train/qat.h"
#include "compiler/train/ranks.h"

static int thread_number(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

static int shards_of(int rows)
{
    return (rows + TRAIN_SHARD - 1) / TRAIN_SHARD;
}

static int rows_of(int rows, int shard)
{
    int left = rows - shard * TRAIN_SHARD;
    return left < TRAIN_SHARD ? left : TRAIN_SHARD;
}

static const ranks *ranks_of(const tengine *e)
{
    return e->alone ? NULL : e->ctx->ranks;
}

/* Shards of a batch that this process does. */
typedef struct range {
    int begin, end;
} range;

static range own_shards(const tengine *e, int rows)
{
    int64_t begin, end;
    ranks_part(ranks_of(e), shards_of(rows), &begin, &end);
    return (range){(int)begin, (int)end};
}

void tengine_each_shard(const tengine *e, int rows, tshard_fn *fn, void *user)
{
    range own = own_shards(e, rows);
    OMP(omp parallel for schedule(static) num_threads(e->o.threads))
    for (int s = own.begin; s < own.end; s++)
        fn(user, s, s * TRAIN_SHARD, rows_of(rows, s));
}

void tengine_share_shards(const tengine *e, int rows, void *v, size_t size)
{
    ranks_gather(ranks_of(e), v, shards_of(rows), 1, size);
}

/* ---- one shard of one node ----------------------------------------------------------------- */

typedef void kernel_fn(const tcall *c);

typedef struct shard_call {
    tcall c;
    const float *x[IR_MAX_INPUTS];
    float *dx[IR_MAX_INPUTS];
} shard_call;

static float *rows_at(float *v, const tval *t, int shard)
{
    return v ? v + (int64_t)shard * TRAIN_SHARD * t->n : NULL;
}

static void make_call(const tengine *e, const tnode *n, int shard, shard_call *s)
{
    float *dtheta = e->shard_gradient + (int64_t)shard * e->n_theta;
    for (int k = 0; k < n->n_in; k++)
        s->x[k] = rows_at(n->in[k]->v, n->in[k], shard);
    s->c = (tcall){.node = n, .shard = shard, .rows = rows_of(e->rows, shard),
                   .training = e->training, .seed = e->seed, .x = s->x, .dx = s->dx,
                   .y = rows_at(n->out->v, n->out, shard), .dy = rows_at(n->out->g, n->out, shard),
                   .w = n->w, .b = n->b, .dtheta = dtheta,
                   .dw = n->w_at >= 0 ? dtheta + n->w_at : NULL,
                   .db = n->b_at >= 0 ? dtheta + n->b_at : NULL,
                   .scratch = e->thread_scratch + thread_number() * e->scratch};
}

static void run_shard(const tengine *e, const tnode *n, kernel_fn *fn, int shard)
{
    shard_call s;
    make_call(e, n, shard, &s);
    fn(&s.c);
}

/* Gradients of inputs that others gave one before go to scratch first. */
static void backward_shard(const tengine *e, const tnode *n, int shard)
{
    shard_call s;
    make_call(e, n, shard, &s);
    float *extra = s.c.scratch + (n->k->scratch ? n->k->scratch(n) : 0);
    float *start = extra;
    for (int k = 0; k < n->n_in; k++) {
        bool first = n->first[k];
        s.dx[k] = !n->in[k]->wants_gradient ? NULL : first ? rows_at(n->in[k]->g, n->in[k], shard) : extra;
        extra += first ? 0 : n->in[k]->n * TRAIN_SHARD;
    }
    n->k->backward(&s.c);
    for (int k = 0; k < n->n_in; k++) {
        if (n->first[k])
            continue;
        float *g = rows_at(n->in[k]->g, n->in[k], shard);
        for (int64_t i = 0; i < s.c.rows * n->in[k]->n && s.dx[k]; i++)
            g[i] += start[i];
        start += n->in[k]->n * TRAIN_SHARD;
    }
}

/* ---- the whole batch ----------------------------------------------------------------------- */

static void prepare(tengine *e)
{
    if (e->o.qat)
        qat_begin_step(e->o.qat, e->theta);
    for (int i = 0; i < e->nodes.n; i++) {
        tnode *n = e->nodes.v[i];
        n->w = n->w_at >= 0 ? e->theta + n->w_at : NULL;
        n->b = n->b_at >= 0 ? e->theta + n->b_at : NULL;
        n->batch_stats = e->training && !n->frozen;
        if (n->wquant) {
            qat_quantize_weights(n->wquant, n->w, n->b, n->quantized);
            n->w = n->quantized;
            n->b = n->b ? n->quantized + n->wn : NULL;
        }
        if (n->k->prepare)
            n->k->prepare(n);
    }
}

/* Batch norm's sums of all shards. */
static void share_partial(const tengine *e, const tnode *n)
{
    tengine_share_shards(e, e->rows, n->partial, 2 * (size_t)n->wn * sizeof *n->partial);
}

void tengine_forward(tengine *e, int rows, bool training, uint64_t seed)
{
    range own = own_shards(e, rows);
    e->rows = rows;
    e->training = training;
    e->seed = seed;
    prepare(e);
    OMP(omp parallel num_threads(e->o.threads))
    for (int i = 0; i < e->nodes.n; i++) {
        tnode *n = e->nodes.v[i];
        if (n->k->merge && n->batch_stats) {
            OMP(omp for schedule(static))
            for (int s = own.begin; s < own.end; s++)
                run_shard(e, n, n->k->gather, s);
            OMP(omp single)
            {
                share_partial(e, n);
                n->k->merge(n, shards_of(rows), rows);
            }
        }
        OMP(omp for schedule(static) nowait)
        for (int s = own.begin; s < own.end; s++)
            run_shard(e, n, n->k->forward, s);
    }
}

/* Sums of the shards' gradients, in their order. */
static void reduce(tengine *e, int shards)
{
    int64_t n = e->n_theta;
    if (ranks_of(e)) {
        ranks_sum(ranks_of(e), e->shard_gradient, shards, n, e->rank_work, e->gradient);
        return;
    }
    OMP(omp parallel for schedule(static) num_threads(e->o.threads))
    for (int64_t i = 0; i < n; i++) {
        float sum = e->shard_gradient[i];
        for (int s = 1; s < shards; s++)
            sum += e->shard_gradient[s * n + i];
        e->gradient[i] = sum;
    }
}

const float *tengine_backward(tengine *e, int rows)
{
    range own = own_shards(e, rows);
    OMP(omp parallel num_threads(e->o.threads))
    {
        OMP(omp for schedule(static))
        for (int s = own.begin; s < own.end; s++)
            memset(e->shard_gradient + s * e->n_theta, 0, (size_t)e->n_theta * sizeof(float));
        for (int i = e->nodes.n - 1; i >= 0; i--) {
            tnode *n = e->nodes.v[i];
            if (!n->out->wants_gradient)
                continue;
            if (n->k->merge_back) {
                OMP(omp for schedule(static))
                for (int s = own.begin; s < own.end; s++)
                    run_shard(e, n, n->k->gather_back, s);
                OMP(omp single)
                {
                    share_partial(e, n);
                    n->k->merge_back(n, shards_of(rows), rows);
                }
            }
            OMP(omp for schedule(static) nowait)
            for (int s = own.begin; s < own.end; s++)
                backward_shard(e, n, s);
        }
    }
    reduce(e, shards_of(rows));
    if (e->o.qat)
        for (int i = 0; i < e->nodes.n; i++) {
            const tnode *n = e->nodes.v[i];
            if (n->wquant)
                qat_weight_gradient(n->wquant, e->theta + n->w_at, e->gradient + n->w_at,
                                    e->gradient);
        }
    return e->gradient;
}

/* ---- access -------------------------------------------------------------------------------- */

int64_t tengine_bytes(const tengine *e)
{
    return e->bytes;
}

int tengine_batch(const tengine *e)
{
    return e->o.batch;
}

int tengine_params(const tengine *e, const tparam **p)
{
    *p = e->params.v;
    return e->params.n;
}

float *tengine_theta(tengine *e, int64_t *n)
{
    *n = e->n_theta;
    return e->theta;
}

const float *tengine_units(const tengine *e)
{
    return e->unit;
}

float *tengine_running(tengine *e, int64_t *n)
{
    *n = e->n_running;
    return e->running;
}

bool tengine_read(const tengine *e, const ir_tensor *t, float *out)
{
    for (int i = 0; i < e->params.n; i++)
        if (e->params.v[i].tensor == t) {
            memcpy(out, e->theta + e->params.v[i].offset, (size_t)e->params.v[i].count * sizeof *out);
            return true;
        }
    for (int i = 0; i < e->nodes.n; i++) {
        const tnode *n = e->nodes.v[i];
        if (n->kind != OP_BATCH_NORM || (t != n->op->in[3] && t != n->op->in[4]))
            continue;
        memcpy(out, n->running + (t == n->op->in[4] ? n->wn : 0), (size_t)n->wn * sizeof *out);
        return true;
    }
    return false;
}

int64_t tengine_outputs(const tengine *e)
{
    return e->output->n;
}

float *tengine_input(tengine *e, int k)
{
    return e->inputs.v[k]->v;
}

const float *tengine_output(const tengine *e)
{
    return e->output->v;
}

void tengine_share_output(tengine *e)
{
    int64_t n = e->output->n;
    ranks_gather(ranks_of(e), e->output->v, e->rows * n, TRAIN_SHARD * n, sizeof(float));
}

void tengine_alone(tengine *e)
{
    e->alone = true;
}

float *tengine_output_gradient(tengine *e)
{
    return e->output->g;
}

const float *tengine_input_gradient(const tengine *e)
{
    return e->inputs.v[0]->g;
}

const float *tengine_values(const tengine *e, const ir_tensor *t)
{
    for (int i = e->values.n - 1; i >= 0; i--)
        if (e->values.v[i]->tensor == t)
            return e->values.v[i]->v;
    return NULL;
}

static bool all_finite(const tval *v, int64_t begin, int64_t end)
{
    for (int64_t k = begin * v->n; k < end * v->n; k++)
        if (!isfinite(v->v[k]))
            return false;
    return true;
}

const ir_op *tengine_not_finite(const tengine *e, int rows)
{
    range own = own_shards(e, rows);
    int begin = own.begin * TRAIN_SHARD,
        end = own.end * TRAIN_SHARD < rows ? own.end * TRAIN_SHARD : rows;
    int first = 0;
    while (first < e->nodes.n && all_finite(e->nodes.v[first]->out, begin, end))
        first++;
    first = ranks_least(ranks_of(e), first);
    return first < e->nodes.n ? e->nodes.v[first]->op : NULL;
}
