/* test_chaos.c - the nth allocation fails, for every n: the compilation ends at the guard and leaks
 * nothing (sanitizer builds see that). After jansson's test_chaos. */
#include "tests/unit/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/emit/emit.h"
#include "compiler/pipeline.h"

static char qdl[4096], weights[4096];

static int group_setup(void **state)
{
    (void)state;
    const char *top = getenv("top_srcdir");
    if (!top)
        return -1;
    snprintf(qdl, sizeof qdl, "%s/tests/torch/branches.qdl", top);
    snprintf(weights, sizeof weights, "%s/tests/torch/branches.safetensors", top);
    return 0;
}

/* Whole compilation with the nth allocation failing. 1: it ran through; 0: memory ran out; -1: it ended
 * with an error that is no lack of memory. */
static int compile_failing_at(unsigned long nth)
{
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    if (setjmp(*arena_guard(ctx->a))) {
        qctx_free(ctx);
        return 0;
    }
    arena_fail_at(ctx->a, nth);
    net_options o = {0};
    emit_options e;
    emit_result r;
    emit_options_init(&e);
    e.want_header = true;
    net *n = net_load(ctx, qdl, weights, &o);
    bool ok = n && net_quantize(ctx, n, &o) && emit_c(ctx, n->legal, &e, &r);
    qctx_free(ctx);
    return ok ? 1 : -1;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    unsigned long failed = 0, step = getenv("QCC_LONG") ? 1 : 37;
    for (unsigned long nth = 1;; nth += step) {
        int end = compile_failing_at(nth);
        if (end == 1)
            break;
        if (end < 0)
            fail_msg("allocation %lu: ended with a diagnostic instead of at the guard", nth);
        failed++;
        if (failed > 300 && step < 1000 && !getenv("QCC_LONG"))
            step *= 2, failed = 0;
    }
    assert_true(compile_failing_at(0) == 1);
    assert_true(failed > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
    return cmocka_run_group_tests(tests, group_setup, NULL);
}
