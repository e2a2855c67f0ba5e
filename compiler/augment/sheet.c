/* sheet.c - a contact sheet: rows of data beside their variants. */
#include <math.h>
#include <string.h>

#include "compiler/augment/internal.h"

enum { CELL = 72, GAP = 4, BACKGROUND = 128 }; /* pixels; grey */

typedef struct frame {
    const augmenter *a;
    aug_sheet sheet;
    int zoom, stretch; /* screen pixels of a value, across and down */
    int cell_w, cell_h;
    double lo, hi; /* shown as black and white */
} frame;

/* What is shown as black and white: the declared range, else that of the rows. */
static void find_range(frame *f, float *const *rows, int n)
{
    f->lo = f->a->lo;
    f->hi = f->a->hi;
    if (f->lo < f->hi)
        return;
    int64_t elems = (int64_t)f->a->height * f->a->width * f->a->channels;
    f->lo = INFINITY;
    f->hi = -INFINITY;
    for (int k = 0; k < n; k++)
        for (int64_t i = 0; i < elems; i++) {
            f->lo = fmin(f->lo, (double)rows[k][i]);
            f->hi = fmax(f->hi, (double)rows[k][i]);
        }
    if (!(f->lo < f->hi))
        f->hi = f->lo + 1;
}

static unsigned char shade(const frame *f, double v)
{
    double t = (v - f->lo) / (f->hi - f->lo);
    return (unsigned char)(fmin(fmax(t, 0), 1) * 255 + 0.5);
}

/* Input channels beyond what a picture has are left out: the first is shown, in grey. */
static void draw(const frame *f, int column, int line, const float *row)
{
    const augmenter *a = f->a;
    for (int y = 0; y < f->cell_h; y++)
        for (int x = 0; x < f->cell_w; x++) {
            const float *v =
                row + ((int64_t)(y / f->stretch) * a->width + x / f->zoom) * a->channels;
            int64_t at = (int64_t)(GAP + line * (f->cell_h + GAP) + y) * f->sheet.width + GAP +
                         column * (f->cell_w + GAP) + x;
            for (int c = 0; c < f->sheet.channels; c++)
                f->sheet.pixels[at * f->sheet.channels + c] = shade(f, (double)v[c]);
        }
}

aug_sheet aug_draw_sheet(qctx *ctx, const augmenter *a, uint64_t seed, float *const *rows, int n,
                         int variants)
{
    frame f = {.a = a};
    int least = a->height > a->width ? a->height : a->width;
    f.zoom = least >= CELL ? 1 : (CELL + least - 1) / least;
    f.cell_w = a->width * f.zoom;
    f.stretch = a->height == 1 ? 16 : f.zoom; /* a vector is a stripe */
    f.cell_h = a->height * f.stretch;
    f.sheet.channels = a->image && a->channels == 3 ? 3 : 1;
    f.sheet.width = GAP + (variants + 1) * (f.cell_w + GAP);
    f.sheet.height = GAP + n * (f.cell_h + GAP);
    size_t bytes = (size_t)f.sheet.width * (size_t)f.sheet.height * (size_t)f.sheet.channels;
    f.sheet.pixels = arena_alloc(ctx->a, bytes);
    memset(f.sheet.pixels, BACKGROUND, bytes);
    find_range(&f, rows, n);
    float *out = arena_calloc(ctx->a, (size_t)a->height * (size_t)a->width * (size_t)a->channels,
                              sizeof *out);
    for (int k = 0; k < n; k++) {
        draw(&f, 0, k, rows[k]);
        for (int v = 0; v < variants; v++) {
            aug_row(a, (aug_key){seed, (uint64_t)v, (uint64_t)k}, rows[k], out);
            draw(&f, v + 1, k, out);
        }
    }
    return f.sheet;
}
