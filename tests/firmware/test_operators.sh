#!/bin/sh
# test_operators.sh - the small nets of tests/torch on an emulated Cortex-M4, which between them have
# every operator: the host's codes, bit for bit, from real inputs that the header's helper quantizes.
# QCC_LONG: on all boards and at -O0, -Os and -O3 too.
set -u
. "$top_srcdir/tests/firmware/firmware.sh"
firmware_need
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
boards=mps2-an386
levels=-O2
[ -z "${QCC_LONG-}" ] || { boards=$FIRMWARE_BOARDS; levels='-O0 -Os -O2 -O3'; }

status=0
count=0
for qdl in "$top_srcdir"/tests/torch/*.qdl; do
    base=${qdl%.qdl}
    net=${base##*/}
    set -- "$qdl" "$base.safetensors" --calibrate "$base.in.npy"
    if ! firmware_net "$dir" "$@" || ! "$QCC" run "$@" --quiet "$base.in.npy" -o "$dir/want.npy"; then
        echo "FAIL: $net: qcc"
        status=1
        continue
    fi
    npy_data "$base.in.npy" >"$dir/in.bin"
    npy_data "$dir/want.npy" >"$dir/want"
    for board in $boards; do
        for FIRMWARE_OPT in $levels; do
            echo "== $net, $board, $FIRMWARE_OPT"
            firmware_same "$board" "$dir" -DREAL || { echo "FAIL: $net, $board, $FIRMWARE_OPT"; status=1; }
            count=$((count + 1))
        done
    done
done
echo "$count programs"
[ $count -ge 20 ] || { echo "FAIL: where are the nets of tests/torch?"; status=1; }
exit $status
