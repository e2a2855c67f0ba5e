# dscnn-code4.sh - Fashion DS-CNN, 2 bits: tables of 4 entries, one a channel.
. "$top_srcdir/tests/accuracy/tune/lib.sh"
tune fashion dscnn code4 --epochs 3 --rate 0.0002
