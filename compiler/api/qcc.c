/* qcc.c - libqcc's public calls: guards against memory running out, order of calls, options. */
#include "config.h"

#include "compiler/api/qcc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/file.h"
#include "compiler/jit/engine.h"
#include "compiler/pipeline.h"
#include "compiler/api/number.h"

struct qcc_net {
    qctx *ctx;
    net *net;
    net_options options;
    emit_options emit;
    const char *qdl, *weights;
    engine *jit;
};

/* Where memory runs out inside a call, it ends there with QCC_NO_MEMORY. */
#define GUARDED(q)                            \
    do {                                      \
        if (setjmp(*arena_guard((q)->ctx->a))) \
            return QCC_NO_MEMORY;             \
    } while (0)

const char *qcc_version(void)
{
    return PACKAGE_VERSION;
}

qcc_status qcc_load(qcc_net **out, const char *qdl_path, const char *weights_path)
{
    if (!out || !qdl_path || !weights_path)
        return QCC_WRONG_USAGE;
    *out = NULL;
    qctx *ctx = qctx_new();
    if (!ctx)
        return QCC_NO_MEMORY;
    if (setjmp(*arena_guard(ctx->a))) {
        qctx_free(ctx);
        return QCC_NO_MEMORY;
    }
    qcc_net *q = ARENA_NEW(ctx->a, qcc_net);
    q->ctx = ctx;
    q->qdl = arena_strdup(ctx->a, qdl_path);
    q->weights = arena_strdup(ctx->a, weights_path);
    emit_options_init(&q->emit);
    q->net = net_load(ctx, q->qdl, q->weights, &q->options);
    *out = q;
    return q->net ? QCC_OK : QCC_BAD_INPUT;
}

void qcc_free(qcc_net *q)
{
    if (q)
        qctx_free(q->ctx);
}

static qcc_status add_setting(qcc_net *q, const char *which, const char *text)
{
    if (!q->net || q->net->legal)
        return QCC_WRONG_USAGE;
    text = arena_strdup(q->ctx->a, text);
    *VEC_PUSH(q->ctx->a, &q->options.settings) =
        (net_setting){arena_strdup(q->ctx->a, which), text};
    return net_set(q->ctx, q->net, which, text) ? QCC_OK : QCC_BAD_INPUT;
}

qcc_status qcc_set_quantization_params(qcc_net *q, double lo, double hi, int bits)
{
    if (!q)
        return QCC_WRONG_USAGE;
    GUARDED(q);
    if (!isfinite(lo) || !isfinite(hi)) {
        diag_add(q->ctx, D_BAD_OPTION, loc_none(), "the range is not finite");
        return QCC_BAD_INPUT;
    }
    char range[80], width[16];
    snprintf(range, sizeof range, "%.17g:%.17g", lo, hi);
    snprintf(width, sizeof width, "%d", bits);
    qcc_status s = add_setting(q, "range", range);
    return s ? s : add_setting(q, "bits", width);
}

static qcc_status set_seed(qcc_net *q, const char *value)
{
    if (parse_u64(value, &q->ctx->seed))
        return QCC_OK;
    diag_add(q->ctx, D_BAD_OPTION, loc_none(), "seed '%s' is not a whole number", value);
    return QCC_BAD_INPUT;
}

qcc_status qcc_set_option(qcc_net *q, const char *name, const char *value)
{
    if (!q || !name || !value)
        return QCC_WRONG_USAGE;
    GUARDED(q);
    static const char *const settings[] = {"range", "bits", "grid", "numerics"};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (!strcmp(name, settings[i]))
            return add_setting(q, name, value);
    if (!strcmp(name, "calibrate"))
        q->options.calibrate = arena_strdup(q->ctx->a, value);
    else if (!strcmp(name, "target"))
        q->emit.target = arena_strdup(q->ctx->a, value);
    else if (!strcmp(name, "seed"))
        return set_seed(q, value);
    else
        return QCC_WRONG_USAGE;
    return QCC_OK;
}

qcc_status qcc_quantize(qcc_net *q)
{
    if (!q || !q->net || q->net->legal)
        return QCC_WRONG_USAGE;
    GUARDED(q);
    return net_quantize(q->ctx, q->net, &q->options) ? QCC_OK : QCC_BAD_INPUT;
}

static bool quantized(const qcc_net *q)
{
    return q && q->net && q->net->legal;
}

qcc_status qcc_save(qcc_net *q, const char *base)
{
    if (!quantized(q) || !base)
        return QCC_WRONG_USAGE;
    GUARDED(q);
    return save_pair(q->ctx, q->net->quantized, base) ? QCC_OK : QCC_BAD_INPUT;
}

qcc_status qcc_emit_c(qcc_net *q, const char *c_path, const char *header_path)
{
    if (!quantized(q) || !c_path)
        return QCC_WRONG_USAGE;
    GUARDED(q);
    emit_options o = q->emit;
    o.want_header = header_path != NULL;
    emit_result r;
    if (!emit_c(q->ctx, q->net->legal, &o, &r))
        return QCC_BAD_INPUT;
    file_out files[2] = {{c_path, r.c, strlen(r.c)}};
    if (header_path)
        files[1] = (file_out){header_path, r.header, strlen(r.header)};
    return file_write_all(q->ctx, files, header_path ? 2 : 1) ? QCC_OK : QCC_BAD_INPUT;
}

qcc_status qcc_jit(qcc_net *q, qcc_function *run, size_t *arena_size, size_t *arena_align)
{
    if (!quantized(q) || !run)
        return QCC_WRONG_USAGE;
    GUARDED(q);
    if (!q->jit)
        q->jit = engine_new(q->ctx, q->net->legal, ENGINE_JIT, &q->emit, NULL);
    if (!q->jit)
        return QCC_BAD_INPUT;
    void *address = engine_symbol(q->jit, "run");
    memcpy(run, &address, sizeof *run);
    if (arena_size)
        *arena_size = (size_t)engine_arena_bytes(q->jit);
    if (arena_align)
        *arena_align = EMIT_ARENA_ALIGN;
    return QCC_OK;
}

static qcc_status port_of(const ir_tensor *t, qcc_port *port)
{
    *port = (qcc_port){.name = t->name,
                       .elements = (size_t)ir_elems(&t->shape),
                       .bytes = (size_t)ir_elems(&t->shape) * ir_type_size(t->type),
                       .scale = t->quant ? t->quant->scale[0] : 1.0F,
                       .zero_point = t->quant ? t->quant->zero[0] : 0};
    return QCC_OK;
}

qcc_status qcc_input(const qcc_net *q, int i, qcc_port *port)
{
    if (!quantized(q) || !port || i < 0 || i >= q->net->legal->inputs.n)
        return QCC_WRONG_USAGE;
    return port_of(q->net->legal->inputs.v[i], port);
}

qcc_status qcc_output(const qcc_net *q, int i, qcc_port *port)
{
    if (!quantized(q) || !port || i < 0 || i >= q->net->legal->outputs.n)
        return QCC_WRONG_USAGE;
    return port_of(q->net->legal->outputs.v[i], port);
}

const char *qcc_diagnostics(qcc_net *q)
{
    if (!q)
        return "";
    if (setjmp(*arena_guard(q->ctx->a)))
        return "error: out of memory\n";
    buf b;
    buf_init(&b, q->ctx->a);
    for (int i = 0; i < diag_count(q->ctx); i++)
        diag_print(&b, diag_get(q->ctx, i));
    return buf_str(&b);
}

int qcc_errors(const qcc_net *q)
{
    return q ? diag_errors(q->ctx) : 0;
}
