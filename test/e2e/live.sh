#!/bin/bash
# Live capture, in network namespaces of its own: what is sent on one end of a veth pair must come
# out of the capture on the other end, frame by frame.
live=build/release/test/e2e/live
file=test/e2e/data/dns.pcap
suite=live
. test/lib/checks.sh
a=wl$$a b=wl$$b
cleanup() {
    ip netns del $a
    ip netns del $b
    rm -rf "$tmp"
} 2>/dev/null
trap cleanup EXIT
# In a bare chroot a namespace can be made but not entered.
if ! { ip netns add $a && ip netns add $b && ip netns exec $a true; } 2>/dev/null; then
    echo 'live: needs root and network namespaces (ip netns add, ip netns exec)'
    echo '0 passed, 0 failed, 1 skipped'
    exit 0
fi
tmp=$(mktemp -d)

in_a() { ip netns exec $a "$@"; }
in_b() { ip netns exec $b "$@"; }
for ns in $a $b; do
    ip netns exec $ns bash -c 'tee /proc/sys/net/ipv6/conf/{all,default}/disable_ipv6 <<<1' >/dev/null
    ip -n $ns link set lo up
done
ip link add va netns $a type veth peer name vb netns $b
in_a ip link set va up
in_b ip link set vb up
ip link add vc netns $a type veth peer name vd netns $b
in_a ip link set vc up

send() { echo ip netns exec $b $live --send "$@"; }
capture() { in_a timeout 120 $live "$@" 2>$tmp/err; }

frames=$($live --file $file)
count=$(tail -n 1 <<<"$frames")
check 'af_packet gives the frames of the file' "$frames" "$(capture va -- $(send vb $file))"
check 'pcap gives the frames of the file' "$frames" "$(capture va type=pcap -- $(send vb $file))"
check 'any gives the frames of the file' "$frames" "$(capture any -- $(send vb $file))"
check 'a small snaplen cuts' "$(head -n -1 <<<"$frames" | awk '{ print 40, $4 }')" \
    "$(capture va snaplen=40 -- $(send vb $file) | head -n -1 | awk '{ print $3, $4 }')"

# A tag is taken off by the kernel: the length on the wire counts it, the frame has it no more.
tagged=$(head -n -1 <<<"$frames" | awk '{ print $1, 5, $3, $4 + 4, $5 }'; echo "$count")
check 'af_packet tells the VLAN' "$tagged" "$(capture va -- $(send vb $file 1 5))"
check 'pcap has the tag in the frame' "$(awk '$2 == 5 { print $4 }' <<<"$tagged")" \
    "$(capture va type=pcap -- $(send vb $file 1 5) | awk 'NF == 5 { print $3 }')"
check 'af_packet filters by VLAN' "$tagged" "$(capture va 'bpf_filter=vlan 5' -- $(send vb $file 1 5))"
check 'another VLAN does not pass' 'packets 0 drops 0' \
    "$(capture va 'bpf_filter=vlan 6' -- $(send vb $file 1 5))"

# Filters are there before the first packet.
for type in af_packet pcap; do
    check "$type filters" 'packets 0 drops 0' \
        "$(capture va type=$type bpf_filter=tcp -- $(send vb $file))"
done
check 'any filters' "$frames" "$(capture any 'bpf_filter=udp port 53' -- $(send vb $file))"
check 'any filters out' 'packets 0 drops 0' "$(capture any bpf_filter=tcp -- $(send vb $file))"

check 'outgoing packets are seen' "$frames" \
    "$(capture va -- ip netns exec $a $live --send va $file)"
check 'ignore_outgoing' 'packets 0 drops 0' \
    "$(capture va ignore_outgoing=true -- ip netns exec $a $live --send va $file)"
for device in lo any; do
    check "loopback packets come once ($device)" "$count" \
        "$(capture $device -- ip netns exec $a $live --send lo $file | tail -n 1)"
done

# Nobody reads while 3,000 times 16 packets are sent through a ring of 1 MiB.
for type in af_packet pcap; do
    n=$(head -n -1 <<<"$frames" | wc -l)
    got=$(capture va type=$type buffer_size_mb=1 -- $(send vb $file 3000) | tail -n 1)
    read -r _ packets _ drops <<<"$got"
    check "$type counts drops" "$((n * 3000)) 1" "$((packets + drops)) $((drops > 0))"
done

# A device without a link layer gives IP packets: the frames without their first 14 bytes.
if in_a ip tuntap add tun0 mode tun 2>/dev/null; then
    in_a ip link set tun0 up
    ip_packets=$(head -n -1 <<<"$frames" | awk '{ print 101, $3 - 14, $4 - 14 }')
    for device in 'tun0' 'tun0 type=pcap' 'any bpf_filter=udp'; do
        check "IP packets of a tunnel ($device)" "$ip_packets" "$(capture $device -- \
            ip netns exec $a $live --tun tun0 $file | awk 'NF == 5 { print $1, $3, $4 }')"
    done
fi

# The default route moves from one device to another; the capture says when it has followed.
in_a ip route add default dev vc
move="ip -n $a route replace default dev va
    grep -q -m 1 'capturing on va' <(tail -n +1 -f $tmp/err); $(send vb $file)"
check 'the default route is followed' "$count" \
    "$(capture default_route poll_default_route=1s --follow bash -c "$move" | grep packets)"
in_a ip route del default
check 'no default route' 'failed: device default_route: there is no default route at present; name the device' \
    "$(capture default_route -- true)"

check 'a device that is not there' 'failed: nosuch0: No such device exists; "wirelume devices" lists those that do' \
    "$(capture nosuch0 -- true)"
cp $live $tmp/live && chmod 755 $tmp $tmp/live
for type in af_packet pcap; do
    check "the missing right is named ($type)" \
        "failed: lo: the right to capture is missing; run as root, or give it once with: sudo setcap cap_net_raw,cap_net_admin=eip $tmp/live" \
        "$(setpriv --reuid 65534 --clear-groups --bounding-set -all --inh-caps -all $tmp/live lo type=$type)"
done

# The first thing that a new user sees: the sample, then the line that grants the right.
mkdir -p $tmp/etc $tmp/build/release
cp etc/sample.pcap $tmp/etc && cp build/release/wirelume $tmp/build/release && chmod -R a+rX $tmp
in_a ip route add default dev vc
in_a setpriv --reuid 65534 --clear-groups --bounding-set -all --inh-caps -all --reset-env \
    $tmp/build/release/wirelume watch >$tmp/lines 2>$tmp/err
check 'watch without rights ends well' 0 $?
check 'watch without rights says how to give them' \
    "watch: no live capture: vc: the right to capture is missing; run as root, or give it once with: sudo setcap cap_net_raw,cap_net_admin=eip $tmp/build/release/wirelume" \
    "$(tail -n 1 $tmp/err)"
check 'watch without rights shows the sample' yes "$(grep -q 'AAAA h.dm.example' $tmp/lines && echo yes)"

verdict_of_all
