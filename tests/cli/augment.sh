#!/bin/sh
# augment.sh - contact sheets of qcc augment, and its mistakes.
. "$top_srcdir/tests/cli/lib.sh"

cat >"$work/net.qdl" <<'QDL'
model net {
    input x : u8[6, 5, 3] real [0, 1]
    output dense(flatten(x), 2)
}
augment {
    flip h probability 0.5
    crop 1
}
QDL
sed '/^augment/,$d' "$work/net.qdl" >"$work/plain.qdl"
awk 'BEGIN { for (r = 0; r < 3; r++) for (i = 0; i < 90; i++) printf "%g%s", ((i * 7 + r * 13) % 90) / 90, i < 89 ? "," : "\n" }' >"$work/rows.csv"

run="$QCC augment $work/net.qdl --data $work/rows.csv"
if expect 0 $run --preview "$work/a.png"; then
    out_has "flip        h, with probability 0.5"
    out_has "3 rows, each as it is and in 9 variants of seed 1, 644 x 232 pixels"
    # A PNG's signature, then IHDR: width, height, 8 bits, RGB.
    head="$(od -An -tx1 -N 26 "$work/a.png" | tr -d ' \n')"
    [ "$head" = 89504e470d0a1a0a0000000d4948445200000284000000e80802 ] || fail "no PNG of 644 x 232 in RGB: $head"
    expect 0 $run --preview "$work/b.png"
    cmp -s "$work/a.png" "$work/b.png" || fail "the same seed gives another picture"
    expect 0 $run --preview "$work/c.png" --seed 2
    cmp -s "$work/a.png" "$work/c.png" && fail "another seed gives the same picture"
    expect 0 $run --preview "$work/c.png" --augment rotate=20,noise=0.1@0.5
    out_has "rotate      -20 to 20, with probability 1"
    out_has "crop        0 to 1, with probability 1"
else
    grep -qF '[no-libpng]' "$work/err" || fail "no picture, and not for want of libpng"
fi

expect 2 $run
err_has "--preview"
expect 2 "$QCC" augment "$work/net.qdl" --preview "$work/d.png"
err_has "--data"
expect 1 "$QCC" augment "$work/plain.qdl" --data "$work/rows.csv" --preview "$work/d.png"
err_has "[augment-none]"
expect 1 $run --preview "$work/d.png" --augment crop=9
err_has "[augment-shape]"
expect 1 $run --preview "$work/d.png" --augment spin=9
err_has "[augment-step]"
sed 's/crop 1/crop : 1/' "$work/net.qdl" >"$work/rule.qdl"
expect 1 "$QCC" augment "$work/rule.qdl" --data "$work/rows.csv" --preview "$work/d.png"
err_has "a step of augmentation has no"
sed 's/crop 1/crop one probability 3/' "$work/net.qdl" >"$work/rule.qdl"
expect 1 "$QCC" augment "$work/rule.qdl" --data "$work/rows.csv" --preview "$work/d.png"
err_has "rule.qdl:7:14: error: crop: only"
expect 1 $run --preview "$work/no/such/folder.png"
grep -qF '[no-libpng]' "$work/err" || err_has "[file-write]"
[ -e "$work/d.png" ] && fail "a picture was written after an error"
finish
