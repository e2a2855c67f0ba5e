/* recover_page.c - the table of recover, on the terminal and as a page. */
#include <inttypes.h>

#include "compiler/cli/recover.h"
#include "compiler/report/page.h"

static const char *rows_word(const recovery *r, const state_row *row)
{
    return row->rows ? arena_printf(r->t.ctx->a, "%" PRId64, row->rows) : "-";
}

static const char *varied_word(const state_row *row)
{
    return !row->rows ? "-" : row->varied ? "yes" : "no";
}

bool any_diverged(const recovery *r)
{
    for (int i = 0; i < r->table.n; i++)
        if (r->table.v[i].diverged)
            return true;
    return false;
}

static double agreement(const recovery *r, const state_row *row)
{
    return 100 * (double)row->agree / (double)r->test.n;
}

void print_heads(const recovery *r)
{
    progress_pause(r->t.ctx);
    printf("%-14s %8s  %-9s %-26s %9s %9s %10s\n", "state", "rows", "augmented",
           "accuracy (95 % interval)", "agreement", "bytes", "us");
}

void print_row(const recovery *r, const state_row *row)
{
    progress_pause(r->t.ctx);
    /* the interval's dots are three bytes, one column */
    printf("%-14s %8s  %-9s %-28s %7.2f %% %9" PRId64 " %10.2f%s\n", row->name, rows_word(r, row),
           varied_word(row), rate_text(r->t.ctx, row->right, r->test.n), agreement(r, row),
           row->bytes, 1e6 * row->seconds, row->diverged ? "  diverged" : "");
    fflush(stdout);
}

const char *state_text(const recovery *r, const state_row *row)
{
    return !row->rows ? row->name
                      : arena_printf(r->t.ctx->a, "%s on %" PRId64 " rows%s", row->name, row->rows,
                                     row->varied ? ", augmented" : "");
}

/* A pair of states to compare. */
typedef struct pairing {
    const state_row *state, *beside;
} pairing;

enum { MOST_PAIRINGS = 3 };

/* The state that is written beside the net that was given and beside the float net; the one tuned
 * on all rows with augmentation beside that without. */
static int pairings(const recovery *r, pairing *of)
{
    const state_row *row = r->table.v, *best = &row[r->best_row], *all[2] = {NULL, NULL};
    int n = 0;
    if (r->best_row > 1)
        of[n++] = (pairing){best, &row[1]};
    of[n++] = (pairing){best, &row[0]};
    for (int i = 2; i < r->table.n; i++)
        if (row[i].rows == r->t.data.train.n && !all[row[i].varied])
            all[row[i].varied] = &row[i];
    if (all[1])
        of[n++] = (pairing){all[1], all[0]};
    return n;
}

void print_pairings(const recovery *r)
{
    pairing of[MOST_PAIRINGS];
    int n = pairings(r, of);
    puts("on the same test rows:");
    for (int i = 0; i < n; i++)
        printf("  %s against %s: %s\n", state_text(r, of[i].state), state_text(r, of[i].beside),
               paired_text(r->t.ctx, of[i].state->hits, of[i].beside->hits, r->test.n));
}

static void pairing_table(page *p, const recovery *r)
{
    static const char *const heads[] = {"state", "against", "difference"};
    pairing of[MOST_PAIRINGS];
    int n = pairings(r, of);
    page_table(p, "On the same test rows", false, heads, 3);
    for (int i = 0; i < n; i++) {
        page_cell(p, "%s", state_text(r, of[i].state));
        page_cell(p, "%s", state_text(r, of[i].beside));
        page_cell(p, "%s", paired_text(r->t.ctx, of[i].state->hits, of[i].beside->hits, r->test.n));
    }
    page_table_end(p);
}

static void table(page *p, const recovery *r)
{
    static const char *const heads[] = {
        "state",      ">rows",  "augmented",    "accuracy (95 % interval)",
        ">agreement", ">bytes", ">microseconds"};
    page_table(p, "Each state on the test rows", false, heads, 7);
    for (int i = 0; i < r->table.n; i++) {
        const state_row *row = &r->table.v[i];
        page_cell(p, "%s%s", row->name, row->diverged ? " (diverged)" : "");
        page_cell(p, "%s", rows_word(r, row));
        page_cell(p, "%s", varied_word(row));
        page_cell(p, "%s", rate_text(r->t.ctx, row->right, r->test.n));
        page_cell(p, "%.2f %%", agreement(r, row));
        page_cell(p, "%" PRId64, row->bytes);
        page_cell(p, "%.2f", 1e6 * row->seconds);
    }
    page_table_end(p);
}

/* Select accuracy and loss of the runs with or without augmentation. */
static void run_curves(page *p, const recovery *r, bool varied)
{
    run_log *logs = ARENA_ARRAY(p->ctx->a, run_log, r->runs.n);
    int n = 0;
    for (int i = 0; i < r->runs.n; i++) {
        const recovery_run *run = &r->runs.v[i];
        if (run->varied == varied)
            logs[n++] =
                (run_log){arena_printf(p->ctx->a, "%s, %" PRId64 " rows", run->name, run->rows),
                          run->log.v, run->log.n};
    }
    if (n)
        training_curves(p, varied ? "With augmentation: " : "",
                        r->t.data.select.labels ? "accuracy" : "agreement", logs, n);
}

const char *recovery_page(recovery *r)
{
    const fit_options *o = &r->t.job.fit;
    const state_row *best = &r->table.v[r->best_row];
    page *p = page_new(r->t.ctx, r->t.n->quantized->name,
                       "What quantization cost, and what fine-tuning won back.");
    page_section(p, "states", "States of the net");
    table(p, r);
    page_text(
        p,
        "Trained for at most %d epochs with batches of %d, seed %llu, on rows of the training "
        "data; "
        "the best state on %lld rows of their own is kept. Test rows (%lld) are looked at for this "
        "table only. Agreement: the class that the float net gives. Bytes: all constants of the C. "
        "Time: one inference on this machine, %s, median.",
        o->epochs, o->batch, (unsigned long long)o->seed, (long long)r->t.data.select.n,
        (long long)r->test.n, r->timing);
    page_text(p, "Control: the float net, trained likewise. What it gains is further training, not "
                 "recovery.");
    if (any_diverged(r))
        page_note(p, "A run that diverged gives its best state before that.");
    pairing_table(p, r);
    page_note(p, "Written: %s, the best on the rows that select.", state_text(r, best));
    page_section(p, "curves", "The runs");
    for (int varied = 0; varied < 2; varied++)
        run_curves(p, r, varied);
    return page_finish(p);
}
