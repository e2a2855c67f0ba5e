#!/bin/sh
# host.sh - what one inference takes on this machine, in microseconds: portable C, and C for x86-64.
#
#   bench/host.sh [NET…]     default: MLPerf Tiny's five
#
# Both are compiled with $CC (default: gcc) -O3 -march=native and run one after the other on the same codes. Printed is
# the least mean of 10 runs, of 200.
set -u
top_srcdir=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
QCC=${QCC-$top_srcdir/build/qcc}
QCC_SHARED=${QCC_SHARED-$top_srcdir/../shared}
. "$top_srcdir/bench/lib.sh"
[ $# -gt 0 ] || set -- kws ic vww ad sww
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT

cat >"$dir/time.c" <<'END'
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <time.h>

#include "net.h"

static _Alignas(64) uint8_t arena[NET_ARENA_SIZE];
static int8_t in[NET_INPUT_BYTES], out[NET_OUTPUT_BYTES];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

int main(void)
{
    double least = 1e30;
    for (int i = 0; i < NET_INPUT_BYTES; i++)
        in[i] = (int8_t)(i * 37);
    for (int slice = 0; slice < 200; slice++) {
        double since = now();
        for (int i = 0; i < 10; i++)
            if (net_run(in, out, arena) != 0)
                return 1;
        double took = (now() - since) / 10;
        least = took < least ? took : least;
    }
    printf("%.2f\n", least);
    return 0;
}
END

# one NET TARGET: the least time of a run
one() {
    # shellcheck disable=SC2046 # a list
    "$QCC" $(bench_source "$1") --quiet --prefix net --target "$2" -o "$dir/net.c" --header "$dir/net.h" &&
        ${CC-gcc} -O3 -march=native -I"$dir" "$dir/time.c" "$dir/net.c" -o "$dir/time" 2>"$dir/log" && "$dir/time" || {
        cat "$dir/log" >&2
        return 1
    }
}

printf 'net       portable    x86-64  (us)\n'
for net; do
    why=$(bench_missing "$net")
    [ -z "$why" ] || { echo "SKIP: $why"; exit 77; }
    portable=$(one "$net" generic) && special=$(one "$net" x86-64) || exit 1
    printf '%-8s %9s %9s\n' "$net" "$portable" "$special"
done
