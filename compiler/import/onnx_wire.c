/* onnx_wire.c - protobuf messages that nobody vouches for.
 *
 * protobuf-c checks lengths, but follows nested messages as deep as they go and takes memory for
 * each. So the wire format is walked first, along the schema's descriptors: every length lies
 * inside its message, and nothing is nested deeper than MAX_DEPTH (a graph in an attribute takes
 * three levels). Source of the format: protobuf.dev, "Encoding". */
#include "compiler/import/onnx.h"

enum { MAX_DEPTH = 40 };

typedef struct walker {
    qctx *ctx;
    const source *src;
    const unsigned char *p, *start;
} walker;

static bool broken(walker *w, const char *what)
{
    diag_add(w->ctx, D_ONNX_BROKEN, loc_file(w->src), "%s at byte %lld", what,
             (long long)(w->p - w->start));
    return false;
}

static bool varint(walker *w, const unsigned char *end, uint64_t *v)
{
    *v = 0;
    for (int shift = 0; shift < 70; shift += 7) {
        if (w->p == end)
            return broken(w, "a number is cut off");
        unsigned char c = *w->p++;
        if (shift < 64)
            *v |= (uint64_t)(c & 127) << shift;
        if (!(c & 128))
            return true;
    }
    return broken(w, "a number has more than 10 bytes");
}

static bool skip(walker *w, const unsigned char *end, uint64_t n)
{
    if (n > (uint64_t)(end - w->p))
        return broken(w, "a part reaches beyond what holds it");
    w->p += n;
    return true;
}

static bool walk(walker *w, const unsigned char *end, const ProtobufCMessageDescriptor *d,
                 int depth);

/* A length-delimited field: a message of the schema is walked, all else has just its length. */
static bool delimited(walker *w, const unsigned char *end, const ProtobufCFieldDescriptor *f,
                      int depth)
{
    uint64_t n;
    if (!varint(w, end, &n))
        return false;
    const unsigned char *begin = w->p;
    if (!skip(w, end, n) || !f || f->type != PROTOBUF_C_TYPE_MESSAGE)
        return w->p != begin || n == 0;
    const unsigned char *stop = w->p;
    w->p = begin;
    return walk(w, stop, f->descriptor, depth + 1);
}

static bool walk(walker *w, const unsigned char *end, const ProtobufCMessageDescriptor *d,
                 int depth)
{
    if (depth > MAX_DEPTH)
        return broken(w, "messages are nested too deep");
    while (w->p < end) {
        uint64_t tag, n;
        if (!varint(w, end, &tag))
            return false;
        if (tag >> 3 == 0 || tag >> 32 != 0)
            return broken(w, "a field has an impossible number");
        const ProtobufCFieldDescriptor *f =
            protobuf_c_message_descriptor_get_field(d, (unsigned)(tag >> 3));
        switch (tag & 7) {
        case 0:
            if (!varint(w, end, &n))
                return false;
            break;
        case 1:
        case 5:
            if (!skip(w, end, (tag & 7) == 1 ? 8 : 4))
                return false;
            break;
        case 2:
            if (!delimited(w, end, f, depth))
                return false;
            break;
        default:
            return broken(w, "a field has an unknown kind");
        }
    }
    return true;
}

/* ---- protobuf-c's memory is the arena's ---------------------------------------------------- */

static void *take(void *a, size_t n)
{
    return arena_alloc(a, n);
}
static void leave(void *a, void *p)
{
    (void)a, (void)p;
}

static const void *unpack(qctx *ctx, const source *src, const ProtobufCMessageDescriptor *d)
{
    const unsigned char *bytes = (const unsigned char *)src->text;
    walker w = {ctx, src, bytes, bytes};
    if (!walk(&w, bytes + src->len, d, 0))
        return NULL;
    ProtobufCAllocator in_arena = {take, leave, ctx->a};
    const void *m = protobuf_c_message_unpack(d, &in_arena, src->len, bytes);
    if (!m)
        diag_add(ctx, D_ONNX_BROKEN, loc_file(src), "the bytes are no %s", d->name);
    return m;
}

const Onnx__ModelProto *onx_unpack_model(qctx *ctx, const source *src)
{
    const Onnx__ModelProto *p = unpack(ctx, src, &onnx__model_proto__descriptor);
    if (p && p->graph)
        return p;
    if (p)
        diag_add(ctx, D_ONNX_BROKEN, loc_file(src), "it has no graph: this is no ONNX model");
    return NULL;
}

const Onnx__TensorProto *onx_unpack_tensor(qctx *ctx, const source *src)
{
    return unpack(ctx, src, &onnx__tensor_proto__descriptor);
}
