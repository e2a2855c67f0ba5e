/* number.h - whole numbers from text, all of it or nothing. */
#ifndef QCC_NUMBER_H
#define QCC_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal digits only, no sign, no blank, in range. */
bool parse_u64(const char *s, uint64_t *v);
/* The same within [lo, hi]; a leading minus is allowed. */
bool parse_int(const char *s, int64_t lo, int64_t hi, int64_t *v);

#endif
