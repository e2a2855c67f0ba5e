/* options.c - the emitter's options: defaults, checks, and the line in the header comment. */
#include "compiler/emit/frame.h"
#include "compiler/base/sha256.h"
#include "compiler/emit/target.h"

#include <limits.h>
#include <string.h>

enum { MAX_SECTION = 120 };

void emit_options_init(emit_options *o)
{
    memset(o, 0, sizeof *o);
    o->target = "generic";
    o->opt = EMIT_O2;
    o->weights = EMIT_DECIMAL;
    o->unroll = -1;
}

/* Characters that every assembler takes in a section's name, and that need no escape in C. */
static bool section_is_legal(const char *s)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._$-,";
    size_t n = strspn(s, allowed);
    return n > 0 && n <= MAX_SECTION && !s[n];
}

bool emit_check_options(emitter *e)
{
    const emit_options *o = e->o;
    int errors = diag_errors(e->ctx);
    if (!emit_find_target(o->target)) {
        int n;
        const char *const *names = emit_target_names(e->ctx, &n), *near = nearest_name(o->target, names, n);
        diag_add(e->ctx, D_TARGET_UNKNOWN, loc_none(), "there is no target '%.60s'", o->target);
        if (near)
            diag_hint(e->ctx, "did you mean '%s'?", near);
    }
    if (o->section && !section_is_legal(o->section)) {
        diag_add(e->ctx, D_SECTION_INVALID, loc_none(), "'%.60s' cannot name a section", o->section);
        diag_expected(e->ctx, "letters, digits, '.', '_', '$', '-' or ',', at most %d", MAX_SECTION);
    }
    return diag_errors(e->ctx) == errors;
}

const char *emit_opt_word(emit_opt opt)
{
    static const char *const words[] = {[EMIT_OS] = "-Os", [EMIT_O2] = "-O2", [EMIT_OSPEED] = "-Ospeed"};
    return words[opt];
}

/* The choices of --tune-kernels by their digest: a record has a path. */
static void put_record(buf *b, const emit_options *o)
{
    sha256 s;
    char hex[65];
    sha256_init(&s);
    for (int i = 0; i < o->n_choices; i++) {
        const char *words[] = {o->choices[i].layer, o->choices[i].kernel, emit_opt_word(o->choices[i].opt)};
        for (int k = 0; k < 3; k++)
            sha256_update(&s, words[k], strlen(words[k]) + 1);
    }
    sha256_hex(&s, hex);
    buf_printf(b, " --tune-kernels=%.16s", hex);
}

/* Always stated, so that a change of a default shows. */
static void put_choices(buf *b, const emit_options *o)
{
    buf_printf(b, "--target %s %s --weights=%s", o->target, emit_opt_word(o->opt),
               o->weights == EMIT_STRING ? "string" : "decimal");
    if (o->unroll == INT_MAX)
        buf_puts(b, " --unroll=full");
    else if (o->unroll == 0)
        buf_puts(b, " --unroll=none");
    else if (o->unroll > 0)
        buf_printf(b, " --unroll=%d", o->unroll);
}

const char *emit_option_line(emitter *e)
{
    const emit_options *o = e->o;
    const struct { bool on; const char *word; } flags[] = {
        {o->emit_float, "--emit-float"},     {o->no_libm, "--no-libm"},
        {o->strict_acc32, "--strict-acc32"}, {o->float_io, "--float-io"},
        {o->io_in_arena, "--io-in-arena"},   {o->static_arena, "--static-arena"},
        {o->split_weights, "--split-weights"}, {o->selftest, "--selftest"},
        {o->profile, "--profile"},         {o->whole_layers, "--whole-layers"},
        {o->ram_min, "--ram=min"},
    };
    buf b;
    buf_init(&b, e->ctx->a);
    put_choices(&b, o);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].on)
            buf_printf(&b, " %s", flags[i].word);
    if (o->n_choices)
        put_record(&b, o);
    if (o->section)
        buf_printf(&b, " --section %s", o->section);
    if (o->prefix)
        buf_printf(&b, " --prefix %s", o->prefix);
    return buf_str(&b);
}
