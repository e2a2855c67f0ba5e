#!/bin/sh
# host_schemes.sh - what each way to store weights costs in time on this machine (--target x86-64): microseconds of one
# inference, the least of many, all ways taking turns; each level of the target beside the others.
#
#   bench/host_schemes.sh [NET]     default: lenet. ROUNDS (40) turns of 50 runs each; CC (gcc)
set -u
top_srcdir=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
QCC=${QCC-$top_srcdir/build/qcc}
QCC_SHARED=${QCC_SHARED-$top_srcdir/../shared}
. "$top_srcdir/bench/lib.sh"
net=${1-lenet}
why=$(bench_missing "$net")
[ -z "$why" ] || { echo "SKIP: $why"; exit 77; }
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT

levels() {
    cat <<'END'
avx512 -march=native
avx2 -mavx2
ssse3 -mssse3
END
}

cat >"$dir/time.c" <<'END'
#include <stdio.h>
#include <time.h>
#include "net.h"

static _Alignas(64) uint8_t arena[NET_ARENA_SIZE];

int main(void)
{
    struct timespec a, b;
    double least = 1e30;
    for (int i = 0; i < 50; i++) {
        for (int k = 0; k < NET_INPUT_BYTES; k++)
            net_input(arena)[k] = (int8_t)(k * 37);
        clock_gettime(CLOCK_MONOTONIC, &a);
        if (net_run(arena) != 0)
            return 1;
        clock_gettime(CLOCK_MONOTONIC, &b);
        double t = 1e6 * (double)(b.tv_sec - a.tv_sec) + 1e-3 * (double)(b.tv_nsec - a.tv_nsec);
        least = t < least ? t : least;
    }
    printf("%.2f\n", least);
    return 0;
}
END

n=0
bench_schemes >"$dir/schemes"
levels >"$dir/levels"
while read -r scheme; do
    n=$((n + 1))
    echo "quantize { default : $scheme }" >"$dir/quant.qdl"
    BENCH_QUANT=$dir/quant.qdl bench_emit "$net" x86-64 -O2 "$dir" || exit 1
    while read -r level flag; do
        ${CC-gcc} -O3 "$flag" -std=gnu11 -I"$dir" "$dir/time.c" "$dir/net.c" -o "$dir/$n.$level" || exit 1
    done <"$dir/levels"
done <"$dir/schemes"

round=0
while [ $round -lt "${ROUNDS-40}" ]; do
    for program in "$dir"/[0-9]*.*; do
        echo "${program##*/} $("$program")"
    done
    round=$((round + 1))
done >"$dir/times"

printf '| %s |' "$net"
while read -r level _; do printf ' %s |' "$level"; done <"$dir/levels"
printf '\n|---|'
while read -r level _; do printf '%s' '---|'; done <"$dir/levels"
echo
i=0
while read -r scheme; do
    i=$((i + 1))
    printf '| %s |' "$scheme"
    while read -r level _; do
        awk -v p="$i.$level" '$1 == p && (!n++ || $2 < least) { least = $2 } END { printf " %.1f |", least }' "$dir/times"
    done <"$dir/levels"
    echo
done <"$dir/schemes"
