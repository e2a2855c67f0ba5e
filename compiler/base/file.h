/* file.h - whole files in, whole files out. */
#ifndef QCC_FILE_H
#define QCC_FILE_H

#include "compiler/base/ctx.h"

/* Reads a whole regular file (limit 2 GiB) into the arena. NULL with a diagnostic (file-open,
 * file-read, file-too-large) that carries errno's text. Directories and missing files included. */
const source *file_read(qctx *ctx, const char *path);
/* The same, refusing files that hold NUL bytes (source text). */
const source *file_read_text(qctx *ctx, const char *path);

/* Writes the bytes to a temporary beside path, syncs, closes, renames: after a failure path is as
 * it was and no temporary is left. false with a diagnostic (file-write). "-" is standard output;
 * devices and pipes (/dev/stdout, /dev/null) are written in place. */
bool file_write(qctx *ctx, const char *path, const void *p, size_t n);

/* Whether path may be written at all in this context: no file that was read, its folder there. false
 * with the diagnostic that file_write would give. For what takes long before it writes. */
bool file_may_write(qctx *ctx, const char *path);

/* Several files that belong together (a saved pair; C, header and weights unit): all temporaries are
 * written before the first rename, so that a full disk leaves every old file as it was. A file that
 * was read in this context and not written by it, and one name for two outputs, are refused
 * (output-is-input, output-twice). */
typedef struct file_out {
    const char *path;
    const void *p;
    size_t n;
} file_out;
bool file_write_all(qctx *ctx, const file_out *out, int n);
/* No output may be a file that was read, or another output: one of them would be lost without a word.
 * false with a diagnostic. Reads the paths alone. */
bool file_outputs_apart(qctx *ctx, const file_out *out, int n);

#endif
