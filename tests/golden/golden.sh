#!/bin/sh
# golden.sh - what qcc emits for a few small nets, byte for byte as it was when it was last read.
#
# A line of `cases` is a case: NAME | net of tests/torch | options. Its files stand here as NAME.c,
# NAME.h, … QCC_REBASE=1 rewrites them in the source tree; read the diff as code.
. "$top_srcdir/tests/cli/lib.sh"
here=$top_srcdir/tests/golden
nets=$top_srcdir/tests/torch

# compare FILE: the golden of that name, or its new content.
compare() {
    checks=$((checks + 1))
    if [ -n "${QCC_REBASE-}" ]; then
        cmp -s "$work/$1" "$here/$1" || { cp "$work/$1" "$here/$1" && echo "rewrote $1"; }
    elif ! diff -u "$here/$1" "$work/$1" >"$work/diff" 2>&1; then
        fail "$1 is not what it was (QCC_REBASE=1 rewrites it):"
        head -n 60 "$work/diff" >&2
    fi
}

emit_case() { # NAME NET OPTIONS…
    name=$1
    net=$2
    shift 2
    case " $* " in
    *' --emit-float '*) ;;
    *) set -- --calibrate "$nets/$net.in.npy" "$@" ;;
    esac
    set -- "$nets/$net.qdl" "$nets/$net.safetensors" --quiet "$@"
    expect 0 "$QCC" "$@" -o "$work/$name.c" --header "$work/$name.h" || return
    compare "$name.c"
    compare "$name.h"
}

split_case() { # NAME NET OPTIONS…: the weights in a unit of their own
    emit_case "$@" --split-weights "$work/$1.weights.c" && compare "$name.weights.c"
}

scheme_case() { # NAME NET SETTINGS…: with a quantize part of its own
    name=$1
    net=$2
    shift 2
    printf 'quantize { default : %s }\n' "$*" >"$work/scheme.qdl"
    emit_case "$name" "$net" --prefix "$name" --quant "$work/scheme.qdl"
}

saved_case() { # NAME NET OPTIONS…: the saved pair; of its .bin the SHA-256
    name=$1
    net=$2
    shift 2
    expect 0 "$QCC" quantize "$nets/$net.qdl" "$nets/$net.safetensors" \
        --calibrate "$nets/$net.in.npy" --quiet "$@" -o "$work/$name" || return
    (cd "$work" && sha256sum "$name.bin") >"$work/$name.sha256"
    compare "$name.qdl"
    compare "$name.sha256"
}

cd "$work" || exit 99 # nothing emitted may tell where it was made
while IFS='|' read -r kind name net options; do
    case $kind in
    '#'* | '') continue ;;
    esac
    # shellcheck disable=SC2086 # a list of options
    "${kind%% *}_case" $name $net $options
done <"$here/cases"
finish
