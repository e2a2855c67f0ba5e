#!/bin/sh
# saved.sh - compiling a saved pair gives the same C as compiling the original, byte for byte.
. "$top_srcdir/tests/cli/lib.sh"

# pair NET WEIGHTS OPTIONS…: save with the options, compile both ways, compare
pair() {
    net=$1
    weights=$2
    shift 2
    expect 0 "$QCC" quantize "$net" "$weights" --quiet "$@" -o "$work/q" || return
    expect 0 "$QCC" "$net" "$weights" --quiet "$@" -o "$work/a.c" --header "$work/a.h"
    expect 0 "$QCC" "$work/q.qdl" "$work/q.bin" --quiet -o "$work/b.c" --header "$work/b.h"
    same "$work/a.c" "$work/b.c"
    same "$work/a.h" "$work/b.h"
    expect 0 "$QCC" "$work/q.qdl" "$work/q.bin" --quiet -Ospeed --prefix other -o "$work/b.c"
    expect 0 "$QCC" "$net" "$weights" --quiet "$@" -Ospeed --prefix other -o "$work/a.c"
    same "$work/a.c" "$work/b.c"
    # saving what was saved changes nothing but the way there
    expect 0 "$QCC" quantize "$work/q.qdl" "$work/q.bin" --quiet -o "$work/r"
    same "$work/q.qdl" "$work/r.qdl"
    same "$work/q.bin" "$work/r.bin"
}

for name in lenet dscnn; do
    e=$top_srcdir/examples/fashion
    pair "$e/$name.qdl" "$e/$name.safetensors"
    pair "$e/$name.qdl" "$e/$name.safetensors" --range -0.5:0.5 --bits 8
    pair "$e/$name.qdl" "$e/$name.safetensors" --range -0.5:0.5 --bits 8 --grid midpoint
    pair "$e/$name.qdl" "$e/$name.safetensors" --numerics tflm
done
for name in branches activations global_pools depthwise blocks sequential conv_groups conv1d conv_transpose constants l2_norm operators; do
    pair "$top_srcdir/tests/torch/$name.qdl" "$top_srcdir/tests/torch/$name.safetensors"
done

# what decides quantization is refused on a saved pair, unless it is what the pair has
e=$top_srcdir/examples/fashion
expect 0 "$QCC" quantize "$e/lenet.qdl" "$e/lenet.safetensors" --quiet -o "$work/q"
expect 1 "$QCC" "$work/q.qdl" "$work/q.bin" --numerics tflm -o "$work/c.c" && err_has "saved"
expect 1 "$QCC" "$work/q.qdl" "$work/q.bin" --range -1:1 -o "$work/c.c" && err_has "saved"
expect 1 "$QCC" "$work/q.qdl" "$work/q.bin" --calibrate x.npy -o "$work/c.c" && err_has "saved"
expect 1 "$QCC" "$work/q.qdl" "$work/q.bin" --seed 9 -o "$work/c.c" && err_has "saved"
expect 1 "$QCC" "$work/q.qdl" "$work/q.bin" --emit-float -o "$work/c.c" && err_has "saved"
absent "$work/c.c"
expect 0 "$QCC" "$work/q.qdl" "$work/q.bin" --numerics q32 --bits 8 -o "$work/c.c"
# damage is told
head -c 300 "$work/q.bin" >"$work/d.bin"
expect 1 "$QCC" "$work/q.qdl" "$work/d.bin" -o "$work/d.c" && err_has "d.bin"
absent "$work/d.c"
expect 1 "$QCC" "$work/q.qdl" "$e/lenet.safetensors" -o "$work/d.c"
absent "$work/d.c"

# rounding on data gives the same pair for any number of threads and any kernels of OpenBLAS; on seeded noise
# where there is no dataset-fashion-mnist
train=/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz:0+32
[ -e "${train%:*}" ] || {
    train=$work/noise.npy
    { printf '\223NUMPY\001\000\166\000'
      printf '%-117s\n' "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 28, 28), }"
      awk 'BEGIN { for (x = 1; n < 3136; n++) { x = x * 16807 % 2147483647; printf "%c", 32 + x % 95 } }'; } >"$train"
}
printf 'quantize { default : int4, round gptq, bias_correct, match_deviation }\n' >"$work/int4.qdl"
printf 'quantize { default : codebook 3 bits, round gptq, bias_correct }\n' >"$work/book.qdl"
for scheme in int4 book; do
    for how in "OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1" "OMP_NUM_THREADS=2 OPENBLAS_NUM_THREADS=2" \
        "OMP_NUM_THREADS=2 OPENBLAS_CORETYPE=Prescott"; do
        # shellcheck disable=SC2086 # a list
        expect 0 env $how "$QCC" quantize "$e/dscnn.qdl" "$e/dscnn.safetensors" --quiet --calibrate "$train" \
            --quant "$work/$scheme.qdl" -o "$work/t"
        [ -e "$work/$scheme.first" ] || { cp "$work/t.qdl" "$work/$scheme.first"; cp "$work/t.bin" "$work/$scheme.bin.first"; }
        same "$work/t.qdl" "$work/$scheme.first"
        same "$work/t.bin" "$work/$scheme.bin.first"
    done
done
finish
