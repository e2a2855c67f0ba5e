/* test_mutate.c - nets with words moved, doubled, dropped and numbers gone wild: each is refused with a
 * diagnostic or becomes a graph that holds all invariants, also after every pass over floats. */
#include "tests/unit/cm.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/base/rng.h"
#include "compiler/front/front.h"
#include "compiler/quant/quant.h"

static const char *const nets[] = {
    "block sep ( x , filters , stride ) {\n"
    "dw = depthwise ( x , kernel 3x3 , stride stride , pad same , no bias ) |> batch_norm |> relu\n"
    "pw = conv2d ( dw , filters , kernel 1 , no bias , weights \"p\" ) |> batch_norm ( eps 1e-3 ) |> relu6\n"
    "return pw , dw\n}\n"
    "model m {\ninput x : u8 [ 7 , 9 , 3 ] real [ 0 , 1 ]\n"
    "a , b = sep ( x , 4 , 2 )\nc = concat ( a , a , axis 0 ) |> maxpool ( 2x2 , ceil )\n"
    "d = avgpool ( b , 3x2 , stride 2 , pad [ 1 , 0 , 1 , 0 ] , count all ) |> flatten |> dense ( 5 )\n"
    "output d , softmax ( dense ( flatten ( c ) , 4 , weights \"q\" ) )\n}\n"
    "quantize {\ndefault : weights int8 , activations int8\nd . weight : uniform range [ -1 , 1 ] bits 4\n}\n",
    "model m {\ninput x : i8 [ 4 , 6 , 2 ] scale 0.5 zero 3 layout nchw\nweights native\n"
    "input z : f32 [ 12 ]\n"
    "a = conv2d ( x , 6 , kernel 3x2 , stride 2x1 , dilation 1x2 , groups 2 , pad [ 1 , 1 , 0 , 2 ] )\n"
    "b = add ( a , global_avgpool ( a , keep ) ) |> leaky_relu ( slope 0.1 ) |> pad ( 1 )\n"
    "c = mul ( reshape ( x , [ -1 , 4 ] ) , reshape ( z , [ 12 , 1 ] ) ) |> tanh\n"
    "output e = hard_swish ( c ) |> sigmoid\noutput global_maxpool ( b ) , batch_norm ( c )\n}\n",
};

static const char *const strangers[] = {
    "0", "1", "2", "-1", "3x3", "2147483647", "32767", "99999999999", "1e30", "[", "]", "{", "}", "(", ")",
    ",", "|>", "=", "\n", "x", "same", "relu", "conv2d", "flatten", "\"\"", "weights", "output", "return",
    "sep", "keep", "ceil", ":", "16777216", "1x16777216", "[ 1 , -1 ]", "no bias"};

enum { MAX_WORDS = 512 };

static int split(arena *a, const char *text, char **words)
{
    int n = 0;
    for (const char *p = text; *p && n < MAX_WORDS;) {
        size_t len = *p == '\n' ? 1 : strcspn(p, " \n");
        if (len)
            words[n++] = arena_strndup(a, p, len);
        p += len + (p[len] == ' ');
    }
    return n;
}

static const char *any_word(rng *r, char *const *words, int n)
{
    if (rng_below(r, 2))
        return words[rng_below(r, (uint64_t)n)];
    return strangers[rng_below(r, sizeof strangers / sizeof *strangers)];
}

/* One or two words replaced, dropped, doubled or exchanged. */
static const char *mutant(arena *a, rng *r, const char *text)
{
    char *words[MAX_WORDS];
    int n = split(a, text, words);
    for (uint64_t k = 1 + rng_below(r, 2); k > 0; k--) {
        char **w = &words[rng_below(r, (uint64_t)n)], **other = &words[rng_below(r, (uint64_t)n)];
        char *was = *w;
        switch (rng_below(r, 4)) {
        case 0: *w = arena_strdup(a, any_word(r, words, n)); break;
        case 1: *w = arena_strdup(a, ""); break;
        case 2: *w = arena_printf(a, "%s %s", was, any_word(r, words, n)); break;
        default:
            *w = *other;
            *other = was;
        }
    }
    buf b;
    buf_init(&b, a);
    for (int i = 0; i < n; i++)
        buf_printf(&b, "%s ", words[i]);
    return buf_str(&b);
}

/* Small weights for every slot, the way a file would bring them. */
static void fill_weights(qctx *ctx, const ir_graph *g)
{
    weight_slot *slots;
    for (int n = weight_slots(ctx, g, &slots), i = 0; i < n; i++) {
        int64_t elems = ir_elems(&slots[i].tensor->shape);
        float *v = ARENA_ARRAY(ctx->a, float, elems);
        for (int64_t k = 0; k < elems; k++)
            v[k] = 0.5F;
        slots[i].tensor->data = v;
    }
}

static int64_t parameters(qctx *ctx, const ir_graph *g)
{
    weight_slot *slots;
    int64_t sum = 0;
    for (int n = weight_slots(ctx, g, &slots), i = 0; i < n; i++)
        sum += ir_elems(&slots[i].torch_shape);
    return sum;
}

/* 1 if the text became a graph. */
static int try(const char *text)
{
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    source *src = ARENA_NEW(ctx->a, source);
    *src = (source){"m.qdl", text, strlen(text)};
    ast_file *file = qdl_parse(ctx, src);
    ir_graph *g = file && file->has_model ? sema_lower(ctx, file) : NULL;
    bool ok = g != NULL;
    if (!g && (!file || file->has_model) && !diag_errors(ctx))
        fail_msg("no graph and no word about it:\n%s", text);
    if (ok) {
        sema_check_spec(ctx, g, file->spec);
        if (!ir_verify(ctx, g, "lower"))
            fail_msg("a broken graph of\n%s", text);
        ir_remove_unused(ctx, g);
        if (parameters(ctx, g) < 100000) {
            buf b;
            buf_init(&b, ctx->a);
            fill_weights(ctx, g);
            if (!pass_fold_bn(ctx, g) || !ir_verify(ctx, g, "fold_bn") || !pass_fuse(ctx, g) ||
                !ir_verify(ctx, g, "fuse"))
                fail_msg("broken by a pass:\n%s", text);
            ir_print(g, &b);
        }
    }
    qctx_free(ctx);
    return ok;
}

static void mutants_are_refused_or_whole(void **state)
{
    (void)state;
    const char *more = getenv("QCC_MUTANTS");
    int n = more ? atoi(more) : 2000, whole = 0;
    rng r;
    rng_seed(&r, 7);
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
        assert_int_equal(try(nets[i]), 1);
    for (int i = 0; i < n; i++) {
        arena *a = arena_new();
        assert_non_null(a);
        whole += try(mutant(a, &r, nets[i % 2]));
        arena_free(a);
    }
    print_message("%d of %d mutants are models\n", whole, n);
    assert_true(whole > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(mutants_are_refused_or_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
