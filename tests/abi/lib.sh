# lib.sh - shared by the tests of the emitted C's contract (contracts.md §3).
. "$top_srcdir/tests/cli/lib.sh"
: "${CC:=cc}"
strict='-std=c99 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror'
fashion=$top_srcdir/examples/fashion
torch=$top_srcdir/tests/torch
abi=$top_srcdir/tests/abi
absent_tools=

# have COMMAND: whether a tool is there; the absent ones make the test end with 77.
have() {
    command -v "$1" >/dev/null 2>&1 && return 0
    case " $absent_tools " in
    *" $1 "*) ;;
    *) absent_tools="$absent_tools $1" ;;
    esac
    return 1
}

# The compilers that there are, one command a line; c_compilers OPTIONS: those for qcc's options.
c_compilers() {
    case " $* " in *cortex-m55*)
        have arm-none-eabi-gcc && echo 'arm-none-eabi-gcc -mcpu=cortex-m55 -mthumb -mfloat-abi=hard' &&
            echo 'arm-none-eabi-gcc -mcpu=cortex-m55 -mthumb -mfloat-abi=hard -mbig-endian' ;;
    esac
    case " $* " in *aarch64*)
        have aarch64-linux-gnu-gcc && echo 'aarch64-linux-gnu-gcc -march=armv8.2-a+dotprod' &&
            echo 'aarch64-linux-gnu-gcc -march=armv8-a' ;;
    esac
    have gcc && echo gcc
    have clang && echo clang
    have arm-none-eabi-gcc && echo 'arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb' &&
        echo 'arm-none-eabi-gcc -mcpu=cortex-m0 -mthumb'
}

# emit NET NAME OPTIONS...: $work/NAME.c and .h; NET is a name in examples/fashion, tests/torch, tests/abi.
emit() {
    net=$1
    name=$2
    shift 2
    for dir in "$fashion" "$torch" "$abi"; do
        [ -f "$dir/$net.qdl" ] && break
    done
    weights=$dir/$net.safetensors
    if [ ! -f "$weights" ]; then # a net without parameters
        weights=$work/empty.safetensors
        printf '\002\000\000\000\000\000\000\000{}' >"$weights"
    fi
    expect 0 "$QCC" "$dir/$net.qdl" "$weights" --quiet -o "$work/$name.c" --header "$work/$name.h" "$@"
}

# build PROGRAM SOURCES AND FLAGS...: a program of the build machine, in $work.
build() {
    program=$1
    shift
    # shellcheck disable=SC2086
    (cd "$work" && expect 0 $CC $strict -O1 -I. -I"$abi" -o "$program" "$@")
    [ -x "$work/$program" ] || fail "no program $program: $*"
}

# Ends the test: 77 where all that could be checked passed but a compiler is missing.
end() {
    if [ "$failures" -eq 0 ] && [ -n "$absent_tools" ]; then
        skip "not checked with what is not installed:$absent_tools"
    fi
    finish
}
