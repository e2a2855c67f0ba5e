# mnist-lenet-1000.sh - MNIST LeNet, 1 bit, tuned on 1,000 images, with AUGMENT augmented; images 40,000 to 40,999
# select. How the settings were chosen: docs/accuracy.md.
. "$top_srcdir/tests/accuracy/tune/lib.sh"
images mnist
tune mnist lenet midpoint1 --epochs 16 --batch 16 --rate 0.002 --data "$images:0+1000" --labels "$labels:0+1000" \
    --select "$images:40000+1000" --select-labels "$labels:40000+1000" \
    ${AUGMENT:+--augment rotate=10,shift=0.1,scale=0.1}
