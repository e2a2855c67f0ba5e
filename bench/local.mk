# make bench: the emitted C on emulated Cortex-M boards, beside other programs' figures. Not a test: it takes
# minutes. NETS, TARGETS: less than all.
bench: qcc$(EXEEXT)
	@$(AM_TESTS_ENVIRONMENT) OUT=bench-results $(SHELL) '$(top_srcdir)/bench/device.sh'
.PHONY: bench
EXTRA_DIST += bench/lib.sh bench/net.sh bench/device.sh bench/host.sh bench/schemes.sh bench/measure.c bench/peers.tsv bench/row.awk \
	bench/table.awk bench/chart.awk
