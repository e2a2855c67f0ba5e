# mnist-lenet-code4.sh - MNIST LeNet, 2 bits: tables of 4 entries, one a channel.
. "$top_srcdir/tests/accuracy/tune/lib.sh"
tune mnist lenet code4 --epochs 3
