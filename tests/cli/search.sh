#!/bin/sh
# search.sh - a quantization within limits: what fits, what is shown, what goes on after a stop.
. "$top_srcdir/tests/cli/lib.sh"
net=$top_srcdir/examples/fashion/lenet.qdl
weights=$top_srcdir/examples/fashion/lenet.safetensors
limits="--min-accuracy 0.5"
expect 2 "$QCC" "$net" "$weights" -o "$work/a.c" $limits && err_has "wants --select"
expect 2 "$QCC" "$net" "$weights" -o "$work/a.c" $limits --select x && err_has "wants --calibrate"
expect 2 "$QCC" "$net" "$weights" -o "$work/a.c" --select x && err_has "goes with a search"
expect 2 "$QCC" "$net" "$weights" -o "$work/a.c" --max-flash 48KB && err_has "no number of bytes"
expect 2 "$QCC" "$net" "$weights" -o "$work/a.c" --min-agreement 1.5 && err_has "no rate"
expect 2 "$QCC" "$net" "$weights" -o "$work/a.c" --max-ram 1K --emit-float && err_has "quantizes nothing"
expect 2 "$QCC" "$net" "$weights" -o "$work/a.c" $limits --min-agreement 1 --select x --calibrate x &&
    err_has "one of them"

data=/usr/share/datasets/fashion-mnist
[ -d "$data" ] || skip "Debian's dataset-fashion-mnist is not installed"
images=$data/train-images-idx3-ubyte.gz
labels=$data/train-labels-idx1-ubyte.gz

# search COUNT ARGUMENTS…: only one layer is open, so that a few runs do
search() {
    count=$1
    shift
    "$QCC" "$net" "$weights" --bits c1=8 --bits f1=8 --bits f2=8 --bits f3=8 --calibrate "$images:0+60" \
        --select "$images:50000+$count" "$@"
}

expect 1 search 60 $limits -o "$work/a.c" && err_has "[search-labels]"
expect 1 search 60 --max-flash 1K --quiet -o "$work/a.c" && err_has "[search-budget]"
expect 1 search 60 --max-ram 1K --quiet -o "$work/a.c" && err_has "[search-budget]"
absent "$work/a.c"

with="--select-labels $labels:50000+200 --min-accuracy 0.8 --search-file $work/runs"
expect 0 search 200 $with -o "$work/a.c" --write-quant "$work/a.qdl"
err_has "chosen:"
err_has " 0 remembered"
grep -q 'c2.weight : ' "$work/a.qdl" || fail "no rule for c2"
grep -q 'f2.weight' "$work/a.qdl" && fail "a rule for a layer whose bits were given"
# stopped after some runs, then again: the same result, without those runs
head -n 6 "$work/runs" >"$work/part" && mv "$work/part" "$work/runs"
expect 0 search 200 $with -o "$work/b.c" --write-quant "$work/b.qdl"
grep -qF " 0 remembered" "$work/err" && fail "nothing was remembered"
cmp "$work/a.c" "$work/b.c" && cmp "$work/a.qdl" "$work/b.qdl" || fail "a search that went on found otherwise"
# the quantize part gives the same net without a search
expect 0 "$QCC" "$net" "$weights" --bits c1=8 --bits f1=8 --bits f2=8 --bits f3=8 --calibrate "$images:0+60" \
    --quant "$work/a.qdl" -o "$work/c.c"
cmp "$work/a.c" "$work/c.c" || fail "the written quantize part gives another C"
checks=$((checks + 4))
# flash and RAM are the target's: what its compiler makes, or an estimate that says so
fixed="--bits c1=8 --bits c2=8 --bits f1=8 --bits f2=8 --bits f3=8 --calibrate $images:0+20 --select $images:50000+20"
expect 0 env PATH=/nonexistent "$QCC" "$net" "$weights" $fixed --max-flash 90K -o "$work/e.c"
err_has "[search-sizes]"
err_has "constants alone"
expect 0 "$QCC" "$net" "$weights" $fixed --select "$images:0+20" --max-flash 90K -o "$work/e.c"
err_has "20 of the 20 rows of --select also stand in --calibrate [data-roles]"
if command -v arm-none-eabi-gcc >/dev/null; then
    m4="-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"
    expect 0 "$QCC" "$net" "$weights" $fixed --target cortex-m4 --max-flash 90K --max-ram 9K -o "$work/m.c"
    err_has "arm-none-eabi-gcc -Os $m4"
    err_has "bytes of stack"
    told=$(awk '/^chosen:/ { getline; print $1 }' "$work/err")
    arm-none-eabi-gcc -Os $m4 -ffunction-sections -fdata-sections -c -o "$work/m.o" "$work/m.c"
    real=$(arm-none-eabi-size "$work/m.o" | awk 'NR == 2 { print $1 + $2 }')
    [ "$told" -ge "$real" ] && [ "$told" -le $((real + real / 50)) ] || fail "told $told bytes of flash, the object has $real"
    checks=$((checks + 1))
    expect 1 "$QCC" "$net" "$weights" $fixed --target cortex-m4 --max-ram 5800 -o "$work/n.c" && err_has "[search-budget]"
fi
# a rate that 60 rows cannot show, and one that no net has
expect 0 search 200 $with --max-flash 67K --quiet -o "$work/d.c"
expect 0 search 60 --min-agreement 0.97 -o "$work/d.c" && err_has "[search-not-shown]"
expect 1 "$QCC" quantize "$net" "$weights" --bits 2 --bits c1=2 --bits c2=2 --bits f1=2 --bits f2=2 --bits f3=2 \
    --calibrate "$images:0+60" --select "$images:50000+60" --min-agreement 1 --quiet -o "$work/p" &&
    err_has "[search-rate]"
absent "$work/p.qdl"
finish
