#!/bin/sh
# recover.sh - qcc recover: every state of a net in one table, each figure as eval and train give it; a pair that
# compiles to the C beside it; nothing is written when something is wrong.
. "$top_srcdir/tests/cli/lib.sh"
. "$top_srcdir/tests/cli/training.sh"

cat >"$work/net.qdl" <<'QDL'
model tiny {
    input x : u8[4, 4, 1] real [0, 1]
    c = conv2d(x, 4, kernel 3x3, pad same, no bias) |> batch_norm |> relu
    output dense(flatten(c), 3, weights "last") |> softmax
}
quantize { default : uniform bits 2 }
QDL
rows 1 600 0.2 >"$work/train.csv"
rows 2 300 0.2 >"$work/test.csv"
cut -d, -f2- "$work/train.csv" >"$work/plain.csv"
expect 0 "$QCC" train "$work/net.qdl" --data "$work/train.csv" --epochs 10 --rate 0.01 --quiet -o "$work/w.bin"

recover() {
    "$QCC" recover "$work/net.qdl" "$work/w.bin" --calibrate "$work/plain.csv" --data "$work/train.csv" --epochs 6 \
        --rate 0.005 --quiet "$@"
}
expect 0 recover --test "$work/test.csv" --augment crop=1@0.3,mixup=0.2 --threads 1 -o "$work/r"
cp "$work/out" "$work/table"
checks=$((checks + 1))
[ "$(grep -c '^tuned ' "$work/table")" -eq 6 ] || fail "not six tuned states: $(cat "$work/table")"
checks=$((checks + 1))
[ "$(grep -c '^control, float ' "$work/table")" -eq 2 ] || fail "not two control rows"
# accuracy STATE [ROWS AUGMENTED]: of its first such row, in %
accuracy() {
    sed -n "s/^$1  *${2:--}  *${3:--}  *\([0-9.]*\) %.*/\1/p" "$work/table" | head -n 1 | grep . || echo "no row of $*"
}
# the paired differences of the written state lead from float and from quantized to the same accuracy
checks=$((checks + 1))
awk -v f="$(accuracy float)" -v q="$(accuracy quantized)" -v vf="$(won "against float")" -v vq="$(won "against quantized")" \
    'BEGIN { d = 3 * (f - q) + vf - vq; exit !(vf != "" && vq != "" && d < 0.1 && d > -0.1) }' ||
    fail "what was won against float and against quantized: $(cat "$work/table")"
out_has "augmented against tuned on"
checks=$((checks + 1))
grep '^float ' "$work/table" | grep -q '100.00 %' || fail "float does not agree with itself"
# the same figures from eval
expect 0 "$QCC" eval "$work/net.qdl" "$work/w.bin" --calibrate "$work/plain.csv" --data "$work/test.csv" --quiet
out_has "$(accuracy float)"
out_has "$(accuracy quantized)"
# the C is that of the pair
expect 0 "$QCC" "$work/r.qdl" "$work/r.bin" --quiet -o "$work/again.c"
checks=$((checks + 1))
cmp -s "$work/r.c" "$work/again.c" || fail "NAME.c is not the C of the pair: $(diff "$work/r.c" "$work/again.c" | head -5)"
# eval gives the figure of the state that was written, and that is better than where it began
expect 0 "$QCC" eval "$work/r.qdl" "$work/r.bin" --data "$work/test.csv" --quiet
best=$(sed -n 's/.*\.html: tuned on \([0-9]*\) rows, \(augmented\)*.*/\1 \2/p' "$work/table")
case $best in
*augmented) told=$(accuracy tuned "${best% *}" yes) ;;
*) told=$(accuracy tuned "${best% *}" no) ;;
esac
echo "float $(accuracy float) %, quantized $(accuracy quantized) %, written $told %"
out_has "$told"
checks=$((checks + 1))
awk -v a="$told" -v q="$(accuracy quantized)" 'BEGIN { exit !(a > q) }' || fail "what was written is not better: $told"
checks=$((checks + 1))
grep -q "Control: the float net" "$work/r.html" || fail "the page has no table"
checks=$((checks + 1))
[ "$(grep -o '>tuned</' "$work/r.html" | wc -l)" -eq 6 ] || fail "the page has not six tuned states"

# any number of threads; times and what is timed differ, the nets do not
expect 0 recover --test "$work/test.csv" --augment crop=1@0.3,mixup=0.2 --threads 3 -o "$work/s"
same "$work/r.bin" "$work/s.bin"
# without augmentation it says so: three tuned states and one control
expect 0 recover --test "$work/test.csv" -o "$work/t"
out_has "no augmentation is stated"
out_has "of memory for batches of 64"
checks=$((checks + 1))
[ "$(grep -c '^tuned ' "$work/out")" -eq 3 ] || fail "not three tuned states"
# the runs as charts: loss and accuracy, with and without augmentation
for title in "Loss over the epochs" "Accuracy over the epochs" "With augmentation: Loss over the epochs" \
    "With augmentation: Accuracy over the epochs"; do
    checks=$((checks + 1))
    grep -qF "<b>$title</b>" "$work/r.html" || fail "the page has no chart '$title'"
done
checks=$((checks + 1))
[ "$(grep -c 'class="line l3"' "$work/r.html")" -eq 4 ] || fail "not four lines in each of four charts"

# stopped and resumed: the bits of a run that never was, and the log of all of it
long="--calibrate $work/plain.csv --data $work/train.csv --rate 0.005 --quiet --epochs 30 --test $work/test.csv"
expect 0 "$QCC" recover "$work/net.qdl" "$work/w.bin" $long --log "$work/whole.csv" -o "$work/whole"
absent "$work/whole.ckpt.1"
: >"$work/half.csv"
stop_when '[ "$(wc -l <"$work/half.csv")" -gt 70 ]' "$QCC" recover "$work/net.qdl" "$work/w.bin" $long \
    --log "$work/half.csv" -o "$work/half"
absent "$work/half.bin"
expect 0 "$QCC" recover "$work/net.qdl" "$work/w.bin" $long --log "$work/half.csv" --resume -o "$work/half"
same "$work/whole.bin" "$work/half.bin"
same "$work/whole.qdl" "$work/half.qdl"
absent "$work/half.ckpt.1"
for log in whole half; do cut -d, -f1-9,11 "$work/$log.csv" >"$work/$log.untimed"; done
same "$work/whole.untimed" "$work/half.untimed"
checks=$((checks + 1))
[ "$(wc -l <"$work/whole.csv")" -eq 125 ] || fail "the log has not 31 lines of each of 4 runs"

# runs that diverge: their rows are of the best state before that, what is best of all is written, the status is 1
expect 1 recover --test "$work/test.csv" --optimizer sgd --schedule constant --rate 100 -o "$work/far"
err_has "the best weights so far are kept"
out_has "  diverged"
out_has "the best on the rows that select"
checks=$((checks + 1))
[ "$(grep -c '^tuned \|^control, float ' "$work/out")" -eq 4 ] || fail "a run that diverged has no row: $(cat "$work/out")"
checks=$((checks + 1))
grep -q "(diverged)" "$work/far.html" || fail "the page does not say which run diverged"
expect 0 "$QCC" "$work/far.qdl" "$work/far.bin" --quiet -o "$work/again.c"
same "$work/far.c" "$work/again.c"
absent "$work/far.ckpt.1"

# a saved pair takes a seed of its runs too
expect 0 "$QCC" recover "$work/r.qdl" "$work/r.bin" --data "$work/train.csv" --test "$work/test.csv" --epochs 1 --seed 2 \
    --quiet -o "$work/seeded"

# bad input: nothing is written
nothing() {
    for ending in qdl bin c html; do absent "$work/bad.$ending"; done
}
expect 1 recover --test "$work/plain.csv" -o "$work/bad" && err_has "[train-labels]"
nothing
sed 's/^2,/9,/' "$work/test.csv" >"$work/nine.csv"
expect 1 recover --test "$work/nine.csv" -o "$work/bad" && err_has "[labels-range]"
nothing
printf '0\n1\n' >"$work/few.csv"
expect 1 recover --test "$work/plain.csv" --test-labels "$work/few.csv" -o "$work/bad" && err_has "[labels-count]"
nothing
expect 1 recover --test "$work/test.csv" --augment spin=1 -o "$work/bad" && err_has "[augment-step]"
nothing
expect 1 recover --test "$work/test.csv" -o "$work/no/bad" && err_has "[file-write]"
expect 1 recover --test "$work/test.csv" -o "$work/net" && err_has "[output-is-input]"
# stopped while it tunes: nothing, too
stop_when 'grep -q "^quantized" "$work/out"' "$QCC" recover "$work/net.qdl" "$work/w.bin" \
    --calibrate "$work/plain.csv" --data "$work/train.csv" --epochs 100000 --test "$work/test.csv" -o "$work/bad"
nothing
expect 2 "$QCC" recover "$work/net.qdl" "$work/w.bin" --test "$work/test.csv" -o "$work/bad" && err_has "no --data"
expect 2 recover -o "$work/bad" && err_has "no --test"
expect 2 recover --test "$work/test.csv" && err_has "no -o"
expect 2 recover --test "$work/test.csv" --loss mse -o "$work/bad" && err_has "no classes"
nothing
finish
