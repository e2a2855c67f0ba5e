/* sha256.h - SHA-256 (FIPS 180-4). */
#ifndef QCC_SHA256_H
#define QCC_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct sha256 {
    uint32_t h[8];
    uint64_t bytes;
    uint8_t block[64];
} sha256;

void sha256_init(sha256 *s);
void sha256_update(sha256 *s, const void *p, size_t n);
/* 64 lower-case hexadecimal digits and a NUL. */
void sha256_hex(sha256 *s, char out[65]);

#endif
