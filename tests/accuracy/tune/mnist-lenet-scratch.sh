# mnist-lenet-scratch.sh - MNIST LeNet from scratch.
. "$top_srcdir/tests/accuracy/tune/lib.sh"
train mnist lenet --epochs 5
