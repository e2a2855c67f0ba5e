/* triple_lone.c - dense layers and convolutions of a single window on cores with 32-bit products:
 * four sums of 24 bits in three words.
 *
 * A word u holds one term's weights of four filters, plus 128, first filter in the lowest byte.
 * With x the term's code, u * x, (bytes 1 and 3 of u) * x and (u >> 16) * x are summed modulo 2^32;
 * P_quad (helpers_triple.c) tells the four sums apart and takes 128 * (sum of x) from each. That is
 * three products and three masks or shifts for four weights, where taking bytes out alone takes
 * six. */
#include "compiler/emit/long.h"
#include "compiler/emit/triple.h"

enum { FILTERS = 8, LIMIT = 1 << 16 };

bool triple_takes_lone(const emitter *e, const ir_op *op)
{
    if (!lone_takes(op) || !store_takes(e, op, IR_I8))
        return false;
    bundle v;
    bundle_init(&v, e, op, 3);
    v.outputs = ir_weight(op)->shape.dim[0];
    v.terms = (int)(ir_elems(&ir_weight(op)->shape) / v.outputs);
    return bundle_weight_sum(&v, v.terms) < LIMIT;
}

/* Tiles of eight filters, then terms, then two words. */
static const char *word_array(bundle *v)
{
    arena *a = v->e->ctx->a;
    const int8_t *from = ir_weight(v->op)->data;
    int words = v->padded / 4 * v->terms;
    uint32_t *to = ARENA_ARRAY(a, uint32_t, words);
    for (int o = 0; o < v->padded; ++o)
        for (int k = 0; k < v->terms; ++k) {
            bool real = o < v->outputs && !v->f.constant[o];
            uint32_t code = (uint32_t)(128 + (real ? from[o * v->terms + k] : 0));
            to[(o / FILTERS * v->terms + k) * 2 + o / 4 % 2] |= code << 8 * (o % 4);
        }
    const char *comment = arena_printf(a,
                                       "%s: weights [8 filters][term %d][2], each word four "
                                       "filters plus 128, from its lowest byte on",
                                       emit_comment(v->e, v->op->name), v->terms);
    return emit_array(v->e, EMIT_WEIGHT, op_base(v->e, v->op, "weight"), IR_I32, to, words,
                      comment);
}

static void put_dots(bundle *v)
{
    text *t = &v->t;
    store_offsets(&v->s, v->e, v->op, v->padded);
    text_set(t, "weight", "%s", word_array(v));
    text_put(t,
             "/* $layer$: the window with all filters, eight at a time. */\n"
             "$U$_APART void $dots$(const int8_t *restrict x, uint32_t all$sum_parameter$, int8_t "
             "*restrict out)\n"
             "{\n"
             "    const int32_t *w = $weight$;\n"
             "    const int32_t *scale = $scale$;\n"
             "    for (int32_t o = 0; o < $padded$; o += 8, w += 2 * $terms$, scale += 16) {\n"
             "        uint32_t acc[6];\n"
             "        int32_t raw[8], s;\n");
    bundle_declare(v);
    text_put(t, "        $P$_eight(x, w, $terms$, acc);\n"
                "        $P$_quad(acc, all, raw);\n"
                "        $P$_quad(acc + 3, all, raw + 4);\n");
    for (int i = 0; i < FILTERS; ++i) {
        fast_rescale f = bundle_scale(v, i);
        const char *raw = arena_printf(v->e->ctx->a, "raw[%d]", i);
        text_set(t, "acc", "%s", bundle_acc(v, raw, 0));
        text_put(t, "        s = $acc$;\n");
        bundle_code(v, &f, i, -1, "s");
    }
    text_put(t, "    }\n"
                "}\n\n");
}

bool triple_print_lone(emitter *e, const ir_op *op)
{
    bundle v;
    bundle_init(&v, e, op, 3);
    v.outputs = ir_weight(op)->shape.dim[0];
    v.terms = (int)(ir_elems(&ir_weight(op)->shape) / v.outputs);
    bundle_set_filters(&v, FILTERS);
    bundle_begin(&v, "uint32_t");
    emit_use_helper(e, EH_EIGHT);
    emit_use_helper(e, EH_QUAD);
    text *t = &v.t;
    text_set(t, "terms", "%d", v.terms);
    put_dots(&v);
    op_comment(e, op, t);
    op_open(e, op, t);
    text_put(t, "    int32_t sum = 0;\n"
                "    for (int32_t k = 0; k < $terms$; ++k)\n"
                "        sum += in0[k];\n"
                "!sums|    $dots$(in0, (uint32_t)sum * 128u, out);\n"
                "?sums|    $dots$(in0, (uint32_t)sum * 128u, &sum, out);\n");
    op_close(t);
    return true;
}
