# firmware.sh - building for and running on QEMU's Cortex-M boards, and its RISC-V and AArch64 boards; sourced by
# tests and benchmarks.
#
# Wants $top_srcdir. $FIRMWARE_OPT is the optimisation level (default -O2), $FIRMWARE_CPU the processor's
# options (default: those of the board's core).

firmware_here=$top_srcdir/tests/firmware
firmware_example=$top_srcdir/examples/firmware-cortex-m
firmware_parts="$firmware_example/semihosting.c $firmware_example/stack.c $firmware_example/memory.c"
# A Linux compiler without what programs of Linux have.
firmware_bare='-fno-pie -no-pie -static -fno-asynchronous-unwind-tables -Wl,--build-id=none'
FIRMWARE_BOARDS='mps2-an385 mps2-an386 mps3-an547'

# Compiler options of a board's core: a row a board.
firmware_cpu() {
    case $1 in
    microbit)   echo "-mcpu=cortex-m0 -mthumb" ;;
    mps2-an385) echo "-mcpu=cortex-m3 -mthumb" ;;
    mps2-an386) echo "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16" ;;
    mps3-an547) echo "-mcpu=cortex-m55 -mthumb -mfloat-abi=hard" ;;
    # gcc 12 for RISC-V warns at -O3 of a byte behind a loop that it unrolls
    virt)       echo "-march=rv32imc -mabi=ilp32 -msmall-data-limit=0 -Wno-stringop-overflow" ;;
    virt64)     echo "-march=armv8.2-a+dotprod $firmware_bare" ;;
    virt64-plain) echo "-march=armv8-a $firmware_bare" ;; # without dot products
    *) echo "firmware.sh: no board $1" >&2; return 1 ;;
    esac
}

# Prefix of a board's tools; its emulator; the parts of a program that depend on the processor.
firmware_tools() {
    case $1 in
    virt) echo riscv64-unknown-elf ;;
    virt64*) echo aarch64-linux-gnu ;;
    *) echo arm-none-eabi ;;
    esac
}

firmware_qemu() {
    case $1 in
    virt) echo "qemu-system-riscv32 -bios none -M virt" ;;
    virt64*) echo "qemu-system-aarch64 -M virt -cpu max -net none" ;;
    *) echo "qemu-system-arm -M $1" ;;
    esac
}

firmware_own_parts() {
    case $1 in
    virt) echo "$firmware_here/start_rv32.c $firmware_here/count_rv32.c" ;;
    virt64*) echo "$firmware_here/start_aarch64.c $firmware_here/count_aarch64.c" ;;
    *) echo "$firmware_example/start.c $firmware_here/count.c" ;;
    esac
}

# Whether a board's tools are there.
firmware_has() {
    firmware_emulator=$(firmware_qemu "$1")
    command -v "$(firmware_tools "$1")-gcc" >/dev/null && command -v "${firmware_emulator%% *}" >/dev/null
}

# Leaves the test with 77 where a tool is missing.
firmware_need() {
    for tool in arm-none-eabi-gcc qemu-system-arm; do
        command -v $tool >/dev/null || { echo "SKIP: $tool is not installed"; exit 77; }
    done
}

# firmware_build BOARD OUT.elf ARGUMENT…: sources of the program and options for the compiler.
firmware_build() {
    firmware_flags=${FIRMWARE_CPU-$(firmware_cpu "$1")} || return 1
    firmware_script=${1%-plain}.ld
    firmware_cc=$(firmware_tools "$1")-gcc
    firmware_own=$(firmware_own_parts "$1")
    firmware_elf=$2
    shift 2
    # shellcheck disable=SC2086 # lists of options and of files
    $firmware_cc $firmware_flags ${FIRMWARE_OPT--O2} -std=gnu11 -ffreestanding -g \
        -ffunction-sections -fdata-sections -Wall -Wextra -Werror \
        -I"$firmware_example" -I"$firmware_here" "$@" $firmware_own $firmware_parts \
        -nostdlib -Wl,--gc-sections -L"$firmware_example" -L"$firmware_here" \
        -T"$firmware_script" -lgcc -o "$firmware_elf"
}

# firmware_run BOARD FOLDER PROGRAM.elf: in FOLDER, where the program finds its files. What it says
# is printed; its exit status is passed on.
firmware_run() {
    # shellcheck disable=SC2046 # a list
    (cd "$2" && timeout "${FIRMWARE_TIMEOUT-300}" $(firmware_qemu "$1") -icount shift=0 \
        -display none -monitor none -serial none \
        -semihosting-config enable=on,target=native -kernel "$3" 2>&1 </dev/null)
}

# ARMv6-M has no 32-bit instruction but these. Says which others there are.
firmware_only_v6m() {
    arm-none-eabi-objdump -d "$1" | awk -F'\t' '
        $2 ~ /^[0-9a-f][0-9a-f][0-9a-f][0-9a-f] [0-9a-f][0-9a-f][0-9a-f][0-9a-f]/ &&
        $3 !~ /^(bl|mrs|msr|dmb|dsb|isb|udf\.w)$/ { print "not ARMv6-M: " $0; bad = 1 } END { exit bad }'
}

# firmware_net FOLDER NET WEIGHTS OPTION…: the network as FOLDER/net.c and net.h, its names net_….
firmware_net() {
    firmware_folder=$1
    shift
    "$QCC" "$@" --quiet --prefix net --selftest -o "$firmware_folder/net.c" --header "$firmware_folder/net.h"
}

# firmware_same BOARD FOLDER [COMPILER_OPTION…]: runs FOLDER's network on in.bin and compares what
# it writes with FOLDER/want. Its facts are printed.
firmware_same() {
    firmware_board=$1
    firmware_folder=$2
    shift 2
    firmware_build "$firmware_board" "$firmware_folder/net.elf" -DSELFTEST -I"$firmware_folder" "$@" \
        "$firmware_here/run_net.c" "$firmware_folder/net.c" || return 1
    firmware_run "$firmware_board" "$firmware_folder" net.elf >"$firmware_folder/log"
    firmware_status=$?
    sed 's/^/  /' "$firmware_folder/log"
    [ $firmware_status -eq 0 ] && grep -qx "selftest 0" "$firmware_folder/log" &&
        cmp "$firmware_folder/want" "$firmware_folder/out.bin"
}

# The data of a .npy file (format 1: a header of as many bytes as bytes 8 and 9 say).
npy_data() {
    tail -c +$((11 + $(od -An -tu2 -j8 -N2 "$1"))) "$1"
}
