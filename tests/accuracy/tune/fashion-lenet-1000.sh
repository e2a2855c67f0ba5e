# fashion-lenet-1000.sh - Fashion LeNet, 2 bits, tuned on 1,000 images, with AUGMENT augmented;
# images 50,000 to 50,999 select.
. "$top_srcdir/tests/accuracy/tune/lib.sh"
images fashion
tune fashion lenet code4_nearest --epochs 24 --data "$images:0+1000" --labels "$labels:0+1000" --select "$images:50000+1000" \
    --select-labels "$labels:50000+1000" ${AUGMENT:+--augment flip=h,crop=2}
