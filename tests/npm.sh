# npm.sh - a program of other people for a test: `npm_fetch PACKAGE VERSION` puts it, and what it needs, into
# $top_builddir/tests/npm/node_modules, without running its scripts, once for all tests. Skips the test where
# npm or the network is not there. Nothing of it is part of the project.
npm_folder=$top_builddir/tests/npm

npm_fetch() {
    have=$(sed -n 's/^  "version": "\(.*\)",*$/\1/p' "$npm_folder/node_modules/$1/package.json" 2>/dev/null)
    [ "$have" = "$2" ] && return
    command -v npm >/dev/null || skip "npm is not installed (Debian: apt-get install npm)"
    mkdir -p "$npm_folder" || exit 99
    (cd "$npm_folder" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=1 \
        --prefix . "$1@$2") >"$work/npm" 2>&1 ||
        skip "npm could not fetch $1: $(head -n 1 "$work/npm")"
}
