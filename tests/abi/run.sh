#!/bin/sh
# run.sh - the shapes of the interface agree; odd ports are served; helpers round as they should.
. "$top_srcdir/tests/abi/lib.sh"

for net in lenet dscnn; do
    emit $net a --prefix a
    emit $net b --prefix b --static-arena
    emit $net c --prefix c --io-in-arena
    emit $net d --prefix d --float-io
    build modes "$abi/modes.c" a.c b.c c.c d.c -fsanitize=address,undefined -fno-sanitize-recover=all
    expect 0 "$work/modes"
done

emit ports x
build ports "$abi/ports.c" x.c -fsanitize=address,undefined -fno-sanitize-recover=all
expect 0 "$work/ports"

emit lenet x
build quantize "$abi/quantize.c"
expect 0 "$work/quantize"
emit wide x
build quantize "$abi/quantize.c" -DWIDE
expect 0 "$work/quantize"
end
