#!/bin/sh
# warnings.sh - the emitted C is clean under the warning set of every compiler, for every option.
. "$top_srcdir/tests/abi/lib.sh"

# clean NAME EXTRA_FLAGS OPTIONS: with all compilers that there are.
clean() {
    c_compilers "$3" >"$work/compilers"
    while read -r compiler; do
        for level in -O0 -O2; do
            # shellcheck disable=SC2086
            expect 0 $compiler $strict $level $2 -c "$work/$1.c" -o "$work/x.o" || return
            [ ! -s "$work/err" ] || fail "$compiler says something about $1"
        done
    done <"$work/compilers"
}

check() {
    net=$1
    extra=$2
    shift 2
    rm -f "$work"/x*.c
    emit "$net" x "$@" && clean x "$extra" "$*"
    [ ! -f "$work/xw.c" ] || clean xw "$extra" "$*"
}

none=
for options in '' '--static-arena' '--io-in-arena' '--float-io' '--profile' '--selftest' '--section .weights' \
    '--prefix Mine_2' '-Os' '-Ospeed' '--unroll none' '--unroll full' '--emit-float' '--emit-float --no-libm' \
    '--target cortex-m4' '--target cortex-m4 -Os --numerics tflm' '--target cortex-m4 -Ospeed' \
    '--target cortex-m55' '--target cortex-m55 -Os --numerics tflm' \
    '--target cortex-m0 --numerics tflm' '--target cortex-m3' \
    '--target aarch64' '--target aarch64 --numerics tflm' \
    '--numerics tflm' '--numerics single' '--numerics onnx' \
    '--static-arena --io-in-arena --float-io --selftest --profile --section .w'; do
    # shellcheck disable=SC2086
    check blocks "$none" $options
    # shellcheck disable=SC2086
    check ports "$none" $options
done
for options in '' -Os '--target cortex-m4' '--target cortex-m55' '--target aarch64' '--numerics tflm'; do
    # shellcheck disable=SC2086
    check dscnn "$none" --quant "$abi/schemes.qdl" $options
done
check lenet "$none"
for target in cortex-m0 cortex-m3 rv32; do
    check dscnn "$none" --target $target
    check dscnn "$none" --quant "$abi/schemes.qdl" --target $target
    check lenet "$none" --bits 3 --target $target
done
# x86 NET: $work/x.c is clean at each level of x86-64, unrolled and vectorised by gcc, too, and elsewhere.
x86() {
    if [ "$(uname -m)" = x86_64 ]; then
        for level in -O2 '-O3 -mavx2' '-O3 -march=native'; do
            # shellcheck disable=SC2086
            expect 0 gcc $strict $level -c "$work/x.c" -o "$work/x.o"
            [ ! -s "$work/err" ] || fail "gcc $level says something about $1 for x86-64"
        done
    fi
    clean x "$none" "--target x86-64"
}
for net in blocks dscnn; do
    emit "$net" x --target x86-64 --numerics tflm && x86 "$net"
done
emit dscnn x --target x86-64-dispatch --numerics tflm && x86 "dscnn, at run time,"
if [ "$(uname -m)" = x86_64 ]; then # as kernels of systems are compiled
    # shellcheck disable=SC2086
    expect 0 gcc $strict -O1 -mno-sse -c "$work/x.c" -o "$work/x.o"
fi
emit dscnn x --target x86-64 --quant "$abi/schemes.qdl" --numerics tflm && x86 schemes
# 40 channels: a register full of them and a rest; 360 weights between 1/8 and 1/2 of either sign, raw float32
awk 'BEGIN { for (i = 1; i <= 360; i++) printf "\\%03o\\%03o\\%03o\\%03o", i % 251, i * 7 % 251, i * 29 % 128, i % 3 ? 62 : 190 }' >"$work/octal"
# shellcheck disable=SC2059 # the format is the bytes
printf "$(cat "$work/octal")" >"$work/tails.bin"
expect 0 "$QCC" "$abi/tails.qdl" "$work/tails.bin" --quiet --target x86-64 --numerics tflm -o "$work/x.c" && x86 tails
head -c 80 "$work/tails.bin" >"$work/short.bin"
for target in cortex-m0 cortex-m3 cortex-m4 cortex-m55 rv32 aarch64 x86-64; do
    for bits in 2 3 4; do
        expect 0 "$QCC" "$abi/short.qdl" "$work/short.bin" --quiet --target $target --bits $bits -o "$work/x.c" &&
            expect 0 "$CC" $strict -O2 -c "$work/x.c" -o "$work/x.o"
    done
done
check dscnn "$none" --selftest --float-io
check lenet "$none" --split-weights "$work/xw.c" --section .weights
# Only string literals longer than C99's 4095 characters are exempt, and the file says so.
check lenet -Wno-overlength-strings --weights=string
checks=$((checks + 1))
grep -q 'Wno-overlength-strings' "$work/x.c" || fail "the file does not say what it is exempt from"
end
