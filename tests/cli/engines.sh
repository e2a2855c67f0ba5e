#!/bin/sh
# engines.sh - interpreter, libtcc and the system compiler give the same codes, on torch's small nets and
# on the examples, in every mode of numerics.
. "$top_srcdir/tests/cli/lib.sh"

agree() {
    net=$1
    weights=$2
    shift 2
    expect 0 "$QCC" run "$net" "$weights" "$@" --quiet --engine=interpreter -o "$work/i.npy" || return
    for engine in jit cc; do
        if "$QCC" run "$net" "$weights" "$@" --quiet --engine=$engine -o "$work/$engine.npy" 2>"$work/err"; then
            same "$work/i.npy" "$work/$engine.npy"
        elif ! grep -q engine-unavailable "$work/err"; then
            fail "$engine: $net $*"
            cat "$work/err" >&2
        fi
    done
}

for in in "$top_srcdir"/tests/torch/*.in.npy; do
    base=${in%.in.npy}
    for mode in q32 tflm single onnx; do
        agree "$base.qdl" "$base.safetensors" "$in" --numerics $mode --calibrate "$in"
    done
done
finish
