#!/bin/sh
# train.sh - qcc train: learns, gives the same bits for any number of threads and after an
# interruption, keeps what it has when something goes wrong, and says what is wrong.
. "$top_srcdir/tests/cli/lib.sh"
. "$top_srcdir/tests/cli/training.sh"

tiny " |> dropout(0.1)" >"$work/net.qdl"
rows 1 400 0.3 >"$work/train.csv"
rows 2 200 0.3 >"$work/test.csv"

train() {
    "$QCC" train "$work/net.qdl" --data "$work/train.csv" "$@"
}

# what the last line of a log says in column $2
last() {
    tail -n 1 "$1" | cut -d, -f"$2"
}

expect 0 train -o "$work/w.bin" --epochs 12 --rate 0.01 --batch 32 --threads 1 --log "$work/log.csv" \
    --test "$work/test.csv"
out_has "test: accuracy"
out_has "a seeded tenth"
# the same run as a page: a curve of each, 12 epochs in numbers
expect 0 train -o "$work/w.bin" --epochs 12 --rate 0.01 --batch 32 --threads 1 --quiet --report "$work/page.html"
for text in "<b>Loss over the epochs</b>" "<b>Accuracy over the epochs</b>" 'class="line l1"' "after epoch"; do
    checks=$((checks + 1))
    grep -qF "$text" "$work/page.html" || fail "the page lacks '$text'"
done
checks=$((checks + 1))
[ "$(grep -o '<th[^>]*>rows that select</th>\|<td[^>]*>rows that select</td>' "$work/page.html" | wc -l)" -eq 24 ] ||
    fail "the page has not 12 epochs of two charts in numbers"
expect 1 train -o "$work/w2.bin" --epochs 1 --report "$work/no/page.html" && err_has "[file-write]"
absent "$work/w2.bin"
absent "$work/w.bin.ckpt"
checks=$((checks + 1))
[ "$(wc -l <"$work/log.csv")" -eq 13 ] || fail "the log has not a line for each epoch"
awk -F'[ %]+' '/^test: accuracy/ { exit !($3 > 95) }' "$work/out" || fail "it did not learn: $(tail -1 "$work/out")"
# the weights are a file that every command takes; dropout is gone
expect 0 "$QCC" eval "$work/net.qdl" "$work/w.bin" --data "$work/test.csv" --quiet --engine=interpreter
expect 0 "$QCC" "$work/net.qdl" "$work/w.bin" --quiet -o "$work/net.c"
checks=$((checks + 1))
grep -q dropout "$work/net.c" && fail "dropout is in the emitted C"

# any number of threads
expect 0 train -o "$work/w3.bin" --epochs 12 --rate 0.01 --batch 32 --threads 3 --quiet
same "$work/w.bin" "$work/w3.bin"
# another seed, another net
expect 0 train -o "$work/w4.bin" --epochs 1 --seed 7 --quiet
checks=$((checks + 1))
cmp -s "$work/w.bin" "$work/w4.bin" && fail "the seed does nothing"

# further from given weights, by SGD; each schedule and initialisation
for word in onecycle cosine step constant; do
    expect 0 "$QCC" train "$work/net.qdl" "$work/w.bin" --data "$work/train.csv" --epochs 2 --optimizer sgd \
        --rate 0.01 --decay 1e-4 --clip 1 --schedule $word -o "$work/further.bin"
done
for word in he he-uniform glorot glorot-normal; do
    expect 0 train -o "$work/init.bin" --init $word --epochs 1 --quiet
done
# squares: a net that gives back its input, and one with target rows
printf 'model same { input x : f32[16]\n output dense(dense(x, 6) |> tanh, 16, weights "y") }\n' >"$work/same.qdl"
cut -d, -f2- "$work/train.csv" >"$work/plain.csv"
expect 0 "$QCC" train "$work/same.qdl" --data "$work/plain.csv" --loss mse --epochs 5 -o "$work/same.bin"
expect 0 "$QCC" train "$work/same.qdl" --data "$work/plain.csv" --labels "$work/plain.csv" --loss mse --epochs 5 \
    -o "$work/same2.bin"
same "$work/same.bin" "$work/same2.bin"

# rows varied at random: the same bits for any number of threads, from --augment and the augment part alike
vary="rotate=8,crop=1@0.5,noise=0.05,mixup=0.4"
{ cat "$work/net.qdl"; printf 'augment {\n rotate 8\n crop 1 probability 0.5\n noise 0.05\n mixup 0.4\n}\n'; } >"$work/vary.qdl"
expect 0 train -o "$work/v1.bin" --epochs 12 --rate 0.01 --batch 32 --threads 1 --quiet --augment "$vary" --test "$work/test.csv"
checks=$((checks + 1))
awk -F'[ %]+' '/^test: accuracy/ { exit !($3 > 90) }' "$work/out" || fail "it did not learn: $(tail -1 "$work/out")"
cmp -s "$work/w.bin" "$work/v1.bin" && fail "--augment does nothing"
expect 0 "$QCC" train "$work/vary.qdl" --data "$work/train.csv" --epochs 12 --rate 0.01 --batch 32 --threads 3 --quiet \
    -o "$work/v3.bin"
same "$work/v1.bin" "$work/v3.bin"
# a mirrored class is another class here: flips cost, as on digits
expect 0 train -o "$work/f.bin" --epochs 6 --rate 0.01 --quiet --augment flip=h@1 --test "$work/test.csv"
checks=$((checks + 1))
awk -F'[ %]+' '/^test: accuracy/ { exit !($3 < 90) }' "$work/out" || fail "mirrored rows were not what was trained on"
# which is warned of, measured on the rows that select; upside down the classes stay themselves
expect 0 train -o "$work/f.bin" --epochs 1 --augment flip=h --select "$work/test.csv"
err_has "flip h costs"
err_has "[train-flip]"
expect 0 train -o "$work/f.bin" --epochs 1 --augment flip=hv --select "$work/test.csv"
err_has "flip h costs"
checks=$((checks + 1))
grep -q "flip v" "$work/err" && fail "a flip that spares the classes is warned of"
expect 0 train -o "$work/f.bin" --epochs 1 --augment flip=v --select "$work/test.csv"
checks=$((checks + 1))
grep -q train-flip "$work/err" && fail "a flip that spares the classes is warned of"
# target rows are mixed too; a net that gives back its input gives back the varied one
expect 0 "$QCC" train "$work/same.qdl" --data "$work/plain.csv" --loss mse --epochs 5 --augment noise=0.1,mixup=1 \
    -o "$work/mixed.bin"
expect 0 "$QCC" train "$work/same.qdl" --data "$work/plain.csv" --labels "$work/plain.csv" --loss mse --epochs 5 \
    --augment mixup=1 -o "$work/mixed1.bin"
expect 0 "$QCC" train "$work/same.qdl" --data "$work/plain.csv" --loss mse --epochs 5 --augment mixup=1 -o "$work/mixed2.bin"
same "$work/mixed1.bin" "$work/mixed2.bin"
checks=$((checks + 1))
cmp -s "$work/same.bin" "$work/mixed1.bin" && fail "mixup does nothing"

# interrupted, then resumed: the bits of a run that was not
long="--epochs 400 --batch 8 --threads 1 --quiet --augment crop=1,mixup=0.2"
expect 0 train $long -o "$work/whole.bin"
stop_when '[ -e "$work/parts.bin.ckpt" ]' \
    "$QCC" train "$work/net.qdl" --data "$work/train.csv" $long -o "$work/parts.bin"
absent "$work/parts.bin"
expect 1 train --epochs 401 --batch 8 --quiet -o "$work/parts.bin" --resume
err_has "other settings"
expect 1 train $long,noise=0.1 -o "$work/parts.bin" --resume
err_has "other settings"
err_has "[train-checkpoint]"
expect 0 train $long -o "$work/parts.bin" --resume
same "$work/whole.bin" "$work/parts.bin"
expect 1 train $long -o "$work/none.bin" --resume
err_has "no checkpoint is there"

# a checkpoint cut short, and one that stands nowhere in a run: a step that is no number
short="--epochs 2 --quiet --checkpoint $work/broken.ckpt"
expect 0 train $short -o "$work/broken.bin"
length=$(od -An -tu8 -N8 "$work/broken.ckpt" | tr -d ' ')
state=$(tail -c +9 "$work/broken.ckpt" | head -c "$length" |
    sed -n 's/.*"state":{[^}]*"data_offsets":\[\([0-9]*\),.*/\1/p')
cp "$work/broken.ckpt" "$work/copy.ckpt"
printf '\377\377\377\377\377\377\377\377' |
    dd of="$work/broken.ckpt" bs=1 seek=$((8 + length + state + 8)) conv=notrunc 2>"$work/dd"
expect 1 train $short -o "$work/none.bin" --resume
err_has "not a checkpoint of this run"
head -c 100 "$work/copy.ckpt" >"$work/broken.ckpt"
expect 1 train $short -o "$work/none.bin" --resume
err_has "[train-checkpoint]"
absent "$work/none.bin"

# early stopping: constant and no better
expect 0 train -o "$work/early.bin" --epochs 300 --rate 1e-9 --schedule constant --patience 2 --log "$work/early.csv"
checks=$((checks + 1))
[ "$(wc -l <"$work/early.csv")" -lt 100 ] || fail "it did not stop early"

# memory does not grow from epoch to epoch
printf 'model big { input x : f32[16]\n output dense(dense(x, 600), 16, weights "y") }\n' >"$work/big.qdl"
big="--data $work/plain.csv:0+40 --loss mse --threads 1 --quiet -o $work/big.bin --log $work/big.csv"
flat "$(peak "$QCC" train "$work/big.qdl" $big --epochs 3)" "$(peak "$QCC" train "$work/big.qdl" $big --epochs 120)"

# ---- bad input ------------------------------------------------------------------------------------
bad() {
    words=$1
    shift
    expect 1 "$QCC" train "$@" --quiet -o "$work/bad.bin" --epochs 3 && err_has "$words"
    absent "$work/bad.bin"
}
net=$work/net.qdl
sed 's/^2,/9,/' "$work/train.csv" >"$work/labels.csv"
bad "label" "$net" --data "$work/labels.csv"
bad "[csv-label]" "$net" --data "$work/plain.csv"
printf '0\n1\n2\n' >"$work/three.csv"
bad "400" "$net" --data "$work/plain.csv" --labels "$work/three.csv"
head -1 "$work/train.csv" >"$work/none.csv"
bad "error" "$net" --data "$work/none.csv"
head -2 "$work/train.csv" >"$work/one.csv"
bad "one row cannot be trained on" "$net" --data "$work/one.csv"
err_has "[train-rows]"
bad "[csv-label]" "$net" --data "$work/train.csv" --test "$work/plain.csv"
bad "target rows" "$work/same.qdl" --data "$work/plain.csv" --labels "$work/three.csv" --loss mse
bad "of the input's size" "$net" --data "$work/plain.csv" --loss mse
err_has "[train-labels]"
# outputs that are not of the input's size: the input can stand in for no target
printf 'model wide { input x : f32[16]\n output dense(x, 64, weights "y") }\n' >"$work/wide.qdl"
awk 'BEGIN { for (r = 0; r < 400; r++) for (i = 0; i < 64; i++) printf "%g%s", i / 64, i < 63 ? "," : "\n" }' >"$work/wide.csv"
for role in select test; do
    bad "--$role has no target rows" "$work/wide.qdl" --data "$work/plain.csv" --labels "$work/wide.csv" --loss mse \
        --$role "$work/plain.csv"
    err_has "--$role-labels"
    err_has "[train-labels]"
done
printf 'model m { input x : u8[4, 4, 1] real [0, 1]\n output argmax(dense(flatten(x), 3), axis 0) }\n' >"$work/op.qdl"
cut -d, -f1 "$work/train.csv" | tail -n +2 >"$work/classes.csv"
bad "the operator argmax cannot be trained" "$work/op.qdl" --data "$work/plain.csv" --labels "$work/classes.csv" --loss mse
err_has "op.qdl:2:"
err_has "[train-operator]"
# it is told before labels are held against the one output
bad "the operator argmax cannot be trained" "$work/op.qdl" --data "$work/train.csv"
cat >"$work/state.qdl" <<'QDL'
model m {
    input x : u8[4, 4, 1] real [0, 1]
    state s : f32[16]
    y = add(flatten(x), s)
    s := y
    output dense(y, 3)
}
QDL
bad "a state is among its operands" "$work/state.qdl" --data "$work/train.csv"
err_has "[train-operator]"
printf 'model m { input x : u8[4, 4, 1] real [0, 1]\n k = constant([16])\n output dense(sub(flatten(x), k), 3) }\n' >"$work/op.qdl"
bad "constants are not trained" "$work/op.qdl" --data "$work/train.csv"
bad "[augment-shape]" "$net" --data "$work/train.csv" --augment crop=9
bad "[augment-step]" "$net" --data "$work/train.csv" --augment spin=9
printf 'model two { input x : u8[4] real [0, 1]\n input y : u8[4] real [0, 1]\n output dense(add(x, y), 3) }\n' >"$work/two.qdl"
printf '0,0,0,0\n1,1,1,1\n0,1,0,1\n' >"$work/four.csv"
bad "augmentation is for models of one input" "$work/two.qdl" --data "$work/four.csv,$work/four.csv" \
    --labels "$work/three.csv" --augment noise=0.1
# a loss that is not finite: which layer, and the weights before it are kept
expect 1 "$QCC" train "$work/same.qdl" --data "$work/plain.csv" --loss mse --optimizer sgd --rate 100 --schedule step \
    --epochs 50 --quiet -o "$work/nan.bin"
err_has "[train-diverged]"
err_has "same.qdl:2:"
# the last good ones, here those that were given
expect 1 "$QCC" train "$work/same.qdl" "$work/same.bin" --data "$work/plain.csv" --loss mse --optimizer sgd --rate 100 \
    --epochs 50 --quiet -o "$work/nan.bin"
err_has "[train-diverged]"
err_has "the best weights so far are kept"
same "$work/same.bin" "$work/nan.bin"
# empty sets, in each role and format
printf 'label,a\n' >"$work/head.csv"
: >"$work/empty.csv"
printf '\223NUMPY\001\000v\000%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 16), }" >"$work/empty.npy"
printf '\000\000\010\002\000\000\000\000\000\000\000\020' >"$work/empty.idx"
for file in empty.csv head.csv empty.npy empty.idx; do
    bad "[data-empty]" "$net" --data "$work/$file"
    bad "[data-empty]" "$net" --data "$work/train.csv" --select "$work/$file"
    bad "[data-empty]" "$net" --data "$work/train.csv" --test "$work/$file"
done
bad "[data-slice]" "$net" --data "$work/train.csv:0+0"
# a log or a checkpoint that cannot be is told before the work
for option in log checkpoint; do
    bad "[file-write]" "$net" --data "$work/train.csv" --$option "$work/nowhere/file" --test "$work/test.csv"
    checks=$((checks + 1))
    [ -s "$work/out" ] && fail "it worked before it looked at --$option"
done
# a full disk: the checkpoint of the run before stays as it was
expect 0 train -o "$work/kept.bin" --epochs 2 --quiet --checkpoint "$work/kept.ckpt"
cp "$work/kept.ckpt" "$work/copy.ckpt"
expect 1 sh -c 'trap "" XFSZ; ulimit -f 1; exec "$@"' sh "$QCC" train "$net" --data "$work/train.csv" --epochs 2 \
    --quiet -o "$work/full.bin" --checkpoint "$work/kept.ckpt"
err_has "cannot write"
same "$work/kept.ckpt" "$work/copy.ckpt"
absent "$work/full.bin"
# what ends a run while an epoch is judged (here a log on a full disk) loses no step of it
short="--epochs 3 --quiet --checkpoint $work/judged.ckpt"
expect 1 train $short -o "$work/judged.bin" --log /dev/full
err_has "[file-write]"
absent "$work/judged.bin"
expect 0 train $short -o "$work/judged.bin" --resume --log "$work/judged.csv"
expect 0 train --epochs 3 --quiet -o "$work/unbroken.bin"
same "$work/judged.bin" "$work/unbroken.bin"
checks=$((checks + 1))
[ "$(cut -d, -f1 "$work/judged.csv" | tr '\n' ' ')" = "epoch 1 2 3 " ] || fail "the log of a resumed run lacks epochs"

# wrong usage
expect 2 "$QCC" train "$net" -o "$work/x.bin" && err_has "no --data"
expect 2 train && err_has "no -o"
expect 2 train -o "$work/x.bin" --epochs 0 && err_has "whole number"
expect 2 train -o "$work/x.bin" --rate 0 && err_has "above 0"
expect 2 train -o "$work/x.bin" --optimizer rmsprop && err_has "adam, sgd"
expect 2 train -o "$work/x.bin" --loss distill && err_has "qcc tune"
expect 2 "$QCC" train "$net" "$work/w.bin" --data x --init he -o "$work/x.bin" && err_has "would do nothing"
finish
