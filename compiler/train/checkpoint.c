/* checkpoint.c - the state of a run in a safetensors file, written atomically; and the log.
 *
 * Tensors: theta, running, m, v, best_theta, best_running (F32), log and state (F64). The settings
 * stand in the metadata: a run goes on only with the settings that it began with. */
#include <math.h>
#include <string.h>

#include "compiler/base/apart.h"
#include "compiler/base/file.h"
#include "compiler/io/tensors.h"
#include "compiler/train/fit.h"
#include "compiler/train/ranks.h"

enum {
    ST_EPOCH,
    ST_STEP,
    ST_LOSS,
    ST_RIGHT,
    ST_ROWS,
    ST_BEST_LOSS,
    ST_BEST_ACCURACY,
    ST_BEST_RIGHT,
    ST_BEST_EPOCH,
    ST_OPT_STEPS,
    ST_COUNT
};
enum { LOG_COLUMNS = 8, MOST_TENSORS = 8 };

typedef struct item {
    const char *name;
    tensor_dtype dtype;
    int64_t n;
    void *data;
} item;

/* The arrays of the run, in order of name. */
static int items_of(fit *f, double *state, double *log, item *out)
{
    int64_t n, r;
    float *theta = tengine_theta(f->e, &n), *running = tengine_running(f->e, &r);
    const item all[] = {{"best_running", DT_F32, r, f->best_running},
                        {"best_theta", DT_F32, n, f->best_theta},
                        {"log", DT_F64, (int64_t)f->log.n * LOG_COLUMNS, log},
                        {"m", DT_F32, n, f->opt.m},
                        {"running", DT_F32, r, running},
                        {"state", DT_F64, ST_COUNT, state},
                        {"theta", DT_F32, n, theta},
                        {"v", DT_F32, n, f->opt.v}};
    int count = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].data && all[i].n > 0)
            out[count++] = all[i];
    return count;
}

static void put_line(const fit_epoch *e, double *v)
{
    const double all[LOG_COLUMNS] = {e->epoch,    e->rate,        e->loss,
                                     e->accuracy, e->select_loss, e->select_accuracy,
                                     e->seconds,  e->best};
    memcpy(v, all, sizeof all);
}

static fit_epoch get_line(const double *v)
{
    return (fit_epoch){(int)v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7] != 0};
}

static double *lines_of(qctx *ctx, const fit *f)
{
    double *log = ARENA_ARRAY(ctx->a, double, f->log.n *LOG_COLUMNS + 1);
    for (int i = 0; i < f->log.n; i++)
        put_line(&f->log.v[i], log + i * LOG_COLUMNS);
    return log;
}

static void put_state(const fit *f, double *s)
{
    const double all[ST_COUNT] = {f->epoch,         (double)f->step,
                                  f->loss_sum,      f->right_sum,
                                  f->rows_sum,      f->best.loss,
                                  f->best.accuracy, (double)f->best.right,
                                  f->best_epoch,    (double)f->opt.steps_done};
    memcpy(s, all, sizeof all);
}

static bool write_file(qctx *own, void *user)
{
    fit *f = user;
    double state[ST_COUNT], *log = lines_of(own, f);
    put_state(f, state);
    item items[MOST_TENSORS];
    named_tensor t[MOST_TENSORS];
    int n = items_of(f, state, log, items);
    for (int i = 0; i < n; i++)
        t[i] = (named_tensor){.name = items[i].name,
                              .dtype = items[i].dtype,
                              .rank = 1,
                              .dim = &items[i].n,
                              .elems = items[i].n,
                              .data = items[i].data};
    const char *const meta[][2] = {{"settings", f->o.settings}};
    return safetensors_write(own, f->o.checkpoint, t, n, meta, 1);
}

bool checkpoint_write(fit *f)
{
    return ranks_agree(f->ctx, !ranks_first() || qctx_apart(f->ctx, write_file, f));
}

static bool refuse(fit *f, const char *why)
{
    diag_add(f->ctx, D_TRAIN_CHECKPOINT, loc_none(), "%s: %s", f->o.checkpoint, why);
    diag_hint(f->ctx, "without --resume training begins anew");
    return false;
}

static const char *settings_of(const tensor_file *t)
{
    for (int i = 0; i < t->metadata.n; i++)
        if (!strcmp(t->metadata.v[i].key, "settings"))
            return t->metadata.v[i].value;
    return "";
}

static bool is_whole(double v, double lo, double hi)
{
    return v >= lo && v <= hi && v == floor(v);
}

/* A place that this run can be in: steps of an epoch that it has, sums that are numbers. */
static bool is_state(const fit *f, const double *s)
{
    double steps = ceil((double)f->rows.n / f->o.batch);
    for (int i = ST_LOSS; i <= ST_ROWS; i++)
        if (!isfinite(s[i]))
            return false;
    return is_whole(s[ST_EPOCH], 0, f->o.epochs) && is_whole(s[ST_STEP], 0, steps) &&
           is_whole(s[ST_BEST_EPOCH], -1, s[ST_EPOCH]) &&
           is_whole(s[ST_BEST_RIGHT], 0, INT32_MAX) &&
           is_whole(s[ST_OPT_STEPS], 0, steps * f->o.epochs);
}

static void take_state(fit *f, const double *s)
{
    f->epoch = (int)s[ST_EPOCH];
    f->step = (int64_t)s[ST_STEP];
    f->loss_sum = s[ST_LOSS];
    f->right_sum = s[ST_RIGHT];
    f->rows_sum = s[ST_ROWS];
    f->best = (fit_score){s[ST_BEST_LOSS], s[ST_BEST_ACCURACY], (int64_t)s[ST_BEST_RIGHT]};
    f->best_epoch = (int)s[ST_BEST_EPOCH];
    f->opt.steps_done = (int64_t)s[ST_OPT_STEPS];
}

static bool take(fit *f, const tensor_file *t)
{
    double state[ST_COUNT];
    item items[MOST_TENSORS];
    const named_tensor *lines = tensor_file_find(t, "log");
    f->log.n = 0;
    for (int64_t i = 0; lines && lines->dtype == DT_F64 && i + LOG_COLUMNS <= lines->elems;
         i += LOG_COLUMNS) {
        const double *line = (const double *)lines->data + i;
        if (!is_whole(*line, 0, f->o.epochs))
            return refuse(f, "not a checkpoint of this run");
        *VEC_PUSH(f->ctx->a, &f->log) = get_line(line);
    }
    int n = items_of(f, state, ARENA_ARRAY(f->ctx->a, double, f->log.n *LOG_COLUMNS + 1), items);
    for (int i = 0; i < n; i++) {
        const named_tensor *from = tensor_file_find(t, items[i].name);
        if (!from || from->dtype != items[i].dtype || from->elems != items[i].n)
            return refuse(f, "not a checkpoint of this run");
        memcpy(items[i].data, from->data, (size_t)from->elems * dtype_size(from->dtype));
    }
    if (!is_state(f, state))
        return refuse(f, "not a checkpoint of this run");
    take_state(f, state);
    return true;
}

/* Read in a context of its own: the file is going to be written again. */
static bool read_file(fit *f)
{
    qctx *own = qctx_new();
    if (!own || setjmp(*arena_guard(own->a))) {
        qctx_free(own);
        return refuse(f, "no memory to read it");
    }
    tensor_file *t = tensor_file_read(own, f->o.checkpoint, -1);
    bool ok = t != NULL;
    if (!ok)
        refuse(f, "no checkpoint is there, or it cannot be read");
    else if (strcmp(settings_of(t), f->o.settings) != 0)
        ok = refuse(f, "written by a run with other settings, data or another net");
    else
        ok = take(f, t);
    qctx_free(own);
    return ok;
}

/* The state of the first process to all others. */
static void share_state(fit *f)
{
    const ranks *r = f->ctx->ranks;
    int lines = f->log.n;
    double state[ST_COUNT];
    item items[MOST_TENSORS];
    put_state(f, state);
    ranks_copy(r, state, sizeof state);
    ranks_copy(r, &lines, sizeof lines);
    while (f->log.n < lines)
        (void)VEC_PUSH(f->ctx->a, &f->log);
    double *log = lines_of(f->ctx, f);
    int n = items_of(f, state, log, items);
    for (int i = 0; i < n; i++)
        ranks_copy(r, items[i].data, (size_t)items[i].n * dtype_size(items[i].dtype));
    for (int i = 0; i < lines; i++)
        f->log.v[i] = get_line(log + i * LOG_COLUMNS);
    take_state(f, state);
}

bool checkpoint_read(fit *f)
{
    if (!ranks_agree(f->ctx, !ranks_first() || read_file(f)))
        return false;
    if (f->ctx->ranks)
        share_state(f);
    return true;
}

void fit_put_line(buf *b, const fit_epoch *line)
{
    double v[LOG_COLUMNS];
    put_line(line, v);
    buf_printf(b, "%d", line->epoch);
    for (int k = 1; k < LOG_COLUMNS; k++)
        if (isfinite(v[k]))
            buf_printf(b, ",%.9g", v[k]);
        else
            buf_puts(b, ",");
    buf_puts(b, "\n");
}

static bool write_log(qctx *own, void *user)
{
    const fit *f = user;
    buf b;
    buf_init(&b, own->a);
    buf_puts(&b, FIT_LOG_HEADS);
    for (int i = 0; i < f->log.n; i++)
        fit_put_line(&b, &f->log.v[i]);
    const char *text = buf_str(&b);
    return file_write(own, f->o.log, text, strlen(text));
}

bool fit_write_log(fit *f)
{
    return ranks_agree(f->ctx, !ranks_first() || qctx_apart(f->ctx, write_log, f));
}
