/* tune.h - quantization-aware fine-tuning: float weights behind the integer grid that will be
 * emitted.
 *
 * The forward rounds weights, biases and activations as the integers will be; the backward passes
 * straight through (qat.h). Each judgement makes the integer net of the present weights, legalizes
 * it and runs it. Epoch 0 is the net that was given, and it stays the best until another is better:
 * what comes out is never worse on the selection split. */
#ifndef QCC_TRAIN_TUNE_H
#define QCC_TRAIN_TUNE_H

#include "compiler/jit/engine.h"
#include "compiler/train/judge.h"
#include "compiler/train/qat.h"

typedef struct tune_job {
    const ir_graph *prepared;  /* FOLDED: what was quantized */
    const ir_graph *quantized; /* its QUANTIZED graph */
    const ir_graph *teacher;   /* FOLDED float net to learn from; NULL: labels or targets alone */
    train_rows train, select;  /* ports: inputs of the QUANTIZED graph */
    fit_options fit;
    engine_kind engine; /* that judges: bit for bit the interpreter */
} tune_job;

typedef struct tune_result {
    fit_end end;
    const ir_graph *quantized; /* the best: the one that was given where nothing was better */
    bool improved;
    fit_score before, after; /* on select */
    double differing;        /* share of activation codes that the training forward and the integer
                                interpreter give differently, on at most 64 rows of select */
    int64_t codes;           /* compared for that */
    int best_epoch;
    const fit_epoch *log; /* [epochs] from epoch 0 on */
    int epochs;
    int64_t bytes; /* of memory that training takes */
} tune_result;

/* ready: called once before training with r->bytes known, or NULL. */
tune_result tune_net(qctx *ctx, const tune_job *job,
                     void (*ready)(void *user, const tune_result *r), void *user);

/* Loss and hits of an integer net on rows: a QUANTIZED graph, legalized in a context of its own.
 * hits: [rows], 1 where a row is right, or NULL. false after a diagnostic in ctx. */
bool tune_score(qctx *ctx, const ir_graph *quantized, engine_kind kind, const train_rows *rows,
                const float *teacher, const loss_spec *loss, uint8_t *hits, fit_score *score);
/* The same without hits; false without a diagnostic where stopped (or NULL), asked after each row,
 * says so. */
bool tune_score_until(qctx *ctx, const ir_graph *quantized, engine_kind kind,
                      const train_rows *rows, const float *teacher, const loss_spec *loss,
                      bool (*stopped)(void), fit_score *score);

#endif
