#!/bin/sh
# host_order.sh - `layout nchw`: rows in, outputs, labels and reference tensors have their channels first; eval and diff
# find the same as with channels last.
. "$top_srcdir/tests/cli/lib.sh"
cd "$work" || exit 99

# x, 2x3x4, becomes y, 3x2x4: its channels tell a mistaken order from a right one
cat >last.qdl <<'END'
model m { input x : f32[2, 3, 4]
output y = transpose(x, [1, 0, 2]) }
quantize { x : activations int8 symmetric scale 0.25 }
END
sed 's/4\]$/4] layout nchw/' last.qdl >first.qdl
printf '\002\000\000\000\000\000\000\000{}' >none

# five rows of small whole numbers without equals, as [2,3,4] and as [4,2,3]; y likewise; the place of y's largest
awk -v CONVFMT=%.9g 'function at(r, h, w, c) { return (r * 5 + h * 12 + w * 4 + c * 7 + c * h + (h * 3 + w * 5 + c) * r) * 7 % 31 + ((h * 3 + w) * 4 + c) / 64 }
    BEGIN { for (r = 0; r < 5; r++) {
        x = X = y = Y = ""; best = -1
        for (h = 0; h < 2; h++) for (w = 0; w < 3; w++) for (c = 0; c < 4; c++) x = x "," at(r, h, w, c)
        for (c = 0; c < 4; c++) for (h = 0; h < 2; h++) for (w = 0; w < 3; w++) X = X "," at(r, h, w, c)
        for (w = 0; w < 3; w++) for (h = 0; h < 2; h++) for (c = 0; c < 4; c++) {
            y = y "," at(r, h, w, c)
            if (at(r, h, w, c) > best) { best = at(r, h, w, c); l = (w * 2 + h) * 4 + c; L = (c * 3 + w) * 2 + h } }
        for (c = 0; c < 4; c++) for (w = 0; w < 3; w++) for (h = 0; h < 2; h++) Y = Y "," at(r, h, w, c)
        print substr(x, 2) >"x_last"; print substr(X, 2) >"x_first"; print substr(y, 2) >"y_last"
        print substr(Y, 2) >"y_first"; print l >"label_last"; print L >"label_first" } }'
[ "$(wc -l <label_first)" -eq 5 ] && ! cmp -s label_first label_last || fail "no labels that tell"

# run: what comes out is in the host's order, stated by the model or by --layout
for order in last first; do
    expect 0 "$QCC" run $order.qdl none x_$order --float && tr ' ' ',' <out >got && same got y_$order
done
expect 0 "$QCC" run last.qdl none x_first --float --layout nchw && tr ' ' ',' <out >got && same got y_first

# eval: labels are places in the host's output
figures() {
    grep -vE 'time|flash|"model"|sha' out
}
expect 0 "$QCC" eval last.qdl none --data x_last --labels label_last --json && figures >want
out_has '"accuracy": 1.0'
expect 0 "$QCC" eval first.qdl none --data x_first --labels label_first --json && figures >got && same got want
expect 0 "$QCC" eval last.qdl none --data x_first --labels label_first --layout nchw --json && figures >got && same got want
expect 0 "$QCC" eval first.qdl none --data x_first --labels label_last --json
checks=$((checks + 1))
grep -q '"accuracy": 1.0' out && fail "labels of another order are right too"

# diff: reference tensors of the input and of y, in a safetensors file; float32 from awk
floats() {
    tr ',' '\n' <"$1" | awk '{ v = $1; bits = 0
        if (v > 0) { e = 0; while (v >= 2) { v /= 2; e++ } while (v < 1) { v *= 2; e-- }
                     bits = (127 + e) * 8388608 + (v - 1) * 8388608 }
        for (i = 0; i < 4; i++) { printf "\\%03o", bits % 256; bits = int(bits / 256) } }'
}
reference() { # ORDER DIMS_X DIMS_Y
    header=$(printf '{"x":{"dtype":"F32","shape":[5,%s],"data_offsets":[0,480]},"y":{"dtype":"F32","shape":[5,%s],"data_offsets":[480,960]}}' "$2" "$3")
    # shellcheck disable=SC2059
    {
        printf "\\$(printf %03o ${#header})\\000\\000\\000\\000\\000\\000\\000%s" "$header"
        printf "$(floats "x_$1")$(floats "y_$1")"
    } >"ref_$1"
}
reference last 2,3,4 3,2,4
reference first 4,2,3 4,3,2
for engine in interpreter cc; do
    for order in last first; do
        expect 0 "$QCC" diff ref_$order float:$order.qdl,none --data x_$order --engine=$engine && out_has "no divergence"
        expect 0 "$QCC" diff ref_$order quant:$order.qdl,none --data x_$order --engine=$engine --quiet --json
        checks=$((checks + 1))
        [ "$(grep -c '"rows": 5' out)" -ge 1 ] && grep -q '"name": "y"' out || fail "y is not compared in $order order"
    done
done
expect 1 "$QCC" diff ref_last float:first.qdl,none --data x_first && err_has "does not fit layer"
expect 0 "$QCC" diff ref_first float:last.qdl,none --data x_first --layout nchw && out_has "no divergence"
finish
