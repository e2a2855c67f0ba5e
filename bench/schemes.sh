#!/bin/sh
# schemes.sh - what each way to store weights takes and costs, as a table in Markdown: bytes, and instructions of
# one inference on emulated boards (net.sh); a hyphen where the target's tools are missing.
#
#   bench/schemes.sh [NET [TARGET…]]     default: lenet on cortex-m4, cortex-m3, cortex-m0, cortex-m55, rv32
set -u
top_srcdir=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
QCC=${QCC-$top_srcdir/build/qcc}
QCC_SHARED=${QCC_SHARED-$top_srcdir/../shared}
export QCC QCC_SHARED
. "$top_srcdir/bench/lib.sh"
net=${1-lenet}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- cortex-m4 cortex-m3 cortex-m0 cortex-m55 rv32
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT

# number NAME: of qcc inspect's JSON for the whole net.
number() {
    sed -n "s/^  \"$1\": *\([0-9]*\),*$/\1/p" "$dir/json"
}

printf '| %s | weights, bytes | all constants |' "$net"
for target; do printf ' %s |' "$target"; done
printf '\n|---|---|---|'
for target; do printf '%s' '---|'; done
echo
bench_schemes >"$dir/schemes"
while read -r scheme; do
    echo "quantize { default : $scheme }" >"$dir/quant.qdl"
    export BENCH_QUANT="$dir/quant.qdl"
    # shellcheck disable=SC2046 # a list
    "$QCC" inspect $(bench_source "$net") --quiet --json >"$dir/json" || exit 1
    printf '| %s | %s | %s |' "$scheme" "$(number weight_bytes)" "$(number constant_bytes)"
    for target; do
        sh "$top_srcdir/bench/net.sh" "$net" "$target" </dev/null >"$dir/log" 2>&1
        case $? in
        0) figure=$(sed -n 's/.* \([0-9]*\) instructions, [0-9]* MACs, \([0-9.]*\) per MAC.*/\1 (\2)/p' "$dir/log") ;;
        77) figure=- ;;
        *) echo; cat "$dir/log" >&2; exit 1 ;;
        esac
        printf ' %s |' "$figure"
    done
    echo
done <"$dir/schemes"
