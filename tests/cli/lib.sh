# lib.sh - shared by the shell tests: a private folder, expectations that say what differed.
# Environment (Makefile.am): top_srcdir, top_builddir, QCC, QCC_SHARED.
set -u
: "${QCC:?run through make check}" "${top_srcdir:?}"
work=$(mktemp -d "${TMPDIR:-/tmp}/qcc-test.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM
failures=0
checks=0

fail() {
    failures=$((failures + 1))
    printf 'FAIL: %s\n' "$*" >&2
}

skip() {
    printf 'SKIP: %s\n' "$*" >&2
    exit 77
}

# expect STATUS COMMAND...: runs it; output in $work/out, $work/err.
expect() {
    want=$1
    shift
    checks=$((checks + 1))
    "$@" >"$work/out" 2>"$work/err"
    got=$?
    if [ "$got" -ne "$want" ]; then
        fail "exit status $got, want $want: $*"
        sed 's/^/    /' "$work/err" >&2
        return 1
    fi
}

# err_has TEXT: the last command's standard error holds the text.
err_has() {
    checks=$((checks + 1))
    grep -qF -- "$1" "$work/err" || {
        fail "standard error lacks '$1':"
        sed 's/^/    /' "$work/err" >&2
    }
}

out_has() {
    checks=$((checks + 1))
    grep -qF -- "$1" "$work/out" || {
        fail "standard output lacks '$1':"
        sed 's/^/    /' "$work/out" >&2
    }
}

absent() {
    checks=$((checks + 1))
    [ ! -e "$1" ] || fail "$1 was left behind"
}

same() {
    checks=$((checks + 1))
    cmp "$1" "$2" >&2 || fail "$1 and $2 differ"
}

finish() {
    printf '%d checks, %d failed\n' "$checks" "$failures"
    [ "$checks" -gt 0 ] && [ "$failures" -eq 0 ]
    exit
}
