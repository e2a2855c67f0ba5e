# fashion-lenet-scratch.sh - Fashion LeNet from scratch.
. "$top_srcdir/tests/accuracy/tune/lib.sh"
train fashion lenet --epochs 15
