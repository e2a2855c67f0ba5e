# dscnn-code4.sh - Fashion DS-CNN, 2 bits: tables of 4 entries, one a layer.
. "$top_srcdir/tests/accuracy/tune/lib.sh"
tune fashion dscnn code4_layer --epochs 12 --rate 0.0003
