#!/bin/sh
# test_random.sh - random nets, written for a target, give the interpreter's codes on its board.
#
# The batches of tests/emit/test_differential, with hosted.c for a C library. The long form runs
# thousands of nets, at all levels of the compiler. QCC_SEED=N starts elsewhere.
set -u
. "$top_srcdir/tests/firmware/firmware.sh"
firmware_need
writer=$top_builddir/tests/emit/test_differential
[ -x "$writer" ] || { echo "SKIP: tests/emit/test_differential is not built"; exit 77; }
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
for header in stdio stdlib string; do
    echo '#include "hosted.h"' >"$dir/$header.h"
done
printf '#define main batch_main\n#include "batch.c"\n' >"$dir/program.c"
seed=${QCC_SEED-1}
nets=40
batches=1
levels=-O2
[ -z "${QCC_LONG-}" ] || { batches=20; levels='-O2 -Os -O3 -O0'; }

# A row a target: its board and, where that has another core, the processor's options.
targets() {
    cat <<'END'
cortex-m4 mps2-an386
cortex-m55 mps3-an547
cortex-m3 mps2-an385
cortex-m0 mps2-an385 -mcpu=cortex-m0 -mthumb
rv32 virt
END
}

# run TARGET BOARD [PROCESSOR_OPTION…]: the batch in $dir.
run() {
    target=$1
    board=$2
    shift 2
    firmware_has "$board" || { echo "skipped $target: $(firmware_tools "$board")-gcc or its QEMU is missing"; return; }
    [ $# -eq 0 ] || FIRMWARE_CPU=$*
    for FIRMWARE_OPT in $levels; do
        echo "== $target, $board, $FIRMWARE_OPT, $nets nets from seed $seed"
        firmware_build "$board" "$dir/batch.elf" -I"$dir" "$dir/program.c" \
            "$firmware_here/hosted.c" &&
            { [ "$target" != cortex-m0 ] || firmware_only_v6m "$dir/batch.elf"; } &&
            firmware_run "$board" "$dir" batch.elf || { echo FAIL; status=1; }
    done
    unset FIRMWARE_CPU
}

status=0
while [ $batches -gt 0 ]; do
    targets >"$dir/targets"
    while read -r line; do
        "$writer" --write "$dir" "$seed" $nets "${line%% *}" || exit 1
        # shellcheck disable=SC2086
        run $line
    done <"$dir/targets"
    seed=$((seed + 2 * nets))
    batches=$((batches - 1))
done
exit $status
