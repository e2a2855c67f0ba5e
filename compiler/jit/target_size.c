/* target_size.c - flash and stack of emitted C as its target's own compiler makes them, by
 * contracts.md section 5: sections of the object, the compiler's helpers; stack from -fstack-usage.
 */
#include "compiler/jit/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/base/file.h"

/* Calls nest at most so deep in emitted C (run, layer, its parts, helpers of helpers): no stack is
 * larger than so many of the largest frames. HELPER_STACK: for libgcc's, where it is linked. */
enum { CALL_DEPTH = 6, HELPER_STACK = 96 };
/* Code of a processor whose compiler is missing, over the host's: generous. */
#define GUESS_FACTOR 1.5

static const struct {
    const char *target, *cc, *flags; /* cc NULL: the host's */
} compilers[] = {
    {"cortex-m0", "arm-none-eabi-gcc", "-mcpu=cortex-m0 -mthumb"},
    {"cortex-m3", "arm-none-eabi-gcc", "-mcpu=cortex-m3 -mthumb"},
    {"cortex-m4", "arm-none-eabi-gcc",
     "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"},
    {"cortex-m55", "arm-none-eabi-gcc", "-mcpu=cortex-m55 -mthumb -mfloat-abi=hard"},
    {"rv32", "riscv64-unknown-elf-gcc", "-march=rv32imc -mabi=ilp32 -ffreestanding"},
    {"aarch64", "aarch64-linux-gnu-gcc", ""},
};
enum { COMPILERS = sizeof compilers / sizeof *compilers };

/* The largest frames of a .su file (`net.c:1:5:f<tab>BYTES<tab>static` a line), summed. */
static int64_t stack_bound(qctx *ctx, const char *path)
{
    int64_t largest[CALL_DEPTH] = {0}, sum = 0;
    const source *src = access(path, R_OK) == 0 ? file_read(ctx, path) : NULL;
    if (!src)
        return -1;
    for (const char *line = src->text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *tab = strchr(line, '\t');
        int64_t bytes = tab ? strtoll(tab, NULL, 10) : 0;
        for (int i = 0; i < CALL_DEPTH; i++)
            if (bytes > largest[i]) {
                int64_t smaller = largest[i];
                largest[i] = bytes;
                bytes = smaller;
            }
    }
    for (int i = 0; i < CALL_DEPTH; i++)
        sum += largest[i];
    return sum;
}

static bool object_of(qctx *ctx, const cc_request *how, const char *c, target_size *t)
{
    int64_t bss;
    cc_job *job = cc_run_by(ctx, how, c, "net.o");
    if (!job)
        return false;
    const source *object = file_read(ctx, job->output);
    t->stack = stack_bound(ctx, arena_printf(ctx->a, "%s/net.su", job->dir));
    cc_done(job);
    if (object && elf_sizes(object->text, object->len, &t->flash, &bss))
        return true;
    if (object)
        diag_add(ctx, D_ENGINE_UNAVAILABLE, loc_none(),
                 "the compiler's object is no ELF file that can be read");
    return false;
}

/* What the linker adds out of libgcc, less what it leaves out (RISC-V: long calls made short); 0 where
 * it cannot be told. */
static int64_t helper_bytes(qctx *ctx, const cc_request *how, const char *c, const char *prefix,
                            int64_t object)
{
    const char *extra[] = {"-std=c99",
                           "-w",
                           "-nostdlib",
                           "-ffunction-sections",
                           "-fdata-sections",
                           "-Wl,--gc-sections",
                           "-Wl,--unresolved-symbols=ignore-all",
                           arena_printf(ctx->a, "-Wl,-e,%s_run", prefix),
                           NULL};
    static const char *const after[] = {"-lgcc", NULL};
    cc_request link = {how->cc, how->flags, extra, after};
    int64_t flash = 0, bss;
    cc_job *job = cc_run_by(ctx, &link, c, "net.elf");
    const source *linked = job ? file_read(ctx, job->output) : NULL;
    if (job)
        cc_done(job);
    if (!linked || !elf_sizes(linked->text, linked->len, &flash, &bss))
        return 0;
    return flash - object;
}

/* The compiler of a target, and its flags; the host's where it is not there, or there is none. */
static cc_request compiler_of(qctx *ctx, const target_request *want, bool *cross, target_size *t)
{
    static const char *const extra[] = {
        "-std=c99", "-w", "-c", "-ffunction-sections", "-fdata-sections", "-fstack-usage", NULL};
    cc_request how = {cc_host(), want->level, extra, NULL};
    *cross = false;
    for (int i = 0; i < COMPILERS; i++)
        if (!strcmp(compilers[i].target, want->options->target)) {
            *cross = true;
            t->missing = cc_found(compilers[i].cc) ? NULL : compilers[i].cc;
            if (!t->missing)
                how = (cc_request){compilers[i].cc,
                                   arena_printf(ctx->a, "%s %s", want->level, compilers[i].flags),
                                   extra, NULL};
        }
    return how;
}

static int64_t code_behind(const target_size *t, int64_t constants)
{
    double code = t->flash > constants ? (double)(t->flash - constants) : 0;
    return (int64_t)ceil(t->factor > 0 ? code * t->factor : code) + t->helpers;
}

bool target_sizes(qctx *ctx, const target_request *want, emit_result *r, target_size *t)
{
    bool cross;
    emit_options o = *want->options;
    o.weights = EMIT_STRING; /* the same bytes, compiled several times faster */
    o.split_weights = o.selftest = o.profile = false;
    *t = (target_size){.stack = -1};
    const char *prefix = emit_prefix(ctx, want->graph, &o);
    if (!prefix || !emit_c(ctx, want->graph, &o, r))
        return false;
    cc_request how = compiler_of(ctx, want, &cross, t);
    t->by = arena_printf(ctx->a, "%s %s", how.cc, how.flags);
    if (!cc_found(how.cc)) {
        t->missing = t->missing ? t->missing : how.cc;
        t->by = NULL;
        return true;
    }
    if (!object_of(ctx, &how, r->c, t))
        return false;
    if (t->missing)
        t->factor = GUESS_FACTOR;
    else if (cross && want->helpers)
        t->helpers = helper_bytes(ctx, &how, r->c, prefix, t->flash);
    if (t->helpers > 0 && t->stack >= 0)
        t->stack += HELPER_STACK;
    t->code = code_behind(t, r->constant_bytes);
    return true;
}
