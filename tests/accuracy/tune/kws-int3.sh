# kws-int3.sh - keyword spotting, 3 bits.
. "$top_srcdir/tests/accuracy/tune/lib.sh"
tune_kws int3 --epochs 40 --rate 0.0003 --augment time_shift=3,mixup=0.4
