#!/bin/sh
# schemes.sh - every width and scheme of weights: a saved pair gives the same C as the original, byte
# for byte, and is saved again as it was; libtcc gives the interpreter's codes.
. "$top_srcdir/tests/cli/lib.sh"
nets=$top_srcdir/tests/torch
"$QCC" run "$nets/sequential.qdl" "$nets/sequential.safetensors" "$nets/sequential.in.npy" --quiet \
    --engine=jit -o "$work/jit.npy" 2>"$work/err" && jit=yes || jit=no
[ $jit = yes ] || grep -q engine-unavailable "$work/err" || fail "the JIT neither runs nor is missing"

# one SETTINGS NET OPTIONS…
one() {
    net=$nets/$2.qdl
    weights=$nets/$2.safetensors
    rows=$nets/$2.in.npy
    printf 'quantize { default : %s }\n' "$1" >"$work/s.qdl"
    what="$2 with $1"
    shift 2
    set -- --calibrate "$rows" --quiet "$@"
    before=$failures
    expect 0 "$QCC" quantize "$net" "$weights" --quant "$work/s.qdl" "$@" -o "$work/q" &&
        expect 0 "$QCC" "$net" "$weights" --quant "$work/s.qdl" "$@" -o "$work/a.c" --header "$work/a.h" &&
        expect 0 "$QCC" "$work/q.qdl" "$work/q.bin" --quiet -o "$work/b.c" --header "$work/b.h" &&
        same "$work/a.c" "$work/b.c" && same "$work/a.h" "$work/b.h" &&
        expect 0 "$QCC" quantize "$work/q.qdl" "$work/q.bin" --quiet -o "$work/r" &&
        same "$work/q.qdl" "$work/r.qdl" && same "$work/q.bin" "$work/r.bin"
    if [ $jit = yes ] && [ -e "$work/q.qdl" ]; then
        for engine in interpreter jit; do
            expect 0 "$QCC" run "$work/q.qdl" "$work/q.bin" "$rows" --quiet --engine=$engine \
                -o "$work/$engine.npy"
        done
        same "$work/interpreter.npy" "$work/jit.npy"
    fi
    [ "$failures" -eq "$before" ] || printf '    %s\n' "$what" >&2
    rm -f "$work/q.qdl" "$work/q.bin" "$work/r.qdl" "$work/r.bin"
}

# scheme SETTINGS OPTIONS…: convolution and dense layers, depthwise, groups
scheme() {
    settings=$1
    shift
    one "$settings" sequential "$@"
    one "$settings" depthwise "$@"
    one "$settings" conv_groups "$@"
}

for bits in 2 3 4 5 6 7 8 16; do
    scheme "int$bits"
    scheme "int$bits asymmetric"
done
for bits in 1 2 3 4 5 6 7 8; do
    scheme "int$bits grid midpoint"
    scheme "int$bits grid midpoint asymmetric, round gptq, bias_correct"
    scheme "codebook $bits bits, scale per channel, table per layer, kmeans, round gptq, bias_correct"
done
for settings in "int4 per tensor, equalize" "int8 power of two" "int4 per channel, range [-0.25, 0.5] asymmetric" \
    "codebook 4 bits, scale per tensor, table per layer, quantile" \
    "codebook 3 bits, scale per channel, table per channel, kmeans, round gptq" \
    "codebook 8 bits, scale per channel, table per channel, kmeans" \
    "codebook 4 bits, apot, power of two" "codebook 2 bits, apot, scale per channel" \
    "codebook entries [-1, -0.25, 0, 0.25, 1], scale per channel" \
    "codebook entries [-0.5, -0.125, 0, 0.125, 0.5]" "codebook 4 bits, range [-0.25, 0.5]"; do
    scheme "$settings"
done
for mode in tflm single onnx; do
    one "codebook 4 bits, scale per channel" sequential --numerics $mode
    one "int4, grid midpoint, asymmetric" sequential --numerics $mode
done
# what a range cuts off and a grid moves is said at compile: a midpoint grid by at most a quarter of a step
net=$top_srcdir/examples/fashion/lenet
expect 0 "$QCC" "$net.qdl" "$net.safetensors" --range -0.05:0.05 -o "$work/a.c" &&
    err_has "weights clipped by their range: c1 "
printf 'quantize { default : int4 grid midpoint asymmetric }\n' >"$work/s.qdl"
expect 0 "$QCC" quantize "$net.qdl" "$net.safetensors" --quant "$work/s.qdl" -o "$work/q" &&
    err_has "asymmetric grids of weights moved by at most: c1 "
checks=$((checks + 1))
grep moved "$work/err" | grep -o '([0-9.]* of a step)' | tr -d '(' |
    awk '$1 > 0.25 { bad = 1 } END { exit bad || NR != 5 }' || fail "moved by more than a quarter: $(cat "$work/err")"
expect 0 "$QCC" "$net.qdl" "$net.safetensors" --range -0.05:0.05 --quiet -o "$work/a.c"
checks=$((checks + 1))
[ ! -s "$work/err" ] || fail "not quiet: $(cat "$work/err")"
finish
