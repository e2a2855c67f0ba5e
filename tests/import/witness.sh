#!/bin/sh
# witness.sh - TensorFlow Lite's own library beside the reference interpreter (test_witness.c). Long form only: npm fetches
# the library, which is not small.
[ -n "${QCC_LONG-}" ] || { echo "long form only: QCC_LONG is not set"; exit 77; }
[ -x tests/import/test_witness ] || { echo "test_witness was not built"; exit 77; }
case $(uname -m) in
x86_64) machine=linux_amd64 ;;
aarch64) machine=linux_arm64 ;;
*) echo "the library exists for x86-64 and AArch64"; exit 77 ;;
esac
library=${QCC_TFLITE-}
if [ -z "$library" ]; then
    command -v npm >/dev/null || { echo "npm is not installed"; exit 77; }
    library=$PWD/tests/import/libtensorflowlite_c.so
    [ -f "$library" ] || {
        folder=$(mktemp -d) || exit 1
        trap 'rm -rf "$folder"' EXIT
        (cd "$folder" && npm install --ignore-scripts --no-audit --no-fund --silent tfjs-tflite-node@0.0.2) ||
            { echo "npm cannot fetch tfjs-tflite-node"; exit 77; }
        cp "$folder/node_modules/tfjs-tflite-node/cc_deps/$machine/libtensorflowlite_c.so" "$library" || exit 1
    }
fi
tests/import/test_witness "$library" && {
    # the kernels of x86-64 are those that the table was made of
    [ "$machine" != linux_amd64 ] || tests/import/single_ops "$library"
}
