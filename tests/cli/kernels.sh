#!/bin/sh
# kernels.sh - no layer with weights falls back to portable C on x86-64 and aarch64, whatever way its
# weights are stored, with activations of 8 bits and of 16.
. "$top_srcdir/tests/cli/lib.sh"

# model TYPE: a depthwise layer, a convolution, a dense layer.
model() {
    cat <<END
model m {
    input x : $1
    d = depthwise(x, kernel 3x3)
    c = conv2d(d, 4, kernel 2x2)
    output y = dense(flatten(c), 3)
}
END
}
model 'i8[6, 7, 4] scale 0.0078125 zero 0' >"$work/narrow.qdl"
model 'i16[6, 7, 4] scale 0.000030517578125 zero 0' >"$work/wide.qdl"
# N float32 between 1/8 and 1/2 of either sign, as the format of printf.
numbers() {
    awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) printf "\\%03o\\%03o\\%03o\\%03o", i % 251, i * 7 % 251, i * 29 % 128, i % 3 ? 62 : 190 }'
}
# shellcheck disable=SC2059 # the format is the bytes
printf "$(numbers $((4 * 9 + 4 + 4 * 4 * 4 + 4 + 3 * 3 * 4 * 4 + 3)))" >"$work/m.bin"

# own NET SETTINGS
own() {
    printf 'quantize { default : %s }\n' "$2" >"$work/s.qdl"
    rm -f "$work/q.qdl"
    expect 0 "$QCC" quantize "$work/$1.qdl" "$work/m.bin" --quant "$work/s.qdl" --quiet -o "$work/q" || return
    for target in x86-64 aarch64; do
        expect 0 "$QCC" inspect "$work/q.qdl" "$work/q.bin" --target $target --json --quiet || continue
        checks=$((checks + 1))
        awk '/"operator":/ { op = $2 } /"kernel":/ && op ~ /conv2d|depthwise|dense/ { n++; bad += /generic/ }
            END { exit bad || n != 3 }' "$work/out" || fail "$target: portable C for $1 with $2"
    done
}
for settings in 'int8 asymmetric' 'int4 asymmetric' int16 'int8 grid midpoint asymmetric' 'codebook 7 bits' \
    'codebook 7 bits, table per channel' 'codebook 3 bits, table per channel'; do
    own narrow "$settings"
done
for settings in int8 'int8 grid midpoint' 'codebook 5 bits, table per channel'; do
    own wide "$settings"
done
finish
