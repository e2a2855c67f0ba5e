#!/bin/sh
# kws.sh - the int8 figures of the kws protocol with two calibration subsets.
QCC_SEEDS=2
export QCC_SEEDS
exec "$top_builddir/tests/accuracy/accuracy" kws-int8
