# rows.awk - prints the number at a dotted path of one or two keys in jansson's indented JSON.
{
    match($0, /^ */)
    depth = RLENGTH / 2
    key = $1
    gsub(/[":]/, "", key)
    if (depth == 1)
        top = key
    path = depth == 1 ? key : top "." key
    if (path == want) {
        sub(/^[^:]*: */, "")
        sub(/,$/, "")
        print
        exit
    }
}
