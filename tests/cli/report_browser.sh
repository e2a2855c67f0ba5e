#!/bin/sh
# report_browser.sh - the page of --report in a headless browser, long form only: it renders at three widths, in
# light and dark, nothing runs out of its frame, nothing is fetched, and the console, where the page's own policy would be
# told to be broken, stays empty.
. "$top_srcdir/tests/cli/lib.sh"
[ -n "${QCC_LONG-}" ] || skip "a browser is for the long form (QCC_LONG=1)"
browser=$(command -v chromium || command -v chromium-browser) || skip "no chromium"
data=/usr/share/datasets/fashion-mnist
[ -d "$data" ] || skip "Debian's dataset-fashion-mnist is not installed"
e=$top_srcdir/examples/fashion
page=$work/report.html
printf 'quantize { default : int4, round gptq, bias_correct }\n' >"$work/a.qdl"
printf 'quantize { default : int8 per tensor }\n' >"$work/b.qdl"
expect 0 "$QCC" eval "$e/dscnn.qdl" "$e/dscnn.safetensors" --data "$data/t10k-images-idx3-ubyte.gz:0+300" \
    --labels "$data/t10k-labels-idx1-ubyte.gz:0+300" --calibrate "$data/train-images-idx3-ubyte.gz:0+100" \
    --quant "$work/a.qdl" --quant "$work/b.qdl" --quiet --report "$page" || finish

# look URL ARGUMENTS…: what a headless browser says
look() {
    url=$1
    shift
    timeout 120 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync --user-data-dir="$work/profile" \
        --host-resolver-rules="MAP * ~NOTFOUND" --enable-logging=stderr "$@" "file://$url" 2>"$work/log"
}

# A copy that measures itself: what sticks out of the page or of its chart, and how many charts have a size.
cat >"$work/measure" <<'EOF'
<script>
window.onload = function () {
    var bad = [], width = document.documentElement.clientWidth, seen = 0;
    if (document.documentElement.scrollWidth > width) bad.push("page wider than " + width);
    document.querySelectorAll("svg").forEach(function (s) {
        var box = s.getBoundingClientRect(), name = s.querySelector("title").textContent;
        seen += box.width > 100 && box.height > 50;
        s.querySelectorAll("text").forEach(function (t) {
            var r = t.getBoundingClientRect();
            if (r.left < box.left - 1 || r.right > box.right + 1 || r.top < box.top - 1 || r.bottom > box.bottom + 1)
                bad.push(name + ": " + t.textContent + " runs out of its chart");
        });
    });
    performance.getEntriesByType("resource").forEach(function (r) { bad.push("fetches " + r.name); });
    document.body.innerHTML = "";
    document.body.setAttribute("data-result", "charts " + seen + "; " + bad.join("; "));
};
</script>
EOF
# (without the page's own policy, which forbids scripts)
sed -e "/Content-Security-Policy/d" -e "/^<\/body>/{
r $work/measure
N
}" "$page" >"$work/measured.html"
charts=$(grep -o '<svg ' "$page" | wc -l)
[ "$charts" -gt 30 ] || fail "only $charts charts"
for width in 360 800 1400; do
    look "$work/measured.html" --window-size=$width,900 --dump-dom >"$work/dom"
    result=$(sed -n 's/.*data-result="\([^"]*\)".*/\1/p' "$work/dom")
    checks=$((checks + 1))
    [ "$result" = "charts $charts; " ] || fail "$width pixels: '$result', want charts $charts and no more"
    for scheme in 0 1; do
        look "$page" --window-size=$width,3000 --blink-settings=preferredColorScheme=$scheme \
            --screenshot="$work/$width-$scheme.png"
        checks=$((checks + 2))
        [ "$(wc -c <"$work/$width-$scheme.png")" -gt 50000 ] || fail "$width pixels, scheme $scheme: nothing to see"
        ! grep -q 'CONSOLE' "$work/log" || fail "console: $(grep CONSOLE "$work/log")"
    done
    ! cmp -s "$work/$width-0.png" "$work/$width-1.png" || fail "$width pixels: light and dark are the same"
done
finish
