#!/bin/sh
# test_count.sh - instruction counting under QEMU is right to a tick on every board.
set -u
. "$top_srcdir/tests/firmware/firmware.sh"
firmware_need
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT

status=0
for board in $FIRMWARE_BOARDS; do
    echo "== $board"
    firmware_build "$board" "$dir/$board.elf" "$firmware_here/test_count.c" &&
        firmware_run "$board" "$dir" "$board.elf" || { echo "FAIL: $board"; status=1; }
done
exit $status
