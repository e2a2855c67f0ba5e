#!/bin/sh
# kws.sh - the int8 figures of the kws protocol with three calibration subsets.
QCC_SEEDS=3
export QCC_SEEDS
exec "$top_builddir/tests/accuracy/accuracy" kws-int8
