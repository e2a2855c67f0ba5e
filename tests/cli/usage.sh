#!/bin/sh
# usage.sh - wrong usage ends with status 2 and says what was meant; help and version with 0.
. "$top_srcdir/tests/cli/lib.sh"
net=$top_srcdir/examples/fashion/lenet.qdl
weights=$top_srcdir/examples/fashion/lenet.safetensors

expect 0 "$QCC" --version && out_has "qcc 0."
expect 0 "$QCC" --help && out_has "commands" && out_has "--calibrate"
for command in quantize run eval inspect diff train tune export; do
    expect 0 "$QCC" "$command" --help && out_has "usage: qcc $command" && out_has "examples:"
done
expect 2 "$QCC" && err_has "usage:"
expect 2 "$QCC" "$net" && err_has "no weights given"
expect 2 "$QCC" "$net" "$weights" && err_has "no -o"
expect 2 "$QCC" "$net" "$weights" -o "$work/a" -o "$work/b" && err_has "more than one -o"
expect 2 "$QCC" "$net" "$weights" extra -o "$work/a" && err_has "one operand too many: extra"
expect 2 "$QCC" "$net" "$weights" -o && err_has "wants a value"
expect 2 "$QCC" "$net" "$weights" --headr x -o "$work/a" && err_has "did you mean --header?"
expect 2 "$QCC" "$net" "$weights" --json -o "$work/a" && err_has "does not go with this command"
expect 2 "$QCC" "$net" "$weights" -O3 -o "$work/a" && err_has "-Os, -O2, -Ospeed"
expect 2 "$QCC" "$net" "$weights" --unroll=many -o "$work/a" && err_has "full, none, a number"
expect 2 "$QCC" "$net" "$weights" --weights=hex -o "$work/a" && err_has "decimal, string"
expect 2 "$QCC" "$net" "$weights" --ram=max -o "$work/a" && err_has "not --ram=min"
expect 2 "$QCC" "$net" "$weights" --ram=min --emit-float -o "$work/a" && err_has "would do nothing"
expect 2 "$QCC" "$net" "$weights" --seed x -o "$work/a" && err_has "whole number"
expect 2 "$QCC" "$net" "$weights" --layout hwc -o "$work/a" && err_has "nchw, nhwc"
expect 2 "$QCC" "$net" "$weights" --dump=nothing -o "$work/a" && err_has "no such pass"
expect 2 "$QCC" run "$net" "$weights" && err_has "no input given"
expect 2 "$QCC" run "$net" "$weights" x.npy --engine=gpu && err_has "jit, interpreter, cc"
expect 2 "$QCC" eval "$net" "$weights" && err_has "no --data"
expect 2 "$QCC" eval "$net" "$weights" --data x --json --csv && err_has "two forms of one output"
expect 2 "$QCC" "$net" "$weights" -o "$work/a" --quant x --quant y && err_has "more than one --quant"
expect 2 "$QCC" recover "$net" "$weights" && err_has "no --data"
expect 2 "$QCC" "$net" "$weights" -o "$work/a" --float && err_has "does not go with this command"
expect 2 "$QCC" "$net" "$weights" -o "$work/a" --emit && err_has "unknown option --emit"
expect 2 "$QCC" "$net" "$weights" -o "$work/a" --head="$work/h" && err_has "unknown option"
expect 2 "$QCC" "$net" "$weights" -o "$work/a" --no-libm && err_has "goes with --emit-float"
expect 2 "$QCC" "$net" "$weights" -o "$work/a" --emit-float --float-io && err_has "would do nothing"
expect 2 "$QCC" "$net" "$weights" -o "$work/a" --emit-float --numerics tflm && err_has "would do nothing"
expect 2 "$QCC" "$net" "$weights" -o "$work/a" --emit-float --calibrate x && err_has "would do nothing"
absent "$work/a"
# options may follow operands, and precede them
expect 0 "$QCC" inspect "$net" && out_has "c1"
expect 0 "$QCC" -o "$work/x.c" --quiet "$net" "$weights" && [ -s "$work/x.c" ] || fail "no C file"
expect 0 "$QCC" "$net" "$weights" --quiet -o - && out_has "lenet_run"
finish
