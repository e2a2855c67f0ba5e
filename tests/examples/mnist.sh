#!/bin/sh
# mnist.sh - the article's digit recogniser on real MNIST, with its own range -0.5…0.5 at 8 bits:
# the int8 net stays within 0.1 point of the float one on all 10,000 test images.
. "$top_srcdir/tests/cli/lib.sh"
e=$top_srcdir/examples/mnist
data=$top_builddir/examples/mnist
mkdir -p "$data" || exit 99
sh "$e/fetch.sh" "$data" >"$work/fetch" 2>&1
case $? in
0) ;;
77) skip "real MNIST is not to be had: $(head -n 1 "$work/fetch")" ;;
*) cat "$work/fetch" >&2; exit 1 ;;
esac

value() {
    awk -v want="$1" -f "$top_srcdir/tests/cli/rows.awk" "$work/out"
}

for grid in tread midpoint; do
    expect 0 "$QCC" eval "$e/lenet.qdl" "$e/lenet.safetensors" --range -0.5:0.5 --bits 8 --grid $grid \
        --calibrate "$data/train-images-idx3-ubyte:0+200" \
        --data "$data/t10k-images-idx3-ubyte" --labels "$data/t10k-labels-idx1-ubyte" --json || continue
    float=$(value float.accuracy)
    int8=$(value quantized.accuracy)
    printf '%s: float %s int8 %s agreement %s\n' $grid "$float" "$int8" "$(value agreement)"
    checks=$((checks + 1))
    awk "BEGIN { exit !($float > 0.985 && $float - $int8 <= 0.001 + 1e-9) }" ||
        fail "$grid: float $float, int8 $int8"
done
finish
