# lib.sh - one network measured on one emulated Cortex-M, RV32 or AArch64; sourced by net.sh and device.sh.
#
# Wants $top_srcdir, $QCC and $QCC_SHARED. $BENCH_QUANT: a quantize part, for float nets. Nets are names: kws, vww, ic, ad, sww (MLPerf Tiny's int8 models
# of the shared data), kws-float (the float one, from real features), lenet, dscnn (examples/fashion), mnist
# (examples/mnist/lenet), or a path of a .tflite,
# or of a .qdl with weights of the same base name beside it; those run on random inputs.

. "$top_srcdir/tests/firmware/firmware.sh"
bench_here=$top_srcdir/bench
bench_data=$QCC_SHARED/data
bench_fashion=/usr/share/datasets/fashion-mnist
BENCH_NETS='kws vww ic ad sww lenet dscnn mnist'
BENCH_TARGETS='cortex-m0 cortex-m3 cortex-m4 cortex-m55 rv32 aarch64'
BENCH_ROWS=2

# Board of a target. M0 code runs on the M3 board, whose core has all of its instructions (firmware_only_v6m).
bench_board() {
    case $1 in
    cortex-m0 | cortex-m3) echo mps2-an385 ;;
    cortex-m4 | generic) echo mps2-an386 ;;
    cortex-m55) echo mps3-an547 ;;
    rv32) echo virt ;;
    aarch64) echo virt64 ;;
    *) echo "bench: no board for target $1" >&2; return 1 ;;
    esac
}

# Processor options of a target's code.
bench_cpu() {
    case $1 in
    cortex-m0) firmware_cpu microbit ;;
    *) firmware_cpu "$(bench_board "$1")" ;;
    esac
}

# What qcc reads, with the options that decide quantization.
bench_source() {
    case $1 in
    kws | vww | ic | ad | sww)
        echo "$bench_data/models/$1_int8.tflite"
        return ;;
    kws-float) echo "$top_srcdir/tests/accuracy/kws.qdl $bench_data/models/kws_float.safetensors" \
        "--calibrate $bench_data/kws01/features.npy:0+200" ;;
    lenet | dscnn) echo "$top_srcdir/examples/fashion/$1.qdl $top_srcdir/examples/fashion/$1.safetensors" \
        "--calibrate $bench_fashion/train-images-idx3-ubyte.gz:0+200" ;;
    mnist) echo "$top_srcdir/examples/mnist/lenet.qdl $top_srcdir/examples/mnist/lenet.safetensors" \
        "--calibrate $bench_fashion/train-images-idx3-ubyte.gz:0+200" ;;
    *.qdl)
        echo "$1 ${1%.qdl}.safetensors"
        [ ! -e "${1%.qdl}.in.npy" ] || echo "--calibrate ${1%.qdl}.in.npy" ;;
    *)
        echo "$1"
        return ;;
    esac
    [ -z "${BENCH_QUANT-}" ] || echo "--quant $BENCH_QUANT"
}

# Ways to store weights, as rules of QDL, one a line.
bench_schemes() {
    cat <<'END'
int16
int8
int8 grid midpoint
int4
int3
int2
int1 grid midpoint
codebook 8 bits
codebook 6 bits
codebook 4 bits
codebook 3 bits
codebook 2 bits
codebook 2 bits, table per channel
END
}

# Why a net cannot be measured here; nothing where it can.
bench_missing() {
    case $1 in
    kws | vww | ic | ad | sww)
        [ -e "$bench_data/models/$1_int8.tflite" ] || echo "no shared data in $bench_data" ;;
    kws-float)
        [ -e "$bench_data/models/kws_float.safetensors" ] || echo "no shared data in $bench_data" ;;
    lenet | dscnn | mnist)
        [ -e $bench_fashion/t10k-images-idx3-ubyte.gz ] || echo "dataset-fashion-mnist is not installed" ;;
    *) [ -e "$1" ] || echo "no file $1" ;;
    esac
}

# bench_rows NET FOLDER: input codes (in.bin) and the codes that are right (want): of other programs where
# there are some, else of qcc's reference interpreter.
bench_rows() {
    case $1 in
    kws | vww | ic | ad | sww)
        for side in in:in.bin out:want; do
            npy_data "$bench_data/golden/$1_int8.${side%%:*}.npy" >"$2/all"
            head -c $(($(wc -c <"$2/all") / 8 * BENCH_ROWS)) "$2/all" >"$2/${side#*:}"
        done
        return ;;
    lenet | dscnn | mnist)
        set -- "$1" "$2" "$bench_fashion/t10k-images-idx3-ubyte.gz:0+$BENCH_ROWS"
        zcat "${3%:*}" | tail -c +17 | head -c $((784 * BENCH_ROWS)) |
            LC_ALL=C tr '\000-\377' '\200-\377\000-\177' >"$2/in.bin" ;;
    *)
        bench_size=$(sed -n 's/^#define NET_INPUT_SIZE //p' "$2/net.h")
        awk -v n=$((bench_size * BENCH_ROWS)) 'BEGIN {
            for (x = 1; n > 0; n--) {
                x = (x * 16807) % 2147483647
                printf "\\%03o", int(x / 65536) % 256
            } }' >"$2/octal"
        printf "$(cat "$2/octal")" >"$2/in.bin"
        bench_shape=$(sed -n 's|^/\* .*: \([0-9x]*\) of int8_t \*/|\1|p' "$2/net.h" | sed 's/x/, /g; q')
        bench_header="{'descr': '|i1', 'fortran_order': False, 'shape': ($BENCH_ROWS, $bench_shape), }"
        { printf '\223NUMPY\001\000\166\000'; printf '%-117s\n' "$bench_header"; cat "$2/in.bin"; } >"$2/in.npy"
        set -- "$1" "$2" "$2/in.npy" ;;
    esac
    # shellcheck disable=SC2046 # a list
    "$QCC" run $(bench_source "$1") --quiet --engine=interpreter "$3" -o "$2/want.npy" &&
        npy_data "$2/want.npy" >"$2/want"
}

# bench_emit NET TARGET LEVEL FOLDER OPTION…: net.c, net.h and layers.tsv (name, operator, MACs, kernel).
bench_emit() {
    bench_net=$1 bench_target=$2 bench_level=$3 bench_folder=$4
    shift 4
    # shellcheck disable=SC2046,SC2086 # lists
    "$QCC" $(bench_source "$bench_net") --quiet --prefix net --io-in-arena --target "$bench_target" \
        "$bench_level" ${BENCH_OPTIONS-} "$@" -o "$bench_folder/net.c" --header "$bench_folder/net.h"
}

bench_layers() {
    # shellcheck disable=SC2046 # a list
    "$QCC" inspect $(bench_source "$1") --quiet --target "$2" --json | awk -v OFS='\t' '
        { sub(/,$/, ""); split($0, part, /": */); value = part[2]; gsub(/"/, "", value) }
        /^      "name":/ { if (name != "") print name, op, macs, kernel; name = value; kernel = "-"; macs = 0 }
        /^      "operator":/ { op = value }
        /^      "macs":/ { macs = value }
        /^      "kernel":/ { kernel = value }
        END { print name, op, macs, kernel }' >"$3/layers.tsv"
}

# bench_build TARGET CC_LEVEL FOLDER OUT.elf OPTION…
bench_build() {
    bench_target=$1 bench_cc=$2 bench_folder=$3 bench_elf=$4
    shift 4
    FIRMWARE_CPU=$(bench_cpu "$bench_target") FIRMWARE_OPT=$bench_cc \
        firmware_build "$(bench_board "$bench_target")" "$bench_elf" -I"$bench_folder" "$@" \
        "$bench_here/measure.c" "$bench_folder/net.c" || return 1
    [ "$bench_target" != cortex-m0 ] || firmware_only_v6m "$bench_elf"
}

# bench_flash TARGET CC_LEVEL FOLDER: facts text, rodata, data and flash: what the network adds to a program,
# helpers of libgcc included, memcpy and its like (a libc's) not.
bench_flash() {
    # shellcheck disable=SC2046 # a list
    $(firmware_tools "$(bench_board "$1")")-gcc $(bench_cpu "$1") "$2" -std=c99 -ffreestanding -ffunction-sections -fdata-sections \
        -nostdlib "$3/net.c" -o "$3/flash.elf" -Wl,--gc-sections,-e,net_run,-u,net_input,-u,net_output \
        -Wl,--unresolved-symbols=ignore-all -lgcc || return 1
    "$(firmware_tools "$(bench_board "$1")")-size" -A "$3/flash.elf" | awk '
        $1 == ".text" || $1 == ".rodata" || $1 == ".data" { n[$1] += $2 }
        END { printf "text %d\nrodata %d\ndata %d\nflash %d\n", n[".text"], n[".rodata"], n[".data"],
                     n[".text"] + n[".rodata"] + n[".data"] }'
}

# bench_run TARGET FOLDER ELF: facts of measure.c, after the codes were compared (each row ran twice).
bench_run() {
    rm -f "$2/out.bin"
    firmware_run "$(bench_board "$1")" "$2" "$3" >"$2/run.log" || { cat "$2/run.log" >&2; return 1; }
    cat "$2/want" "$2/want" | cmp - "$2/out.bin" >&2 || return 1
    cat "$2/run.log"
}

# bench_measure NET TARGET LEVEL FOLDER: all facts of a network, `name value` each, in FOLDER/facts; of its
# layers in FOLDER/profile.tsv (number, name, operator, MACs, kernel, instructions). LEVEL is qcc's; gcc's
# is -Os beside it, else -O2 ($BENCH_CC_LEVEL: another).
bench_measure() {
    bench_level_cc=-O2
    [ "$3" != -Os ] || bench_level_cc=-Os
    bench_level_cc=${BENCH_CC_LEVEL-$bench_level_cc}
    bench_emit "$1" "$2" "$3" "$4" || return 1
    [ -s "$4/want" ] || bench_rows "$1" "$4" || return 1
    bench_layers "$1" "$2" "$4"
    bench_build "$2" "$bench_level_cc" "$4" "$4/net.elf" &&
        bench_flash "$2" "$bench_level_cc" "$4" >"$4/facts" &&
        bench_run "$2" "$4" net.elf >>"$4/facts" || return 1
    awk -F'\t' '{ n += $3 } END { printf "macs %d\n", n }' "$4/layers.tsv" >>"$4/facts"
    awk '$1 == "arena" || $1 == "stack" { n += $2 } END { printf "ram %d\n", n }' "$4/facts" >>"$4/facts"
    [ -z "${BENCH_PROFILE-}" ] || bench_profile "$1" "$2" "$3" "$4"
}

bench_profile() {
    bench_emit "$1" "$2" "$3" "$4" --profile &&
        bench_build "$2" "$bench_level_cc" "$4" "$4/profile.elf" -DPROFILE &&
        bench_run "$2" "$4" profile.elf >"$4/profile.log" || return 1
    awk -v OFS='\t' 'FILENAME ~ /layers.tsv$/ { row[n++] = $0; next }
        $1 == "layer" { print $2, row[$2], $3 }' "$4/layers.tsv" "$4/profile.log" >"$4/profile.tsv"
}

bench_fact() {
    awk -v name="$2" '$1 == name { print $2 }' "$1/facts"
}
