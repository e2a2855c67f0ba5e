/* host_nets.c - whole networks: qcc's emitted C, TensorFlow Lite with XNNPACK, ONNX Runtime.
 *
 * The libraries are opened at run time. Of their public C interfaces only what is called is
 * declared here. */
#include "host.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* ---- qcc ---------------------------------------------------------------------------------------
 */

/* `facts` of the library, made by host.sh of the header's macros. */
typedef struct qcc_facts {
    float scale[2];
    int32_t zero[2], size[2], arena;
} qcc_facts;

typedef struct qcc_net {
    int (*run)(const int8_t *in, int8_t *out, void *arena);
    const qcc_facts *facts;
    void *arena;
} qcc_net;

static void run_qcc(rival *r)
{
    qcc_net *n = r->own;
    if (n->run(r->in, r->out, n->arena) != 0)
        abort();
}

const char *open_qcc(rival *r)
{
    qcc_net *n = host_alloc(sizeof *n);
    void *library = dlopen(r->file, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return dlerror();
    if (!host_find(library, "net_run", &n->run) || !host_find(library, "facts", &n->facts))
        return "no net_run there";
    n->arena = host_alloc((size_t)n->facts->arena);
    r->n_in = n->facts->size[0];
    r->n_out = n->facts->size[1];
    r->in = host_alloc((size_t)r->n_in);
    r->out = host_alloc((size_t)r->n_out);
    r->own = n;
    r->run = run_qcc;
    return NULL;
}

ports qcc_ports(const rival *r)
{
    const qcc_facts *f = ((qcc_net *)r->own)->facts;
    return (ports){f->scale[0], f->scale[1], f->zero[0], f->zero[1]};
}

/* ---- TensorFlow Lite ---------------------------------------------------------------------------
 */

/* TfLiteXNNPackDelegateOptions: in version 2.9 two fields of 32 bits, later ones have more. */
typedef struct xnnpack_options {
    int32_t threads;
    uint32_t flags; /* 1: signed, 2: unsigned quantized operators too */
    uint64_t later[6];
} xnnpack_options;

typedef struct lite_net {
    void *(*model)(const char *path);
    void *(*options)(void);
    void (*threads)(void *options, int32_t n);
    void (*delegate)(void *options, void *delegate);
    void *(*xnnpack)(const xnnpack_options *options);
    void *(*create)(const void *model, const void *options);
    int (*allocate)(void *interpreter);
    int (*invoke)(void *interpreter);
    void *(*input)(const void *interpreter, int32_t i);
    const void *(*output)(const void *interpreter, int32_t i);
    size_t (*size)(const void *tensor);
    void *(*data)(const void *tensor);
    void *interpreter;
} lite_net;

static void run_lite(rival *r)
{
    lite_net *n = r->own;
    if (n->invoke(n->interpreter) != 0)
        abort();
}

static bool find_lite(lite_net *n)
{
    const char *path = getenv("TFLITE");
    void *l = path && *path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    return l && host_find(l, "TfLiteModelCreateFromFile", &n->model) &&
           host_find(l, "TfLiteInterpreterOptionsCreate", &n->options) &&
           host_find(l, "TfLiteInterpreterOptionsSetNumThreads", &n->threads) &&
           host_find(l, "TfLiteInterpreterOptionsAddDelegate", &n->delegate) &&
           host_find(l, "TfLiteXNNPackDelegateCreate", &n->xnnpack) &&
           host_find(l, "TfLiteInterpreterCreate", &n->create) &&
           host_find(l, "TfLiteInterpreterAllocateTensors", &n->allocate) &&
           host_find(l, "TfLiteInterpreterInvoke", &n->invoke) &&
           host_find(l, "TfLiteInterpreterGetInputTensor", &n->input) &&
           host_find(l, "TfLiteInterpreterGetOutputTensor", &n->output) &&
           host_find(l, "TfLiteTensorByteSize", &n->size) &&
           host_find(l, "TfLiteTensorData", &n->data);
}

const char *open_lite(rival *r)
{
    lite_net *n = host_alloc(sizeof *n);
    if (!find_lite(n))
        return "no library of TensorFlow Lite";
    void *model = n->model(r->file), *options = n->options();
    if (!model)
        return "TensorFlow Lite does not take the model";
    xnnpack_options x = {1, 3, {0}};
    n->threads(options, 1);
    n->delegate(options, n->xnnpack(&x));
    n->interpreter = n->create(model, options);
    if (!n->interpreter || n->allocate(n->interpreter) != 0)
        return "TensorFlow Lite does not take the model";
    const void *in = n->input(n->interpreter, 0), *out = n->output(n->interpreter, 0);
    r->reals = !strcmp(r->kind, "lite32");
    r->n_in = (int)(n->size(in) / (r->reals ? 4 : 1));
    r->n_out = (int)(n->size(out) / (r->reals ? 4 : 1));
    r->in = n->data(in);
    r->out = n->data(out);
    r->own = n;
    r->run = run_lite;
    return NULL;
}

/* ---- ONNX Runtime ------------------------------------------------------------------------------
 */

/* The table of its C interface, to as far as is used; functions give NULL or a status. The numbers
 * are places there. */
typedef struct ort_api {
    void *at0[2];
    const char *(*message)(const void *status);
    void *(*create_env)(int severity, const char *id, void **env);
    void *at4[3];
    void *(*create_session)(const void *env, const char *path, const void *options, void **session);
    void *at8[1];
    void *(*run)(void *session, const void *options, const char *const *in_names,
                 const void *const *in, size_t n_in, const char *const *out_names, size_t n_out,
                 void **out);
    void *(*create_options)(void **options);
    void *at11[12];
    void *(*set_optimization)(void *options, int level);
    void *(*set_threads)(void *options, int n);
    void *at25[8];
    void *(*input_type)(const void *session, size_t i, void **type);
    void *(*output_type)(const void *session, size_t i, void **type);
    void *at35[1];
    void *(*input_name)(const void *session, size_t i, void *allocator, char **name);
    void *(*output_name)(const void *session, size_t i, void *allocator, char **name);
    void *at38[11];
    void *(*create_tensor)(const void *info, void *data, size_t bytes, const int64_t *shape,
                           size_t rank, int type, void **value);
    void *at50[5];
    void *(*tensor_type)(const void *type, const void **tensor);
    void *at56[5];
    void *(*rank)(const void *tensor, size_t *rank);
    void *(*shape)(const void *tensor, int64_t *shape, size_t rank);
    void *at63[6];
    void *(*cpu_memory)(int allocator, int type, void **info);
    void *at70[8];
    void *(*allocator)(void **allocator);
} ort_api;

typedef struct ort_net {
    const ort_api *api;
    void *session, *allocator, *memory, *in, *out;
    char *in_name, *out_name;
} ort_net;

static void run_ort(rival *r)
{
    ort_net *n = r->own;
    const char *const ins[] = {n->in_name}, *const outs[] = {n->out_name};
    const void *const in[] = {n->in};
    if (n->api->run(n->session, NULL, ins, in, 1, outs, 1, &n->out))
        abort();
}

/* A float32 tensor of the port's shape over memory of its own. */
static void *ort_port(ort_net *n, void *type, void **data, int *elements, void **value)
{
    const void *tensor = NULL;
    int64_t shape[8];
    size_t rank = 0;
    void *status = n->api->tensor_type(type, &tensor);
    status = status ? status : n->api->rank(tensor, &rank);
    if (status || rank > 8 || (status = n->api->shape(tensor, shape, rank)))
        return status;
    *elements = 1;
    for (size_t i = 0; i < rank; ++i)
        *elements *= (int)shape[i];
    *data = host_alloc((size_t)*elements * sizeof(float));
    return n->api->create_tensor(n->memory, *data, (size_t)*elements * sizeof(float), shape, rank,
                                 1, value);
}

static void *ort_session(ort_net *n, const char *file)
{
    static void *env;
    void *options = NULL, *status = env ? NULL : n->api->create_env(3, "bench", &env);
    status = status ? status : n->api->create_options(&options);
    status = status ? status : n->api->set_threads(options, 1);
    status = status ? status : n->api->set_optimization(options, 99);
    status = status ? status : n->api->create_session(env, file, options, &n->session);
    status = status ? status : n->api->allocator(&n->allocator);
    return status ? status : n->api->cpu_memory(1, 0, &n->memory);
}

static void *ort_ports(ort_net *n, rival *r)
{
    void *in = NULL, *out = NULL, *status = n->api->input_type(n->session, 0, &in);
    status = status ? status : n->api->output_type(n->session, 0, &out);
    status = status ? status : n->api->input_name(n->session, 0, n->allocator, &n->in_name);
    status = status ? status : n->api->output_name(n->session, 0, n->allocator, &n->out_name);
    status = status ? status : ort_port(n, in, &r->in, &r->n_in, &n->in);
    return status ? status : ort_port(n, out, &r->out, &r->n_out, &n->out);
}

const char *open_ort(rival *r)
{
    const struct ort_base {
        const ort_api *(*api)(uint32_t version);
        const char *(*version)(void);
    } * (*base)(void);
    const char *path = getenv("ORT");
    void *library = path && *path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!library || !host_find(library, "OrtGetApiBase", &base))
        return "no library of ONNX Runtime";
    ort_net *n = host_alloc(sizeof *n);
    *n = (ort_net){.api = base()->api(16)};
    if (!n->api)
        return "another ONNX Runtime";
    void *status = ort_session(n, r->file);
    status = status ? status : ort_ports(n, r);
    if (status)
        return n->api->message(status);
    r->reals = r->channels_first = true;
    r->own = n;
    r->run = run_ort;
    return NULL;
}
