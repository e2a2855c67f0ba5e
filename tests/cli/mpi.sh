#!/bin/sh
# mpi.sh - mpirun: train and tune on 2 and 4 processes give the bits of one; one process writes and speaks; a
# failure ends all; an interruption loses nothing.
. "$top_srcdir/tests/cli/lib.sh"
. "$top_srcdir/tests/cli/training.sh"

tiny " |> dropout(0.1)" >"$work/net.qdl"
rows 1 330 0.3 >"$work/train.csv"
rows 2 150 0.3 >"$work/test.csv"

# without MPI mpirun's processes would write one another's files
if ! grep -q '^#define HAVE_MPI 1' "$top_builddir/config.h"; then
    expect 1 env OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=0 "$QCC" train "$work/net.qdl" --data "$work/train.csv" \
        -o "$work/w.bin"
    err_has "[train-mpi]"
    absent "$work/w.bin"
    [ "$failures" -eq 0 ] || finish
    skip "this build has no MPI"
fi
# nor with a library that is none
mkdir "$work/lib"
: >"$work/lib/$(sed -n 's/^#define LIBMPI_SONAME "\(.*\)"/\1/p' "$top_builddir/config.h")"
expect 1 env LD_LIBRARY_PATH="$work/lib" OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=0 "$QCC" train "$work/net.qdl" \
    --data "$work/train.csv" -o "$work/w.bin"
err_has "cannot be loaded"
err_has "[train-mpi]"
absent "$work/w.bin"
command -v mpirun >/dev/null || skip "mpirun is not installed"
[ "$(id -u)" -ne 0 ] || as_root=--allow-run-as-root
# A container may forbid what shared memory of one machine is copied with; libraries of MPI leak.
OMPI_MCA_btl_vader_single_copy_mechanism=none
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_btl_vader_single_copy_mechanism OMPI_MCA_mpi_yield_when_idle ASAN_OPTIONS

# mpi N COMMAND…: on N processes
mpi() {
    n=$1
    shift
    timeout 300 mpirun ${as_root-} --oversubscribe -n "$n" "$@"
}
mpi 2 true >"$work/out" 2>"$work/err" || skip "mpirun cannot start processes here: $(head -n 1 "$work/err")"

train() {
    n=$1
    shift
    mpi "$n" "$QCC" train "$work/net.qdl" --data "$work/train.csv" --batch 64 --rate 0.01 "$@"
}

# same_told FILE: one process speaks, and says what one alone does, in FILE; seconds and memory aside
same_told() {
    for file in "$1" "$work/out"; do
        sed -e '/ of memory /d' -e 's/  *[0-9.]*\( *best\)*$/\1/' "$file" >"$file.told"
    done
    same "$1.told" "$work/out.told"
}

# ---- the same bits -----------------------------------------------------------------------------------
alone="--epochs 3 --batch 64 --rate 0.01 --threads 1 --augment crop=1@0.3,mixup=0.3"
expect 0 "$QCC" train "$work/net.qdl" --data "$work/train.csv" $alone --test "$work/test.csv" --log "$work/1.csv" -o "$work/1.bin"
cp "$work/out" "$work/1.out"
for n in 2 4; do
    expect 0 train $n --epochs 3 --threads 1 --augment crop=1@0.3,mixup=0.3 --test "$work/test.csv" --log "$work/$n.csv" \
        -o "$work/$n.bin"
    same "$work/1.bin" "$work/$n.bin"
    absent "$work/$n.bin.ckpt"
    out_has "of memory in each of $n processes"
    same_told "$work/1.out"
    cut -d, -f1-6,8 "$work/1.csv" >"$work/1.log"
    cut -d, -f1-6,8 "$work/$n.csv" >"$work/$n.log"
    same "$work/1.log" "$work/$n.log"
done

cut -d, -f2- "$work/train.csv" | tail -n +2 >"$work/plain.csv"
printf 'quantize { default : codebook 2 bits, scale per channel, table per layer, kmeans }\n' >"$work/book.qdl"
tuned="$QCC tune $work/net.qdl $work/1.bin --quant $work/book.qdl --calibrate $work/plain.csv --data $work/train.csv
    --epochs 4 --rate 0.005 --threads 1 --batch 100"
expect 0 $tuned -o "$work/t1"
cp "$work/out" "$work/1.out"
for n in 2 4; do
    expect 0 mpi $n $tuned -o "$work/t$n"
    same "$work/t1.bin" "$work/t$n.bin"
    same "$work/t1.qdl" "$work/t$n.qdl"
    same_told "$work/1.out"
done
# an unlabelled net whose teacher sees varied rows
expect 0 $tuned --data "$work/plain.csv" --augment noise=0.05 -o "$work/u1"
expect 0 mpi 3 $tuned --data "$work/plain.csv" --augment noise=0.05 -o "$work/u3"
same "$work/u1.bin" "$work/u3.bin"

# ---- failures ------------------------------------------------------------------------------------------
# one_diagnostic SLUG: said once, by one process
one_diagnostic() {
    err_has "[$1]"
    checks=$((checks + 1))
    [ "$(grep -c ': error: \|^error: ' "$work/err")" -eq 1 ] || {
        fail "more than one diagnostic:"
        cat "$work/err" >&2
    }
}
expect 1 train 2 --epochs 1 --select "$work/nowhere.csv" -o "$work/bad.bin" && one_diagnostic file-open
expect 1 train 2 --epochs 1 -o "$work/nowhere/bad.bin" && one_diagnostic file-write
expect 2 mpi 2 "$QCC" train "$work/net.qdl" -o "$work/bad.bin" && err_has "no --data"
expect 2 mpi 2 "$QCC" "$work/net.qdl" "$work/1.bin" -o "$work/bad.c" && err_has "mpirun is for"
absent "$work/bad.c"
printf 'model same { input x : f32[16]\n output dense(dense(x, 6) |> tanh, 16, weights "y") }\n' >"$work/same.qdl"
expect 1 mpi 4 "$QCC" train "$work/same.qdl" --data "$work/plain.csv" --loss mse --optimizer sgd --rate 100 --epochs 50 \
    --schedule step --quiet -o "$work/nan.bin"
one_diagnostic train-diverged

# what one process alone cannot do ends all, with what it said: here it does not find its rows
cat >"$work/elsewhere" <<'SH'
#!/bin/sh
[ "$OMPI_COMM_WORLD_RANK" -ne 1 ] || cd "$1/away" || exit 99
shift
exec "$@"
SH
chmod +x "$work/elsewhere"
mkdir "$work/away"
expect 1 sh -c 'cd "$1" && shift && exec "$@"' sh "$work" timeout 60 mpirun ${as_root-} --oversubscribe -n 2 \
    "$work/elsewhere" "$work" "$QCC" train "$work/net.qdl" --data train.csv --epochs 1 -o "$work/bad.bin"
one_diagnostic train-process
err_has "process 1 of 2"
absent "$work/bad.bin"
# the disk is full for the one that writes
expect 1 train 2 --epochs 2 --quiet -o "$work/full.bin" --checkpoint /dev/full
one_diagnostic file-write
absent "$work/full.bin"

# ---- interrupted, then resumed, on another number of processes ----------------------------
rows 3 6000 0.3 >"$work/many.csv"
long="$QCC train $work/net.qdl --data $work/many.csv --batch 1 --rate 0.001 --epochs 4 --threads 1"
expect 0 $long -o "$work/whole.bin"
# mpirun takes a second to pass an interruption on, in which a fast machine would end: both processes are held before, and
# mpirun lets what is held go on.
cat >"$work/noted" <<'SH'
#!/bin/sh
echo $$ >"$1.$OMPI_COMM_WORLD_RANK"
shift
exec "$@"
SH
chmod +x "$work/noted"
: >"$work/out"
mpirun ${as_root-} --oversubscribe -n 2 "$work/noted" "$work/pid" $long -o "$work/parts.bin" >"$work/out" 2>"$work/err" &
pid=$!
n=0
while [ ! -s "$work/out" ] && [ $n -lt 3000 ]; do sleep 0.01; n=$((n + 1)); done
kill -STOP $(cat "$work/pid.0" "$work/pid.1")
kill -INT $pid
wait $pid
status=$?
checks=$((checks + 2))
[ $status -ne 0 ] || fail "an interrupted run ended well"
[ -e "$work/parts.bin.ckpt" ] || fail "no checkpoint is left of an interrupted run"
absent "$work/parts.bin"
expect 0 mpi 4 $long -o "$work/parts.bin" --resume
same "$work/whole.bin" "$work/parts.bin"
finish
