/* training_options.c - the options of train, tune and recover. */
#include <string.h>

#include "compiler/api/number.h"
#include "compiler/cli/training.h"
#include "compiler/front/literal.h"
#include "compiler/train/init.h"

training *training_options(qctx *ctx, cli *c)
{
    if (!c->training) {
        c->training = ARENA_NEW(ctx->a, training);
        *c->training =
            (training){.init = -1,
                       .fit = {.epochs = 15,
                               .batch = 64,
                               .opt = {.rate = 0.003, .momentum = 0.9, .step_share = 1.0 / 3},
                               .loss = {.temperature = 1}}};
    }
    return c->training;
}

#define AT(f) offsetof(training, f)

static const struct {
    const char *name;
    size_t offset;
    int lo, hi;
} wholes[] = {
    {"epochs", AT(fit.epochs), 1, 100000},
    {"batch", AT(fit.batch), 1, 4096},
    {"patience", AT(fit.patience), 0, 100000},
    {"threads", AT(fit.threads), 1, 1024},
};

/* A number in (lo, hi], or [lo, hi] where closed. */
static const struct {
    const char *name;
    size_t offset;
    double lo, hi;
    bool closed;
} reals[] = {
    {"rate", AT(fit.opt.rate), 0, 100, false},
    {"momentum", AT(fit.opt.momentum), 0, 0.9999, true},
    {"decay", AT(fit.opt.decay), 0, 1, true},
    {"clip", AT(fit.opt.clip), 0, 1e9, true},
    {"temperature", AT(fit.loss.temperature), 0, 1000, false},
    {"mix", AT(fit.loss.mix), 0, 1, true},
};

static const struct {
    const char *name;
    size_t offset;
    const char *const *words;
} choices[] = {
    {"optimizer", AT(fit.opt.kind), opt_kind_words},
    {"schedule", AT(fit.opt.schedule), opt_schedule_words},
    {"loss", AT(fit.loss.kind), loss_words},
    {"init", AT(init), init_words},
};

static const struct {
    const char *name;
    size_t offset;
} texts[] = {
    {"log", AT(fit.log)},
    {"checkpoint", AT(checkpoint)},
    {"test", AT(test)},
    {"test-labels", AT(test_labels)},
};
enum {
    N_WHOLES = sizeof wholes / sizeof *wholes,
    N_REALS = sizeof reals / sizeof *reals,
    N_CHOICES = sizeof choices / sizeof *choices,
    N_TEXTS = sizeof texts / sizeof *texts
};

static bool take_whole(cli *c, int row, const char *value)
{
    int64_t v;
    if (!parse_int(value, wholes[row].lo, wholes[row].hi, &v))
        return cli_usage(c, "--%s %s is no whole number from %d to %d", wholes[row].name, value,
                         wholes[row].lo, wholes[row].hi),
               false;
    *(int *)((char *)c->training + wholes[row].offset) = (int)v;
    return true;
}

static bool take_real(qctx *ctx, cli *c, int row, const char *value)
{
    double v, lo = reals[row].lo;
    bool integer;
    if (literal_number(ctx, value, strlen(value), &v, &integer) != LITERAL_OK ||
        !(v > lo || (reals[row].closed && v == lo)) || !(v <= reals[row].hi))
        return cli_usage(c, "--%s %s is no number %s %g, at most %g", reals[row].name, value,
                         reals[row].closed ? "from" : "above", lo, reals[row].hi),
               false;
    *(double *)((char *)c->training + reals[row].offset) = v;
    return true;
}

static bool take_choice(qctx *ctx, cli *c, int row, const char *value)
{
    buf all;
    buf_init(&all, ctx->a);
    for (int i = 0; choices[row].words[i]; i++) {
        buf_printf(&all, "%s%s", i ? ", " : "", choices[row].words[i]);
        if (!strcmp(value, choices[row].words[i])) {
            *(int *)((char *)c->training + choices[row].offset) = i;
            return true;
        }
    }
    return cli_usage(c, "--%s %s is none of %s", choices[row].name, value, buf_str(&all)), false;
}

bool training_option(qctx *ctx, cli *c, const char *name, const char *value)
{
    training *t = training_options(ctx, c);
    t->rate_given |= !strcmp(name, "rate");
    t->mix_given |= !strcmp(name, "mix");
    t->schedule_given |= !strcmp(name, "schedule");
    t->temperature_given |= !strcmp(name, "temperature");
    t->loss_given |= !strcmp(name, "loss");
    if (!strcmp(name, "resume"))
        return t->fit.resume = true;
    for (int i = 0; i < N_WHOLES; i++)
        if (!strcmp(name, wholes[i].name))
            return take_whole(c, i, value);
    for (int i = 0; i < N_REALS; i++)
        if (!strcmp(name, reals[i].name))
            return take_real(ctx, c, i, value);
    for (int i = 0; i < N_CHOICES; i++)
        if (!strcmp(name, choices[i].name))
            return take_choice(ctx, c, i, value);
    for (int i = 0; i < N_TEXTS; i++)
        if (!strcmp(name, texts[i].name))
            *(const char **)((char *)t + texts[i].offset) = value;
    return true;
}
