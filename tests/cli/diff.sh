#!/bin/sh
# diff.sh - qcc diff: what is equal is told as equal, what was changed is found, with its place; bad input.
. "$top_srcdir/tests/cli/lib.sh"
torch=$top_srcdir/tests/torch
net=$torch/branches.qdl
weights=$torch/branches.safetensors
rows=$torch/branches.in.npy
f=float:$net,$weights
q=quant:$net,$weights

# json PYTHONLESS: the value of a top-level key in the JSON
value() {
    sed -n "s/^  \"$1\": \(.*[^,]\),*\$/\1/p" "$work/out" | head -n 1
}

is() {
    checks=$((checks + 1))
    [ "$(value "$1")" = "$2" ] || fail "$1 is $(value "$1"), not $2"
}

expect 0 "$QCC" diff "$f" "$f" --data "$rows" && out_has "no divergence" && out_has "layer"
checks=$((checks + 1))
grep -q '%' "$work/out" && ! grep '%' "$work/out" | grep -qv ' equal ' || fail "a net differs from itself"
expect 0 "$QCC" diff "$f" "$q" --data "$rows" --calibrate "$rows" --json
checks=$((checks + 1))
grep -q '"sqnr_db": [2-9][0-9]\.' "$work/out" || fail "no layer with a plausible SQNR"

# the saved pair computes what its original does; options are for the side that they can be for
expect 0 "$QCC" quantize "$net" "$weights" --calibrate "$rows" -o "$work/pair"
expect 0 "$QCC" diff "$q" "quant:$work/pair.qdl,$work/pair.bin" --data "$rows" --calibrate "$rows"
out_has "no divergence"
expect 1 "$QCC" diff "$f" "quant:$work/pair.qdl,$work/pair.bin" --data "$rows" --calibrate "$rows"
err_has "[saved-option]"

# 2 bits for one layer: that layer is where the two quantized nets part
layer=$("$QCC" inspect "$net" "$weights" --calibrate "$rows" --json | awk -F'"' '
    $2 == "name" { name = $4 } $2 == "weights" { layer = name } END { print layer }')
[ "$layer" != a ] || fail "the last layer with weights is the first"
expect 0 "$QCC" diff "quant:$work/pair.qdl,$work/pair.bin" "$q" --data "$rows" --calibrate "$rows" \
    --bits "$layer=2" --json
is first_divergence "\"$layer\""

# emitted C tells of the same layers, code for code; indices at the end of a net too
for engine in jit cc; do
    [ $engine != jit ] || grep -q '^#define HAVE_LIBTCC 1' "$top_builddir/config.h" || continue
    expect 0 "$QCC" diff "$f" "$q" --data "$rows" --calibrate "$rows" --json --engine=interpreter && cp "$work/out" "$work/want"
    expect 0 "$QCC" diff "quant:$work/pair.qdl,$work/pair.bin" "$q" --data "$rows" --calibrate "$rows" --engine=$engine
    out_has "no divergence"
    expect 0 "$QCC" diff "$f" "$q" --data "$rows" --calibrate "$rows" --json --engine=$engine
    checks=$((checks + 1))
    [ "$(grep -c '"name"' "$work/out")" -eq "$(grep -c '"name"' "$work/want")" ] || fail "$engine: other layers"
done
cat >"$work/index.qdl" <<'QDL'
model i { input x : i8[2, 3] scale 0.5
 output argmax(relu(x)) }
QDL
printf '\002\000\000\000\000\000\000\000{}' >"$work/empty"
printf '1,2,3,4,5,6\n-1,2,3,9,8,7\n' >"$work/x.csv"
expect 0 "$QCC" diff "float:$work/index.qdl,$work/empty" "quant:$work/index.qdl,$work/empty" --data "$work/x.csv" --quiet
out_has argmax

# what is only on one side was not compared
cat >"$work/other.qdl" <<'QDL'
model o { input x : i8[2, 3] scale 0.5
 y = relu(x)
 output y }
QDL
expect 0 "$QCC" diff "float:$work/index.qdl,$work/empty" "float:$work/other.qdl,$work/empty" --data "$work/x.csv" --quiet
out_has "no divergence in the layers that both have (1)"

# wrong usage
expect 2 "$QCC" diff "$f" "$q" --data "$rows" --engine=blas && err_has "--float only"
expect 2 "$QCC" diff a.npz b.npz --engine=cc && err_has "--engine would do nothing"
expect 2 "$QCC" diff "$f" && err_has "two executions are compared"
expect 2 "$QCC" diff "$f" "$q" && err_has "no --data"
expect 2 "$QCC" diff float:net.qdl "$q" --data "$rows" && err_has "float:NET.qdl,WEIGHTS"
expect 2 "$QCC" diff "$f" "$f" --data "$rows" --bits 4 && err_has "--bits would do nothing"
expect 2 "$QCC" diff a.npz b.npz --data "$rows" && err_has "--data would do nothing"

# bad input
expect 1 "$QCC" diff "$work/none.npz" "$q" --data "$rows" && err_has "[file-open]"
expect 1 "$QCC" diff "$weights" "$f" --data "$rows" && err_has "[diff-none]"
head -c 100 "$weights" >"$work/cut"
expect 1 "$QCC" diff "$work/cut" "$f" --data "$rows" && err_has "cut"
cat >"$work/a.qdl" <<'QDL'
model a { input x : f32[2, 3]
 output y = relu(x) }
QDL
sed 's/relu(x)/flatten(x)/' "$work/a.qdl" >"$work/b.qdl"
printf '\002\000\000\000\000\000\000\000{}' >"$work/empty"
printf '1,2,3,4,5,6\n-1,2,3,4,5,6\n' >"$work/x.csv"
expect 1 "$QCC" diff "float:$work/a.qdl,$work/empty" "float:$work/b.qdl,$work/empty" --data "$work/x.csv"
err_has "[diff-shape]"
expect 1 "$QCC" diff "float:$work/a.qdl,$work/none" "$f" --data "$rows" && err_has "[file-open]"

# reference tensors of another program, by their numbers in the .tflite; shared data only
data=$QCC_SHARED/data
if [ -d "$data" ]; then
    ref=$data/golden/kws_int8.layers.npz
    set -- "$ref" "quant:$data/models/kws_int8.tflite" --data "$data/golden/kws_int8.in.npy" --json
    expect 0 "$QCC" diff "$@"
    is first_divergence null
    checks=$((checks + 1))
    [ "$(grep -c '"different": 0' "$work/out")" -eq 13 ] || fail "13 layers of kws are not all equal"
    expect 0 "$QCC" diff "$@" --numerics single
    is first_divergence '"conv2d"'
    expect 0 "$QCC" diff "$ref" "$ref" && out_has "no divergence"
    expect 1 "$QCC" diff "$data/golden/ad_int8.layers.npz" "quant:$data/models/kws_int8.tflite" \
        --data "$data/golden/kws_int8.in.npy" && err_has "does not fit layer"
fi
finish
