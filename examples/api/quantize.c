/* quantize.c - the article's four calls with libqcc: load, set_quantization_params, do_quantization,
 * save; then the saved pair is loaded again and run.
 *
 *   cc quantize.c $(pkg-config --cflags --libs qcc) -o quantize
 *   ./quantize net.qdl weights.bin quantized */
#include <qcc.h>
#include <stdio.h>
#include <stdlib.h>

static void check(qcc_net *q, qcc_status status)
{
    fputs(qcc_diagnostics(q), stderr);
    if (status != QCC_OK)
        exit(status);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return fprintf(stderr, "usage: %s NET.qdl WEIGHTS NAME\n", argv[0]), QCC_WRONG_USAGE;

    qcc_net *net = NULL;
    qcc_status loaded = qcc_load(&net, argv[1], argv[2]);
    check(net, loaded);
    check(net, qcc_set_quantization_params(net, -0.5, 0.5, 8));
    check(net, qcc_quantize(net));
    check(net, qcc_save(net, argv[3]));
    qcc_free(net);

    char qdl[4096], bin[4096];
    snprintf(qdl, sizeof qdl, "%s.qdl", argv[3]);
    snprintf(bin, sizeof bin, "%s.bin", argv[3]);
    loaded = qcc_load(&net, qdl, bin);
    check(net, loaded);
    check(net, qcc_quantize(net));

    qcc_function function;
    size_t arena_size, arena_align;
    qcc_port in, out;
    check(net, qcc_jit(net, &function, &arena_size, &arena_align));
    check(net, qcc_input(net, 0, &in));
    check(net, qcc_output(net, 0, &out));
    int (*run)(const int8_t *, int8_t *, void *) = (int (*)(const int8_t *, int8_t *, void *))function;
    int8_t *input = calloc(in.elements, 1), *output = calloc(out.elements, 1);
    void *arena = aligned_alloc(64, (arena_size + 63) / 64 * 64 + 64);
    int failed = run(input, output, arena);
    for (size_t i = 0; i < out.elements; i++)
        printf("%d%c", output[i], i + 1 < out.elements ? ' ' : '\n');
    free(arena);
    free(output);
    free(input);
    qcc_free(net);
    return failed;
}
