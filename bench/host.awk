# host.awk - host.c's lines of one network -> lines to read, and rows of the CSV. Fails where qcc's own codes are wrong.
#
# Judged is the first program, against the faster of the whole networks in other programs (sww: of TensorFlow Lite).
BEGIN {
    FS = "\t"
    goal["kws"] = 0.5; goal["vww"] = 0.5; goal["ic"] = 0.6; goal["ad"] = 0.8; goal["sww"] = 0.5
}
$3 == "-" { printf "%-4s %-28s left out: %s\n", net, $2, $4; next }
{
    n++
    for (i = 1; i <= 7; i++) field[n, i] = $i
    judged = $1 ~ /^lite/ || ($1 ~ /^ort/ && net != "sww")
    if (judged && (best == "" || $3 < best)) { best = $3; best_median = $4; rival = $2 }
    if ($1 == "qcc" && $6 + 0 != 0) wrong = 1
}
END {
    for (i = 1; i <= n; i++) {
        kind = field[i, 1]
        ratio = best == "" ? "" : sprintf("%.2f", field[i, 3] / best)
        note = field[i, 7] == "-" ? "a lower bound, on noise" : field[i, 6] == 0 ? "the same outputs" : \
            sprintf("differs by %s %s%s", field[i, 6], field[i, 7], kind ~ /8$/ && field[i, 6] > 2 ? " (more than 2)" : "")
        printf "%-4s %-28s least %8.2f  median %8.2f  %4s  %s\n", net, field[i, 2], field[i, 3], field[i, 4], ratio, note
        printf "%s,%s,\"%s\",%s,%s,%s,%s,%s,%s,%s,%s\n", net, kind, field[i, 2], field[i, 3], field[i, 4],
            field[i, 5], field[i, 6], field[i, 7], ratio, i == 1 ? goal[net] : "", set >> csv
    }
    if (best != "")
        printf "%-4s %.2f of %s's least, %.2f of its median; goal %.2f %s\n", net, field[1, 3] / best, rival,
            field[1, 4] / best_median, goal[net], set != "AVX512-VNNI" ? "not judged on " set : \
            field[1, 3] / best <= goal[net] ? "met" : "MISSED"
    if (wrong) print "FAIL: the emitted C is not the golden's, " net
    exit wrong
}
