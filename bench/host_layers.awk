# host_layers.awk - `qcc --dump=legalize` -> a line for each convolution and dense layer: input height, width, channels,
# kernel, stride, pads (top, bottom, left, right), output height, width, channels, groups (host_layers.c reads them).
function shape_of(name, line) {
    if (match(line, /# [0-9]+(x[0-9]+)*/)) {
        shape[name] = substr(line, RSTART + 2, RLENGTH - 2)
        first = first ? first : shape[name]
    }
}
function pair(word, line, none) {
    if (!match(line, word " [0-9]+x[0-9]+")) return none
    pair_text = substr(line, RSTART + length(word) + 1, RLENGTH - length(word) - 1)
    sub(/x/, " ", pair_text)
    return pair_text
}
function spatial(text, n) { # [h, w, c] of HxWxC, of WxC, of C
    n = split(text, dim, "x")
    return n == 3 ? dim[1] " " dim[2] " " dim[3] : n == 2 ? "1 " dim[1] " " dim[2] : "1 1 " dim[1]
}
function channels(text, n) { n = split(text, dim, "x"); return dim[n] }
/^    input / { shape_of($2, $0) }
/^    [^ ]+ = / {
    shape_of($1, $0)
    match($0, /(conv2d|depthwise|dense)\([^,)]*/)
    if ($3 !~ /^(conv2d|depthwise|dense)\(/) next
    call = substr($0, RSTART, RLENGTH)
    from = substr(call, index(call, "(") + 1)
    pads = "0 0 0 0"
    if (match($0, /pad \[[0-9, ]+\]/)) {
        pads = substr($0, RSTART + 5, RLENGTH - 6)
        gsub(/,/, "", pads)
    }
    in_shape = $3 ~ /^dense/ ? "1 1 " channels(shape[from]) : spatial(shape[from])
    out_shape = $3 ~ /^dense/ ? "1 1 " channels(shape[$1]) : spatial(shape[$1])
    print in_shape, pair("kernel", $0, "1 1"), pair("stride", $0, "1 1"), pads, out_shape, $3 ~ /^depthwise/ ? channels(shape[from]) : 1
}
