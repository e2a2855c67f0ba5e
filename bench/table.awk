# table.awk - one row of device.csv as lines to read.
BEGIN { FS = "," }
function against(value, peer, goal,    text) {
    text = ""
    if (peer != "") text = text sprintf("  %.2f of CMSIS' %d", value / peer, peer)
    if (goal != "") text = text sprintf("  goal %d %s", goal, value <= goal ? "met" : "MISSED")
    return text
}
{
    printf "%-6s %-10s %-7s instructions %10d  %5.2f per MAC%s\n", $1, $2, $3, $5, $4 ? $5 / $4 : 0, against($5, $13, $14)
    printf "%26s flash %8d = text %d + rodata %d + data %d%s\n", "", $6, $7, $8, $9, against($6, $15, $16)
    printf "%26s RAM   %8d = arena %d + stack %d%s\n", "", $10, $11, $12, against($10, $17, $18)
}
