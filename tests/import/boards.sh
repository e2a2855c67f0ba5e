#!/bin/sh
# boards.sh - MLPerf Tiny's models on emulated Cortex-M3, M4 and M55: TensorFlow Lite Micro's codes, bit for
# bit. One row a model; QCC_LONG: all of them, and at -Os and -O3 too. Without the shared data it exits 77.
set -u
. "$top_srcdir/tests/firmware/firmware.sh"
firmware_need
data=$QCC_SHARED/data
[ -d "$data" ] || { echo "SKIP: no shared data in $data"; exit 77; }
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
rows=1
levels=-O2
[ -z "${QCC_LONG-}" ] || { rows=8; levels='-O2 -Os -O3'; }

# first ROWS FILE.npy: the data of the first rows of eight.
first() {
    npy_data "$2" >"$dir/all"
    head -c $(($(wc -c <"$dir/all") / 8 * $1)) "$dir/all"
}

status=0
for model in kws vww ic ad sww; do
    "$QCC" "$data/models/${model}_int8.tflite" --quiet --prefix net -o "$dir/net.c" --header "$dir/net.h" ||
        { echo "FAIL: $model: qcc"; exit 1; }
    first $rows "$data/golden/${model}_int8.in.npy" >"$dir/in.bin"
    first $rows "$data/golden/${model}_int8.out.npy" >"$dir/want"
    [ -s "$dir/want" ] || { echo "FAIL: $model: no reference outputs"; exit 1; }
    for board in $FIRMWARE_BOARDS; do
        for FIRMWARE_OPT in $levels; do
            echo "== $model, $board, $FIRMWARE_OPT"
            rm -f "$dir/out.bin"
            firmware_build "$board" "$dir/net.elf" -I"$dir" "$firmware_here/run_net.c" "$dir/net.c" &&
                firmware_run "$board" "$dir" net.elf && cmp "$dir/want" "$dir/out.bin" ||
                { echo "FAIL: $model, $board, $FIRMWARE_OPT"; status=1; }
        done
    done
done
exit $status
