# dscnn-int4.sh - Fashion DS-CNN, 4 bits.
. "$top_srcdir/tests/accuracy/tune/lib.sh"
tune fashion dscnn int4 --epochs 2 --rate 0.0002
