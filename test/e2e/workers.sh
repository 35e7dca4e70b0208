#!/bin/bash
# Several workers on a device: every event that one worker makes of a file, each from one worker; and
# every packet in one of them.
sensor=build/release/wirelume
live=build/release/test/e2e/live
suite=workers
. test/lib/checks.sh
a=wk$$
cleanup() {
    [ -z "$pid" ] || kill -9 $pid
    ip netns del $a
    rm -rf "$tmp"
} 2>/dev/null
trap cleanup EXIT
if ! { ip netns add $a && ip netns exec $a true; } 2>/dev/null; then
    echo 'workers: needs root and network namespaces (ip netns add, ip netns exec)'
    echo '0 passed, 0 failed, 1 skipped'
    exit 0
fi
tmp=$(mktemp -d)
ip netns exec $a bash -c 'tee /proc/sys/net/ipv6/conf/{all,default}/disable_ipv6 <<<1' >/dev/null
ip link add va netns $a type veth peer name vb netns $a
for device in lo va vb; do ip -n $a link set $device up; done

cat >$tmp/sensor.yml <<END
packetbeat.interfaces.device: va
packetbeat.flows: {timeout: 30s, period: -1s}
packetbeat.protocols: [{type: icmp, enabled: true}, {type: dns, ports: [53]}, {type: http, ports: [80]}]
output.file: {path: $tmp/out, filename: events}
logging.to_stderr: true
path.data: $tmp/data
END

# What of an event does not depend on when it happened; flows of tunnels' outer packets are counted
# by each worker that saw some of them, so of flows the packets are added up.
events() { jq -cS 'select(.type != "flow") | [.type, .source, .destination, .query, .resource, .status, .network]' $tmp/out/* | sort; }
packets() { jq -s 'map(select(.type == "flow") | .source.packets + (.destination.packets // 0)) | add' $tmp/out/*; }

is_listening() { [ "$(ip netns exec $a cat /proc/net/packet | wc -l)" -ge $1 ]; }
has_read() { kill -USR1 $pid; [ "$(grep -a 'capture.packets' $tmp/err | tail -n 1 | awk '{ print $2 }')" == $1 ]; }

live_run() {
    local file=$1 n=$2
    rm -rf $tmp/out
    ip netns exec $a $sensor run -c $tmp/sensor.yml -E workers=$n 2>$tmp/err &
    pid=$!
    wait_for is_listening $((n + 1))
    wait_for grep -q 'capturing on va' $tmp/err
    ip netns exec $a $live --send vb $file
    wait_for has_read $frames
    kill $pid
    wait $pid
    pid=
}

for file in test/golden/{tunnel/real-gretap,dns/fragmented-v4,http/caddy-httpx-undici}.pcap; do
    frames=$($live --file $file | tail -n 1 | awk '{ print $2 }')
    name=$(basename $file .pcap)
    live_run $file 1
    want=$(events) packets=$(packets)
    live_run $file 4
    check "$name, four workers" "$want" "$(events)"
    check "$name, packets in flows" "$packets" "$(packets)"
    check "$name, no packet is seen twice" "$frames" "$(total capture.packets)"
done
verdict_of_all
