#!/bin/sh
# header.sh - the header compiles alone as C99 and C++11, beside the C in one unit, and its macros are
# plain decimals with the right values.
. "$top_srcdir/tests/abi/lib.sh"

alone() {
    printf '#include "%s"\n#include "%s"\nint unused(void);\nint unused(void) { return 0; }\n' "$1" "$1" >"$work/use.c"
    # shellcheck disable=SC2086
    expect 0 $CC $strict -I"$work" -c "$work/use.c" -o "$work/use.o"
    cp "$work/use.c" "$work/use.cc"
    for cxx in g++ clang++ arm-none-eabi-g++; do
        have $cxx || continue
        expect 0 $cxx -std=c++11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I"$work" \
            -c "$work/use.cc" -o "$work/use.o"
        [ ! -s "$work/err" ] || fail "$cxx says something about $1"
    done
}

plain_macros() {
    grep '^#define [A-Z0-9_]* .' "$work/$1" | while read -r _ name value; do
        printf '%s\n' "$value" | grep -qE '^-?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?$' || echo "$name $value"
    done >"$work/odd"
    checks=$((checks + 1))
    [ ! -s "$work/odd" ] || fail "macros that are no plain decimals: $(cat "$work/odd")"
}

for options in '' '--float-io --selftest' '--io-in-arena' '--static-arena --io-in-arena --selftest' '--profile' \
    '--emit-float' '--prefix Other'; do
    for net in lenet ports; do
        # shellcheck disable=SC2086
        emit $net x $options
        alone x.h
        plain_macros x.h
        # both in one unit, in either order
        printf '#include "x.h"\n#include "x.c"\n' >"$work/both.c"
        # shellcheck disable=SC2086
        expect 0 $CC $strict -I"$work" -c "$work/both.c" -o "$work/both.o"
        printf '#include "x.c"\n#include "x.h"\n' >"$work/both.c"
        # shellcheck disable=SC2086
        expect 0 $CC $strict -Wno-unused-function -I"$work" -c "$work/both.c" -o "$work/both.o"
    done
done

emit lenet x
for macro in 'LENET_ABI_VERSION 1' 'LENET_INPUT_SIZE 784' 'LENET_INPUT_BYTES 784' 'LENET_INPUT_ALIGN 1' \
    'LENET_INPUT_SCALE 0.003921568859368563' 'LENET_INPUT_ZERO_POINT -128' 'LENET_OUTPUT_SIZE 10'; do
    checks=$((checks + 1))
    grep -qx "#define $macro" "$work/x.h" || fail "the header lacks $macro"
done
end
