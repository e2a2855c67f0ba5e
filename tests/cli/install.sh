#!/bin/sh
# install.sh - installcheck: the example of libqcc, built through pkg-config against what was installed, does
# what the command line does, byte for byte. Called by `make installcheck` with the prefix as argument.
prefix=${1:?usage: install.sh PREFIX}
. "$top_srcdir/tests/cli/lib.sh"
QCC=$prefix/bin/qcc
e=$top_srcdir/examples/fashion
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name qcc.pc | head -n 1)")
export PKG_CONFIG_PATH
LD_LIBRARY_PATH=$(dirname "$(find "$prefix" -name 'libqcc.so' -o -name 'libqcc.a' | head -n 1)")
export LD_LIBRARY_PATH
expect 0 "$QCC" --version
expect 0 pkg-config --exists qcc
# shellcheck disable=SC2046
expect 0 ${CC:-cc} "$top_srcdir/examples/api/quantize.c" $(pkg-config --cflags --libs qcc) -o "$work/quantize"
expect 0 "$work/quantize" "$e/lenet.qdl" "$e/lenet.safetensors" "$work/api"
cp "$work/out" "$work/api.out"
expect 0 "$QCC" quantize "$e/lenet.qdl" "$e/lenet.safetensors" --range -0.5:0.5 --bits 8 -o "$work/cli"
same "$work/api.qdl" "$work/cli.qdl"
same "$work/api.bin" "$work/cli.bin"
# the program's zeros are the codes 128 of a u8 input
awk 'BEGIN { for (i = 0; i < 784; i++) printf "%s128", i ? "," : ""; print "" }' >"$work/zeros.csv"
expect 0 "$QCC" run "$work/cli.qdl" "$work/cli.bin" "$work/zeros.csv" --codes
same "$work/out" "$work/api.out"
[ -s "$work/out" ] || fail "no output"
for f in include/qcc.h share/man/man1/qcc.1; do
    checks=$((checks + 1))
    [ -e "$prefix/$f" ] || fail "$f was not installed"
done
finish
