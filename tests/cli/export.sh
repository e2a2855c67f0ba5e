#!/bin/sh
# export.sh - qcc export: usage, what has no form in ONNX, no file half written, pairs, models and a round
# trip through the command line. Without ONNX in the build only that it says so.
. "$top_srcdir/tests/cli/lib.sh"
net=$top_srcdir/examples/fashion/dscnn.qdl
weights=$top_srcdir/examples/fashion/dscnn.safetensors
cd "$work" || exit 99

if ! grep -q '^#define HAVE_ONNX 1' "$top_builddir/config.h"; then
    expect 1 "$QCC" export "$net" "$weights" -o a.onnx && err_has "[no-exporter]"
    absent a.onnx
    finish
fi

expect 2 "$QCC" export "$net" "$weights" && err_has "no -o"
expect 2 "$QCC" export "$net" "$weights" -o a.onnx -o b.onnx && err_has "more than one -o"
expect 2 "$QCC" export "$net" "$weights" -o a.onnx --qdq=i4 && err_has "none of i8, u8"
expect 2 "$QCC" export "$net" "$weights" -o a.onnx --bits 4 && err_has "--bits would do nothing"
expect 2 "$QCC" export "$net" "$weights" -o a.onnx --calibrate x && err_has "--calibrate would do nothing"
expect 2 "$QCC" export "$net" "$weights" -o a.onnx --target generic && err_has "does not go with this command"
absent a.onnx

# all at once, and the file that was there stays
cat >state.qdl <<'END'
model m {
    input a : i8[2, 4] scale 0.5
    state s : i8[2, 4] scale 0.5
    t = add(a, s)
    s := t
    d = dense(a, 3)
    output tanh(d)
}
quantize {
    d.activation : int16
    d.weight : bits 8 grid midpoint
    numerics q32
}
END
awk 'BEGIN { for (i = 0; i < 15; i++) printf "%s", (i % 2 ? "\\000\\000\\000\\077" : "\\000\\000\\200\\276") }' >octal
# shellcheck disable=SC2059
printf "$(cat octal)" >state.bin
echo old >a.onnx
sed '/numerics\|int16/d' state.qdl >narrow.qdl
expect 1 "$QCC" export narrow.qdl state.bin --qdq -o a.onnx --quiet && err_has "[export-unsupported]" &&
    err_has "2 things have no form in ONNX" && err_has "assign 's': ONNX has no such operator" &&
    err_has "dense 'd': its weights' levels do not fit int8" && err_has "keep its state outside"
expect 1 "$QCC" export state.qdl state.bin -o a.onnx --quiet && err_has "cannot export assign"
echo old | cmp - a.onnx || fail "a.onnx was touched"
sed '/state\|:=/d; s/t = .*//; /numerics\|int16/d' state.qdl >wide.qdl
expect 1 "$QCC" export wide.qdl state.bin --qdq -o a.onnx --quiet && err_has "levels do not fit int8"
expect 0 "$QCC" export wide.qdl state.bin -o wide.onnx --quiet
sed '/state\|:=/d; s/t = .*//; /d.activation/d; s/d.weight.*/a : activations int16/; s/i8\[/i16[/' state.qdl >i16.qdl
expect 1 "$QCC" export i16.qdl state.bin --qdq -o a.onnx --quiet && err_has "'a' has 16-bit codes" && err_has "say \`activations int8\`"
# biases of 2^24 beside weights of a stated range: more than int32 holds
sed '/state\|:=/d; s/t = .*//; /numerics\|int16/d; s/d.weight.*/d.weight : range [-0.5, 0.5]/' state.qdl >bias.qdl
awk 'BEGIN { for (i = 0; i < 12; i++) printf "%s", (i % 2 ? "\\000\\000\\000\\077" : "\\000\\000\\200\\276")
    for (i = 0; i < 3; i++) printf "\\000\\000\\200\\113" }' >octal
# shellcheck disable=SC2059
printf "$(cat octal)" >bias.bin
expect 1 "$QCC" export bias.qdl bias.bin --qdq -o a.onnx --quiet && err_has "dense 'd': its bias 8522825760 does not fit int32" &&
    err_has "state a wider range for its weights"
echo old | cmp - a.onnx || fail "a.onnx was touched"
expect 0 "$QCC" export bias.qdl bias.bin -o bias.onnx --quiet
expect 1 "$QCC" export bias.qdl bias.bin -o /dev/full --quiet && err_has "cannot write"

# there and back: the same codes as in mode onnx, from the pair, the saved pair and the exported model
rows=$top_srcdir/tests/cli/rows.awk
awk 'BEGIN { for (r = 0; r < 3; r++) for (i = 0; i < 784; i++) printf "%d%s", (r * 71 + i * i * 7 + i) % 256, i < 783 ? "," : "\n" }' >in.csv
[ -e "$rows" ] || fail "no rows.awk"
expect 0 "$QCC" run "$net" "$weights" in.csv --codes --numerics onnx --quiet && cp out want
expect 0 "$QCC" quantize "$net" "$weights" -o pair --quiet
expect 0 "$QCC" export pair.qdl pair.bin --qdq -o pair.onnx
expect 0 "$QCC" export "$net" "$weights" --qdq -o net.onnx --quiet
same pair.onnx net.onnx
expect 0 "$QCC" export "$net" "$weights" --qdq=u8 -o net_u8.onnx --quiet
sed 's/,/\n/g' in.csv | awk '{ printf "%d%s", $1 - 128, NR % 784 ? "," : "\n" }' >codes.csv
for model in net.onnx net_u8.onnx; do
    expect 0 "$QCC" run "$model" codes.csv --codes && same out want
done
expect 0 "$QCC" run "$net" "$weights" in.csv --codes --float --quiet && cp out want
awk -F, '{ for (i = 1; i <= NF; i++) printf "%.9g%s", $i / 255, i < NF ? "," : "\n" }' in.csv >reals.csv
expect 0 "$QCC" export "$net" "$weights" -o net.onnx
expect 0 "$QCC" run net.onnx reals.csv --float && {
    paste -d' ' want out | awk '{ for (i = 1; i <= 10; i++) { d = $i - $(i + 10); if (d < 0) d = -d
        m = $i < 0 ? -$i : $i; most = m > most ? m : most; worst = d > worst ? d : worst } }
        END { exit !(NR == 3 && most > 1 && worst <= 1e-5 * most) }' || fail "net.onnx computes something else"
}

# a model of another tool in place of the pair
echo 1,2,3,4,5,6,7,8 >eight.csv
expect 0 "$QCC" export wide.onnx --layout nchw -o again.onnx
expect 0 "$QCC" run wide.onnx eight.csv --layout nchw --float && cp out want
expect 0 "$QCC" run again.onnx eight.csv --layout nchw --float && same out want
finish
