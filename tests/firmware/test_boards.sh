#!/bin/sh
# test_boards.sh - the example networks on Cortex-M3, M4 and M55 give the host's codes, bit for bit,
# in every numerics mode.
set -u
. "$top_srcdir/tests/firmware/firmware.sh"
firmware_need
data=/usr/share/datasets/fashion-mnist
[ -e $data/t10k-images-idx3-ubyte.gz ] || { echo "SKIP: dataset-fashion-mnist is not installed"; exit 77; }
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
rows=10
images=$data/t10k-images-idx3-ubyte.gz
train=$data/train-images-idx3-ubyte.gz:0+200

# The input codes that the C takes: an IDX file's bytes (behind 16 of header), less 128.
zcat $images | tail -c +17 | head -c $((784 * rows)) |
    LC_ALL=C tr '\000-\377' '\200-\377\000-\177' >"$dir/in.bin"

status=0
for net in lenet dscnn; do
    for numerics in q32 tflm single; do
        set -- "$top_srcdir/examples/fashion/$net.qdl" "$top_srcdir/examples/fashion/$net.safetensors" \
            --calibrate $train --numerics $numerics
        if ! firmware_net "$dir" "$@" || ! "$QCC" run "$@" $images:0+$rows -o "$dir/want.npy"; then
            echo "FAIL: qcc"
            exit 1
        fi
        npy_data "$dir/want.npy" >"$dir/want"
        for board in $FIRMWARE_BOARDS; do
            echo "== $net, $numerics, $board"
            firmware_same "$board" "$dir" || { echo "FAIL: $net, $numerics, $board"; status=1; }
        done
    done
done
exit $status
