/* inspect_rounding.c - what `round gptq`, `bias_correct` and `match_deviation` did. */
#include <math.h>

#include "compiler/cli/inspect.h"

static double ratio_db(double signal, double noise)
{
    return noise > 0 ? 10 * log10(signal / noise) : INFINITY;
}

void inspect_rounding(const net *n)
{
    if (n->rounding.n == 0)
        return;
    int width = inspect_width(n->prepared);
    printf("\n%-*s %7s %9s %12s %12s %12s  %s\n", width, "rounding", "inputs", "dead", "damping",
           "nearest dB", "kept dB", "kept (odd calibration rows judge)");
    for (int i = 0; i < n->rounding.n; i++) {
        const refined *r = &n->rounding.v[i];
        bool any = r->rounded || r->matched || r->corrected;
        printf("%-*.*s %7d %9d %12.4g %12.2f %12.2f %s%s%s%s\n", width, width, r->layer, r->inputs,
               r->dead, r->damping, ratio_db(r->signal, r->before), ratio_db(r->signal, r->after),
               !r->rounded  ? ""
               : r->learned ? " adaround"
                            : " gptq",
               r->matched ? " deviations" : "", r->corrected ? " biases" : "",
               r->skipped ? " nearest: too many inputs"
               : any      ? ""
                          : " nearest");
    }
}

static json_t *layer_json(const refined *r)
{
    json_t *j = json_pack("{s:s, s:i, s:i, s:f}", "layer", r->layer, "inputs", r->inputs,
                          "dead_inputs", r->dead, "damping", r->damping);
    json_object_set_new(j, "error_nearest", json_real(r->before));
    json_object_set_new(j, "error", json_real(r->after));
    json_object_set_new(j, "signal", json_real(r->signal));
    json_object_set_new(j, "gptq", json_boolean(r->rounded && !r->learned));
    json_object_set_new(j, "adaround", json_boolean(r->rounded && r->learned));
    json_object_set_new(j, "deviations", json_boolean(r->matched));
    json_object_set_new(j, "biases", json_boolean(r->corrected));
    return j;
}

void inspect_rounding_json(json_t *j, const net *n)
{
    if (n->rounding.n == 0)
        return;
    json_t *layers = json_array();
    for (int i = 0; i < n->rounding.n; i++)
        json_array_append_new(layers, layer_json(&n->rounding.v[i]));
    json_object_set_new(j, "rounding", layers);
}
