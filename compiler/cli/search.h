/* search.h - the command line's side of the search for a quantization. */
#ifndef QCC_CLI_SEARCH_H
#define QCC_CLI_SEARCH_H

#include "compiler/cli/cli.h"

bool search_wanted(const cli *c);
/* EXIT_DONE, or EXIT_WRONG_USAGE after a message. */
int search_usage(const cli *c);
/* Searches, prints the table of what none beats (standard error), leaves n quantized as chosen and
 * writes the quantize part. false after diagnostics. */
bool search_net(qctx *ctx, cli *c, net *n);

#endif
