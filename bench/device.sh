#!/bin/sh
# device.sh - the device half of `make bench`: every network on every emulated Cortex-M, an RV32 and an AArch64, beside TensorFlow
# Lite Micro with CMSIS-NN and the goals (peers.tsv). Writes device.csv, layers.csv and device.svg to $OUT.
#
# NETS, TARGETS: less than all. Wants $top_srcdir, $QCC, $QCC_SHARED, as make sets them.
set -u
. "$top_srcdir/bench/lib.sh"
firmware_need
OUT=${OUT-bench-results}
mkdir -p "$OUT" || exit 99
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
NETS=${NETS-$BENCH_NETS}
TARGETS=${TARGETS-$BENCH_TARGETS}

levels() {
    case $1 in cortex-m4) echo "-O2 -Ospeed -Os" ;; *) echo "-O2" ;; esac
}

# measure NET TARGET LEVEL: a row of device.csv, the layers' rows of layers.csv.
measure() {
    BENCH_PROFILE=1 bench_measure "$1" "$2" "$3" "$dir/$1" || return 1
    awk -v net="$1" -v target="$2" -v level="$3" -f "$bench_here/row.awk" "$bench_here/peers.tsv" \
        "$dir/$1/facts" >"$dir/row" || return 1
    cat "$dir/row" >>"$OUT/device.csv"
    awk -F'\t' -v OFS=, -v what="$1,$2,$3" '{ print what, $1, "\"" $2 "\"", $3, $4, $6, $5 }' \
        "$dir/$1/profile.tsv" >>"$OUT/layers.csv"
}

echo "net,target,level,macs,instructions,flash,text,rodata,data,ram,arena,stack,peer_instructions,goal_instructions,peer_flash,goal_flash,peer_ram,goal_ram" >"$OUT/device.csv"
echo "net,target,level,number,layer,operator,macs,instructions,kernel" >"$OUT/layers.csv"
failed=0
for net in $NETS; do
    why=$(bench_missing "$net")
    [ -z "$why" ] || { echo "skipped $net: $why"; continue; }
    mkdir -p "$dir/$net"
    for target in $TARGETS; do
        firmware_has "$(bench_board "$target")" || { echo "skipped $target: no compiler or emulator"; continue; }
        for level in $(levels "$target"); do
            measure "$net" "$target" "$level" || { echo "FAIL: $net, $target, $level"; failed=1; continue; }
            awk -f "$bench_here/table.awk" "$dir/row"
        done
    done
done
awk -f "$bench_here/chart.awk" "$OUT/device.csv" >"$OUT/device.svg" || failed=1
cat <<NOTE

instructions: executed ones of one inference (the faster of two inputs) under QEMU, not cycles; per MAC of the
  model as it was imported. CMSIS: the same by TensorFlow Lite Micro with CMSIS-NN (bench/peers.tsv).
flash: .text + .rodata + .data and libgcc's helpers. RAM: arena (with input and output) + painted stack.
$(arm-none-eabi-gcc --version | head -n 1); $(qemu-system-arm --version | head -n 1)
written: $OUT/device.csv, $OUT/layers.csv, $OUT/device.svg
NOTE
exit $failed
