#!/bin/sh
# bad_input.sh - wrong files and values: one clear error, status 1, no output left behind.
. "$top_srcdir/tests/cli/lib.sh"
net=$top_srcdir/examples/fashion/lenet.qdl
weights=$top_srcdir/examples/fashion/lenet.safetensors

# bad WORDS ARGUMENTS…: compiling fails with status 1, says the words, leaves nothing
bad() {
    words=$1
    shift
    expect 1 "$QCC" "$@" --quiet -o "$work/net.c" && err_has "$words"
    absent "$work/net.c"
    checks=$((checks + 1))
    ls "$work" | grep -q '^net\.c\.' && fail "a temporary was left behind"
}

# qdl TEXT: a model in $work/m.qdl
qdl() {
    printf '%s\n' "$1" >"$work/m.qdl"
}

bad "cannot open" "$work/missing.qdl" "$weights"
bad "cannot open" "$net" "$work/missing.bin"
bad "directory" "$work" "$weights"
: >"$work/empty"
bad "error" "$work/empty" "$weights"
bad "safetensors" "$net" "$work/empty"
head -c 5000 /dev/urandom >"$work/random"
bad "error" "$work/random" "$weights"
bad "safetensors" "$net" "$work/random"
for n in 1 7 8 9 100 1000 200000; do
    head -c $n "$weights" >"$work/cut"
    bad "$work/cut" "$net" "$work/cut"
done
printf '\377\377\377\377\377\377\377\377{"a":1}' >"$work/over"
bad "error" "$net" "$work/over"

qdl 'model m { input x : u8[4, 4, 1] real [0, 1]
 y = relu(z)
 output y }'
bad "m.qdl:2:11: error" "$work/m.qdl" "$weights"
qdl 'model m { input x : u8[4, 4, 1] real [0, 1]
 y = relu(x)
 y = relu(x)
 output y }'
bad "m.qdl:3:2: error" "$work/m.qdl" "$weights"
qdl 'model m { input x : u8[4, 4, 1] real [1, 0]
 output relu(x) }'
bad "m.qdl:1:" "$work/m.qdl" "$weights"
qdl 'model m { input x : u8[99999, 99999, 99999] real [0, 1]
 output relu(x) }'
bad "m.qdl:1:" "$work/m.qdl" "$weights"
qdl 'model m { input x : u8[4, 4, 1] real [0, 1]
 a = relu(b)
 b = relu(a)
 output b }'
bad "m.qdl:2:" "$work/m.qdl" "$weights"

bad "nolayer" "$net" "$weights" --bits nolayer=4
bad "range" "$net" "$weights" --range 1:-1
bad "range" "$net" "$weights" --range 0:0
bad "range" "$net" "$weights" --range x
bad "range" "$net" "$weights" --range nan:1
bad "bits" "$net" "$weights" --bits 0
bad "bits" "$net" "$weights" --bits 17
bad "grid" "$net" "$weights" --grid round
bad "numerics" "$net" "$weights" --numerics exact
bad "cannot open" "$net" "$weights" --calibrate "$work/missing.npy"
bad "cannot open" "$net" "$weights" --quant "$work/missing.qdl"
bad "error" "$net" "$weights" --calibrate "$work/random"
bad "target" "$net" "$weights" --target z80
bad "prefix" "$net" "$weights" --prefix 9lives
cp "$net" "$work/whole.qdl"
bad "[quant-file]" "$net" "$weights" --quant "$work/whole.qdl"
qdl 'quantize { default : weights int8 }'
bad "[no-model]" "$work/m.qdl" "$weights"
printf 'no protobuf\377' >"$work/net.onnx"
if grep -q '^#define HAVE_ONNX' "$top_builddir/config.h"; then
    bad "[onnx-broken]" "$work/net.onnx"
    bad "[import-bind]" "$work/net.onnx" --bind x
    cp "$work/net.onnx" "$work/x.pb"
    bad "[onnx-broken]" "$work/net.onnx" --bind "x=$work/x.pb"
else
    bad "[no-importer]" "$work/net.onnx"
    bad "[no-importer]" "$work/net.onnx" --bind x=y
fi
bad "[import-bind]" "$net" "$weights" --bind x=y
: >"$work/net.tflite"
bad "[import-bind]" "$work/net.tflite" --bind x=y
expect 1 "$QCC" import net.qdl -o "$work/net" && err_has "[no-importer]"

# mistakes of the quantize part and of the model in one run
cat >"$work/both.qdl" <<'QDL'
model m {
    input x : u8[4, 4, 1] real [0, 1]
    output rellu(x)
}
quantize { default : wights int8 }
QDL
expect 1 "$QCC" "$work/both.qdl" "$weights" -o "$work/net.c" && err_has "[unknown-setting]" &&
    err_has "[unknown-operator]"
absent "$work/net.c"

# outputs that cannot be written
expect 1 "$QCC" "$net" "$weights" --quiet -o "$work/no/such/net.c" && err_has "cannot write"
expect 1 "$QCC" "$net" "$weights" --quiet -o /dev/full && err_has "cannot write"
expect 1 "$QCC" "$net" "$weights" --quiet -o "$work/net.c" --header "$work/no/net.h" &&
    err_has "cannot write"
absent "$work/net.c"
expect 1 "$QCC" "$net" "$weights" --quiet -o "$work/net.c" --header /dev/full && err_has "cannot write"
absent "$work/net.c"
# nothing that was read, and no other output, is written over
cp "$net" "$work/l.qdl"
expect 1 "$QCC" quantize "$work/l.qdl" "$weights" --quiet -o "$work/l" && err_has "output-is-input"
same "$net" "$work/l.qdl"
absent "$work/l.bin"
expect 1 "$QCC" "$work/l.qdl" "$weights" --quiet -o "$work/l.qdl" && err_has "output-is-input"
same "$net" "$work/l.qdl"
expect 1 "$QCC" "$net" "$weights" --quiet -o "$work/net.c" --header "$work/../${work##*/}/net.c" &&
    err_has "output-twice"
absent "$work/net.c"
# --quiet leaves the error alone
expect 1 "$QCC" "$net" "$weights" --quiet --target z80 -o "$work/net.c" && err_has "target-unknown"
grep -q warning "$work/err" && fail "a warning in spite of --quiet"
expect 1 "$QCC" quantize "$net" "$weights" --quiet -o "$work/no/q" && err_has "cannot write"
expect 1 "$QCC" run "$net" "$weights" "$work/missing.npy" && err_has "cannot open"
printf '0,0\n' >"$work/two.csv"
expect 1 "$QCC" run "$net" "$weights" "$work/two.csv" "$work/two.csv" && err_has "data-ports"
expect 1 "$QCC" run "$net" "$weights" "$work/random" && err_has "random"
finish
