#!/bin/sh
# diagnostics.sh - every row of diag.def is named by some test: by its id (D_…) or its slug.
. "$top_srcdir/tests/cli/lib.sh"
sed -n 's/^DIAG(\([A-Z0-9_]*\), *"\([a-z0-9-]*\)".*/\1 \2/p' "$top_srcdir/compiler/base/diag.def" >"$work/rows"
[ -s "$work/rows" ] || fail "no rows read from diag.def"
[ "$(grep -c '^DIAG(' "$top_srcdir/compiler/base/diag.def")" -eq "$(wc -l <"$work/rows")" ] ||
    fail "a row of diag.def has a form that this test does not read"
find "$top_srcdir/tests" \( -name '*.c' -o -name '*.sh' -o -name '*.err' \) ! -name diagnostics.sh \
    -exec cat {} + >"$work/tests"
while read -r id slug; do
    checks=$((checks + 1))
    grep -qE "D_$id([^A-Z0-9_]|\$)|[\"' (\[]$slug([^a-z0-9-]|\$)" "$work/tests" ||
        fail "no test names $id ($slug)"
done <"$work/rows"
[ "$(cut -d' ' -f2 "$work/rows" | sort | uniq -d | wc -l)" -eq 0 ] || fail "a slug stands twice"
finish
