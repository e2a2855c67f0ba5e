#!/bin/sh
# stream.sh - the ring buffer of docs/qdl.md, frame by frame, against the same convolution on the whole
# sequence: the same codes by every engine, from the pair and after saving it; calibrated states too.
. "$top_srcdir/tests/cli/lib.sh"

awk '/^```/ { inside = !inside; next } inside && /^model stream/ { found = 1 } inside && found { print }
     !inside { found = 0 }' "$top_srcdir/docs/qdl.md" >"$work/stream.qdl"
grep -q 'state kept' "$work/stream.qdl" || fail "docs/qdl.md has no model stream"

# 96 weights and 4 biases, raw float32: 0.5, -0.25, 0.75, -1 by turns
awk 'BEGIN { split("\\000\\000\\000\\077 \\000\\000\\200\\276 \\000\\000\\100\\077 \\000\\000\\200\\277", v, " ")
             for (i = 0; i < 100; i++) printf "%s", v[int(i * i + i / 7) % 4 + 1] }' >"$work/octal"
# shellcheck disable=SC2059
printf "$(cat "$work/octal")" >"$work/weights.bin"

# six frames of multiples of 1/16, and the sequence of them behind two of zeros
awk 'BEGIN { for (r = 0; r < 6; r++) for (i = 0; i < 8; i++)
                 printf "%s%s", ((r * 37 + i * 11 + r * i * 5) % 120 - 60) / 16, i < 7 ? "," : "\n" }' >"$work/frames.csv"
{
    printf '0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0'
    awk '{ printf ",%s", $0 }' "$work/frames.csv"
    printf '\n'
} >"$work/sequence.csv"

rules='quantize { c : activations int8 asymmetric scale 0.25 zero -128 }'
cat >"$work/whole.qdl" <<END
model whole {
    input sequence : i8[8, 8] scale 0.0625
    c = conv2d(reshape(sequence, [8, 1, 8]), 4, kernel 3x1) |> relu
    output flatten(c)
}
$rules
END
echo "$rules" >>"$work/stream.qdl"

# codes FILE ARGUMENTS: one code a line
codes() {
    to=$1
    shift
    expect 0 "$QCC" run "$@" --quiet && tr ' ' '\n' <"$work/out" >"$to"
}

for mode in q32 tflm single onnx; do
    codes "$work/want" "$work/whole.qdl" "$work/weights.bin" "$work/sequence.csv" --numerics $mode \
        --engine=interpreter
    [ "$(sort -u "$work/want" | wc -l)" -gt 5 ] || fail "$mode: the outputs tell nothing"
    for engine in interpreter jit cc; do
        if ! "$QCC" run "$work/whole.qdl" "$work/weights.bin" "$work/sequence.csv" --quiet --engine=$engine \
            >/dev/null 2>"$work/err"; then
            grep -q engine-unavailable "$work/err" || fail "$engine"
            continue
        fi
        codes "$work/got" "$work/stream.qdl" "$work/weights.bin" "$work/frames.csv" --numerics $mode \
            --engine=$engine
        same "$work/want" "$work/got"
    done
done

# a saved pair gives the same bytes and the same codes
expect 0 "$QCC" quantize "$work/stream.qdl" "$work/weights.bin" --quiet -o "$work/q"
expect 0 "$QCC" "$work/stream.qdl" "$work/weights.bin" --quiet --selftest -o "$work/a.c"
expect 0 "$QCC" "$work/q.qdl" "$work/q.bin" --quiet --selftest -o "$work/b.c"
same "$work/a.c" "$work/b.c"
codes "$work/want" "$work/whole.qdl" "$work/weights.bin" "$work/sequence.csv"
codes "$work/got" "$work/q.qdl" "$work/q.bin" "$work/frames.csv"
same "$work/want" "$work/got"
checks=$((checks + 2))
grep -q 'struct stream_state {' "$work/a.c" || fail "no struct"
grep -q 'stream_reset(state);' "$work/a.c" || fail "the self-test does not reset"

# float, and a state without a scale, calibrated over the frames in order
sed 's/i8\[2, 8\] scale 0.0625/f32[2, 8]/' "$work/stream.qdl" >"$work/free.qdl"
grep -q 'kept : f32' "$work/free.qdl" || fail "the state has its scale still"
for net in stream free; do
    expect 0 "$QCC" run "$work/$net.qdl" "$work/weights.bin" "$work/frames.csv" --quiet --float -o "$work/$net.npy"
done
same "$work/stream.npy" "$work/free.npy"
expect 0 "$QCC" quantize "$work/free.qdl" "$work/weights.bin" --quiet --calibrate "$work/frames.csv" -o "$work/c"
kept=$(sed -n 's/^ *state kept : .* scale \(.*\) zero.*/\1/p' "$work/c.qdl")
window=$(sed -n 's/^ *window : activations .* scale \(.*\) zero.*/\1/p' "$work/c.qdl")
checks=$((checks + 1))
[ -n "$kept" ] && [ "$kept" = "$window" ] || fail "the state's scale is '$kept', the window's '$window'"

# frames lean on those before them, so no row of calibration stands by itself
for option in --errors --health; do
    expect 1 "$QCC" inspect "$work/free.qdl" "$work/weights.bin" --quiet --calibrate "$work/frames.csv" $option
    err_has "[bad-option]"
    err_has "a model with states has no rows of its own"
done
finish
