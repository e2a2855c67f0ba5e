/* header.c - what a caller sees: macros, struct, prototypes, the float32 helpers.
 *
 * The same block of macros and prototypes stands in the header and in the C, behind a guard of its
 * own: the C needs no header, and both may meet in one unit. */
#include "compiler/emit/frame.h"

#include <string.h>

/* ---- ports --------------------------------------------------------------------------------- */

float port_scale(const ir_tensor *t)
{
    return t->quant && t->quant->n > 0 ? t->quant->scale[0] : 1.0F;
}

int32_t port_zero(const ir_tensor *t)
{
    return t->quant && t->quant->n > 0 && t->quant->zero ? t->quant->zero[0] : 0;
}

int64_t port_bytes(const ir_tensor *t)
{
    return ir_elems(&t->shape) * (int64_t)ir_type_size(t->type);
}

const char *port_word(emitter *e, const char *word, int k)
{
    return k ? arena_printf(e->ctx->a, "%s%d", word, k) : word;
}

/* ---- macros -------------------------------------------------------------------------------- */

static void put_port_macros(emitter *e, buf *b, const char *word, int k, const ir_tensor *t)
{
    const char *name = port_word(e, word, k);
    buf_printf(b, "/* %s: %s of %s%s */\n", emit_comment(e, t->name),
               ir_shape_str(e->ctx->a, &t->shape), emit_ctype(t->type),
               t->u8_port && t->type != IR_F32 ? "; a code of 0..255 enters as code - 128" : "");
    buf_printf(b, "#define %s_%s_SIZE %lld\n", e->upper, name, (long long)ir_elems(&t->shape));
    buf_printf(b, "#define %s_%s_BYTES %lld\n", e->upper, name, (long long)port_bytes(t));
    buf_printf(b, "#define %s_%s_ALIGN %d\n", e->upper, name, (int)ir_type_size(t->type));
    buf_printf(b, "#define %s_%s_SCALE ", e->upper, name);
    buf_double(b, (double)port_scale(t));
    buf_printf(b, "\n#define %s_%s_ZERO_POINT %d\n", e->upper, name, (int)port_zero(t));
}

static void put_macros(emitter *e, buf *b)
{
    const ir_graph *g = e->g;
    buf_printf(b, "#define %s_ABI_VERSION %d\n", e->upper, EMIT_ABI_VERSION);
    buf_printf(b, "#define %s_ARENA_SIZE %lld\n", e->upper, (long long)e->plan->arena_bytes);
    buf_printf(b, "#define %s_ARENA_ALIGN %d\n", e->upper, EMIT_ARENA_ALIGN);
    for (int k = 0; k < g->inputs.n; k++)
        put_port_macros(e, b, "INPUT", k, g->inputs.v[k]);
    for (int k = 0; k < g->outputs.n; k++)
        put_port_macros(e, b, "OUTPUT", k, g->outputs.v[k]);
    buf_puts(b, "\n");
}

/* ---- prototypes ---------------------------------------------------------------------------- */

static void put_parameter(buf *b, const char *text)
{
    buf_printf(b, "%s%s", b->n ? ", " : "", text);
}

static const char *port_type(const ir_tensor *t, bool as_float)
{
    return as_float ? "float" : emit_ctype(t->type);
}

static void put_port_parameters(emitter *e, buf *b, bool as_float)
{
    arena *a = e->ctx->a;
    for (int k = 0; k < e->g->inputs.n; k++)
        put_parameter(b, arena_printf(a, "const %s *in%d", port_type(e->g->inputs.v[k], as_float), k));
    for (int k = 0; k < e->g->outputs.n; k++)
        put_parameter(b, arena_printf(a, "%s *out%d", port_type(e->g->outputs.v[k], as_float), k));
}

const char *emit_parameters(emitter *e, bool state, bool ports, bool float_ports, bool with_arena)
{
    buf b;
    buf_init(&b, e->ctx->a);
    if (state && e->g->states.n > 0)
        put_parameter(&b, arena_printf(e->ctx->a, "struct %s_state *state", e->prefix));
    if (ports)
        put_port_parameters(e, &b, float_ports);
    if (with_arena && !e->o->static_arena)
        put_parameter(&b, "void *arena");
    return b.n ? buf_str(&b) : "void";
}

static void put_state(emitter *e, buf *b)
{
    if (e->g->states.n == 0)
        return;
    buf_puts(b, "/* Survives between calls; the caller owns one per stream. */\n");
    buf_printf(b, "struct %s_state {\n", e->prefix);
    for (int k = 0; k < e->g->states.n; k++) {
        const ir_tensor *t = e->g->states.v[k]->tensor;
        buf_printf(b, "    %s s%d[%lld]; /* %s */\n", emit_ctype(t->type), k,
                   (long long)ir_elems(&t->shape), emit_comment(e, t->name));
    }
    buf_puts(b, "};\n");
    buf_printf(b, "void %s_reset(struct %s_state *state);\n\n", e->prefix, e->prefix);
}

static void put_place_prototypes(emitter *e, buf *b)
{
    const char *arena_parameter = e->o->static_arena ? "void" : "void *arena";
    buf_puts(b, "/* Where the ports are in the arena; a run overwrites the inputs. */\n");
    for (int k = 0; k < e->g->inputs.n; k++)
        buf_printf(b, "%s *%s_%s(%s);\n", emit_ctype(e->g->inputs.v[k]->type), e->prefix,
                   port_word(e, "input", k), arena_parameter);
    for (int k = 0; k < e->g->outputs.n; k++)
        buf_printf(b, "%s *%s_%s(%s);\n", emit_ctype(e->g->outputs.v[k]->type), e->prefix,
                   port_word(e, "output", k), arena_parameter);
}

static void put_prototypes(emitter *e, buf *b)
{
    const emit_options *o = e->o;
    if (o->static_arena)
        buf_puts(b, "/* The arena is inside the C file: for one thread. */\n");
    if (o->io_in_arena)
        put_place_prototypes(e, b);
    buf_puts(b, "/* 0, or -1 for a null or misaligned pointer. The inputs overlap neither the outputs nor\n"
                " * the arena, whose content is undefined before and after. */\n");
    buf_printf(b, "int %s_run(%s);\n", e->prefix, emit_parameters(e, true, !o->io_in_arena, false, true));
    if (o->float_io)
        buf_printf(b, "int %s_run_float(%s);\n", e->prefix, emit_parameters(e, true, true, true, true));
    if (o->selftest) {
        buf_puts(b, "/* 0, or the number (from 1) of the first vector that comes out wrong. */\n");
        buf_printf(b, "int %s_selftest(%s);\n", e->prefix, emit_parameters(e, true, false, false, true));
    }
    if (o->profile) {
        buf_puts(b, "/* Yours: called after each layer of the table. */\n");
        buf_printf(b, "void %s_profile(int layer, const void *out, uint32_t bytes);\n", e->prefix);
    }
}

void emit_interface(emitter *e, buf *b)
{
    buf_printf(b, "#ifndef %s_INTERFACE\n#define %s_INTERFACE\n", e->upper, e->upper);
    put_macros(e, b);
    put_state(e, b);
    put_prototypes(e, b);
    buf_puts(b, "#endif\n");
}

/* ---- float32 helpers ----------------------------------------------------------------------- */

typedef struct code_range {
    const char *ctype, *lo, *hi; /* C literals */
    int64_t min, max;
} code_range;

static code_range range_of(ir_type t)
{
    switch (t) {
    case IR_I8: return (code_range){"int8_t", "-128", "127", INT8_MIN, INT8_MAX};
    case IR_I16: return (code_range){"int16_t", "-32768", "32767", INT16_MIN, INT16_MAX};
    default: return (code_range){"int32_t", "-2147483647 - 1", "2147483647", INT32_MIN, INT32_MAX};
    }
}

/* A limit of the quotient as a float32 literal: exact for codes of 8 and 16 bits, and for those of 32
 * (zero point 0) the power of two beyond which the cast would not be defined. */
static void put_limit(buf *b, int64_t limit)
{
    int64_t most = (int64_t)1 << 31;
    buf_printf(b, "%lld.0", (long long)(limit > most ? most : limit < -most ? -most : limit));
}

static void put_quantize_body(buf *b, const ir_tensor *t)
{
    code_range r = range_of(t->type);
    int32_t zero = port_zero(t);
    buf_puts(b, "        float v = real[i] / ");
    buf_float(b, port_scale(t));
    buf_puts(b, "F;\n");
    buf_puts(b, "        int32_t q = 0;\n");
    buf_puts(b, "        if (v >= ");
    put_limit(b, r.max - zero);
    buf_printf(b, "F) {\n            code[i] = %s;\n            continue;\n        }\n", r.hi);
    buf_puts(b, "        if (v <= ");
    put_limit(b, r.min - zero);
    buf_printf(b, "F) {\n            code[i] = %s;\n            continue;\n        }\n", r.lo);
    buf_puts(b, "        if (v == v) { /* not NaN */\n"
                "            float rest;\n"
                "            q = (int32_t)v;\n"
                "            rest = v - (float)q;\n"
                "            if (rest >= 0.5F)\n"
                "                q++;\n"
                "            else if (rest <= -0.5F)\n"
                "                q--;\n"
                "        }\n");
    buf_printf(b, "        code[i] = (%s)(q + %s%d%s);\n", r.ctype, zero < 0 ? "(" : "", (int)zero,
               zero < 0 ? ")" : "");
}

void emit_quantizer(emitter *e, buf *b, const char *storage, const char *name, const ir_tensor *t)
{
    (void)e;
    buf_printf(b, "%svoid %s(const float *real, %s *code, int32_t n)\n{\n", storage, name,
               emit_ctype(t->type));
    buf_puts(b, "    int32_t i;\n    for (i = 0; i < n; i++) {\n");
    if (t->type == IR_F32)
        buf_puts(b, "        code[i] = real[i];\n");
    else
        put_quantize_body(b, t);
    buf_puts(b, "    }\n}\n");
}

void emit_dequantizer(emitter *e, buf *b, const char *storage, const char *name, const ir_tensor *t)
{
    (void)e;
    int32_t zero = port_zero(t);
    buf_printf(b, "%svoid %s(const %s *code, float *real, int32_t n)\n{\n", storage, name,
               emit_ctype(t->type));
    buf_puts(b, "    int32_t i;\n    for (i = 0; i < n; i++)\n");
    if (t->type == IR_F32) {
        buf_puts(b, "        real[i] = code[i];\n}\n");
        return;
    }
    buf_puts(b, "        real[i] = ");
    buf_float(b, port_scale(t));
    if (zero == 0)
        buf_puts(b, "F * (float)code[i];\n}\n");
    else
        buf_printf(b, "F * (float)(code[i] %c %lld);\n}\n", zero < 0 ? '+' : '-',
                   zero < 0 ? -(long long)zero : (long long)zero);
}

/* ---- the header ---------------------------------------------------------------------------- */

static void put_float_helpers(emitter *e, buf *b)
{
    arena *a = e->ctx->a;
    const ir_graph *g = e->g;
    buf_puts(b, "/* Real values to codes: division in float32, rounded half away from zero, clamped; NaN\n"
                " * gives the zero point. And back. */\n");
    for (int k = 0; k < g->inputs.n; k++)
        emit_quantizer(e, b, "static inline ",
                       arena_printf(a, "%s_%s", e->prefix, port_word(e, "quantize_input", k)),
                       g->inputs.v[k]);
    for (int k = 0; k < g->outputs.n; k++)
        emit_dequantizer(e, b, "static inline ",
                         arena_printf(a, "%s_%s", e->prefix, port_word(e, "dequantize_output", k)),
                         g->outputs.v[k]);
}

void emit_header(emitter *e, buf *b)
{
    buf_printf(b, "/* Interface of %s, generated by qcc. C99 and C++11. */\n",
               emit_comment(e, e->g->name));
    buf_printf(b, "#ifndef %s_H\n#define %s_H\n\n#include <stdint.h>\n\n", e->upper, e->upper);
    buf_puts(b, "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    emit_interface(e, b);
    buf_puts(b, "\n");
    put_float_helpers(e, b);
    buf_puts(b, "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}
