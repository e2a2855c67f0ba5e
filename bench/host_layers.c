/* host_layers.c - layers one by one, on noise, in XNNPACK and in oneDNN: convolutions and dense
 * layers alone, so a lower bound of what a program on either would take. XNNPACK: int8, weights per
 * channel; the sums of dense layers per tensor. oneDNN: uint8 x int8, results uint8, weights in the
 * layout that it chooses. Without -DHAVE_XNNPACK or -DHAVE_ONEDNN (host.sh looks for the headers)
 * there is none. */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>

int host_layers(const char *file, layer layers[HOST_LAYERS])
{
    FILE *f = fopen(file, "r");
    int n = 0;
    for (; f && n < HOST_LAYERS; ++n) {
        layer *l = &layers[n];
        if (fscanf(f, "%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d", &l->h, &l->w, &l->c, &l->kh, &l->kw, &l->sh,
                   &l->sw, &l->pad[0], &l->pad[1], &l->pad[2], &l->pad[3], &l->oh, &l->ow, &l->o,
                   &l->groups) != 15)
            break;
    }
    if (f)
        fclose(f);
    return n;
}

#if defined(HAVE_XNNPACK) || defined(HAVE_ONEDNN)
/* Bytes that are no pattern, -100 to 100. */
static void *noise(size_t n)
{
    int8_t *p = host_alloc(n);
    uint32_t x = 1;
    for (size_t i = 0; i < n; ++i) {
        x = x * 1664525 + 1013904223;
        p[i] = (int8_t)((int)(x >> 24) * 200 / 255 - 100);
    }
    return p;
}

static size_t weights_of(const layer *l)
{
    return (size_t)l->o * (size_t)l->kh * (size_t)l->kw * (size_t)(l->c / l->groups);
}
#endif

/* ---- XNNPACK -----------------------------------------------------------------------------------
 */
#ifdef HAVE_XNNPACK
#include <xnnpack.h>

typedef struct xnn_net {
    int n;
    xnn_operator_t op[HOST_LAYERS];
} xnn_net;

static void run_xnnpack(rival *r)
{
    const xnn_net *n = r->own;
    for (int i = 0; i < n->n; ++i)
        if (xnn_run_operator(n->op[i], NULL) != xnn_status_success)
            abort();
}

static enum xnn_status xnn_conv(const layer *l, const int8_t *w, const int32_t *bias,
                                xnn_operator_t *op)
{
    float *scale = host_alloc((size_t)l->o * sizeof *scale);
    for (int i = 0; i < l->o; ++i)
        scale[i] = 0.02f;
    return xnn_create_convolution2d_nhwc_qc8(
        (uint32_t)l->pad[0], (uint32_t)l->pad[3], (uint32_t)l->pad[1], (uint32_t)l->pad[2],
        (uint32_t)l->kh, (uint32_t)l->kw, (uint32_t)l->sh, (uint32_t)l->sw, 1, 1,
        (uint32_t)l->groups, (size_t)(l->c / l->groups), (size_t)(l->o / l->groups), (size_t)l->c,
        (size_t)l->o, -128, 0.05f, scale, w, bias, -128, 0.05f, -128, 127, 0, op);
}

static bool xnn_layer(const layer *l, xnn_operator_t *op)
{
    bool dense = l->h == 1 && l->w == 1 && l->kh == 1 && l->kw == 1 && l->groups == 1;
    int8_t *in = noise((size_t)l->h * (size_t)l->w * (size_t)l->c), *w = noise(weights_of(l));
    int8_t *out = host_alloc((size_t)l->oh * (size_t)l->ow * (size_t)l->o);
    int32_t *bias = noise((size_t)l->o * sizeof *bias);
    if (dense)
        return xnn_create_fully_connected_nc_qs8((size_t)l->c, (size_t)l->o, (size_t)l->c,
                                                 (size_t)l->o, -128, 0.05f, 0.02f, w, bias, -128,
                                                 0.05f, -128, 127, 0, op) == xnn_status_success &&
               xnn_setup_fully_connected_nc_qs8(*op, 1, in, out, NULL) == xnn_status_success;
    return xnn_conv(l, w, bias, op) == xnn_status_success &&
           xnn_setup_convolution2d_nhwc_qc8(*op, 1, (size_t)l->h, (size_t)l->w, in, out, NULL) ==
               xnn_status_success;
}

const char *open_xnnpack(rival *r)
{
    layer layers[HOST_LAYERS];
    xnn_net *n = host_alloc(sizeof *n);
    n->n = host_layers(r->file, layers);
    if (n->n == 0 || xnn_initialize(NULL) != xnn_status_success)
        return "XNNPACK does not start";
    for (int i = 0; i < n->n; ++i)
        if (!xnn_layer(&layers[i], &n->op[i]))
            return "XNNPACK does not take a layer";
    r->parts = true;
    r->own = n;
    r->run = run_xnnpack;
    return NULL;
}
#else
const char *open_xnnpack(rival *r)
{
    (void)r;
    return "libxnnpack-dev is not installed";
}
#endif

/* ---- oneDNN ------------------------------------------------------------------------------------
 */
#ifdef HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.h>

enum { ARGS = 4 };

typedef struct dnn_net {
    int n;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t op[HOST_LAYERS];
    dnnl_exec_arg_t args[HOST_LAYERS][ARGS];
} dnn_net;

static void run_onednn(rival *r)
{
    const dnn_net *n = r->own;
    for (int i = 0; i < n->n; ++i)
        if (dnnl_primitive_execute(n->op[i], n->stream, ARGS, n->args[i]) != dnnl_success)
            abort();
    dnnl_stream_wait(n->stream);
}

static dnnl_status_t describe(dnnl_memory_desc_t *d, int rank, const dnnl_dims_t dims,
                              dnnl_data_type_t type, dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_init_by_tag(d, rank, dims, type, tag);
}

/* The weights' descriptor leaves the layout open. */
static bool dnn_describe(const layer *l, dnnl_memory_desc_t d[ARGS], dnnl_convolution_desc_t *conv)
{
    const dnnl_dims_t in = {1, l->c, l->h, l->w}, out = {1, l->o, l->oh, l->ow}, bias = {l->o};
    const dnnl_dims_t w = {l->o, l->c, l->kh, l->kw};
    const dnnl_dims_t grouped = {l->groups, l->o / l->groups, l->c / l->groups, l->kh, l->kw};
    const dnnl_dims_t stride = {l->sh, l->sw}, dilation = {0, 0};
    const dnnl_dims_t first = {l->pad[0], l->pad[2]}, last = {l->pad[1], l->pad[3]};
    bool plain = l->groups == 1;
    return describe(&d[0], 4, in, dnnl_u8, dnnl_nhwc) == dnnl_success &&
           describe(&d[1], plain ? 4 : 5, plain ? w : grouped, dnnl_s8, dnnl_format_tag_any) ==
               dnnl_success &&
           describe(&d[2], 1, bias, dnnl_s32, dnnl_x) == dnnl_success &&
           describe(&d[3], 4, out, dnnl_u8, dnnl_nhwc) == dnnl_success &&
           dnnl_dilated_convolution_forward_desc_init(
               conv, dnnl_forward_inference, dnnl_convolution_direct, &d[0], &d[1], &d[2], &d[3],
               stride, dilation, first, last) == dnnl_success;
}

static bool dnn_layer(dnn_net *n, int i, const layer *l)
{
    static const int names[ARGS] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST};
    static const dnnl_query_t asks[ARGS] = {dnnl_query_src_md, dnnl_query_weights_md,
                                            dnnl_query_weights_md, dnnl_query_dst_md};
    dnnl_memory_desc_t d[ARGS];
    dnnl_convolution_desc_t conv;
    dnnl_primitive_attr_t attr;
    dnnl_primitive_desc_t desc;
    float *scale = host_alloc((size_t)l->o * sizeof *scale);
    for (int k = 0; k < l->o; ++k)
        scale[k] = 0.001f;
    if (!dnn_describe(l, d, &conv) || dnnl_primitive_attr_create(&attr) != dnnl_success ||
        dnnl_primitive_attr_set_output_scales(attr, l->o, 2, scale) != dnnl_success ||
        dnnl_primitive_desc_create(&desc, &conv, attr, n->engine, NULL) != dnnl_success ||
        dnnl_primitive_create(&n->op[i], desc) != dnnl_success)
        return false;
    for (int k = 0; k < ARGS; ++k) {
        const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(desc, asks[k], k == 2);
        dnnl_memory_t memory;
        if (dnnl_memory_create(&memory, md, n->engine, noise(dnnl_memory_desc_get_size(md))) !=
            dnnl_success)
            return false;
        n->args[i][k] = (dnnl_exec_arg_t){names[k], memory};
    }
    return true;
}

const char *open_onednn(rival *r)
{
    layer layers[HOST_LAYERS];
    dnn_net *n = host_alloc(sizeof *n);
    n->n = host_layers(r->file, layers);
    if (n->n == 0 || dnnl_engine_create(&n->engine, dnnl_cpu, 0) != dnnl_success ||
        dnnl_stream_create(&n->stream, n->engine, dnnl_stream_default_flags) != dnnl_success)
        return "oneDNN does not start";
    for (int i = 0; i < n->n; ++i)
        if (!dnn_layer(n, i, &layers[i]))
            return "oneDNN does not take a layer";
    r->parts = true;
    r->own = n;
    r->run = run_onednn;
    return NULL;
}
#else
const char *open_onednn(rival *r)
{
    (void)r;
    return "libdnnl-dev is not installed";
}
#endif
