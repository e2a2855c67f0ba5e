# kws-int4.sh - keyword spotting, 4 bits.
. "$top_srcdir/tests/accuracy/tune/lib.sh"
tune_kws int4 --epochs 10
