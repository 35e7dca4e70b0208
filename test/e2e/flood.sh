#!/bin/bash
# A flood must not take more memory than limits.memory, nor the sight of others: spoofed SYNs,
# connections that never finish a request, queries without answers, and among them transactions that
# must all be seen. SYNS, STREAMS, REQUESTS, MEMORY and WORKERS make it larger (make nightly does).
sensor=build/release/wirelume
flood=build/release/test/e2e/flood
suite=flood
. test/lib/checks.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
SYNS=${SYNS:-300000} STREAMS=${STREAMS:-60000} REQUESTS=${REQUESTS:-60000} MEMORY=${MEMORY:-80}

cat >$tmp/sensor.yml <<END
packetbeat.flows: {timeout: 30s, period: -1s}
packetbeat.protocols: [{type: dns, ports: [53]}, {type: http, ports: [80]}]
processors: [{drop_event.when.or: [{equals.type: flow}, {contains.query: stranger}, {contains.query: never}]}]
output.file: {path: $tmp/out, filename: events, rotate_every_kb: 1000000}
logging.to_stderr: true
limits.memory: ${MEMORY}MiB
path.data: $tmp/data
END

for workers in ${WORKERS:-1 3}; do
    rm -rf $tmp/out
    mkfifo $tmp/pipe
    $flood $SYNS $STREAMS $REQUESTS >$tmp/pipe 2>$tmp/made &
    python3 -c '
import resource, subprocess, sys
pipe = open(sys.argv[1])
status = subprocess.call(sys.argv[2:], stdin=pipe)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)' $tmp/pipe $sensor run -c $tmp/sensor.yml -E workers=$workers -I - -t >$tmp/rss 2>$tmp/err
    check "$workers workers: it ends well" 0 $?
    wait
    rm $tmp/pipe
    read -r packets _ friends _ <$tmp/made
    rss=$(($(cat $tmp/rss) / 1024))
    echo "flood: $workers workers, $packets packets, $rss MiB of $MEMORY, flows evicted: $(total flow.evicted)"
    check "$workers workers: packets" $packets "$(total capture.packets)"
    check "$workers workers: memory ($rss MiB)" yes "$([ $rss -le $((MEMORY + MEMORY / 20)) ] && echo yes)"
    check "$workers workers: DNS transactions among it" $friends \
        "$(cat $tmp/out/* | grep -a '"query":"class IN, type A, friend' | grep -ac '"status":"OK"')"
    check "$workers workers: HTTP transactions among it" $friends \
        "$(cat $tmp/out/* | grep -a '"query":"GET /friend"' | grep -ac '"status":"OK"')"
    check "$workers workers: evictions are counted" yes "$([ "$(total flow.evicted)" -gt 1000 ] && echo yes)"
    check "$workers workers: every flow that began has ended, or was evicted" "$(total flow.created)" \
        $(($(total flow.ended) + $(total flow.evicted)))
    check "$workers workers: every event is written or counted" "$(total events.emitted)" \
        $(($(total events.written) + $(total events.filtered) + $(total events.no_memory)))
done
verdict_of_all
