#!/bin/bash
# Every capture of ../shared gives the same events, after sorting, with 1, 2 and 4 workers, and is
# counted alike.
cd "$(dirname "$0")/../.." || exit 1
suite=workers
# shellcheck source=/dev/null
. test/lib/shared.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cat >$tmp/sensor.yml <<END
packetbeat.flows: {timeout: 30s, period: 10s}
packetbeat.protocols: [{type: icmp, enabled: true}, {type: dns, ports: [53], include_authorities: true, include_additionals: true}, {type: http, ports: [80, 8080, 8000, 5000, 8002], send_headers: true}]
processors: [{drop_fields.fields: [agent.ephemeral_id]}]
output.console: {pretty: false}
logging.to_stderr: true
path.data: $tmp/data
END
# events WORKERS FILE
events() {
    $program run -c $tmp/sensor.yml -E workers=$1 -t -I "$2" 2>$tmp/err | sort
    grep -a '"Total metrics"' $tmp/err |
        jq -c '.monitoring.metrics.wirelume | del(.capture.workers, .flow.memory_bytes, .queue, .flow.active)'
}
captures=$(find "$shared/captures" -name '*.pcap' -o -name '*.pcapng' | sort)
total=0
while read -r file; do
    events 1 "$file" >$tmp/one
    total=$((total + $(wc -l <$tmp/one)))
    for n in 2 4; do
        events $n "$file" >$tmp/many
        cmp -s $tmp/one $tmp/many
        verdict $? "$n workers: $file: $(diff $tmp/one $tmp/many | head -4 | cut -c 1-400)"
    done
done <<<"$captures"
[ $total -gt 1000 ]
verdict $? "there are events ($total)"
echo "workers: $(wc -l <<<"$captures") captures, $total events"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
