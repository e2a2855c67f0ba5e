#!/bin/sh
# boards.sh - MLPerf Tiny's models, written for Cortex-M3, M4, M55 and aarch64, on emulated boards: TensorFlow
# Lite Micro's codes, bit for bit. One row a model; QCC_LONG: all of them, at -Os and -O3 too, for the generic target
# too, and in modes q32 and single the interpreter's codes. Without the shared data it exits 77.
set -u
. "$top_srcdir/tests/firmware/firmware.sh"
firmware_need
data=$QCC_SHARED/data
[ -d "$data" ] || { echo "SKIP: no shared data in $data"; exit 77; }
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
rows=1
levels=-O2
boards="$FIRMWARE_BOARDS virt64"
[ -z "${QCC_LONG-}" ] || { rows=8; levels='-O2 -Os -O3'; boards="$boards virt64-plain"; }

# first ROWS FILE.npy: the data of the first rows of eight.
first() {
    npy_data "$2" >"$dir/all"
    head -c $(($(wc -c <"$dir/all") / 8 * $1)) "$dir/all"
}

# Targets of a board.
targets() {
    case $1 in
    mps2-an385) echo cortex-m3 ;;
    mps2-an386) echo cortex-m4 ;;
    mps3-an547) echo cortex-m55 ;;
    virt64*) echo aarch64 ;;
    esac
    [ -z "${QCC_LONG-}" ] || echo generic
}

# run MODEL BOARD OPTION…: the model written with these options gives the codes in $dir/want.
run() {
    model=$1
    board=$2
    shift 2
    "$QCC" "$data/models/${model}_int8.tflite" --quiet --prefix net "$@" -o "$dir/net.c" --header "$dir/net.h" ||
        { echo "FAIL: $model: qcc"; exit 1; }
    for FIRMWARE_OPT in $levels; do
        echo "== $model, $board, $*, $FIRMWARE_OPT"
        rm -f "$dir/out.bin"
        firmware_build "$board" "$dir/net.elf" -I"$dir" "$firmware_here/run_net.c" "$dir/net.c" &&
            firmware_run "$board" "$dir" net.elf && cmp "$dir/want" "$dir/out.bin" ||
            { echo "FAIL: $model, $board, $*, $FIRMWARE_OPT"; status=1; }
    done
}

# on_boards MODEL OPTION…
on_boards() {
    [ -s "$dir/want" ] || { echo "FAIL: $1: no reference outputs"; exit 1; }
    for on in $boards; do
        firmware_has "$on" || { echo "skipped $on: its compiler or emulator is missing"; continue; }
        for target in $(targets "$on"); do
            name=$1
            shift
            run "$name" "$on" --target "$target" "$@"
            set -- "$name" "$@"
        done
    done
}

status=0
for net in kws vww ic ad sww; do
    golden=$data/golden/${net}_int8
    first $rows "$golden.in.npy" >"$dir/in.bin"
    first $rows "$golden.out.npy" >"$dir/want"
    on_boards $net
    [ -n "${QCC_LONG-}" ] || continue
    for numerics in q32 single; do
        "$QCC" run "$data/models/${net}_int8.tflite" --quiet --engine=interpreter --numerics $numerics "$golden.in.npy" \
            -o "$dir/want.npy" || { echo "FAIL: $net, $numerics: qcc run"; exit 1; }
        npy_data "$dir/want.npy" >"$dir/want"
        on_boards $net --numerics $numerics
    done
done
exit $status
