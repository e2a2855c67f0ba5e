/* test_onnx_nodes.c - the test models of ONNX itself, from Debian's libonnx-testdata.
 *
 * Each folder is imported; inputs that an operator needs constant are bound from test_data_set_0.
 * What can be imported runs through the oracle and through emitted C, with the host's arrays in
 * either layout, and gives what the folder says (rtol 1e-3, atol 1e-7; integers exactly).
 * onnx_nodes.txt holds the verdict on each folder: pass, unsupported (an operator or attribute),
 * scope (types or ranks that qcc has not). QCC_REBASE=1 writes it anew. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/file.h"
#include "compiler/import/onnx.h"
#include "compiler/jit/engine.h"
#include "compiler/pipeline.h"
#include "compiler/quant/grid.h"

#define DATA "/usr/share/libonnx-testdata/data"
enum { MAX_PORTS = 32, LEAST_PASSES = 200 };

typedef struct folder {
    const char *path; /* "node/test_abs" */
    qctx *ctx;
    const source *model;
    const Onnx__GraphProto *g;
    int n_in; /* graph inputs that are no initializers */
    const char *name[MAX_PORTS];
    const onx_const *in[MAX_PORTS], *want[MAX_PORTS];
} folder;

typedef struct result {
    const char *verdict; /* pass, unsupported, scope, FAIL */
    char why[200];
} result;

/* ---- reading ------------------------------------------------------------------------------- */

static const onx_const *read_tensor(qctx *ctx, const char *path, const char *what, int k)
{
    const char *why,
        *file = arena_printf(ctx->a, DATA "/%s/test_data_set_0/%s_%d.pb", path, what, k);
    FILE *there = fopen(file, "rb");
    if (!there)
        return NULL;
    fclose(there);
    const source *src = file_read(ctx, file);
    const Onnx__TensorProto *t = src ? onx_unpack_tensor(ctx, src) : NULL;
    return t ? onx_unpack(ctx, t, &why) : NULL;
}

static bool is_initializer(const Onnx__GraphProto *g, const char *name)
{
    for (size_t i = 0; i < g->n_initializer; i++)
        if (!strcmp(g->initializer[i]->name, name))
            return true;
    return false;
}

static bool open_folder(folder *f)
{
    f->model = file_read(f->ctx, arena_printf(f->ctx->a, DATA "/%s/model.onnx", f->path));
    const Onnx__ModelProto *m = f->model ? onx_unpack_model(f->ctx, f->model) : NULL;
    if (!m)
        return false;
    f->g = m->graph;
    for (size_t i = 0; i < f->g->n_input && f->n_in < MAX_PORTS; i++) {
        if (is_initializer(f->g, f->g->input[i]->name))
            continue;
        f->name[f->n_in] = f->g->input[i]->name;
        f->in[f->n_in] = read_tensor(f->ctx, f->path, "input", f->n_in);
        f->n_in++;
    }
    for (size_t i = 0; i < f->g->n_output && i < MAX_PORTS; i++)
        f->want[i] = read_tensor(f->ctx, f->path, "output", (int)i);
    return true;
}

/* ---- importing ----------------------------------------------------------------------------- */

static bool bound(const import_options *o, const char *name)
{
    for (int i = 0; i < o->binds.n; i++)
        if (!strcmp(o->binds.v[i].name, name))
            return true;
    return false;
}

/* One more input bound that an operator asked for. */
static bool bind_needed(const folder *f, const struct import_needed *needed, import_options *o)
{
    bool any = false;
    for (int i = 0; i < needed->names.n; i++)
        for (int k = 0; k < f->n_in; k++)
            if (!strcmp(f->name[k], needed->names.v[i]) && f->in[k] && !bound(o, f->name[k])) {
                *VEC_PUSH(f->ctx->a, &o->binds) = (import_binding){f->name[k], f->in[k]};
                any = true;
            }
    return any;
}

static void forget_errors(qctx *ctx)
{
    memset(&ctx->diags, 0, sizeof ctx->diags);
    ctx->newest = NULL;
    ctx->errors = ctx->warnings = 0;
}

/* Imports again and again until nothing more is needed. NULL: cannot, the diagnostics say why. */
static imported *import(const folder *f, const char *layout, import_options *o)
{
    struct import_needed needed = {0};
    *o = (import_options){.layout = layout, .needed = &needed};
    for (;;) {
        forget_errors(f->ctx);
        needed.names.n = 0;
        imported *pair = import_source(f->ctx, f->model, "net", o);
        if (pair || !bind_needed(f, &needed, o))
            return pair;
    }
}

/* ---- running ------------------------------------------------------------------------------- */

/* Where element i of a port stands in the host's row. */
static int64_t host_place(const ir_tensor *t, bool nchw, int64_t i)
{
    int64_t n = ir_elems(&t->shape),
            channels = t->shape.rank > 1 ? t->shape.dim[t->shape.rank - 1] : 1;
    return nchw ? i % channels * (n / channels) + i / channels : i;
}

/* The codes of the C are those of a uint8 array less 128. */
static void put(const ir_tensor *t, const onx_const *c, bool nchw, int64_t row, void *to)
{
    int64_t n = ir_elems(&t->shape);
    for (int64_t i = 0; i < n; i++) {
        double v = c->v[row * n + host_place(t, nchw, i)];
        if (t->type == IR_F32)
            ((float *)to)[i] = (float)v;
        else
            ((int8_t *)to)[i] = c->type == ONX_FLOAT
                                    ? (int8_t)port_quantize((float)v, t->quant->scale[0],
                                                            t->quant->zero[0], -128, 127)
                                    : (int8_t)(v - (c->type == ONX_UINT8 ? 128 : 0));
    }
}

static bool same(const ir_tensor *t, const onx_const *c, bool nchw, int64_t row, const void *got,
                 result *r)
{
    int64_t n = ir_elems(&t->shape);
    for (int64_t i = 0; i < n; i++) {
        double want = c->v[row * n + host_place(t, nchw, i)], v;
        if (t->type == IR_F32) {
            v = (double)((const float *)got)[i];
        } else {
            int code = ((const int8_t *)got)[i];
            v = c->type == ONX_FLOAT ? quant_value(t->quant, 0, code)
                                     : code + (c->type == ONX_UINT8 ? 128 : 0);
        }
        double slack = c->type == ONX_FLOAT ? 1e-7 + 1e-3 * fabs(want) : 0;
        if (v == want || (isnan(v) && isnan(want)) || fabs(v - want) <= slack)
            continue;
        snprintf(r->why, sizeof r->why, "element %lld of row %lld is %.9g, not %.9g", (long long)i,
                 (long long)row, v, want);
        return false;
    }
    return true;
}

static bool run(const folder *f, const import_options *o, const ir_graph *g, engine_kind kind,
                bool nchw, result *r)
{
    emit_options eo;
    void *in[MAX_PORTS], *out[MAX_PORTS];
    const onx_const *data[MAX_PORTS];
    int n = 0;
    emit_options_init(&eo);
    eo.emit_float = g->stage == IR_FOLDED;
    engine *e = engine_new(f->ctx, g, kind, &eo, NULL);
    snprintf(r->why, sizeof r->why, "no engine");
    if (!e)
        return false;
    for (int i = 0; i < f->n_in && n < MAX_PORTS; i++)
        if (!bound(o, f->name[i]))
            data[n++] = f->in[i];
    snprintf(r->why, sizeof r->why, "%d inputs, not %d", g->inputs.n, n);
    if (n != g->inputs.n || !n || !data[0])
        return false;
    int64_t rows = data[0]->n / ir_elems(&g->inputs.v[0]->shape);
    for (int i = 0; i < n; i++) {
        snprintf(r->why, sizeof r->why, "input %d has the wrong size", i);
        if (!data[i] || data[i]->n != rows * ir_elems(&g->inputs.v[i]->shape))
            return false;
        in[i] = arena_alloc(f->ctx->a, (size_t)ir_elems(&g->inputs.v[i]->shape) * 4);
    }
    for (int i = 0; i < g->outputs.n; i++) {
        snprintf(r->why, sizeof r->why, "output %d has the wrong size", i);
        if (!f->want[i] || f->want[i]->n != rows * ir_elems(&g->outputs.v[i]->shape))
            return false;
        out[i] = arena_alloc(f->ctx->a, (size_t)ir_elems(&g->outputs.v[i]->shape) * 4);
    }
    for (int64_t row = 0; row < rows; row++) {
        for (int i = 0; i < n; i++)
            put(g->inputs.v[i], data[i], nchw, row, in[i]);
        snprintf(r->why, sizeof r->why, "the net refused its arguments");
        if (engine_run(e, (const void *const *)in, out) != 0)
            return false;
        for (int i = 0; i < g->outputs.n; i++)
            if (!same(g->outputs.v[i], f->want[i], nchw, row, out[i], r))
                return false;
    }
    return true;
}

/* ---- verdicts ------------------------------------------------------------------------------ */

static bool in_scope(const Onnx__ValueInfoProto *info)
{
    const Onnx__TypeProto *t = info->type;
    if (!t || t->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
        return false;
    int type = t->tensor_type->elem_type;
    return type == ONX_FLOAT || type == ONX_INT8 || type == ONX_UINT8;
}

/* Types that no operator of issue 4 has: of the first input, of any output. */
static const char *beyond_scope(const folder *f)
{
    for (size_t i = 0; i < f->g->n_output; i++)
        if (!in_scope(f->g->output[i]))
            return f->g->output[i]->name;
    return f->g->n_input && !in_scope(f->g->input[0]) ? f->g->input[0]->name : NULL;
}

static void first_reason(const qctx *ctx, result *r)
{
    const diag *d = diag_count(ctx) ? diag_get(ctx, 0) : NULL;
    const char *text = !d                            ? "no diagnostic"
                       : d->notes && !d->notes->hint ? d->notes->text
                                                     : d->message;
    if (!strncmp(text, "cannot import ", 14))
        text += 14;
    snprintf(r->why, sizeof r->why, "%s", text);
}

static bool run_all(folder *f, const import_options *o, const imported *pair, bool nchw, result *r)
{
    const net_options no = {0};
    net *n = net_load_imported(f->ctx, pair, &no);
    if (n && pair->quantized && !net_quantize(f->ctx, n, &no))
        n = NULL;
    r->verdict = "FAIL";
    if (!n) {
        first_reason(f->ctx, r);
        return false;
    }
    const ir_graph *g = pair->quantized ? n->legal : n->floating;
    engine_kind compiled = engine_available(ENGINE_JIT) ? ENGINE_JIT : ENGINE_CC;
    return run(f, o, g, ENGINE_INTERPRETER, nchw, r) && run(f, o, g, compiled, nchw, r);
}

static result judge(folder *f)
{
    result r = {.verdict = "FAIL", .why = "the folder cannot be read"};
    import_options o;
    int passed = 0;
    if (!open_folder(f))
        return r;
    for (int nchw = 0; nchw < 2; nchw++) {
        imported *pair = import(f, nchw ? "nchw" : "nhwc", &o);
        if (pair && !run_all(f, &o, pair, nchw, &r))
            return r;
        passed += pair != NULL;
    }
    if (passed)
        return (result){.verdict = "pass"};
    first_reason(f->ctx, &r);
    const char *beyond = beyond_scope(f);
    r.verdict = beyond ? "scope" : "unsupported";
    return r;
}

/* ---- the table ----------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Folders of one group, sorted. */
static int list(qctx *ctx, const char *group, const char **path, int most)
{
    DIR *d = opendir(arena_printf(ctx->a, DATA "/%s", group));
    int n = 0;
    for (struct dirent *e; d && n < most && (e = readdir(d));)
        if (*e->d_name != '.')
            path[n++] = arena_printf(ctx->a, "%s/%s", group, e->d_name);
    if (d)
        closedir(d);
    qsort(path, (size_t)n, sizeof *path, by_name);
    return n;
}

/* The committed verdict on a folder; "" where it is not in the table. */
static const char *committed(qctx *ctx, const char *table, const char *path)
{
    size_t n = strlen(path);
    for (const char *line = table; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (!strncmp(line, path, n) && line[n] == '\t')
            return arena_strndup(ctx->a, line + n + 1, strcspn(line + n + 1, "\t\n"));
    return "";
}

static const char *table_path(qctx *ctx)
{
    const char *top = getenv("top_srcdir");
    return arena_printf(ctx->a, "%s/tests/import/onnx_nodes.txt", top ? top : ".");
}

static int check(qctx *ctx, const char *path, const char *table, buf *fresh, int *passes)
{
    folder f = {.path = path, .ctx = qctx_new()};
    if (!f.ctx)
        return 1;
    result r = judge(&f);
    const char *want = committed(ctx, table, path);
    bool pass = !strcmp(r.verdict, "pass"), fail = !strcmp(r.verdict, "FAIL");
    *passes += pass;
    buf_printf(fresh, "%s\t%s%s%s\n", path, r.verdict, pass ? "" : "\t", pass ? "" : r.why);
    bool wrong = fail || strcmp(r.verdict, want) != 0;
    if (wrong)
        printf("%s: %s %s (the table says '%s')\n", path, r.verdict, r.why, want);
    qctx_free(f.ctx);
    return wrong;
}

int main(void)
{
    static const char *const groups[] = {"node", "pytorch-converted", "pytorch-operator", "simple"};
    enum { MOST = 2000 };
    static const char *path[MOST];
    qctx *ctx = qctx_new();
    int wrong = 0, passes = 0, total = 0;
    buf fresh;
    if (!ctx || !list(ctx, groups[0], path, MOST)) {
        puts("no " DATA " (Debian: apt-get install libonnx-testdata)");
        return 77;
    }
    const char *only = getenv("QCC_ONNX_ONLY");
    bool rebase = getenv("QCC_REBASE") != NULL;
    const source *table = rebase || only ? NULL : file_read(ctx, table_path(ctx));
    buf_init(&fresh, ctx->a);
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
        int n = list(ctx, groups[g], path, MOST);
        for (int i = 0; i < n; i++)
            if (!only || strstr(path[i], only)) {
                wrong += check(ctx, path[i], table ? table->text : "", &fresh, &passes);
                total++;
            }
    }
    printf("%d folders, %d pass\n", total, passes);
    if (rebase && !file_write(ctx, table_path(ctx), buf_str(&fresh), fresh.n))
        return 1;
    bool enough = only || passes >= LEAST_PASSES;
    qctx_free(ctx);
    return (wrong && !rebase) || !enough;
}
