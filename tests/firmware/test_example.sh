#!/bin/sh
# test_example.sh - examples/firmware-cortex-m as its README tells it: two networks, one arena.
set -u
. "$top_srcdir/tests/firmware/firmware.sh"
firmware_need
data=/usr/share/datasets/fashion-mnist
[ -e $data/t10k-images-idx3-ubyte.gz ] || { echo "SKIP: dataset-fashion-mnist is not installed"; exit 77; }
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT

# The outer make's flags are not for this one.
unset MAKEFLAGS MFLAGS MAKELEVEL
make -s -f "$firmware_example/Makefile" QCC="$QCC" O="$dir" IMAGES=50 check size >"$dir/log" 2>&1
status=$?
cat "$dir/log"
[ $status -eq 0 ] || exit 1
for line in 'lenet: self-test passed' 'dscnn: self-test passed' \
    "lenet: 50 images, the host's codes" "dscnn: 50 images, the host's codes"; do
    grep -q "^$line" "$dir/log" || { echo "FAIL: not said: $line"; exit 1; }
done
# A wrong code must not pass: one bit of what the host said is turned.
printf '\377' | dd of="$dir/lenet.want" bs=1 seek=123 conv=notrunc status=none
printf '\177' | dd of="$dir/lenet.want" bs=1 seek=124 conv=notrunc status=none
if make -s -f "$firmware_example/Makefile" QCC="$QCC" O="$dir" IMAGES=50 check >/dev/null 2>&1; then
    echo "FAIL: make check passed with a wrong code"
    exit 1
fi
