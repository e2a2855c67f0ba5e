/* inspect.h - the parts of `qcc inspect` beside its table of layers. */
#ifndef QCC_INSPECT_H
#define QCC_INSPECT_H

#include <jansson.h>

#include "compiler/cli/cli.h"

/* inspect_rounding.c: what rounding on the data did, layer by layer; nothing where no layer asks. */
void inspect_rounding(const net *n);
void inspect_rounding_json(json_t *j, const net *n);

#endif
