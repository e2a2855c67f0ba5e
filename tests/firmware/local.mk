FIRMWARE_TESTS = tests/firmware/test_count.sh tests/firmware/test_example.sh \
	tests/firmware/test_boards.sh tests/firmware/test_operators.sh \
	tests/firmware/test_random.sh tests/firmware/test_schemes.sh tests/firmware/test_counts.sh
TESTS += $(FIRMWARE_TESTS)
EXTRA_DIST += $(FIRMWARE_TESTS) tests/firmware/counts \
	tests/firmware/firmware.sh tests/firmware/count.c tests/firmware/count.h tests/firmware/test_count.c \
	tests/firmware/run_net.c tests/firmware/hosted.c tests/firmware/hosted.h tests/firmware/mps2-an385.ld tests/firmware/mps3-an547.ld \
	tests/firmware/microbit.ld tests/firmware/virt.ld tests/firmware/start_rv32.c tests/firmware/count_rv32.c \
	tests/firmware/virt64.ld tests/firmware/start_aarch64.c tests/firmware/count_aarch64.c
