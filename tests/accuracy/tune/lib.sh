# lib.sh - what the recipes share. A recipe is a run of qcc that leaves a saved pair, OUT.qdl and OUT.bin.
#
# By hand: QCC=build/qcc top_srcdir=. SEED=1 OUT=/tmp/out sh tests/accuracy/tune/dscnn-int4.sh
# Also read: QCC_MNIST (folder), QCC_SHARED, FIT (rows of a fold), WEIGHTS (in place of the example's), AUGMENT.
#
# Where settings were compared it was by the accuracy on rows of the training data that select; others stand as they
# were first written. kws-int3 and mnist-lenet-1000 were changed after earlier recipes had missed on the test rows
# (docs/accuracy.md). Without --select a seeded tenth of the training rows selects.
set -e
OMP_NUM_THREADS=1
OPENBLAS_NUM_THREADS=1
export OMP_NUM_THREADS OPENBLAS_NUM_THREADS
fashion=/usr/share/datasets/fashion-mnist
examples=$top_srcdir/examples
quant=$top_srcdir/tests/accuracy/quant

# images TASK: sets images and labels, the training data of fashion or mnist
images() {
    case $1 in
    fashion)
        images=$fashion/train-images-idx3-ubyte.gz
        labels=$fashion/train-labels-idx1-ubyte.gz
        ;;
    mnist)
        images=$QCC_MNIST/train-images-idx3-ubyte
        labels=$QCC_MNIST/train-labels-idx1-ubyte
        ;;
    esac
}

# With STEP=quantize no recipe tunes: the pair is what tuning starts from.
# pair NET WEIGHTS SCHEME CALIBRATION OPTION...: options are those of qcc tune
pair() {
    net=$1 weights=$2 scheme=$quant/$3.qdl rows=$4
    shift 4
    [ "${STEP:-tune}" = tune ] || set --
    "$QCC" "${STEP:-tune}" "$net" "$weights" --quant "$scheme" --calibrate "$rows" --quiet "$@" -o "$OUT"
}

# tune TASK NET SCHEME OPTION...: an example's net on its 60,000 labelled training images
tune() {
    images "$1"
    net=$examples/$1/$2 scheme=$3
    shift 3
    pair "$net.qdl" "${WEIGHTS:-$net.safetensors}" "$scheme" "$images:0+200" --data "$images" --labels "$labels" \
        --seed "$SEED" --threads 1 "$@"
}

# tune_kws SCHEME OPTION...: keyword spotting on a fold; the float net teaches, there are no labels
tune_kws() {
    scheme=$1
    shift
    pair "$top_srcdir/tests/accuracy/kws.qdl" "$QCC_SHARED/data/models/kws_float.safetensors" "$scheme" \
        "$FIT:0+200" --data "$FIT" --seed "$SEED" --threads 1 "$@"
}

# train TASK NET OPTION...: from scratch on all 60,000, then 8 bits
train() {
    images "$1"
    net=$examples/$1/$2
    shift 2
    "$QCC" train "$net.qdl" --data "$images" --labels "$labels" --seed "$SEED" --threads 1 --quiet "$@" \
        -o "$OUT.float"
    STEP=quantize
    pair "$net.qdl" "$OUT.float" int8 "$images:0+200"
}
