/* png.c - a contact sheet as PNG, through libpng where it is built in. */
#include "config.h"

#include "compiler/augment/augment.h"
#include "compiler/base/file.h"

#ifdef HAVE_LIBPNG
#include <png.h>
#include <string.h>

bool aug_write_png(qctx *ctx, const aug_sheet *s, const char *path)
{
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.width = (png_uint_32)s->width;
    image.height = (png_uint_32)s->height;
    image.format = s->channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    png_alloc_size_t bytes = 0;
    void *p = NULL;
    bool ok = png_image_write_to_memory(&image, NULL, &bytes, 0, s->pixels, 0, NULL);
    if (ok) {
        p = arena_alloc(ctx->a, bytes);
        ok = png_image_write_to_memory(&image, p, &bytes, 0, s->pixels, 0, NULL);
    }
    if (!ok) {
        diag_add(ctx, D_FILE_WRITE, loc_none(), "%s: %s", path, image.message);
        png_image_free(&image);
        return false;
    }
    return file_write(ctx, path, p, bytes);
}
#else
bool aug_write_png(qctx *ctx, const aug_sheet *s, const char *path)
{
    (void)s;
    diag_add(ctx, D_PNG_MISSING, loc_none(), "%s: this qcc was built without libpng", path);
    diag_hint(ctx, "install libpng-dev, configure and build again");
    return false;
}
#endif
