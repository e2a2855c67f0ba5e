# make bench: the emitted C on emulated Cortex-M boards, beside other programs' figures.
EXTRA_DIST += bench/lib.sh bench/net.sh bench/measure.c bench/peers.tsv
