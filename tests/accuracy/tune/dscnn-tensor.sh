# dscnn-tensor.sh - Fashion DS-CNN, 8 bits, one scale a layer, no equalization: a naive start.
. "$top_srcdir/tests/accuracy/tune/lib.sh"
tune fashion dscnn tensor --epochs 2 --rate 0.0002
