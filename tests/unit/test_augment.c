/* test_augment.c - steps of augmentation: how they are read, and what they do to a row. */
#include "tests/unit/cm.h"

#include <math.h>
#include <string.h>

#include "tests/unit/qdl.h"

enum { H = 9, W = 7, C = 2, ELEMS = H * W * C };

static ir_tensor image = {
    .name = "x", .shape = {.rank = 3, .dim = {H, W, C}}, .real_lo = 0, .real_hi = 1};
static ir_tensor frames = {
    .name = "x", .shape = {.rank = 2, .dim = {H, W *C}}, .real_lo = -1, .real_hi = 1};
static ir_tensor vector = {.name = "x", .shape = {.rank = 1, .dim = {ELEMS}}};

static const aug_spec *spec_of(qctx *ctx, const char *option)
{
    aug_spec *s = ARENA_NEW(ctx->a, aug_spec);
    if (!aug_option(ctx, s, option))
        fail_msg("%s: %s", option, all_messages(ctx));
    return s;
}

static const augmenter *made(qctx *ctx, const char *option, const ir_tensor *port)
{
    const augmenter *a = aug_new(ctx, spec_of(ctx, option), port);
    if (!a)
        fail_msg("%s: %s", option, all_messages(ctx));
    return a;
}

/* All different, inside (0, 1). */
static void fill_row(float *v)
{
    for (int i = 0; i < ELEMS; i++)
        v[i] = (float)(i + 1) / (ELEMS + 2);
}

static float at(const float *v, int y, int x, int c)
{
    return y >= 0 && y < H && x >= 0 && x < W ? v[(y * W + x) * C + c] : 0;
}

/* Whether out is in, moved by dy, dx, and 0 where nothing came from. */
static bool is_moved(const float *in, const float *out, int dy, int dx, int flip_x)
{
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            for (int c = 0; c < C; c++)
                if (at(out, y, x, c) != at(in, y - dy, flip_x ? W - 1 - (x - dx) : x - dx, c))
                    return false;
    return true;
}

static void crops_are_whole_pixels(void **state)
{
    float in[ELEMS], out[ELEMS];
    fill_row(in);
    const augmenter *a = made(*state, "crop=2", &image);
    int seen[5][5] = {{0}}, kinds = 0;
    for (uint64_t row = 0; row < 400; row++) {
        aug_row(a, (aug_key){1, 0, row}, in, out);
        int found = 0;
        for (int dy = -2; dy <= 2; dy++)
            for (int dx = -2; dx <= 2; dx++)
                if (is_moved(in, out, dy, dx, 0)) {
                    found++;
                    kinds += !seen[dy + 2][dx + 2];
                    seen[dy + 2][dx + 2]++;
                }
        assert_int_equal(found, 1);
    }
    assert_int_equal(kinds, 25);
}

static void flips_take_the_axis_and_the_probability(void **state)
{
    float in[ELEMS], out[ELEMS];
    fill_row(in);
    const augmenter *a = made(*state, "flip=h@0.25", &image);
    int flipped = 0;
    for (uint64_t row = 0; row < 2000; row++) {
        aug_row(a, (aug_key){7, 3, row}, in, out);
        bool is = is_moved(in, out, 0, 0, 1);
        assert_true(is || is_moved(in, out, 0, 0, 0));
        flipped += is;
    }
    assert_in_range(flipped, 420, 580); /* 500 ± 4 σ */
}

/* A quarter turn, counterclockwise; exact up to the rounding of sine and cosine. */
static void rotation_turns(void **state)
{
    ir_tensor square = {.name = "x", .shape = {.rank = 3, .dim = {5, 5, 1}}};
    float in[25], out[25];
    for (int i = 0; i < 25; i++)
        in[i] = (float)i;
    aug_row(made(*state, "rotate=90:90,shear=0:0", &square), (aug_key){1, 0, 0}, in, out);
    for (int y = 0; y < 5; y++)
        for (int x = 0; x < 5; x++)
            assert_true(fabsf(out[y * 5 + x] - in[x * 5 + 4 - y]) < 1e-4f);
}

/* Twice as large: the middle half of the row, interpolated. */
static void scale_enlarges(void **state)
{
    ir_tensor line = {.name = "x", .shape = {.rank = 3, .dim = {1, 5, 1}}};
    float in[5] = {0, 10, 20, 30, 40}, out[5];
    aug_row(made(*state, "scale=2:2", &line), (aug_key){1, 0, 0}, in, out);
    const float want[5] = {10, 15, 20, 25, 30};
    assert_memory_equal(out, want, sizeof want);
}

static void values_stay_in_range_and_move(void **state)
{
    float in[ELEMS], out[ELEMS];
    fill_row(in);
    static const char *const steps[] = {"brightness=0.5", "contrast=0.9", "noise=0.3", "rotate=30",
                                        "shift=0.3",      "shear=20",     "scale=0.4", "cutout=4"};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int same = 0;
        for (uint64_t row = 0; row < 50; row++) {
            aug_row(made(*state, steps[i], &image), (aug_key){1, 2, row}, in, out);
            for (int k = 0; k < ELEMS; k++)
                assert_true(out[k] >= 0 && out[k] <= 1);
            same += !memcmp(in, out, sizeof in);
        }
        assert_true(same < 5);
    }
}

static void brightness_adds_one_number(void **state)
{
    float in[ELEMS], out[ELEMS];
    fill_row(in);
    aug_row(made(*state, "brightness=0.25:0.25", &vector), (aug_key){1, 0, 0}, in, out);
    double step = 0.25 * (double)(in[ELEMS - 1] - in[0]); /* the row's own range */
    for (int k = 0; k < ELEMS; k++)
        assert_true(fabs((double)out[k] - (double)in[k] - step) < 1e-6);
}

/* Blanked lines are whole, together, and no more than asked for. */
static void masks_blank_frames(void **state)
{
    float in[ELEMS], out[ELEMS];
    fill_row(in);
    static const struct {
        const char *step;
        int lines, length, stride, most;
    } cases[] = {{"time_mask=3", H, W * C, 1, 3}, {"freq_mask=4", W * C, H, W * C, 4}};
    for (int k = 0; k < 2; k++) {
        int most = 0;
        for (uint64_t row = 0; row < 200; row++) {
            aug_row(made(*state, cases[k].step, &frames), (aug_key){1, 0, row}, in, out);
            int blanked = 0, edges = 0, before = 0;
            for (int i = 0; i < cases[k].lines; i++) {
                int zeros = 0;
                for (int j = 0; j < cases[k].length; j++)
                    zeros += out[cases[k].stride == 1 ? i * W * C + j : j * W * C + i] == 0;
                assert_true(zeros == 0 || zeros == cases[k].length);
                edges += (zeros != 0) && !before;
                before = zeros != 0;
                blanked += before;
            }
            assert_true(edges <= 1 && blanked <= cases[k].most);
            most = blanked > most ? blanked : most;
        }
        assert_int_equal(most, cases[k].most);
    }
}

static void time_shift_moves_frames(void **state)
{
    float in[ELEMS], out[ELEMS];
    fill_row(in);
    const augmenter *a = made(*state, "time_shift=2,fill=edge", &frames);
    for (uint64_t row = 0; row < 50; row++) {
        aug_row(a, (aug_key){1, 0, row}, in, out);
        int found = 0;
        for (int by = -2; by <= 2; by++) {
            bool same = true;
            for (int y = 0; y < H; y++) {
                int from = y - by < 0 ? 0 : y - by >= H ? H - 1 : y - by;
                same &= !memcmp(out + y * W * C, in + from * W * C, W * C * sizeof *in);
            }
            found += same;
        }
        assert_int_equal(found, 1);
    }
}

/* With time along the width an image's columns move, all channels of each. */
static void time_may_run_along_the_width(void **state)
{
    float in[ELEMS], out[ELEMS];
    fill_row(in);
    const augmenter *a = made(*state, "time_shift=3,time=width", &image);
    for (uint64_t row = 0; row < 50; row++) {
        aug_row(a, (aug_key){1, 0, row}, in, out);
        int found = 0;
        for (int by = -3; by <= 3; by++)
            found += is_moved(in, out, 0, by, 0);
        assert_int_equal(found, 1);
    }
}

static void keys_decide(void **state)
{
    float in[ELEMS], a[ELEMS], b[ELEMS];
    fill_row(in);
    const augmenter *g = made(*state, "rotate=20,noise=0.1", &image);
    aug_row(g, (aug_key){1, 2, 3}, in, a);
    aug_row(g, (aug_key){9, 9, 9}, in, b);
    aug_row(g, (aug_key){1, 2, 3}, in, b);
    assert_memory_equal(a, b, sizeof a);
    static const aug_key others[] = {{2, 2, 3}, {1, 3, 3}, {1, 2, 4}, {2, 1, 3}};
    for (int i = 0; i < 4; i++) {
        aug_row(g, others[i], in, b);
        assert_memory_not_equal(a, b, sizeof a);
    }
}

static void mixup_names_a_partner(void **state)
{
    const augmenter *a = made(*state, "mixup=0.4@0.5", &vector),
                    *none = made(*state, "noise=0.1", &vector);
    int spared = 0;
    int64_t partner, top = 0;
    for (uint64_t row = 0; row < 1000; row++) {
        double share = aug_partner(a, (aug_key){1, 0, row}, 10, &partner);
        assert_true(share >= 0.5 && share <= 1 && partner >= 0 && partner < 10);
        spared += share == 1;
        top = partner > top ? partner : top;
        assert_true(aug_partner(none, (aug_key){1, 0, row}, 10, &partner) == 1);
    }
    assert_in_range(spared, 430, 600);
    assert_int_equal(top, 9);
}

/* ---- how steps are read --------------------------------------------------------------------- */

static void qdl_reads_steps(void **state)
{
    ast_file *f = qdl_text(
        *state, "model m { input x : u8[4, 4, 1]; output relu(x) }\n"
                "augment {\n  rotate [-5, 10] probability 0.5\n  flip hv; crop 2, fill edge\n}\n");
    assert_null(f); /* one step a statement */
    f = qdl_text(*state, "augment {\n  rotate [-5, 10] probability 0.5\n  flip hv; crop 2\n  fill "
                         "edge; time width\n}\n");
    assert_non_null(f);
    const aug_spec *s = f->augment;
    assert_int_equal(s->steps.n, 3);
    assert_true(s->steps.v[0].lo == -5 && s->steps.v[0].hi == 10 &&
                s->steps.v[0].probability == 0.5);
    assert_true(s->steps.v[1].vertical && s->steps.v[1].horizontal &&
                s->steps.v[1].probability == 0.5);
    assert_true(s->steps.v[2].kind == AUG_CROP && s->steps.v[2].hi == 2 && s->edge &&
                s->time_is_width);
}

static void mistakes_are_told(void **state)
{
    static const struct {
        const char *option;
        diag_id id;
    } cases[] = {
        {"rotat=10", D_AUGMENT_STEP},
        {"rotate", D_AUGMENT_VALUE},
        {"rotate=200", D_AUGMENT_VALUE},
        {"rotate=0", D_AUGMENT_VALUE},
        {"rotate=10:5", D_AUGMENT_VALUE},
        {"flip=x", D_AUGMENT_VALUE},
        {"flip=1", D_AUGMENT_VALUE},
        {"crop=1.5", D_AUGMENT_VALUE},
        {"crop=1:2", D_AUGMENT_VALUE},
        {"crop=2@0", D_AUGMENT_VALUE},
        {"crop=2@1.5", D_AUGMENT_VALUE},
        {"mixup=2", D_AUGMENT_VALUE},
        {"fill=none", D_AUGMENT_VALUE},
        {"time=depth", D_AUGMENT_VALUE},
        {"", D_AUGMENT_STEP},
        {"mixup=0.2,mixup=0.2", D_AUGMENT_VALUE},
        {"scale=nan", D_AUGMENT_VALUE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        qctx *ctx = qctx_new();
        assert_false(aug_option(ctx, ARENA_NEW(ctx->a, aug_spec), cases[i].option));
        assert_int_equal(diag_get(ctx, 0)->id, cases[i].id);
        qctx_free(ctx);
    }
    (void)state;
}

static void shapes_must_suit(void **state)
{
    static const struct {
        const char *option;
        const ir_tensor *port;
    } cases[] = {{"rotate=10", &frames}, {"flip=h", &vector},  {"time_mask=3", &vector},
                 {"crop=9", &image},     {"cutout=8", &image}, {"time_mask=9", &frames},
                 {"freq_mask=7", &image}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        qctx *ctx = qctx_new();
        assert_null(aug_new(ctx, spec_of(ctx, cases[i].option), cases[i].port));
        assert_int_equal(diag_get(ctx, 0)->id, D_AUGMENT_SHAPE);
        qctx_free(ctx);
    }
    (void)state;
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, qdl_setup, qdl_teardown)
    const struct CMUnitTest tests[] = {
        TEST(crops_are_whole_pixels),
        TEST(flips_take_the_axis_and_the_probability),
        TEST(rotation_turns),
        TEST(scale_enlarges),
        TEST(values_stay_in_range_and_move),
        TEST(brightness_adds_one_number),
        TEST(masks_blank_frames),
        TEST(time_shift_moves_frames),
        TEST(time_may_run_along_the_width),
        TEST(keys_decide),
        TEST(mixup_names_a_partner),
        TEST(qdl_reads_steps),
        TEST(mistakes_are_told),
        TEST(shapes_must_suit),
    };
    return cmocka_run_group_tests_name("augment", tests, NULL, NULL);
}
