#!/bin/sh
# host.sh - the host half of `make bench`: what one inference takes on this machine, beside other programs, interleaved on
# one core (host.c): the emitted C, TensorFlow Lite with XNNPACK, ONNX Runtime (both fetched by npm into the build folder),
# XNNPACK and oneDNN (Debian; their layers alone, a lower bound).
#
#   bench/host.sh [NET…]     default: MLPerf Tiny's five
#
# OUT: a folder for host.csv and host.svg. PEERS=no: the emitted C alone. ROUNDS (400), CC (gcc), CFLAGS (-O3 -march=native).
set -u
top_srcdir=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
QCC=${QCC-$top_srcdir/build/qcc}
QCC_SHARED=${QCC_SHARED-$top_srcdir/../shared}
top_builddir=$(dirname "$QCC")
. "$top_srcdir/bench/lib.sh"
[ $# -gt 0 ] || set -- ${NETS-kws ic vww ad sww}
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
CC=${CC-gcc}
CFLAGS=${CFLAGS--O3 -march=native}
golden=$bench_data/golden
export OMP_NUM_THREADS=1

# ---- what is there -------------------------------------------------------------------------------
has_header() {
    echo "#include <$1>" | $CC -E - >/dev/null 2>&1
}

peers() {
    work=$dir
    skip() { echo "left out: $1" >&2; exit 77; }
    . "$top_srcdir/tests/npm.sh"
    (npm_fetch tfjs-tflite-node 0.0.2) &&
        TFLITE=$npm_folder/node_modules/tfjs-tflite-node/cc_deps/linux_amd64/libtensorflowlite_c.so
    (npm_fetch onnxruntime-node 1.30.0) &&
        ORT=$npm_folder/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1
    export TFLITE ORT
}

build_timer() {
    set --
    [ "${PEERS-}" = no ] || ! has_header xnnpack.h || set -- "$@" -DHAVE_XNNPACK -lXNNPACK -lpthreadpool
    [ "${PEERS-}" = no ] || ! has_header oneapi/dnnl/dnnl.h || set -- "$@" -DHAVE_ONEDNN -ldnnl
    $CC -O2 -std=gnu11 "$bench_here/host.c" "$bench_here/host_nets.c" "$bench_here/host_layers.c" -o "$dir/host" \
        "$@" -ldl -lm
}

# The instruction sets that matter here, as the processor has them.
instructions() {
    for set in avx512_vnni:AVX512-VNNI avx512f:AVX512 avx2:AVX2 sse2:SSE2; do
        grep -q -w -m 1 "${set%%:*}" /proc/cpuinfo && { echo "${set#*:}"; return; }
    done
    uname -m
}

# ---- one network ---------------------------------------------------------------------------------
# emitted NET TARGET COMPILER NAME.so
emitted() {
    # shellcheck disable=SC2046,SC2086 # lists
    "$QCC" $(bench_source "$1") --quiet --prefix net --target "$2" -o "$dir/net.c" --header "$dir/net.h" || return 1
    cat >"$dir/facts.c" <<'FACTS'
#include "net.h"
const struct {
    float scale[2];
    int32_t zero[2], size[2], arena;
} facts = {{(float)NET_INPUT_SCALE, (float)NET_OUTPUT_SCALE},
           {NET_INPUT_ZERO_POINT, NET_OUTPUT_ZERO_POINT},
           {NET_INPUT_SIZE, NET_OUTPUT_SIZE},
           NET_ARENA_SIZE};
FACTS
    # shellcheck disable=SC2086 # a list
    "$3" $CFLAGS -shared -fPIC -I"$dir" "$dir/facts.c" "$dir/net.c" -o "$dir/$4" 2>"$dir/log" ||
        { cat "$dir/log" >&2; return 1; }
}

# race NET: lines of host.c
race() {
    emitted "$1" generic "$CC" generic.so && emitted "$1" x86-64 "$CC" special.so &&
        CFLAGS=-O3 emitted "$1" x86-64-dispatch "$CC" dispatch.so || return 1
    float_in=- float_out=- models=$bench_data/models
    channels=$("$QCC" "$models/$1_int8.tflite" --dump=legalize --quiet -o /dev/null | tee "$dir/dump" |
        sed -n 's/^    input .*: [a-z0-9]*\[\(.*\)\] .*/\1/p' | sed 's/.*, //; q')
    awk -f "$bench_here/host_layers.awk" "$dir/dump" >"$dir/layers"
    float=$models/$1_int8.tflite
    [ ! -e "$models/$1_f32.tflite" ] || {
        float=$models/$1_f32.tflite
        float_in=$golden/$1_f32.in.npy float_out=$golden/$1_f32.out.npy
    }
    set -- "$1" qcc "qcc --target x86-64, $CC" "$dir/special.so" qcc "qcc --target generic, $CC" "$dir/generic.so" \
        qcc "qcc x86-64-dispatch, $CC -O3" "$dir/dispatch.so"
    ! command -v clang >/dev/null || [ "$CC" = clang ] || {
        emitted "$1" x86-64 clang clang.so && set -- "$@" qcc "qcc --target x86-64, clang" "$dir/clang.so"
    }
    [ "${PEERS-}" = no ] || {
        set -- "$@" lite8 "TFLite + XNNPACK, int8" "$models/$1_int8.tflite"
        [ $float_in = - ] || set -- "$@" lite32 "TFLite + XNNPACK, float" "$float"
        "$QCC" export "$models/$1_int8.tflite" --qdq=u8 --quiet -o "$dir/u8.onnx" &&
            "$QCC" export "$float" --quiet -o "$dir/f.onnx" &&
            set -- "$@" ort8 "ONNX Runtime, u8-QDQ" "$dir/u8.onnx" ort32 "ONNX Runtime, float" "$dir/f.onnx"
        set -- "$@" xnnpack "XNNPACK, layers alone" "$dir/layers" onednn "oneDNN, layers alone" "$dir/layers"
    }
    name=$1
    shift
    "$dir/host" "${ROUNDS-400}" "$channels" "$golden/${name}_int8.in.npy" "$golden/${name}_int8.out.npy" \
        "$float_in" "$float_out" "$@" 2>"$dir/log" || { cat "$dir/log" >&2; return 1; }
}

# ---- all of them ---------------------------------------------------------------------------------
[ "${PEERS-}" = no ] || peers
build_timer || exit 99
echo "one inference, us, one thread; $(sed -n 's/^model name[^:]*: //p; T; q' /proc/cpuinfo), $(instructions);" \
    "$($CC --version | head -n 1), $CFLAGS"
echo "net,kind,program,minimum_us,median_us,rows,difference,unit,against_fastest,goal,instructions" >"$dir/host.csv"
failed=0
for net; do
    why=$(bench_missing "$net")
    [ -n "$why" ] || [ -e "$golden/${net}_int8.in.npy" ] || why="no golden of it"
    [ -z "$why" ] || { echo "skipped $net: $why"; continue; }
    race "$net" >"$dir/lines" || { echo "FAIL: $net"; failed=1; continue; }
    awk -v net="$net" -v set="$(instructions)" -v csv="$dir/host.csv" -f "$bench_here/host.awk" "$dir/lines" || failed=1
done
[ -z "${OUT-}" ] || {
    mkdir -p "$OUT" && cp "$dir/host.csv" "$OUT/host.csv" &&
        awk -f "$bench_here/host_chart.awk" "$dir/host.csv" >"$OUT/host.svg" || failed=1
    echo "written: $OUT/host.csv, $OUT/host.svg"
}
exit $failed
