#!/bin/sh
# test_counts.sh - instructions of one inference are at most 1 % above those recorded in counts.
#
# A line of `counts` is NET TARGET LEVEL COMPILER INSTRUCTIONS, as bench/net.sh takes them. Another compiler's
# counts, or less than recorded by 1 %, are printed and fail nothing. QCC_REBASE=1 records anew in the source tree.
set -u
. "$top_srcdir/bench/lib.sh"
firmware_need
counts=$top_srcdir/tests/firmware/counts
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT

status=0 judged=0
grep -v '^#' "$counts" >"$dir/counts"
while read -r net target level compiler recorded; do
    row="$net $target $level $compiler $recorded"
    board=$(bench_board "$target")
    why=$(bench_missing "$net")
    firmware_has "$board" || why="no compiler or emulator for $target"
    if [ -n "$why" ]; then
        echo "$net $target: skipped, $why"
        echo "$row" >>"$dir/measured"
        continue
    fi
    mkdir -p "$dir/$net"
    if ! bench_measure "$net" "$target" "$level" "$dir/$net" </dev/null; then
        echo "FAIL: $net $target $level"
        echo "$row" >>"$dir/measured"
        status=1
        continue
    fi
    measured=$(bench_fact "$dir/$net" instructions)
    here=$("$(firmware_tools "$board")-gcc" -dumpfullversion)
    echo "$net $target $level $here $measured" >>"$dir/measured"
    verdict=$(awk -v was="$recorded" -v is="$measured" '
        BEGIN { print (is > was * 1.01) ? "more" : (is < was * 0.99) ? "less" : "same" }')
    if [ "$here" != "$compiler" ]; then
        echo "$net $target $level: $measured; recorded with gcc $compiler, this is $here: not judged"
    elif [ "$verdict" = more ]; then
        echo "FAIL: $net $target $level: $measured instructions, recorded $recorded"
        status=1
    else
        judged=$((judged + 1))
        echo "$net $target $level: $measured of $recorded$([ "$verdict" = same ] || echo "; QCC_REBASE=1 records the gain")"
    fi
done <"$dir/counts"
if [ -n "${QCC_REBASE-}" ]; then
    { grep '^#' "$counts"; cat "$dir/measured"; } >"$dir/new" && cp "$dir/new" "$counts" && echo "recorded anew"
fi
[ $status -eq 0 ] || exit $status
[ $judged -gt 0 ] || { echo "SKIP: nothing of it can be judged here"; exit 77; }
