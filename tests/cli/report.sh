#!/bin/sh
# report.sh - the page of --report: well-formed, self-contained, the same twice, names escaped, its sections there.
. "$top_srcdir/tests/cli/lib.sh"
# page_has TEXT, page_lacks PATTERN: of $page
page_has() {
    checks=$((checks + 1))
    grep -qF -- "$1" "$page" || fail "$page lacks '$1'"
}

page_lacks() {
    checks=$((checks + 1))
    ! grep -qE -- "$1" "$page" || fail "$page has '$1'"
}

# well_formed: XML, and nothing that a browser would fetch or run
well_formed() {
    checks=$((checks + 1))
    head -n 1 "$page" | grep -qx '<!DOCTYPE html>' || fail "$page does not begin as HTML"
    if command -v xmllint >/dev/null; then
        xmllint --noout "$page" || fail "$page is not well-formed"
        ids=$(xmllint --xpath '//@id' "$page" 2>/dev/null | tr ' ' '\n' | grep . | sort | uniq -d)
        [ -z "$ids" ] || fail "$page has an id twice: $ids"
        [ "$(xmllint --xpath 'count(//svg[not(title) or not(desc)])' "$page")" = 0 ] || fail "$page: a chart without title or desc"
    else
        echo "no xmllint (libxml2-utils): not parsed as XML" >&2
    fi
    page_lacks '<script|<img|<iframe|https?:|@import|url\(|src=| on[a-z]+="'
}

# a net with names that would break a page, and a byte that is no UTF-8
i=0
{
    while [ $i -lt 40 ]; do
        printf '\000\000\200\077\000\000\000\277\000\000\200\276\000\000\240\077'
        i=$((i + 1))
    done
} >"$work/all"
cat >"$work/odd.qdl" <<'EOF'
model odd {
    input "in&put" : f32[12]
    "<script>alert('x')</script>" = dense("in&put", 6) |> relu
    "a\"b\xffc" = dense("<script>alert('x')</script>", 4)
    output "a\"b\xffc"
}
EOF
head -c 424 "$work/all" >"$work/odd.bin"
page=$work/odd.html
expect 0 "$QCC" "$work/odd.qdl" "$work/odd.bin" -o "$work/odd.c" --quiet --report "$page"
well_formed
page_has "&lt;script&gt;alert('x')&lt;/script&gt;"
page_has 'a&quot;b\xffc'
page_has 'in&amp;put'
for id in glance errors weights activations memory calibration layers; do
    page_has "<section id=\"$id\">"
    page_has "<a href=\"#$id\">"
done
page_has "64 rows are few"
expect 0 "$QCC" "$work/odd.qdl" "$work/odd.bin" -o "$work/odd.c" --quiet --report "$work/again.html"
same "$page" "$work/again.html"
# the same C with and without; nothing is left where the report cannot be written
expect 0 "$QCC" "$work/odd.qdl" "$work/odd.bin" -o "$work/plain.c" --quiet
same "$work/odd.c" "$work/plain.c"
expect 1 "$QCC" "$work/odd.qdl" "$work/odd.bin" -o "$work/no.c" --quiet --report "$work/none/x.html" && err_has "[file-write]"
absent "$work/no.c"
expect 1 "$QCC" "$work/odd.qdl" "$work/odd.bin" -o "$work/no.c" --quiet --report "$work/odd.bin" && err_has "[output-is-input]"
expect 2 "$QCC" "$work/odd.qdl" "$work/odd.bin" -o "$work/no.c" --emit-float --report "$page" && err_has "nothing to show"
expect 2 "$QCC" inspect "$work/odd.qdl" --report "$page" && err_has "need the weights"
# a saved pair has its grids, and says what it has not
cat >"$work/two.qdl" <<'EOF'
model two {
    input x : i8[12] scale 0.01
    a = dense(x, 6) |> relu
    output dense(a, 4, weights "b")
}
EOF
expect 0 "$QCC" quantize "$work/two.qdl" "$work/odd.bin" -o "$work/q" --quiet --report "$page"
expect 0 "$QCC" inspect "$work/q.qdl" "$work/q.bin" --report "$page"
well_formed
page_has "A saved pair has neither"
page_has '<section id="weights">'
page_lacks '<section id="activations">'

data=/usr/share/datasets/fashion-mnist
[ -d "$data" ] || finish
e=$top_srcdir/examples/fashion
rows=$data/train-images-idx3-ubyte.gz
test=$data/t10k-images-idx3-ubyte.gz
printf 'quantize { default : int8 }\n' >"$work/a.qdl"
printf 'quantize { default : int3, round gptq, bias_correct }\n' >"$work/b.qdl"
expect 0 "$QCC" eval "$e/lenet.qdl" "$e/lenet.safetensors" --data "$test:0+200" --labels "$data/t10k-labels-idx1-ubyte.gz:0+200" \
    --calibrate "$rows:0+40" --quant "$work/b.qdl" --quant "$work/a.qdl" --report "$page"
well_formed
page_has "Accuracy against size"
page_has '<th scope="row">b.qdl</th>'
page_has "would cut their error"
page_has "3 bits, symmetric, per channel"
page_has "Rounding on the data"
finish
