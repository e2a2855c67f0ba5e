#!/bin/sh
# test_schemes.sh - every way to store weights on emulated boards: examples/fashion's DS-CNN, a layer for
# each (tests/abi/schemes.qdl), gives the host's codes, bit for bit.
set -u
. "$top_srcdir/tests/firmware/firmware.sh"
firmware_need
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
net=$top_srcdir/examples/fashion/dscnn

# Three rows of bytes that come out of nowhere but the same everywhere: the middle of the weights' file.
head -c 10000 "$net.safetensors" | tail -c $((3 * 784)) >"$dir/bytes"
{
    printf '\223NUMPY\001\000\166\000%-117s\n' "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 28, 28, 1), }"
    cat "$dir/bytes"
} >"$dir/in.npy"
LC_ALL=C tr '\000-\377' '\200-\377\000-\177' <"$dir/bytes" >"$dir/in.bin"

status=0
for on in 'cortex-m4 mps2-an386 -O2' 'cortex-m4 mps2-an386 -Os' 'cortex-m3 mps2-an385 -O2' 'cortex-m3 mps2-an385 -Os' \
    'cortex-m0 mps2-an385 -O2' 'rv32 virt -O2' 'cortex-m55 mps3-an547 -O2' 'cortex-m55 mps3-an547 -Os' \
    'aarch64 virt64 -O2'; do
    # shellcheck disable=SC2086
    set -- $on
    echo "== $on"
    firmware_has "$2" || { echo "skipped: $(firmware_tools "$2")-gcc or its QEMU is missing"; continue; }
    unset FIRMWARE_CPU
    [ "$1" != cortex-m0 ] || FIRMWARE_CPU=$(firmware_cpu microbit)
    "$QCC" run "$net.qdl" "$net.safetensors" --quant "$top_srcdir/tests/abi/schemes.qdl" --quiet \
        --engine=interpreter "$dir/in.npy" -o "$dir/want.npy" || exit 1
    npy_data "$dir/want.npy" >"$dir/want"
    firmware_net "$dir" "$net.qdl" "$net.safetensors" --quant "$top_srcdir/tests/abi/schemes.qdl" \
        --target "$1" "$3" && firmware_same "$2" "$dir" || { echo "FAIL: $on"; status=1; }
done
exit $status
