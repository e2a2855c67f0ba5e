#!/bin/sh
# tune.sh - qcc tune: a net of 2 bits gets better, with labels and without; never worse; the same bits for
# any number of threads and after an interruption; the saved pair compiles.
. "$top_srcdir/tests/cli/lib.sh"
. "$top_srcdir/tests/cli/training.sh"

tiny >"$work/net.qdl"
rows 1 600 0.2 >"$work/train.csv"
rows 2 600 0.2 >"$work/test.csv"
printf 'quantize { default : uniform bits 2 }\n' >"$work/two.qdl"
printf 'quantize { default : codebook 2 bits, scale per channel, table per layer, kmeans }\n' >"$work/book.qdl"
printf 'quantize { default : uniform bits 2 asymmetric, activations int8 symmetric }\n' >"$work/skew.qdl"
printf 'quantize { default : grid midpoint bits 1 }\n' >"$work/one.qdl"

expect 0 "$QCC" train "$work/net.qdl" --data "$work/train.csv" --epochs 20 --rate 0.01 --quiet -o "$work/w.bin"

tune() {
    "$QCC" tune "$work/net.qdl" "$work/w.bin" --data "$work/train.csv" --calibrate "$work/plain.csv" "$@"
}
cut -d, -f2- "$work/train.csv" | tail -n +2 >"$work/plain.csv"

# percent WORD: the test accuracy on the line that begins so
percent() {
    awk -v w="$1" '{ for (i = 1; i < NF; i++) if ($i == w) { print $(i + 1); exit } }' "$work/out"
}

for part in two book skew one; do
    expect 0 tune --quant "$work/$part.qdl" --epochs 12 --rate 0.005 --test "$work/test.csv" -o "$work/$part.t"
    before=$(percent quantized) after=$(percent tuned)
    echo "$part: $before % before, $after % after"
    checks=$((checks + 1))
    awk -v a="$after" -v b="$before" 'BEGIN { exit !(a > b) }' || fail "$part: $before % before, $after % after"
    checks=$((checks + 1))
    awk -v a="$after" -v b="$before" -v w="$(won "against quantized")" \
        'BEGIN { d = 6 * (a - b) - w; exit !(w != "" && d < 0.1 && d > -0.1) }' || fail "$part: paired: $(tail -2 "$work/out")"
    # the pair is one that every command takes, and its C gives what was told
    expect 0 "$QCC" eval "$work/$part.t.qdl" "$work/$part.t.bin" --data "$work/test.csv" --quiet --csv
    checks=$((checks + 1))
    grep -qF "$after" "$work/out" || awk -v a="$after" -F, 'NR > 1 { for (i = 1; i <= NF; i++) if (100 * $i - a < 0.006 && a - 100 * $i < 0.006) ok = 1 }
        END { exit !ok }' "$work/out" || fail "$part: eval does not give $after"
done

# the float net alone teaches, from a saved pair too
expect 0 "$QCC" quantize "$work/net.qdl" "$work/w.bin" --quant "$work/two.qdl" --calibrate "$work/plain.csv" -o "$work/pair"
cut -d, -f2- "$work/train.csv" | tail -n +2 >"$work/nolabels.csv"
expect 0 "$QCC" tune "$work/net.qdl" "$work/w.bin" --quant "$work/two.qdl" --calibrate "$work/plain.csv" \
    --data "$work/nolabels.csv" --epochs 12 --rate 0.005 -o "$work/taught"
out_has "agreement"
out_has "activation codes that the training forward gives differently"
expect 0 "$QCC" tune "$work/pair.qdl" "$work/pair.bin" --data "$work/train.csv" --loss ce --epochs 6 --rate 0.005 -o "$work/pair2"

# the seed orders the rows of a saved pair too
for seed in 1 2; do
    expect 0 "$QCC" tune "$work/pair.qdl" "$work/pair.bin" --data "$work/train.csv" --select "$work/test.csv" --epochs 2 \
        --rate 0.005 --seed $seed --quiet -o "$work/seed$seed"
done
checks=$((checks + 1))
cmp -s "$work/seed1.bin" "$work/seed2.bin" && fail "--seed does nothing"

# what --mix and --temperature say: all from the labels, none, or a softer teacher
expect 0 tune --quant "$work/two.qdl" --epochs 3 --rate 0.005 --quiet --mix 1 -o "$work/mix1"
expect 0 tune --quant "$work/two.qdl" --epochs 3 --rate 0.005 --quiet --loss ce -o "$work/ce"
same "$work/mix1.bin" "$work/ce.bin"
expect 0 tune --quant "$work/two.qdl" --epochs 3 --rate 0.005 --quiet --mix 0 -o "$work/mix0"
expect 0 tune --quant "$work/two.qdl" --epochs 3 --rate 0.005 --quiet --data "$work/nolabels.csv" -o "$work/alone"
same "$work/mix0.bin" "$work/alone.bin"
expect 0 tune --quant "$work/two.qdl" --epochs 3 --rate 0.005 --quiet --mix 0 --temperature 8 -o "$work/soft"
checks=$((checks + 1))
cmp -s "$work/mix0.bin" "$work/soft.bin" && fail "--temperature does nothing"
# no better in two epochs: it stops
expect 0 tune --quant "$work/two.qdl" --epochs 300 --rate 1e-9 --schedule constant --patience 2 --log "$work/early.csv" \
    -o "$work/early"
checks=$((checks + 1))
[ "$(wc -l <"$work/early.csv")" -lt 50 ] || fail "it did not stop early"

# any number of threads
expect 0 tune --quant "$work/book.qdl" --epochs 4 --rate 0.005 --quiet --threads 1 -o "$work/t1"
expect 0 tune --quant "$work/book.qdl" --epochs 4 --rate 0.005 --quiet --threads 3 -o "$work/t3"
same "$work/t1.bin" "$work/t3.bin"

# on rows varied at random, by labels mixed likewise and by the float net on the very batch
vary="--augment crop=1@0.3,noise=0.05,mixup=0.4"
expect 0 tune --quant "$work/book.qdl" --epochs 6 --rate 0.005 --threads 1 $vary --test "$work/test.csv" -o "$work/v1"
checks=$((checks + 1))
awk -v a="$(percent tuned)" -v b="$(percent quantized)" 'BEGIN { exit !(a > b) }' || fail "augmented: nothing won back"
expect 0 tune --quant "$work/book.qdl" --epochs 6 --rate 0.005 --threads 3 $vary --quiet -o "$work/v3"
same "$work/v1.bin" "$work/v3.bin"
expect 0 "$QCC" tune "$work/pair.qdl" "$work/pair.bin" --data "$work/nolabels.csv" --epochs 6 --rate 0.005 $vary -o "$work/v4"
expect 1 tune --quant "$work/book.qdl" --quiet --augment spin=3 -o "$work/v5"
err_has "[augment-step]"
absent "$work/v5.bin"

# every operator that moves, joins or bends values: nearly the codes of the integer net
cat >"$work/all.qdl" <<'QDL'
model all {
    input x : u8[4, 4, 1] real [0, 1]
    c = conv2d(x, 6, kernel 3x3, pad same) |> prelu(weights "slopes")
    u = conv_transpose(c, 4, kernel 2x2, stride 2) |> elu
    r = resize_bilinear(u, 5x4, half pixel)
    n = resize_nearest(c, 5x3)
    s = slice(u, [7, 0, 0], [1, 7, 4], stride [-1, 2, 1])
    d = sub(r, slice(s, [0, 0, 0], [5, 4, 4])) |> gelu
    b = minimum(maximum(d, r), slice(s, [1, 0, 0], [6, 4, 4]))
    f = dense(flatten(transpose(b, [2, 0, 1])), 8) |> l2_norm
    e = concat(reduce_max(n, [0, 1]), reduce_min(c, [0, 1]), reduce_sum(d, [0, 1]))
    output dense(concat(f, reduce_mean(u, [0, 1]), e), 3, weights "last")
}
QDL
expect 0 "$QCC" train "$work/all.qdl" --data "$work/train.csv" --epochs 8 --rate 0.01 --quiet -o "$work/all.bin"
expect 0 "$QCC" tune "$work/all.qdl" "$work/all.bin" --bits 4 --calibrate "$work/plain.csv" --data "$work/train.csv" \
    --epochs 3 --rate 0.005 -o "$work/all.t"
checks=$((checks + 1))
awk '/^activation codes/ { seen = 1; exit !($8 < 0.1) } END { exit !seen }' "$work/out" ||
    fail "the training forward has other codes: $(grep '^activation codes' "$work/out")"

# memory does not grow from epoch to epoch
big="tune $work/all.qdl $work/all.bin --bits 4 --calibrate $work/plain.csv --data $work/train.csv:0+40 --threads 1 --quiet"
flat "$(peak "$QCC" $big --epochs 3 --engine=interpreter -o "$work/big")" \
    "$(peak "$QCC" $big --epochs 100 --engine=interpreter -o "$work/big")"

# nothing better: what was given comes out
expect 0 "$QCC" tune "$work/pair.qdl" "$work/pair.bin" --data "$work/train.csv" --loss ce --epochs 2 --rate 20 \
    --optimizer sgd --schedule constant --clip 1e-9 -o "$work/worse" 2>/dev/null
out_has "nothing better"
same "$work/pair.bin" "$work/worse.bin"

# steps that diverge, or that no integer net can hold: the net that was given is kept
expect 1 "$QCC" tune "$work/pair.qdl" "$work/pair.bin" --data "$work/train.csv" --loss ce --optimizer sgd --rate 100 \
    --schedule constant --epochs 40 --quiet -o "$work/diverged"
checks=$((checks + 1))
grep -q '\[train-diverged\]\|\[train-integer\]' "$work/err" || fail "it did not diverge: $(cat "$work/err")"
err_has "the best weights so far are kept"
same "$work/pair.bin" "$work/diverged.bin"
same "$work/pair.qdl" "$work/diverged.qdl"
# scales that drift apart, until no multiplier holds their ratio or no bias its value: told by name, the net that was
# given is kept (a better state before it: tests/unit/test_fit)
expect 1 "$QCC" tune "$work/pair.qdl" "$work/pair.bin" --data "$work/train.csv" --optimizer sgd --schedule onecycle --rate 20 \
    --epochs 200 --quiet -o "$work/apart"
err_has "[train-integer]"
err_has "the best weights so far are kept"
same "$work/pair.bin" "$work/apart.bin"
same "$work/pair.qdl" "$work/apart.qdl"
for file in empty.csv head.csv; do
    : >"$work/empty.csv"
    printf 'label,a\n' >"$work/head.csv"
    expect 1 tune --quant "$work/two.qdl" --select "$work/$file" --quiet -o "$work/bad"
    err_has "[data-empty]"
    absent "$work/bad.bin"
done

# interrupted, then resumed
long="--quant $work/two.qdl --epochs 60 --batch 4 --rate 0.003 --threads 1 --quiet --augment noise=0.02,mixup=0.2"
expect 0 tune $long -o "$work/whole"
stop_when '[ -e "$work/parts.ckpt" ]' \
    "$QCC" tune "$work/net.qdl" "$work/w.bin" --data "$work/train.csv" --calibrate "$work/plain.csv" $long -o "$work/parts"
expect 0 tune $long -o "$work/parts" --resume
same "$work/whole.bin" "$work/parts.bin"

# interrupted while an epoch is judged: the steps of that epoch are kept
rows 5 12000 0.2 >"$work/many.csv"
slow="--quant $work/two.qdl --epochs 1 --rate 0.003 --threads 1 --quiet --engine=interpreter --select $work/many.csv"
expect 0 tune $slow -o "$work/whole"
stop_when '[ -e "$work/judged.ckpt" ]' \
    "$QCC" tune "$work/net.qdl" "$work/w.bin" --data "$work/train.csv" --calibrate "$work/plain.csv" $slow -o "$work/judged"
err_has "interrupted while epoch 1 was judged"
absent "$work/judged.bin"
expect 0 tune $slow -o "$work/judged" --resume
same "$work/whole.bin" "$work/judged.bin"

# bad input; an output that cannot be is told before the work
expect 1 tune --quant "$work/two.qdl" --epochs 100000 --quiet -o "$work/two"
err_has "[output-is-input]"
expect 1 tune --quant "$work/two.qdl" --epochs 100000 --quiet -o "$work/nowhere/two"
err_has "[file-write]"
for option in log checkpoint; do
    expect 1 tune --quant "$work/two.qdl" --epochs 100000 --quiet --$option "$work/nowhere/file" -o "$work/bad"
    err_has "[file-write]"
done
expect 1 "$QCC" tune "$work/net.qdl" "$work/w.bin" --data "$work/nolabels.csv" --loss ce --quiet -o "$work/bad"
err_has "[train-labels]"
absent "$work/bad.bin"
printf '0,0,1\n1,0,0\n' >"$work/targets.csv"
cut -d, -f2-4 "$work/train.csv" | tail -n +2 >"$work/all.csv"
expect 1 "$QCC" tune "$work/pair.qdl" "$work/pair.bin" --data "$work/nolabels.csv" --labels "$work/all.csv" --loss mse \
    --select "$work/nolabels.csv" --quiet -o "$work/bad"
err_has "--select has no target rows"
err_has "[train-labels]"
expect 1 "$QCC" tune "$work/pair.qdl" "$work/pair.bin" --data "$work/nolabels.csv" --labels "$work/targets.csv" --loss mse \
    --quiet -o "$work/bad"
err_has "[train-rows]"
sed 's/^2,/9,/' "$work/test.csv" >"$work/nine.csv"
expect 1 tune --quant "$work/two.qdl" --quiet --test "$work/nine.csv" -o "$work/bad"
err_has "[labels-range]"
expect 1 tune --quant "$work/two.qdl" --quiet --test "$work/plain.csv" -o "$work/bad"
err_has "--test has no labels"
err_has "[train-labels]"
printf '0\n1\n' >"$work/few.csv"
expect 1 "$QCC" tune "$work/pair.qdl" "$work/pair.bin" --data "$work/nolabels.csv" --labels "$work/few.csv" --quiet \
    -o "$work/bad"
err_has "[labels-count]"
absent "$work/bad.bin"
expect 1 env CC=/nonexistent/cc "$QCC" tune "$work/pair.qdl" "$work/pair.bin" --data "$work/train.csv" --engine=cc --quiet \
    -o "$work/bad"
err_has "[train-integer]"
absent "$work/bad.bin"
# an operator without a gradient, a state: named
{ sed '/output/d; /^}/d' "$work/net.qdl"; printf '    output argmax(dense(f, 3, weights "last"), axis 0)\n}\n'; } >"$work/class.qdl"
expect 1 "$QCC" tune "$work/class.qdl" "$work/w.bin" --bits 4 --calibrate "$work/plain.csv" --data "$work/train.csv" \
    --quiet -o "$work/bad"
err_has "the operator argmax cannot be trained"
err_has "[train-operator]"
cat >"$work/state.qdl" <<'QDL'
model tiny {
    input x : u8[4, 4, 1] real [0, 1]
    state s : f32[16]
    y = add(flatten(x), s)
    s := y
    output dense(y, 3, weights "last")
}
QDL
grep -v '^    [sy] \|^    state' "$work/state.qdl" | sed 's/dense(y/dense(flatten(x)/' >"$work/flat.qdl"
expect 0 "$QCC" train "$work/flat.qdl" --data "$work/train.csv" --epochs 1 --quiet -o "$work/flat.bin"
expect 1 "$QCC" tune "$work/state.qdl" "$work/flat.bin" --bits 4 --calibrate "$work/plain.csv" --data "$work/train.csv" \
    --quiet -o "$work/bad"
err_has "a state is among its operands"
err_has "[train-operator]"
absent "$work/bad.bin"
expect 2 "$QCC" tune "$work/net.qdl" "$work/w.bin" -o "$work/x" && err_has "no --data"
expect 2 "$QCC" tune "$work/net.qdl" "$work/w.bin" --data x && err_has "no -o"
expect 2 tune -o "$work/x" --mix 2 && err_has "at most 1"
finish
