# chart.awk - device.csv -> SVG: instructions of each net and target, as a share of CMSIS-NN's where there is
# a figure of it (the line at 100 %); the goal is a tick.
BEGIN { FS = ","; left = 210; width = 560; high = 16; full = 150 }
NR > 1 && $13 != "" {
    n++
    name[n] = $1 " " $2 " " $3
    share[n] = 100 * $5 / $13
    goal[n] = $14 != "" ? 100 * $14 / $13 : -1
    text[n] = sprintf("%.2f M, %.2f per MAC", $5 / 1e6, $5 / $4)
}
function x(percent) { return left + width * (percent > full ? full : percent) / full }
END {
    height = 60 + n * high
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n", left + width + 160, height
    printf "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
    printf "<text x=\"10\" y=\"18\" font-size=\"13\">Instructions of one inference, in %% of TensorFlow Lite Micro with CMSIS-NN (QEMU, not cycles)</text>\n"
    for (p = 0; p <= full; p += 25)
        printf "<line x1=\"%d\" x2=\"%d\" y1=\"34\" y2=\"%d\" stroke=\"%s\"/><text x=\"%d\" y=\"32\" text-anchor=\"middle\">%d %%</text>\n", x(p), x(p), height - 16, p == 100 ? "black" : "#ddd", x(p), p
    for (i = 1; i <= n; i++) {
        y = 40 + (i - 1) * high
        met = goal[i] < 0 || share[i] <= goal[i]
        printf "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>", left - 6, y + 11, name[i]
        printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>", left, y + 1, x(share[i]) - left, high - 4, met ? "#2a7f62" : "#c98a2b"
        if (goal[i] >= 0)
            printf "<rect x=\"%.1f\" y=\"%d\" width=\"2\" height=\"%d\" fill=\"#b00020\"/>", x(goal[i]), y - 1, high
        printf "<text x=\"%.1f\" y=\"%d\">%s</text>\n", x(share[i]) + 6, y + 11, text[i]
    }
    printf "<text x=\"10\" y=\"%d\">red tick: the goal; green: reached</text>\n</svg>\n", height - 4
}
