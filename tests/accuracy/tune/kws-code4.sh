# kws-code4.sh - keyword spotting, 2 bits: tables of 4 entries, one a layer.
. "$top_srcdir/tests/accuracy/tune/lib.sh"
tune_kws code4_layer --epochs 60 --rate 0.001 --augment time_shift=3,mixup=0.4
