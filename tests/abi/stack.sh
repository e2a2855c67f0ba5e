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
end
