/* host.h - what bench/host.c times: programs that run one network on this machine. */
#ifndef QCC_BENCH_HOST_H
#define QCC_BENCH_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One inference takes in[n_in] and leaves out[n_out]: int8 codes, channels last, or (reals)
 * float32. */
typedef struct rival {
    const char *kind, *name, *file;
    bool reals, channels_first;
    bool parts; /* its layers one by one, on noise: no result */
    int n_in, n_out;
    void *in, *out;
    void (*run)(struct rival *r);
    void *own;
} rival;

/* Numbers of qcc's code, read from its library. */
typedef struct ports {
    float in_scale, out_scale;
    int in_zero, out_zero;
} ports;

/* Each opens r->file and fills r. NULL, or why it cannot run here. */
typedef const char *rival_open(rival *r);
rival_open open_qcc, open_lite, open_ort, open_xnnpack, open_onednn;

/* Of a library that open_qcc opened. */
ports qcc_ports(const rival *r);

/* Sets a function pointer to a symbol. */
bool host_find(void *library, const char *name, void *to);
void *host_alloc(size_t bytes);

/* ---- layers (host_layers.c) --------------------------------------------------------------------
 */
/* A convolution (groups 1, or as many as input channels) or a dense layer of one window. */
typedef struct layer {
    int h, w, c, kh, kw, sh, sw, pad[4] /* top, bottom, left, right */, oh, ow, o, groups;
} layer;
enum { HOST_LAYERS = 64 };
/* Lines of 14 numbers in the order above; the number of layers, 0: none could be read. */
int host_layers(const char *file, layer layers[HOST_LAYERS]);

#endif
