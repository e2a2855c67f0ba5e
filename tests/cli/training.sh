# training.sh - behind lib.sh, for the tests of train, tune and recover: rows to learn, runs to stop.

# Threads of tests that run side by side do not spin while they wait for one another.
OMP_WAIT_POLICY=passive
export OMP_WAIT_POLICY

# tiny [ENDING]: a net for such rows; ENDING follows its hidden layer.
tiny() {
    cat <<QDL
model tiny {
    input x : u8[4, 4, 1] real [0, 1]
    c = conv2d(x, 6, kernel 3x3, pad same, no bias) |> batch_norm |> relu
    d = depthwise(c, kernel 3x3, no bias) |> batch_norm |> relu6
    f = dense(flatten(d), 8) |> relu${1-}
    output dense(f, 3, weights "last") |> softmax
}
QDL
}

# rows SEED COUNT GAIN: 16 cells and a label; class k has its k-th column brighter by GAIN.
rows() {
    awk -v seed="$1" -v n="$2" -v gain="$3" 'BEGIN {
        srand(seed); print "label,a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p"
        for (r = 0; r < n; r++) { k = r % 3; line = k
            for (i = 0; i < 16; i++) line = line "," sprintf("%.3f", rand() * 0.6 + (i % 4 == k) * gain)
            print line } }'
}

# peak COMMAND...: the largest resident memory of it, in kB, by GNU time; nothing where it fails; output in $work/out,
# $work/err
peak() {
    [ -x /usr/bin/time ] || return 0
    ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1 /usr/bin/time -o "$work/peak" -f %M "$@" >"$work/out" \
        2>"$work/err" && tail -n 1 "$work/peak"
}

# flat FEW MANY: a run of many epochs takes the memory of one of few
flat() {
    [ -x /usr/bin/time ] || {
        echo "memory is not measured: Debian's time is not installed" >&2
        return 0
    }
    checks=$((checks + 1))
    [ "$2" -le $((${1:-0} + ${1:-0} / 10)) ] || fail "${1:-no} kB in few epochs, ${2:-no} kB in many"
}

# won TEXT: rows won less rows lost, on the line of $work/out that holds TEXT
won() {
    sed -n "s/.*$1: .* points: \([0-9]*\) rows* won, \([0-9]*\) lost, exact McNemar p = [0-9].*/\1 \2/p" "$work/out" |
        awk '{ print $1 - $2 }'
}

# stop_when TEST COMMAND...: runs it until the shell test TEST holds (30 s at most), then interrupts it.
# Status 1 and [train-interrupted] are wanted; output in $work/out, $work/err.
stop_when() {
    ready=$1
    shift
    : >"$work/out"
    "$@" >"$work/out" 2>"$work/err" &
    pid=$!
    n=0
    while ! eval "$ready" && [ $n -lt 600 ]; do sleep 0.05; n=$((n + 1)); done
    kill -INT $pid
    wait $pid
    status=$?
    checks=$((checks + 1))
    [ $status -eq 1 ] || fail "exit status $status of an interrupted run: $*"
    err_has "[train-interrupted]"
}
