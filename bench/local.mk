# make bench: the emitted C on emulated Cortex-M boards, beside other programs' figures, and on this machine, beside other
# programs themselves. Not a test: it takes minutes. NETS, TARGETS: less than all.
bench: qcc$(EXEEXT)
	@$(AM_TESTS_ENVIRONMENT) OUT=bench-results $(SHELL) '$(top_srcdir)/bench/device.sh'
	@$(AM_TESTS_ENVIRONMENT) OUT=bench-results $(SHELL) '$(top_srcdir)/bench/host.sh'
bench-host: qcc$(EXEEXT)
	@$(AM_TESTS_ENVIRONMENT) OUT=bench-results $(SHELL) '$(top_srcdir)/bench/host.sh'
.PHONY: bench bench-host
EXTRA_DIST += bench/lib.sh bench/net.sh bench/device.sh bench/host.sh bench/host_schemes.sh bench/schemes.sh bench/tune.sh bench/measure.c bench/peers.tsv bench/row.awk \
	bench/table.awk bench/chart.awk bench/host.c bench/host.h bench/host_nets.c bench/host_layers.c bench/host.awk \
	bench/host_chart.awk bench/host_layers.awk
