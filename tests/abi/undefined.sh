#!/bin/sh
# undefined.sh - what an object needs from outside is on the list in its header comment, and that list
# holds no libc call but memcpy, memmove, memset.
. "$top_srcdir/tests/abi/lib.sh"

listed() {
    sed -n '/Needs from outside/,/\*\//p' "$work/x.c" | tr -cs 'A-Za-z0-9_*' '\n' | grep -v '^\**$' >"$work/list"
}

matches() {
    while read -r pattern; do
        # shellcheck disable=SC2254
        case $1 in
        $pattern) return 0 ;;
        esac
    done <"$work/list"
    return 1
}

check() {
    net=$1
    shift
    emit "$net" x "$@" || return
    listed
    c_compilers "$*" >"$work/compilers"
    while read -r compiler; do
        nm=nm
        case $compiler in
        arm*) nm=arm-none-eabi-nm ;;
        aarch64*) nm=aarch64-linux-gnu-nm ;;
        esac
        for level in -O0 -O2 -Os; do
            # shellcheck disable=SC2086
            expect 0 $compiler -std=c99 $level -c "$work/x.c" -o "$work/x.o" || continue
            $nm -u "$work/x.o" | awk '{ print $NF }' >"$work/undefined"
            while read -r symbol; do
                checks=$((checks + 1))
                matches "$symbol" || fail "$compiler $level needs $symbol ($net $*)"
            done <"$work/undefined"
        done
    done <"$work/compilers"
}

for numerics in q32 tflm single onnx; do
    for net in branches global_pools dense_rank2 ports; do
        check $net --numerics $numerics
    done
done
check depthwise -Ospeed --static-arena --io-in-arena
check avgpool -Os --selftest --float-io
check activations
check lenet
check lenet --target cortex-m4
check dscnn --target cortex-m3
check dscnn --target cortex-m0 --numerics tflm
check depthwise --target cortex-m4 -Os
check lenet --target cortex-m55
check lenet --target aarch64
check lenet --target x86-64
check dscnn --target x86-64-dispatch --numerics tflm
check dscnn --target aarch64 --numerics tflm
check activations --emit-float
check activations --emit-float --no-libm
checks=$((checks + 1))
! grep -q 'math.h' "$work/x.c" || fail "--no-libm includes math.h"
check dscnn --quant "$abi/schemes.qdl"
check dscnn --quant "$abi/schemes.qdl" --target cortex-m4
check dscnn --quant "$abi/schemes.qdl" --target aarch64
check dscnn --quant "$abi/schemes.qdl" --target cortex-m3
check lenet --bits 4 --target cortex-m0
check dscnn --quant "$abi/schemes.qdl" --target cortex-m55
check dscnn --quant "$abi/schemes.qdl" --target x86-64
check maxpool --profile
checks=$((checks + 1))
grep -qx maxpool_profile "$work/undefined" || fail "--profile does not call the hook"

# The one mutable object is the static arena.
emit lenet x
expect 0 gcc -std=c99 -O2 -c "$work/x.c" -o "$work/x.o"
nm "$work/x.o" | awk '$2 ~ /^[dDbBC]$/' >"$work/out"
[ ! -s "$work/out" ] || fail "mutable objects: $(cat "$work/out")"
emit lenet x --static-arena
expect 0 gcc -std=c99 -O2 -c "$work/x.c" -o "$work/x.o"
nm "$work/x.o" | awk '$2 ~ /^[dDbBC]$/ { print $3 }' >"$work/out"
[ "$(cat "$work/out")" = lenet_arena ] || fail "mutable objects: $(cat "$work/out")"
end
