#!/bin/sh
# inspect.sh - the table of layers: what it says adds up, and is what the emitted file says.
. "$top_srcdir/tests/cli/lib.sh"
net=$top_srcdir/examples/fashion/lenet
set -- "$net.qdl" "$net.safetensors" --quiet

expect 0 "$QCC" inspect "$@" && out_has "conv2d         28x28x6            156      117600" &&
    out_has "clipped     flash       RAM" && out_has "parameters 61706, multiply-accumulates 416520" &&
    out_has "flash: weights 61470 bytes, all constants 63358 (emitted: 63358)" && out_has "RAM: arena 4760 bytes" &&
    out_has "from … to" && out_has "scratch of c2"

# layers' constants sum to the whole; the largest need of a layer is the arena
expect 0 "$QCC" inspect "$@" --json
cp "$work/out" "$work/json"
checks=$((checks + 1))
awk -F'[:,]' '
    /^  "layers"/ { layers = 1 }
    /^  \]/ { layers = 0 }
    /"constant_bytes"/ { if (layers) sum += $2; else whole = $2 + 0 }
    /"arena_bytes"/ { if (layers) { if ($2 > most) most = $2 + 0 } else arena = $2 + 0 }
    END { exit !(whole > 0 && sum == whole && arena > 0 && most == arena) }' "$work/json" ||
    fail "the layers' flash and RAM do not add up to the totals"
expect 0 "$QCC" "$@" -o "$work/lenet.c"
cp "$work/lenet.c" "$work/out" && out_has "weights 61470 bytes, all constants 63358 bytes; arena 4760 bytes"

# flash on a target, by its compiler; by the host's, and so said, where that is missing; by none
if command -v arm-none-eabi-gcc >/dev/null; then
    expect 0 "$QCC" inspect "$@" --target cortex-m4 -Os && out_has "code by arm-none-eabi-gcc -Os -mcpu=cortex-m4"
    # the trade: each level's flash is what that level tells of itself
    for level in -Os -Ospeed; do
        expect 0 "$QCC" inspect "$@" --target cortex-m4 $level
        all=$(sed -n 's/.*code [0-9]*: \([0-9]*\) in all/\1/p' "$work/out")
        checks=$((checks + 1))
        grep -q "flash against speed:.* $level $all\(,\|\$\)" "$work/out" || fail "$level: $all bytes are not in the trade"
    done
fi
mkdir "$work/bin"
# a host's compiler alone, that itself sees the whole PATH: its as and ld, and what ccache looks for
printf '#!/bin/sh\nPATH="%s"\nexport PATH\nexec cc "$@"\n' "$PATH" >"$work/bin/cc"
chmod +x "$work/bin/cc"
expect 0 env PATH="$work/bin" CC=cc "$QCC" inspect "$@" --target cortex-m4 &&
    out_has "arm-none-eabi-gcc is missing: code is guessed as 1.5 times that of cc -O2"
expect 0 env PATH="$work/bin" CC=cc "$QCC" inspect "$@" --target cortex-m4 --json &&
    out_has '"code_guessed": true' && out_has '"emitted_weight_bytes": 61'
expect 0 env PATH=/nonexistent "$QCC" inspect "$@" --target cortex-m4 && out_has "without code: there is no compiler"

# --ram=min: the chains, their windows, the arena without and with them; the C says the same
expect 0 "$QCC" inspect "$@" --ram=min && out_has "c1 to p2 in bands of rows: windows 1272 bytes (rows: image 7 of 28" &&
    out_has "arena of whole maps 4760 bytes, of bands 1984" && out_has "RAM: arena 1984 bytes"
expect 0 "$QCC" inspect "$@" --ram=min --json && out_has '"arena_bytes_whole": 4760' && out_has '"window_bytes": 1272'
expect 0 "$QCC" "$@" --ram=min -o "$work/lenet.c"
cp "$work/lenet.c" "$work/out" && out_has "arena 1984 bytes" && out_has "n1: 7 rows of image, of 28; 28 bytes each" &&
    out_has "kernel 5x5, stride 1x1, pad [0, 0, 2, 2], relu; 1 of 28 rows"

# concats and pads: which copy and why; the C says the same
cat >"$work/joined.qdl" <<'END'
model joined {
    input x : f32[8, 5, 2]
    a = add(x, x)
    b = mul(x, x)
    rows = concat(a, b, axis 0)
    padded = pad(rows, [1, 1, 1, 1])
    small = avgpool(padded, 3x3)
    output small
}
END
set -- "$work/joined.qdl" "$top_srcdir/tests/torch/maxpool.safetensors" --calibrate "$top_srcdir/tests/torch/maxpool.in.npy" --quiet
expect 0 "$QCC" inspect "$@" && out_has "concat rows: no copy: in place" &&
    out_has "pad padded: no copy: in the windows of its readers"
expect 0 "$QCC" inspect "$@" --whole-layers && out_has "pad padded: copies rows (strided)"
expect 0 "$QCC" inspect "$@" --json && out_has '"copy": "no copy: in place"'
expect 0 "$QCC" "$@" --profile -o "$work/joined.c"
cp "$work/joined.c" "$work/out" && out_has " * concat rows: no copy: in place" && out_has "joined_profile(2, mem"
checks=$((checks + 1))
grep -q "joined_profile(3" "$work/out" && fail "--profile tells of a padded map that does not exist"
set -- "$net.qdl" "$net.safetensors" --quiet

# constant channels: what is left out, with codes and reasons; none with --whole-layers, and but for -Os some
# stay where they round up to what the target likes
vww=${QCC_SHARED-$top_srcdir/../shared}/data/models/vww_int8.tflite
if [ -e "$vww" ]; then
    expect 0 "$QCC" inspect "$vww" --quiet -Os && out_has "left out of the C" &&
        out_has "conv2d_5         4 of 64: [3] = -123, all weights zero;" && out_has "read by none" &&
        out_has "2192 of these 2944 channels; multiply-accumulates left: 3727313" && out_has "flash: weights 29066 bytes"
    expect 0 "$QCC" inspect "$vww" --quiet -Os --json && out_has '"macs_left": 3727313' && out_has '"left_out": 4,'
    expect 0 "$QCC" inspect "$vww" --quiet && out_has "2150 of these 2944 channels" && out_has "weights 31912 bytes" &&
        out_has "conv2d_5         0 of 64: [3] = -123, all weights zero, but kept: 64 channels are a multiple of 16;" &&
        out_has "conv2d_7         64 of 128: [0, 5, 10, 12-14, 17] = -128, all weights zero, but kept: 64 channels" &&
        out_has "multiple of 16; [18, 20,"
    expect 0 "$QCC" inspect "$vww" --quiet --json && out_has '"kept_for_multiple": 16'
    expect 0 "$QCC" inspect "$vww" --quiet --target cortex-m4 && out_has "2182 of these 2944 channels" &&
        out_has "but kept: 58 channels are a multiple of 2;"
    # a depthwise layer in strips of rows lies over its input
    expect 0 "$QCC" inspect "$vww" --quiet --target cortex-m55 && out_has "RAM: arena 41864 bytes"
    expect 0 "$QCC" inspect "$vww" --quiet --target cortex-m3 && out_has "2192 of these 2944 channels"
    expect 0 "$QCC" inspect "$vww" --quiet --whole-layers &&
        out_has "flash: weights 208112 bytes"
    ! grep -q "left out of the C" "$work/out" || fail "--whole-layers leaves something out"
    expect 0 "$QCC" "$vww" --quiet --whole-layers -o "$work/vww.c"
    cp "$work/vww.c" "$work/out" && out_has "weights 208112 bytes" && out_has "weights=decimal --whole-layers"
fi

# kernels: lines that meet no input, and lines of zeros, with the same codes as the whole graph gives
. "$top_srcdir/tests/cli/training.sh"
cat >"$work/line.qdl" <<'QDL'
model line {
    input x : u8[1, 16, 1] real [0, 1]
    c = conv2d(x, 4, kernel 3x3, pad same) |> relu
    d = depthwise(c, kernel 5x5, pad [2, 2, 3, 3], dilation 1x2) |> relu
    output dense(flatten(d), 3)
}
QDL
rows 1 60 0.3 >"$work/train.csv"
cut -d, -f2- "$work/train.csv" | tail -n +2 >"$work/plain.csv"
line="$work/line.qdl $work/line.bin --calibrate $work/plain.csv"
expect 0 "$QCC" train "$work/line.qdl" --data "$work/train.csv" --epochs 1 --quiet -o "$work/line.bin"
expect 0 "$QCC" inspect $line &&
    out_has "kernel 3x3, 1x3 left: [row 0] outside the input wherever it is read; [row 2] outside" &&
    out_has "kernel 5x5, 1x5 left: [rows 0-1] outside the input wherever it is read; [rows 3-4] outside"
expect 0 "$QCC" inspect $line --json && out_has '"kernels_cut"' && out_has '"row": 4'
expect 0 "$QCC" run $line "$work/plain.csv" --engine=cc -o "$work/cut.npy"
expect 0 "$QCC" run $line "$work/plain.csv" --engine=interpreter -o "$work/whole.npy"
same "$work/cut.npy" "$work/whole.npy"

# before quantization there are layers, but no flash
expect 0 "$QCC" inspect "$net.qdl" && out_has "relu           28x28x6"
checks=$((checks + 1))
grep -q "flash" "$work/out" && fail "flash of a model without weights"
expect 2 "$QCC" inspect
expect 1 "$QCC" inspect "$work/none.qdl"
finish
