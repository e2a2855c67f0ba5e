#!/bin/sh
# errors.sh - inspect names the guilty layer and what helps, and judges the calibration rows.
. "$top_srcdir/tests/cli/lib.sh"
e=$top_srcdir/examples/fashion
expect 2 "$QCC" inspect "$e/dscnn.qdl" --errors && err_has "need the weights"
data=/usr/share/datasets/fashion-mnist
[ -d "$data" ] || skip "Debian's dataset-fashion-mnist is not installed"
rows=$data/train-images-idx3-ubyte.gz
printf 'quantize { default : int8 per tensor }\n' >"$work/t.qdl"

holds() {
    checks=$((checks + 1))
    awk "BEGIN { exit !($1) }" || fail "$1 does not hold"
}

expect 0 "$QCC" inspect "$e/dscnn.qdl" "$e/dscnn.safetensors" --quant "$work/t.qdl" --calibrate "$rows:0+40" \
    --errors --health --quiet
out_has "dw1: 8-bit weights, per tensor; per channel would cut their error by"
out_has "40 rows, 0 of them repeated."
out_has "40 rows are few: 100 or more are better."
# the shares of all layers add up, and dw1 has nearly all of it
sum=$(awk '/^errors/ { on = 1; next } on && NF != 8 { exit } on { s += $5 + $7 } END { print s }' "$work/out")
holds "$sum > 98 && $sum < 102"
share=$(awk '/^errors/ { on = 1 } on && $1 == "dw1" { print $5; exit }' "$work/out")
holds "$share > 80"
expect 0 "$QCC" inspect "$e/lenet.qdl" "$e/lenet.safetensors" --calibrate "$rows:0+20" --errors --health --json \
    --quiet
out_has '"activation_share"'
out_has '"calibration_rows": 20'
# 256 levels are guilty of little, whatever their index; what only moves codes is guilty of nothing; 4 bits are told
printf 'quantize { default : int8\n f1.weight : codebook 8 bits\n c2.weight : codebook 4 bits quantile per tensor }\n' >"$work/c.qdl"
expect 0 "$QCC" inspect "$e/lenet.qdl" "$e/lenet.safetensors" --quant "$work/c.qdl" --calibrate "$rows:0+20" --errors --quiet
out_has "c2: 4-bit weights, per tensor; 8 bits would cut their error by"
share=$(awk '/^errors/ { on = 1 } on && $1 == "f1" { print $5; exit }' "$work/out")
holds "$share < 5"
share=$(awk '/^errors/ { on = 1 } on && $1 == "f1.flatten" { print $7; exit }' "$work/out")
holds "$share == 0"
# layers whose names begin alike are told apart
cat >"$work/long.qdl" <<'EOF'
model long {
    input x : f32[4]
    a_name_of_many_letters_1 = dense(x, 4, no bias)
    output a_name_of_many_letters_2 = dense(a_name_of_many_letters_1, 4, no bias)
}
EOF
i=0
while [ $i -lt 32 ]; do
    printf '\000\000\200\077'
    i=$((i + 1))
done >"$work/long.bin"
expect 0 "$QCC" inspect "$work/long.qdl" "$work/long.bin" --errors --health --quiet
holds "$(grep -c '^a_name_of_many_letters_2 ' "$work/out") == 3"
"$QCC" quantize "$e/lenet.qdl" "$e/lenet.safetensors" --calibrate "$rows:0+20" -o "$work/p" --quiet
expect 1 "$QCC" inspect "$work/p.qdl" "$work/p.bin" --errors && err_has "[bad-option]"
finish
