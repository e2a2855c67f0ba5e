# row.awk - peers.tsv, then the facts of a measurement -> one row of device.csv. Missing: empty.
BEGIN { FS = "\t"; OFS = "," }
FNR == 1 { file++ }
/^# figure/ { for (i = 2; i <= NF; i++) column[$i] = i }
/^#/ { next }
file == 1 { if (net in column) peer[$1] = $column[net]; next }
{ split($0, part, " "); f[part[1]] = part[2] }
END {
    small = target == "cortex-m4" && level == "-Os"
    ram = target == "cortex-m4"
    print net, target, level, f["macs"], f["instructions"], f["flash"], f["text"], f["rodata"], f["data"],
        f["ram"], f["arena"], f["stack"], small ? "" : peer[target], peer["goal " target " " level],
        small ? peer["flash"] : "", small ? peer["goal flash"] : "",
        ram ? peer["ram"] : "", ram ? peer["goal ram"] : ""
}
