#!/bin/sh
# tune_kernels.sh - --tune-kernels: measures, records, does as the record says; refuses records of something else.
. "$top_srcdir/tests/cli/lib.sh"
net=$top_srcdir/examples/fashion/dscnn
set -- "$net.qdl" "$net.safetensors" --quiet --target cortex-m4 --selftest

# A command whose costs are known: the lines of a layer's function.
cat >"$work/measure" <<'END'
#!/bin/sh
[ "$1" = -o ] && [ $# -eq 3 ] && grep -q 'net_profile(0' "$3" || exit 1
c=$3
lines() { awk -v name="net_$1(" 'index($0, name) && /^(static|NET_OUTLINE) / { n = 1 } n && ++n && /^}/ { exit } END { print n }' "$c"; }
printf 'some words\nlayer 0 %d\nlayer 1 %d\nlayer 2 7\n' "$(lines conv0)" "$(lines dw1)" >"$2"
END
chmod +x "$work/measure"
record=$work/record
expect 0 "$QCC" "$@" -o "$work/plain.c"
expect 0 "$QCC" "$@" --tune-kernels "$record" --measure "$work/measure" -o "$work/a.c"
cp "$record" "$work/out" && out_has "# kernels chosen by measuring; model " && out_has ", --target cortex-m4 -O2" &&
    out_has "# by a command, in its unit: "
cp "$work/a.c" "$work/out" && out_has " --tune-kernels=" && out_has " --selftest"
# the record decides: nothing is measured
expect 0 "$QCC" "$@" --tune-kernels "$record" --measure /nonexistent -o "$work/b.c"
same "$work/a.c" "$work/b.c"
checks=$((checks + 1))
cmp -s "$work/a.c" "$work/plain.c" && fail "nothing was chosen"
# a choice by hand, and the codes are what they were
head -n 1 "$record" >"$work/mine"
grep -v '^#' "$record" | head -n 1 | sed 's/^[^ ]* [^ ]*/generic -Os/' >>"$work/mine"
expect 0 "$QCC" "$@" --tune-kernels "$work/mine" -o "$work/c.c"
for c in a c; do
    echo 'static unsigned char arena[DSCNN_ARENA_SIZE] __attribute__((aligned(DSCNN_ARENA_ALIGN)));
        int main(void) { return dscnn_selftest(arena); }' | cat "$work/$c.c" - >"$work/main.c"
    expect 0 "${CC:-cc}" -O1 "$work/main.c" -o "$work/main"
    expect 0 "$work/main"
done
# by this machine's compiler
expect 0 env CFLAGS=-O1 "$QCC" "$@" --tune-kernels "$work/here" -o "$work/d.c"
cp "$work/here" "$work/out" && out_has "by the host's compiler, in nanoseconds"

# what is refused
refused() { # SLUG TEXT RECORD OPTIONS…
    slug=$1 text=$2 file=$3
    shift 3
    expect 1 "$QCC" "$net.qdl" "$net.safetensors" --tune-kernels "$file" "$@" -o "$work/no.c"
    err_has "[$slug]" && err_has "$text"
    absent "$work/no.c"
}
refused kernel-record "another net, target or level" "$record" --target cortex-m4 -Os
refused kernel-record "another net, target or level" "$record" --target cortex-m3
refused kernel-record "no record at all" "$work/a.c" --target cortex-m4
for line in 'dsp-conv -O2 1 2' 'dsp-conv -O3 1 2 c1' 'dsp-conv -O2 1 2 none' 'no-kernel -O2 1 2 c1'; do
    { head -n 1 "$record"; echo "$line"; } >"$work/bad"
    refused kernel-record "bad: " "$work/bad" --target cortex-m4
done
for costs in 'layer 99 1' 'layer 0 nan' 'layer 0 1 and more' nothing; do
    printf '#!/bin/sh\necho "%s" >"$2"\n' "$costs" >"$work/wrong"
    chmod +x "$work/wrong"
    refused kernel-costs "layer" "$work/none" --target cortex-m4 --measure "$work/wrong"
done
printf '#!/bin/sh\necho no board >&2; exit 3\n' >"$work/wrong"
refused engine-compile "no board" "$work/none" --target cortex-m4 --measure "$work/wrong"
absent "$work/none"
# a record that cannot be written is refused before anything is measured, one that is another output, too
printf '#!/bin/sh\necho >"%s/ran"\nexit 1\n' "$work" >"$work/wrong"
refused file-write "No such file or directory" "$work/no/record" --target cortex-m4 --measure "$work/wrong"
refused output-twice "two outputs" "$work/no.c" --target cortex-m4 --measure "$work/wrong"
refused file-open "directory" "$work" --target cortex-m4 --measure "$work/wrong"
absent "$work/ran"
# a signal: no record, and no temporary files
mkdir "$work/tmp"
printf '#!/bin/sh\nkill -INT "$(cat "%s/pid")"\necho "layer 0 1" >"$2"\n' "$work" >"$work/wrong"
checks=$((checks + 1))
TMPDIR=$work/tmp sh -c 'echo $$ >"$1"; shift; trap - INT; exec "$@"' - "$work/pid" "$QCC" "$@" \
    --tune-kernels "$work/none" --measure "$work/wrong" -o "$work/no.c" >"$work/out" 2>"$work/err"
[ $? -eq 1 ] || fail "a signal did not end it"
err_has "[kernel-stopped]"
absent "$work/none"
absent "$work/no.c"
checks=$((checks + 1))
rmdir "$work/tmp" || fail "temporary files are left"
expect 2 "$QCC" "$@" --measure "$work/measure" -o "$work/no.c" && err_has "goes with --tune-kernels"
expect 2 "$QCC" "$@" --emit-float --tune-kernels "$record" -o "$work/no.c" && err_has "for integer kernels"
absent "$work/no.c"
finish
