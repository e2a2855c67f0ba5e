EXTRA_DIST += examples/api/quantize.c examples/fashion/lenet.qdl examples/fashion/lenet.safetensors \
	examples/fashion/dscnn.qdl examples/fashion/dscnn.safetensors examples/fashion/train.py \
	examples/mnist/fetch.sh examples/mnist/lenet.qdl examples/mnist/lenet.safetensors \
	examples/firmware-cortex-m/Makefile examples/firmware-cortex-m/README.md \
	examples/firmware-cortex-m/main.c examples/firmware-cortex-m/start.c \
	examples/firmware-cortex-m/memory.c examples/firmware-cortex-m/semihosting.c \
	examples/firmware-cortex-m/semihosting.h examples/firmware-cortex-m/stack.c \
	examples/firmware-cortex-m/stack.h examples/firmware-cortex-m/sections.ld \
	examples/firmware-cortex-m/mps2-an386.ld

# The stories that need data from elsewhere; firmware-cortex-m is run by tests/firmware.
TESTS += tests/examples/mnist.sh tests/examples/pytorch.sh
EXTRA_DIST += tests/examples/mnist.sh tests/examples/pytorch.sh \
	examples/pytorch/README.md examples/pytorch/compare.py examples/pytorch/net.py examples/pytorch/net.qdl

# Real MNIST, which that test fetches once.
DISTCLEANFILES += examples/mnist/train-images-idx3-ubyte examples/mnist/train-labels-idx1-ubyte \
	examples/mnist/t10k-images-idx3-ubyte examples/mnist/t10k-labels-idx1-ubyte
