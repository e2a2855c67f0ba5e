/* qcc.h - libqcc: quantize a small neural network and make C of it, from a program of your own.
 *
 *     qcc_net *q = NULL;
 *     if (qcc_load(&q, "net.qdl", "weights.bin") == QCC_OK &&
 *         qcc_set_quantization_params(q, -1, 1, 8) == QCC_OK &&
 *         qcc_quantize(q) == QCC_OK)
 *         qcc_save(q, "quantized");             // quantized.qdl + quantized.bin
 *     fputs(qcc_diagnostics(q), stderr);
 *     qcc_free(q);
 *
 * Every function returns a status and never exits, prints or leaves half a file. After a failure the
 * net keeps what it had before the call. A qcc_net belongs to one thread at a time; several nets may
 * be used by several threads. */
#ifndef QCC_H
#define QCC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define QCC_API __attribute__((visibility("default")))
#else
#define QCC_API
#endif

typedef enum qcc_status {
    QCC_OK = 0,
    QCC_BAD_INPUT = 1,   /* a file, a model or a value is wrong: see qcc_diagnostics */
    QCC_WRONG_USAGE = 2, /* a call out of order, an unknown option */
    QCC_NO_MEMORY = 3
} qcc_status;

typedef struct qcc_net qcc_net;

/* "0.1.0" */
QCC_API const char *qcc_version(void);

/* Loads a .qdl and its weights (float: safetensors, .npz, raw float32; or a saved quantized pair).
 * *q is set in any case but QCC_NO_MEMORY, so that diagnostics can be read; free it with qcc_free. */
QCC_API qcc_status qcc_load(qcc_net **q, const char *qdl_path, const char *weights_path);
QCC_API void qcc_free(qcc_net *q);

/* Uniform quantization of every layer's weights: the range [lo, hi] in 2^bits levels, as
 * `--range lo:hi --bits bits`. lo < hi, finite; bits 1..8. Undoes nothing that qcc_quantize did:
 * call it before. */
QCC_API qcc_status qcc_set_quantization_params(qcc_net *q, double lo, double hi, int bits);
/* One option as on the command line: "range", "bits", "grid", "numerics" (each may start with
 * "LAYER="), "calibrate" (a data file), "seed", "target". */
QCC_API qcc_status qcc_set_option(qcc_net *q, const char *name, const char *value);
/* Calibrates (over qcc_set_option(q, "calibrate", file), else over the declared input range) and
 * quantizes. Nothing to do for a saved pair. */
QCC_API qcc_status qcc_quantize(qcc_net *q);

/* After qcc_quantize: the saved pair base.qdl + base.bin. */
QCC_API qcc_status qcc_save(qcc_net *q, const char *base);
/* After qcc_quantize: the C file, and its header where header_path is not NULL. */
QCC_API qcc_status qcc_emit_c(qcc_net *q, const char *c_path, const char *header_path);

/* After qcc_quantize: compiles the emitted C with libtcc and hands out its function, with the
 * signature of NAME_run (contract: docs/qdl.md, README "The emitted C"), e.g. for one input and one
 * output int (*)(const int8_t *in, int8_t *out, void *arena). It lives as long as q.
 * *arena_size: bytes of the arena that each call needs, aligned to *arena_align. */
typedef void (*qcc_function)(void);
QCC_API qcc_status qcc_jit(qcc_net *q, qcc_function *run, size_t *arena_size, size_t *arena_align);

/* Shapes of the ports, for callers that do not know the net: elements, scale and zero point of input
 * (output) i. QCC_WRONG_USAGE where there is no such port. */
typedef struct qcc_port {
    const char *name;
    size_t elements, bytes;
    float scale;
    int32_t zero_point;
} qcc_port;
QCC_API qcc_status qcc_input(const qcc_net *q, int i, qcc_port *port);
QCC_API qcc_status qcc_output(const qcc_net *q, int i, qcc_port *port);

/* All diagnostics so far as text, "" if none. Valid until the next call on q. */
QCC_API const char *qcc_diagnostics(qcc_net *q);
QCC_API int qcc_errors(const qcc_net *q);

#ifdef __cplusplus
}
#endif

#endif
