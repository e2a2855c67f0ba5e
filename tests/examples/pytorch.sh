#!/bin/sh
# pytorch.sh - examples/pytorch, walked: a net that torch trained, its ONNX export and its state_dict against
# a .qdl written by hand, compiled and compared with torch's own outputs. Needs python3-torch, which
# `./quickstart check-long` installs.
. "$top_srcdir/tests/cli/lib.sh"
python=/usr/bin/python3
$python -c 'import torch' 2>/dev/null || skip "no torch (Debian: apt-get install python3-torch)"
grep -q '^#define HAVE_ONNX 1' "$top_builddir/config.h" || skip "this build imports no .onnx models"
e=$top_srcdir/examples/pytorch
cd "$work" || exit 99
expect 0 $python "$e/net.py" . && cat out

# near WHAT MOST LEAST AGREEMENT: got.npy against torch: the largest difference, the SQNR, the agreement
near() {
    what=$1
    expect 0 $python "$e/compare.py" want.npy got.npy || return
    echo "$what: $(cat out)"
    checks=$((checks + 1))
    tr -d ',' <out | awk -v most="$2" -v least="$3" -v agree="$4" '{ exit !($3 + 0 <= most && $5 + 0 >= least && $8 + 0 >= agree) }' ||
        fail "$what: want at most $2, at least $3 dB and $4 %"
}

for way in "net.onnx" "$e/net.qdl net.safetensors"; do
    # shellcheck disable=SC2086 # one operand, or two
    set -- $way
    expect 0 "$QCC" run "$@" test.npy --float -o got.npy && near "$1, float" 5e-6 110 100
    for engine in interpreter jit cc; do
        grep -q '^#define HAVE_LIBTCC 1' "$top_builddir/config.h" || [ $engine != jit ] || continue
        expect 0 "$QCC" run "$@" test.npy --calibrate calibrate.npy --engine=$engine --real -o got.npy &&
            near "$1, int8, $engine" 0.15 35 99
        if [ $engine = interpreter ]; then cp got.npy int8.npy; else same int8.npy got.npy; fi
    done
    expect 0 "$QCC" eval "$@" --data test.npy --labels labels.npy --calibrate calibrate.npy &&
        sed -n '2,4p' out
done

# the imported pair, and the C of the file itself
expect 0 "$QCC" import net.onnx -o imported && expect 0 "$QCC" run imported.qdl imported.bin test.npy --float -o got.npy &&
    near "the imported pair" 5e-6 110 100
expect 0 "$QCC" net.onnx --calibrate calibrate.npy -o net.c --header net.h
expect 0 "${CC:-cc}" -std=c99 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -O2 -c net.c
# and out again
expect 0 "$QCC" export "$e/net.qdl" net.safetensors -o back.onnx && expect 0 "$QCC" run back.onnx test.npy --float -o got.npy &&
    near "exported and imported" 5e-6 110 100
finish
