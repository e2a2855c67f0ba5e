#!/bin/sh
# eval.sh - the JSON of qcc eval on Fashion-MNIST (Debian's dataset-fashion-mnist), and the promise of the
# examples: LeNet within 0.1 point of float, DS-CNN within 0.3.
. "$top_srcdir/tests/cli/lib.sh"
data=/usr/share/datasets/fashion-mnist
[ -d "$data" ] || data=$(dpkg -L dataset-fashion-mnist 2>/dev/null | grep -m1 t10k-images | xargs -r dirname)
[ -n "$data" ] && [ -d "$data" ] || skip "Debian's dataset-fashion-mnist is not installed"
images=$(ls "$data"/t10k-images* | head -n 1)
labels=$(ls "$data"/t10k-labels* | head -n 1)
train=$(ls "$data"/train-images* | head -n 1)
e=$top_srcdir/examples/fashion

# value KEY: a number of the JSON, by its dotted path of one or two keys
value() {
    awk -v want="$1" -f "$top_srcdir/tests/cli/rows.awk" "$work/out"
}

# holds EXPRESSION: awk's opinion
holds() {
    checks=$((checks + 1))
    awk "BEGIN { exit !($1) }" || fail "$name: $1 does not hold"
}

for pair in "lenet 0.001 3.85" "dscnn 0.003 1"; do
    set -- $pair
    name=$1
    expect 0 "$QCC" eval "$e/$name.qdl" "$e/$name.safetensors" --data "$images" --labels "$labels" \
        --calibrate "$train:0+200" --json || continue
    f=$(value float.accuracy)
    q=$(value quantized.accuracy)
    holds "$f > 0.9 && $f - $q <= $2 + 1e-9"
    holds "$(value agreement) > 0.97"
    holds "$(value float.weight_bytes) / $(value quantized.weight_bytes) >= 3.99"
    holds "$(value float.constant_bytes) / $(value quantized.constant_bytes) >= $3"
    holds "$(value float.time_s) > 0 && $(value quantized.time_s) > 0"
    printf '%s: float %s quantized %s agreement %s\n' "$name" "$f" "$q" "$(value agreement)"
done
expect 0 "$QCC" eval "$e/lenet.qdl" "$e/lenet.safetensors" --data "$images:0+100" --labels "$labels:0+100" \
    --calibrate "$images:50+100" --report "$work/roles.html"
out_has "not held out: 50 of the 100 rows of --data also stand in --calibrate"
checks=$((checks + 1))
grep -q "50 of the 100 rows of --data also stand in --calibrate: figures on them" "$work/roles.html" || fail "no word of the roles in the report"
err_has "50 of the 100 rows of --data also stand in --calibrate [data-roles]"
out_has "accuracy"
out_has "McNemar"
# several quantizations side by side: JSON's head is the first's, CSV has a line for each and float
printf 'quantize { default : int8 }\n' >"$work/a.qdl"
printf 'quantize { default : int4, round gptq, bias_correct }\n' >"$work/b.qdl"
# what is said of the model is said once, however many quantizations
expect 0 "$QCC" eval "$e/lenet.qdl" "$e/lenet.safetensors" --data "$images:0+20" --quant "$work/a.qdl" --quant "$work/b.qdl"
holds "$(grep -c calibration-none "$work/err") == 1"
several() {
    expect 0 "$QCC" eval "$e/lenet.qdl" "$e/lenet.safetensors" --data "$images:0+500" \
        --labels "$labels:0+500" --calibrate "$train:0+100" --quant "$work/a.qdl" --quant "$work/b.qdl" "$@"
}
name=several
several --json
first=$(value quantized.accuracy)
holds "$(value agreement) > 0.97"
runs=$(grep -c '"name": ' "$work/out")
holds "$runs == 2"
several --csv
holds "$(wc -l <"$work/out") == 4"
holds "$(awk -F, 'NR == 3 { print $3 }' "$work/out") == $first"
holds "$(awk -F, 'NR == 4 { print $13 }' "$work/out") > 0.9"
# all lines have the header's columns; the second run is compared with the first, right answers add up
holds "$(awk -F, 'NR == 1 { n = NF } NF != n { bad++ } END { print bad + 0 }' "$work/out") == 0"
column() { awk -F, -v what="$1" -v line="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == what) at = i } NR == line { print $at + 0 }' "$work/out"; }
gain() { echo "($(column "$1" 4) - $(column "$2" 4) - 500 * ($(column accuracy 4) - $(column accuracy "$3"))) ^ 2 < 1e-6"; }
holds "$(gain only_this_right only_first_right 3)"
holds "$(gain only_quantized_right only_float_right 2)"
holds "$(column mcnemar_p_first 4) > 0"
several --confusion
out_has "paired with the first"
holds "$(grep -c '^confusion, ' "$work/out") == 3"
# the larger of the two times over the smaller, with the word for it
holds "$(awk '/^  time / { r = $4 > $2 ? $4 / $2 : $2 / $4; d = r - $6
    n += d * d < 1e-3 && $8 == ($4 > $2 ? "slower" : "faster") } END { print n }' "$work/out") == 2"
# rows of the float matrix add up to the rows
holds "$(awk '/^confusion, float/ { on = 12 } on > 0 && on < 11 { for (i = 2; i <= NF; i++) n += $i } on > 0 { on-- } END { print n }' "$work/out") == 500"

expect 1 "$QCC" eval "$e/lenet.qdl" "$e/lenet.safetensors" --data "$images" --labels "$labels:0+10"
finish
