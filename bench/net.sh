#!/bin/sh
# net.sh - one network on one emulated Cortex-M, RV32 or AArch64: instructions by layer, flash, RAM.
set -u
usage() {
    cat <<'USAGE'
usage: bench/net.sh NET [TARGET [LEVEL]]

NET     kws, vww, ic, ad, sww, kws-float, lenet, dscnn, mnist, or a .tflite or .qdl
TARGET  cortex-m0, cortex-m3, cortex-m4 (default), cortex-m55, rv32, aarch64 (with dot products), or generic (on
        a Cortex-M4)
LEVEL   -O2 (default), -Os, -Ospeed: qcc's; gcc gets -Os beside -Os, else -O2

BENCH_QUANT: a quantize part for kws-float, lenet, dscnn, mnist or a .qdl. BENCH_OPTIONS: more options of qcc
(--ram=min). QCC: the qcc to measure (default: build/qcc). KEEP: a folder for the C, the program and the facts.
Instructions, not cycles, of the faster of two inputs, under QEMU's -icount shift=0. The outputs are compared.
USAGE
}
case ${1-} in '' | -h | --help) usage; [ $# -gt 0 ] && exit 0 || exit 2 ;; esac
top_srcdir=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
QCC=${QCC-$top_srcdir/build/qcc}
QCC_SHARED=${QCC_SHARED-$top_srcdir/../shared}
. "$top_srcdir/bench/lib.sh"
firmware_need
net=$1 target=${2-cortex-m4} level=${3--O2}
firmware_has "$(bench_board "$target")" || { echo "SKIP: no compiler or emulator for $target"; exit 77; }
why=$(bench_missing "$net")
[ -z "$why" ] || { echo "SKIP: $why"; exit 77; }
dir=${KEEP-$(mktemp -d)} || exit 99
mkdir -p "$dir"
[ -n "${KEEP-}" ] || trap 'rm -rf "$dir"' EXIT
rm -f "$dir/want"
BENCH_PROFILE=1 bench_measure "$net" "$target" "$level" "$dir" || { echo "FAIL: $net, $target, $level"; exit 1; }

awk -F'\t' 'BEGIN { printf "%3s %-20s %-14s %9s %12s %8s  %s\n", "", "layer", "operator", "MACs", "instructions",
                    "per MAC", "kernel" }
    { printf "%3d %-20s %-14s %9d %12d %8s  %s\n", $1, substr($2, 1, 20), $3, $4, $6,
             $4 ? sprintf("%.2f", $6 / $4) : "-", $5 }' "$dir/profile.tsv"
awk -v what="$net $target $level" '{ f[$1] = $2 } END {
    printf "%s: %d instructions", what, f["instructions"]
    if (f["macs"]) printf ", %d MACs, %.2f per MAC", f["macs"], f["instructions"] / f["macs"]
    printf "\nflash %d (text %d, rodata %d, data %d), RAM %d (arena with input and output %d, stack %d)\n",
           f["flash"], f["text"], f["rodata"], f["data"], f["ram"], f["arena"], f["stack"]
    printf "outputs as they should be, %d rows\n", f["rows"] }' "$dir/facts"
