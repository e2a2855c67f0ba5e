/* main.c - two networks in one program, in turn on one arena.
 *
 * Both first pass the self-test that qcc baked in; then every image of images.bin (28·28 bytes each,
 * as the data set has them) goes through both, and their output codes go to lenet.out and dscnn.out,
 * which the Makefile compares with what `qcc run` gave on the host, byte for byte. */
#include <stdint.h>

#include "dscnn.h"
#include "lenet.h"
#include "semihosting.h"
#include "stack.h"

enum {
    PIXELS = LENET_INPUT_SIZE,
    CLASSES = LENET_OUTPUT_SIZE,
    ARENA_BYTES = LENET_ARENA_SIZE > DSCNN_ARENA_SIZE ? LENET_ARENA_SIZE : DSCNN_ARENA_SIZE,
    ARENA_ALIGN = LENET_ARENA_ALIGN > DSCNN_ARENA_ALIGN ? LENET_ARENA_ALIGN : DSCNN_ARENA_ALIGN,
};

/* Its content means nothing between two calls: that is why one will do. */
static uint8_t arena[ARENA_BYTES] __attribute__((aligned(ARENA_ALIGN)));

struct network {
    const char *name, *output_file;
    run_function *run;
    int (*selftest)(void *arena);
    int file;
    uint32_t stack; /* deepest so far, bytes */
};

static struct network networks[] = {
    {"lenet", "lenet.out", lenet_run, lenet_selftest, -1, 0},
    {"dscnn", "dscnn.out", dscnn_run, dscnn_selftest, -1, 0},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

static void say(const char *before, uint32_t number, const char *after)
{
    semihosting_text(before);
    semihosting_number(number);
    semihosting_text(after);
}

static int selftests(void)
{
    int failed = 0;
    for (struct network *n = networks; n < networks + NETWORKS; n++) {
        int wrong = n->selftest(arena);
        semihosting_text(n->name);
        if (wrong)
            say(": self-test vector ", (uint32_t)wrong, " is wrong\n");
        else
            semihosting_text(": self-test passed\n");
        failed |= wrong;
    }
    return failed;
}

/* One image through one network; its codes are appended to the network's file. */
static int classify(struct network *n, const int8_t *image)
{
    int8_t scores[CLASSES] __attribute__((aligned(LENET_OUTPUT_ALIGN)));
    uint32_t bytes;
    if (stack_measure(n->run, image, scores, arena, &bytes))
        return -1;
    n->stack = bytes > n->stack ? bytes : n->stack;
    return semihosting_write(n->file, scores, sizeof scores) == sizeof scores ? 0 : -1;
}

/* The data set's bytes 0…255 are the codes of a u8 input; the C takes them less 128. */
static int next_image(int file, int8_t *image)
{
    static uint8_t bytes[PIXELS];
    if (semihosting_read(file, bytes, sizeof bytes) != sizeof bytes)
        return 0;
    for (int i = 0; i < PIXELS; i++)
        image[i] = (int8_t)(bytes[i] - 128);
    return 1;
}

static int images(void)
{
    static int8_t image[PIXELS] __attribute__((aligned(LENET_INPUT_ALIGN)));
    uint32_t count = 0;
    int file = semihosting_open("images.bin", SEMIHOSTING_READ), failed = file < 0;
    for (struct network *n = networks; n < networks + NETWORKS; n++) {
        n->file = semihosting_open(n->output_file, SEMIHOSTING_WRITE);
        failed |= n->file < 0;
    }
    for (; !failed && next_image(file, image); count++)
        for (struct network *n = networks; n < networks + NETWORKS; n++)
            failed |= classify(n, image);
    for (struct network *n = networks; n < networks + NETWORKS; n++) {
        semihosting_close(n->file);
        semihosting_text(n->name);
        say(": ", count, " images, ");
        say("stack ", n->stack, " bytes\n");
    }
    say("arena for both: ", ARENA_BYTES, " bytes\n");
    return failed || !count;
}

int main(void)
{
    if (selftests())
        return 1;
    return images();
}
