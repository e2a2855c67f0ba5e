#!/bin/sh
# tune.sh - the command of `qcc --tune-kernels RECORD --measure 'bench/tune.sh TARGET'`: instructions of each layer on
# the target's emulated board (net.sh).
#
#   bench/tune.sh TARGET -o COSTS net.c
set -u
[ $# -eq 4 ] && [ "$2" = -o ] || { echo "usage: bench/tune.sh TARGET -o COSTS net.c" >&2; exit 2; }
top_srcdir=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
QCC_SHARED=${QCC_SHARED-$top_srcdir/../shared}
. "$top_srcdir/bench/lib.sh"
target=$1 costs=$3
board=$(bench_board "$target") || exit 2
firmware_has "$board" || { echo "no compiler or emulator for $target" >&2; exit 1; }
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
cp "$4" "$dir/net.c"
# the interface stands in the C file, too
sed -n '/^#ifndef NET_INTERFACE/,/^#endif/p' "$4" >"$dir/net.h"
# the inputs: two rows of bytes of the file itself
bytes=$(sed -n 's/^#define NET_INPUT_BYTES //p' "$dir/net.h")
while [ "$(wc -c <"$dir/net.c")" -gt 0 ] && [ "$(wc -c 2>/dev/null <"$dir/in.bin" || echo 0)" -lt $((2 * bytes)) ]; do
    cat "$4" >>"$dir/in.bin"
done
head -c $((2 * bytes)) "$dir/in.bin" >"$dir/in" && mv "$dir/in" "$dir/in.bin"
bench_build "$target" -O2 "$dir" "$dir/net.elf" -DPROFILE &&
    firmware_run "$board" "$dir" net.elf >"$dir/log" && grep '^layer ' "$dir/log" >"$costs" ||
    { cat "$dir/log" >&2; exit 1; }
