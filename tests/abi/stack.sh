#!/bin/sh
# stack.sh - no function of the emitted C needs more than 512 bytes of stack, or more than its comment says.
#
# The long form has depthwise layers, all ways to store weights, and mode tflm.
. "$top_srcdir/tests/abi/lib.sh"

# frames TARGET COMPILER…: the largest frame of $work/x.c is within what the comment allows.
frames() {
    target=$1
    shift
    have "$1" || return
    said=$(sed -n 's/^ \* A function may need more stack .* up to \([0-9]*\) bytes by$/\1/p' "$work/x.c")
    case $target in
    x86-64* | aarch64) [ -n "$said" ] || fail "$target: the comment says nothing of stack" ;;
    *) [ -z "$said" ] || fail "$target: the comment allows $said bytes of stack" ;;
    esac
    (cd "$work" && expect 0 "$@" -std=c99 -w -fstack-usage -c x.c -o x.o)
    largest=$(sort -t "$(printf '\t')" -k 2 -n -r "$work/x.su" | head -n 1)
    bytes=$(echo "$largest" | cut -f 2)
    checks=$((checks + 1))
    [ "${bytes:-9999}" -le "${said:-512}" ] || fail "$*: $largest"
}

nets='lenet --bits 3'
[ -z "${QCC_LONG-}" ] || nets="$nets
dscnn --quant $abi/schemes.qdl
dscnn --numerics tflm"
while read -r net options; do
    # shellcheck disable=SC2086
    while read -r target compiler; do
        case $target,$(uname -m) in
        x86-64*,x86_64) ;;
        x86-64*) continue ;;
        esac
        emit "$net" x $options --weights=string --target "$target" && frames "$target" $compiler
    done <<'END'
cortex-m0 arm-none-eabi-gcc -mcpu=cortex-m0 -mthumb -O2
cortex-m3 arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb -O2
cortex-m4 arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -O2
cortex-m55 arm-none-eabi-gcc -mcpu=cortex-m55 -mthumb -mfloat-abi=hard -O2
rv32 riscv64-unknown-elf-gcc -march=rv32imc -mabi=ilp32 -ffreestanding -O2
aarch64 aarch64-linux-gnu-gcc -O2
x86-64 gcc -O2 -mavx2
x86-64-dispatch gcc -O2
END
done <<NETS
$nets
NETS

# sums N: a layer adds the two before it, and one joins them all; 4 N + 2 variables in one chain of --ram=min.
sums() {
    awk -v n="$1" 'BEGIN {
        print "model sums {\n    input x : i8[2000, 1, 1] scale 0.02 zero 3\n    p1 = relu(x)\n    p2 = add(p1, x)"
        all = "p1, p2"
        for (i = 3; i <= n; ++i) {
            printf "    p%d = add(p%d, p%d)\n", i, i - 1, i - 2
            all = all ", p" i
        }
        printf "    all = concat(%s)\n    output maxpool(all, 8x1)\n}\n", all
    }' >"$work/sums.qdl"
}

printf '\002\000\000\000\000\000\000\000{}' >"$work/empty.safetensors"
for n in 21 32; do # the longest that is one chain; one that would need 592 bytes and more
    sums "$n"
    while read -r target compiler; do
        expect 0 "$QCC" "$work/sums.qdl" "$work/empty.safetensors" --quiet --ram=min --target "$target" -o "$work/x.c" &&
            frames "$target" $compiler
        grep -q 'static void sums_rows_' "$work/x.c" || fail "sums $n: no chain"
        case $n in 21) grep -q '^/\* p1 to output: ' "$work/x.c" || fail "sums $n: not one chain" ;; esac
    done <<'END'
cortex-m0 arm-none-eabi-gcc -mcpu=cortex-m0 -mthumb -O2
rv32 riscv64-unknown-elf-gcc -march=rv32imc -mabi=ilp32 -ffreestanding -O2
END
done
end
