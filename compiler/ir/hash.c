/* hash.c - SHA-256 of the canonical model.
 *
 * Serialised are the things that decide the emitted integers and names: ports, operators in order
 * with their attributes, quantizations, constants' codes. Tensors are numbered as the walk meets
 * them and constants stand where they are used, so that the order in which a reader made them does
 * not matter. Left out is what a saved pair does not keep or says otherwise: provenance of ranges,
 * how an operator was written, the host's layout, what legalize derives. */
#include <string.h>

#include "compiler/base/sha256.h"
#include "compiler/ir/words.h"

typedef struct hasher {
    sha256 sha;
    int64_t *number; /* by tensor id: 1, 2, … once met; 0 before */
    int64_t met;
} hasher;

static void put_int(hasher *h, int64_t v)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)v >> (8 * i));
    sha256_update(&h->sha, bytes, sizeof bytes);
}

static void put_real(hasher *h, double v)
{
    int64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_int(h, bits);
}

static void put_text(hasher *h, const char *s)
{
    put_int(h, (int64_t)strlen(s));
    sha256_update(&h->sha, s, strlen(s));
}

static void put_shape(hasher *h, const ir_shape *s)
{
    put_int(h, s->rank);
    for (int i = 0; i < s->rank; i++)
        put_int(h, s->dim[i]);
}

static void put_table(hasher *h, const ir_quant *q)
{
    int64_t n = (int64_t)q->entries * (q->table_per_channel ? q->n : 1);
    put_int(h, q->table_type);
    put_int(h, q->entries);
    put_int(h, n);
    for (int64_t i = 0; i < n; i++)
        put_int(h, q->table[i]);
}

static void put_quant(hasher *h, const ir_quant *q)
{
    put_int(h, q != NULL);
    if (!q)
        return;
    put_int(h, q->scheme);
    put_int(h, q->bits);
    put_int(h, q->axis);
    put_int(h, q->n);
    for (int i = 0; i < q->n; i++)
        put_real(h, (double)q->scale[i]);
    if (q->scheme == IR_Q_CODEBOOK) {
        put_table(h, q);
        return;
    }
    put_int(h, q->grid);
    put_int(h, q->symmetric);
    for (int i = 0; i < q->n; i++)
        put_int(h, q->zero ? q->zero[i] : 0);
}

/* All supported hosts are little-endian, as the weight files are. */
static void put_data(hasher *h, const ir_tensor *t)
{
    put_int(h, t->data != NULL);
    if (t->data)
        sha256_update(&h->sha, t->data, (size_t)ir_elems(&t->shape) * ir_type_size(t->type));
}

static void put_tensor(hasher *h, const ir_tensor *t)
{
    if (h->number[t->id]) {
        put_int(h, h->number[t->id]);
        return;
    }
    h->number[t->id] = ++h->met;
    put_int(h, 0);
    put_text(h, t->name);
    put_int(h, t->kind);
    put_int(h, t->type);
    put_int(h, t->u8_port);
    put_shape(h, &t->shape);
    put_quant(h, t->quant);
    put_data(h, t);
}

static void put_attr(hasher *h, const ir_attr *a, const ir_attrs *at)
{
    const char *field = (const char *)at + a->field;
    switch (a->kind) {
    case IR_A_INT: put_int(h, *(const int *)field); break;
    case IR_A_SIZE:
        put_int(h, ((const int *)field)[0]);
        put_int(h, ((const int *)field)[1]);
        break;
    case IR_A_PAD:
    case IR_A_PADS:
        for (int i = 0; i < 4; i++)
            put_int(h, ((const int *)field)[i]);
        break;
    case IR_A_SHAPE:
    case IR_A_LIST: put_shape(h, (const ir_shape *)field); break;
    case IR_A_NUMBER: put_real(h, *(const double *)field); break;
    case IR_A_FLAG: put_int(h, *(const bool *)field); break;
    case IR_A_NO_BIAS: /* seen from the inputs */
    case IR_A_WEIGHTS: /* a name in files only */
    case IR_A_TENSOR:  /* a note */
        break;
    }
}

static void put_op(hasher *h, const ir_op *op)
{
    put_text(h, ir_opinfos[op->kind].name);
    put_text(h, op->name);
    const ir_word *word = ir_find_word(ir_opinfos[op->kind].word);
    for (const ir_attr *a = word ? word->attrs : NULL; a && a->name; a++)
        put_attr(h, a, &op->at);
    put_int(h, op->at.act);
    put_int(h, op->n_in);
    for (int i = 0; i < op->n_in; i++)
        put_tensor(h, op->in[i]);
    for (int i = 0; i < op->n_out; i++)
        put_tensor(h, op->out[i]);
}

static void put_tensors(hasher *h, ir_tensor *const *v, int n)
{
    put_int(h, n);
    for (int i = 0; i < n; i++)
        put_tensor(h, v[i]);
}

void ir_canonical_sha256(qctx *ctx, const ir_graph *g, char out[65])
{
    hasher h = {.number = ARENA_ARRAY(ctx->a, int64_t, g->tensors.n)};
    sha256_init(&h.sha);
    put_text(&h, "qcc canonical model 1");
    put_text(&h, g->name);
    put_text(&h, ir_numerics_name(g->numerics));
    put_tensors(&h, g->inputs.v, g->inputs.n);
    put_int(&h, g->ops.n);
    for (int i = 0; i < g->ops.n; i++)
        put_op(&h, g->ops.v[i]);
    put_tensors(&h, g->outputs.v, g->outputs.n);
    put_int(&h, g->states.n);
    for (int i = 0; i < g->states.n; i++)
        put_tensor(&h, g->states.v[i]->tensor);
    sha256_hex(&h.sha, out);
}
