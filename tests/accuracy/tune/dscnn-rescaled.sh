# dscnn-rescaled.sh - the same of the DS-CNN whose channels were rescaled (WEIGHTS).
. "$top_srcdir/tests/accuracy/tune/lib.sh"
tune fashion dscnn tensor --epochs 2 --rate 0.0005
