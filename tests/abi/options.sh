#!/bin/sh
# options.sh - each option of the emitted file does what contracts.md says, and the same bytes come out
# every time.
. "$top_srcdir/tests/abi/lib.sh"

holds() {
    checks=$((checks + 1))
    grep -qF -- "$2" "$work/$1" || fail "$1 lacks: $2"
}

# ---- two nets, one arena
emit lenet lenet --selftest
emit dscnn dscnn --selftest
build two_nets "$abi/two_nets.c" lenet.c dscnn.c
expect 0 "$work/two_nets"

# ---- the self-test finds what is wrong: an expected code of the second vector is changed
cat >"$work/self.c" <<'EOF'
#include "x.h"
static uint64_t arena[LENET_ARENA_SIZE / 8 + 2];
int main(void)
{
    return lenet_selftest(((uintptr_t)arena & 15U) ? (void *)(arena + 1) : (void *)arena);
}
EOF
emit lenet x --selftest
build self self.c x.c
expect 0 "$work/self"
awk '/lenet_selftest_out0\[/ { inside = 1 }
     inside && /^};/ { sub(/-?[0-9]+$/, "99", held); inside = 0 }
     NR > 1 { print held } { held = $0 } END { print held }' "$work/x.c" >"$work/y.c"
mv "$work/y.c" "$work/x.c"
build self self.c x.c
expect 2 "$work/self"
emit lenet x --selftest --io-in-arena --static-arena
printf '#include "x.h"\nint main(void) { return lenet_selftest(); }\n' >"$work/self.c"
build self self.c x.c
expect 0 "$work/self"

# ---- profile
emit lenet x --profile
build profile "$abi/profile.c" x.c
expect 0 "$work/profile"

# ---- rows in bands
emit lenet whole --profile --prefix whole
emit lenet bands --profile --prefix bands --ram=min
holds bands.c ' --ram=min'
build bands "$abi/bands.c" whole.c bands.c
expect 0 "$work/bands"
emit lenet x --selftest --io-in-arena --static-arena --ram=min
printf '#include "x.h"\nint main(void) { return lenet_selftest(); }\n' >"$work/self.c"
build self self.c x.c
expect 0 "$work/self"

# ---- split weights: the same program from two units
emit lenet x --selftest --split-weights "$work/xw.c"
printf '#include "x.h"\nstatic uint64_t m[LENET_ARENA_SIZE / 8 + 2];\nint main(void)\n{\n    return lenet_selftest(((uintptr_t)m & 15U) ? (void *)(m + 1) : (void *)m);\n}\n' >"$work/self.c"
build self self.c x.c xw.c
expect 0 "$work/self"
checks=$((checks + 1))
! grep -q "$work" "$work/x.c" "$work/xw.c" || fail "a path is in the C"

# ---- section
emit lenet x --section .flash.w
expect 0 $CC -std=c99 -c "$work/x.c" -o "$work/x.o"
checks=$((checks + 1))
objdump -h "$work/x.o" | grep -q ' \.flash\.w ' || fail "no section .flash.w"
expect 0 $CC -std=c99 '-DLENET_SECTION=' '-DLENET_ALIGN(n)=' -c "$work/x.c" -o "$work/x.o"
checks=$((checks + 1))
! objdump -h "$work/x.o" | grep -q ' \.flash\.w ' || fail "LENET_SECTION cannot be overridden"

# ---- prefix
emit lenet x --prefix Net2
holds x.h 'int Net2_run(const int8_t *in0, int8_t *out0, void *arena);'
holds x.h '#define NET2_ARENA_SIZE '
holds x.c '--prefix Net2'
checks=$((checks + 1))
! grep -q 'lenet_\|LENET_' "$work/x.c" || fail "the model's name is still used"
expect 1 "$QCC" "$fashion/lenet.qdl" "$fashion/lenet.safetensors" --prefix '2x' -o "$work/no.c"
err_has prefix-invalid
absent "$work/no.c"
expect 1 "$QCC" "$fashion/lenet.qdl" "$fashion/lenet.safetensors" --section 'a b' -o "$work/no.c"
err_has section-invalid
absent "$work/no.c"

# ---- string weights give the same outputs
emit lenet x --selftest --weights=string
build self self.c x.c -Wno-overlength-strings
expect 0 "$work/self"

# ---- the same bytes, wherever and however often; the header changes nothing in the C
emit lenet x
cp "$work/x.c" "$work/first.c"
mkdir "$work/elsewhere"
expect 0 cp "$fashion/lenet.qdl" "$fashion/lenet.safetensors" "$work/elsewhere"
(cd "$work/elsewhere" && OMP_NUM_THREADS=2 OPENBLAS_NUM_THREADS=2 "$QCC" lenet.qdl lenet.safetensors --quiet -o "$work/second.c")
same "$work/first.c" "$work/second.c"
LC_ALL=de_DE.UTF-8 TZ=Asia/Tokyo "$QCC" "$fashion/lenet.qdl" "$fashion/lenet.safetensors" --quiet -o "$work/second.c"
same "$work/first.c" "$work/second.c"
end
