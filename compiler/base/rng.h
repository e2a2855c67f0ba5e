/* rng.h - the one pseudo-random generator (xoshiro256** seeded by splitmix64; Blackman & Vigna,
 * "Scrambled linear pseudorandom number generators", 2018). Same sequence on every machine. */
#ifndef QCC_RNG_H
#define QCC_RNG_H

#include <stdint.h>

typedef struct rng { uint64_t s[4]; } rng;

void rng_seed(rng *r, uint64_t seed);
uint64_t rng_next(rng *r);
/* Uniform in [0, n), n ≥ 1, without modulo bias. */
uint64_t rng_below(rng *r, uint64_t n);
/* Uniform in [0, 1) with 53 bits. */
double rng_double(rng *r);
/* A permutation of 0..n-1 (Fisher-Yates). */
void rng_shuffle(rng *r, int *perm, int n);

#endif
