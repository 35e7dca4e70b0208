#!/bin/bash
# More than the sensor can take: what was sent is what was taken and what the kernel dropped; what was
# made of it is what was written and what was lost, by reason; and events of the sensor say the same.
# Nothing is timed: the sensor is stopped while its ring fills, then nobody reads its output.
sensor=build/release/wirelume
live=build/release/test/e2e/live
file=test/golden/dns/dnsmasq.pcap
suite=overload
. test/lib/checks.sh
a=wo$$
cleanup() {
    [ -z "$pid" ] || kill -CONT $pid
    [ -z "$pid" ] || kill -9 $pid
    [ -z "$reader" ] || kill $reader
    ip netns del $a
    rm -rf "$tmp"
} 2>/dev/null
trap cleanup EXIT
if ! { ip netns add $a && ip netns exec $a true; } 2>/dev/null; then
    echo 'overload: needs root and network namespaces (ip netns add, ip netns exec)'
    echo '0 passed, 0 failed, 1 skipped'
    exit 0
fi
tmp=$(mktemp -d)
ip netns exec $a bash -c 'tee /proc/sys/net/ipv6/conf/{all,default}/disable_ipv6 <<<1' >/dev/null
ip link add va netns $a type veth peer name vb netns $a
for device in va vb; do ip -n $a link set $device up; done
mkfifo $tmp/out

cat >$tmp/sensor.yml <<END
packetbeat.interfaces: {device: va, buffer_size_mb: 1}
packetbeat.flows: {timeout: 30s, period: -1s}
packetbeat.protocols: [{type: dns, ports: [53], transaction_timeout: 1s}]
packetbeat.shutdown_timeout: 60s
queue.mem.events: 512
health.period: 1s
output.console: {pretty: false}
logging.to_stderr: true
path.data: $tmp/data
END

# tally NAME: of the counters that SIGUSR1 prints; total NAME: of those at the end
tally() { grep -a "^$1 " $tmp/err | tail -n 1 | awk '{ print $2 }'; }
asks() { kill -USR1 $pid && sleep 0.1; }
all_are_accounted_for() { asks; [ $(($(tally capture.packets) + $(tally capture.kernel_drops))) == $1 ]; }
# A worker that has nothing to read sleeps; one that is only not given a processor does not.
workers_sleep() {
    local task
    for _ in 1 2 3 4 5; do
        for task in /proc/$pid/task/*; do
            grep -q '^worker' $task/comm || continue
            grep -q '^State:.S' $task/status || return 1
        done
        sleep 0.1
    done
}
sent=0
send() {
    ip netns exec $a $live --send vb $file $1
    sent=$((sent + frames * $1))
}

frames=$($live --file $file | tail -n 1 | awk '{ print $2 }')
for workers in 1 2; do
    rm -f $tmp/lines
    sent=0
    ip netns exec $a $sensor run -c $tmp/sensor.yml -E workers=$workers >$tmp/out 2>$tmp/err &
    pid=$!
    exec 3<$tmp/out # opened, and not read
    wait_for grep -q 'capturing on va' $tmp/err
    kill -STOP $pid
    send 1000
    kill -CONT $pid
    send 500
    wait_for workers_sleep
    cat <&3 >$tmp/lines &
    reader=$!
    exec 3<&-
    wait_for all_are_accounted_for $sent
    wait_for grep -q '"type":"sensor"' $tmp/lines
    kill $pid
    wait $pid
    pid=
    wait $reader
    reader=
    echo "overload: $workers workers, $sent packets sent, $(total capture.packets) taken, $(total capture.kernel_drops) dropped;" \
        "$(total events.emitted) events made, $(total events.written) written, $(total events.queue_full) dropped"
    check "$workers workers: sent is taken and dropped" $sent $(($(total capture.packets) + $(total capture.kernel_drops)))
    check "$workers workers: the kernel dropped some" yes "$([ $(total capture.kernel_drops) -gt 0 ] && echo yes)"
    check "$workers workers: the queue was full" yes "$([ $(total events.queue_full) -gt 0 ] && echo yes)"
    check "$workers workers: made is written and lost" "$(total events.emitted)" \
        $(($(total events.written) + $(total events.queue_full) + $(total events.no_memory) + $(total events.failed)))
    check "$workers workers: written is there" "$(total events.written)" "$(wc -l <$tmp/lines)"
    health=$(grep -a '"type":"sensor"' $tmp/lines | tail -n 1)
    check "$workers workers: the interface's drops" "$(jq -c '[.sensor.capture.kernel_drops, .sensor.capture.kernel_drops > 0]' <<<"$health")" \
        "$(jq -c '[.sensor.interfaces[] | select(.name == "va").drops] | add | [., . > 0]' <<<"$health")"
    check "$workers workers: each worker's part" "$(jq .sensor.capture.kernel_drops <<<"$health")" \
        "$(jq '[.sensor.workers[].drops] | add' <<<"$health")"
done
verdict_of_all
