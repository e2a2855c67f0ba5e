/* optimizer.h - one step of Adam or of SGD with momentum, and the rate that a schedule gives it. */
#ifndef QCC_TRAIN_OPTIMIZER_H
#define QCC_TRAIN_OPTIMIZER_H

#include "compiler/train/engine.h"

typedef enum opt_kind { OPT_ADAM, OPT_SGD } opt_kind;
typedef enum opt_schedule { OPT_ONECYCLE, OPT_COSINE, OPT_STEP, OPT_CONSTANT } opt_schedule;

typedef struct opt_options {
    opt_kind kind;
    opt_schedule schedule;
    double rate;     /* the largest; > 0 */
    double momentum; /* SGD's, and Adam's first moment; [0, 1) */
    double decay; /* weight decay ≥ 0: decoupled with Adam (Loshchilov and Hutter 2019), part of the
                     gradient with SGD */
    double clip;       /* largest Euclidean norm of a gradient; 0: no limit */
    double step_share; /* OPT_STEP: the rate falls to a tenth after each such share of the steps */
} opt_options;

/* Words of the command line, ended by NULL, in the order of the enums. */
extern const char *const opt_kind_words[], *const opt_schedule_words[];

/* Rate of step number `step` (from 0) of `steps`. One cycle: Smith and Topin 2018, as PyTorch has
 * it: up for 30 % of the steps from rate/25, then down to rate/250000, both along a cosine. */
double opt_rate(const opt_options *o, int64_t step, int64_t steps);

typedef struct optimizer {
    opt_options o;
    int64_t n, steps_done;
    float *m, *v;        /* [n] moments; v of Adam alone, else NULL */
    const float *unit;   /* [n] how far a rate of 1 moves a parameter, for Adam */
    const tparam *param; /* what decays */
    int n_param;
} optimizer;

/* For the parameters of e. */
void opt_new(qctx *ctx, optimizer *p, const tengine *e, const opt_options *o);
/* theta −= what the gradient g of n numbers says at this rate; g is changed. Adam: Kingma and Ba
 * 2015, β₂ 0.999, ε 1e-8. Returns the norm of g before clipping. */
double opt_step(optimizer *p, float *theta, float *g, double rate);

#endif
