# host_chart.awk - host.csv -> SVG: each program's least time, as a share of the fastest other program that runs the whole
# network (the line at 100 %); the tick is qcc's goal.
BEGIN { FS = ","; left = 230; width = 520; high = 16; full = 200 }
NR > 1 {
    # programs' names hold a comma and stand in quotes
    match($0, /"[^"]*"/)
    label[++n] = substr($0, 1, index($0, ",") - 1) "  " substr($0, RSTART + 1, RLENGTH - 2)
    split(substr($0, RSTART + RLENGTH + 1), f, ",")
    least[n] = f[1]; share[n] = f[6] == "" ? -1 : 100 * f[6]; goal[n] = f[7] == "" ? -1 : 100 * f[7]
    own[n] = $2 == "qcc"
    parts[n] = $2 ~ /^(xnnpack|onednn)$/
}
function x(percent) { return left + width * (percent > full ? full : percent) / full }
END {
    height = 60 + n * high
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n", left + width + 120, height
    printf "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
    printf "<text x=\"10\" y=\"18\" font-size=\"13\">Least time of one inference on this machine, one thread, in %% of the fastest other program</text>\n"
    for (p = 0; p <= full; p += 25)
        printf "<line x1=\"%d\" x2=\"%d\" y1=\"34\" y2=\"%d\" stroke=\"%s\"/><text x=\"%d\" y=\"32\" text-anchor=\"middle\">%d %%</text>\n", x(p), x(p), height - 16, p == 100 ? "black" : "#ddd", x(p), p
    for (i = 1; i <= n; i++) {
        y = 40 + (i - 1) * high
        printf "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>", left - 6, y + 11, label[i]
        if (share[i] >= 0)
            printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>", left, y + 1, x(share[i]) - left, high - 4, own[i] ? "#2a7f62" : parts[i] ? "#ccc" : "#7a8aa0"
        if (goal[i] >= 0)
            printf "<rect x=\"%.1f\" y=\"%d\" width=\"2\" height=\"%d\" fill=\"#b00020\"/>", x(goal[i]), y - 1, high
        printf "<text x=\"%.1f\" y=\"%d\">%.2f us</text>\n", x(share[i] < 0 ? 0 : share[i]) + 6, y + 11, least[i]
    }
    printf "<text x=\"10\" y=\"%d\">green: qcc; grey: layers alone, a lower bound; red tick: the goal</text>\n</svg>\n", height - 4
}
