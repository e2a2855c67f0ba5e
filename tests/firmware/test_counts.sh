#!/bin/sh
# test_counts.sh - instructions of one inference are at most 1 % above those recorded in counts; and what `qcc inspect`
# says of flash is what the linker makes: weights exactly, code within 10 %.
#
# A line of `counts` is NET TARGET LEVEL COMPILER INSTRUCTIONS, as bench/net.sh takes them. Another compiler's
# counts, or less than recorded by 1 %, are printed and fail nothing. QCC_REBASE=1 records anew in the source tree.
set -u
. "$top_srcdir/bench/lib.sh"
firmware_need
counts=$top_srcdir/tests/firmware/counts
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT

# predicted NET TARGET LEVEL FOLDER: what inspect says, against the linker's flash.elf and facts there.
predicted() {
    # shellcheck disable=SC2046 # a list
    "$QCC" inspect $(bench_source "$1") --quiet --target "$2" "$3" --json >"$4/inspect" || return 1
    "$(firmware_tools "$board")-nm" -S -t d "$4/flash.elf" |
        awk -v text="$(bench_fact "$4" flash)" '
            NR == FNR { gsub(/[,"]/, ""); said[$1] = $2; next }
            $4 ~ /_weight$/ { linked += $2 }
            END {
                code = said["code_bytes:"]
                text -= said["emitted_constant_bytes:"]
                printf "  weights %d, the linker\047s %d; code %d, %d\n", said["emitted_weight_bytes:"], linked, code, text
                exit !(linked > 0 && said["emitted_weight_bytes:"] == linked &&
                       code >= text * 0.9 && code <= text * 1.1) }' "$4/inspect" -
}

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
    predicted "$net" "$target" "$level" "$dir/$net" || { echo "FAIL: inspect on $net $target $level"; status=1; }
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
