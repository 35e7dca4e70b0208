#!/usr/bin/python3
"""Make the captures of link/, tunnel/ and some others: one small talk (DNS, ping, HTTP) in every wrapping that the
decoder knows. Needs scapy. Usage: make-frames.py, in test/golden. Deterministic."""
import struct

from scapy.all import (DNS, DNSQR, DNSRR, GRE, ICMP, IP, TCP, UDP, Dot1Q, Ether, ICMPv6EchoReply,
                       ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                       IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, Raw, fragment, fragment6, raw)

A, B = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
BSSID = "02:00:00:00:00:ff"


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ends(v6, net):
    return (f"fd{net:02x}::1", f"fd{net:02x}::2") if v6 else (f"10.{net}.0.1", f"10.{net}.0.2")


def talk(v6=False, net=1):
    """IP packets as (from the client?, packet)."""
    c, s = ends(v6, net)
    ip = IPv6 if v6 else IP

    def up(rest):
        return True, ip(src=c, dst=s) / rest

    def down(rest):
        return False, ip(src=s, dst=c) / rest

    q = DNSQR(qname="www.example.org", qtype="AAAA" if v6 else "A")
    a = DNSRR(rrname="www.example.org", type="AAAA" if v6 else "A", ttl=60,
              rdata="2001:db8::1" if v6 else "192.0.2.1")
    yield up(UDP(sport=40000, dport=53) / DNS(id=77, rd=1, qd=q))
    yield down(UDP(sport=53, dport=40000) / DNS(id=77, qr=1, rd=1, ra=1, qd=q, an=a))
    if v6:
        yield up(ICMPv6EchoRequest(id=9, seq=1, data=b"ping"))
        yield down(ICMPv6EchoReply(id=9, seq=1, data=b"ping"))
    else:
        yield up(ICMP(type=8, id=9, seq=1) / b"ping")
        yield down(ICMP(type=0, id=9, seq=1) / b"ping")
    get = b"GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n"
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    n, m = 1001 + len(get), 5001 + len(ok)
    p, w = {"sport": 40001, "dport": 80}, {"sport": 80, "dport": 40001}
    yield up(TCP(**p, flags="S", seq=1000, options=[("MSS", 1460)]))
    yield down(TCP(**w, flags="SA", seq=5000, ack=1001, options=[("MSS", 1460)]))
    yield up(TCP(**p, flags="A", seq=1001, ack=5001))
    yield up(TCP(**p, flags="PA", seq=1001, ack=5001) / get)
    yield down(TCP(**w, flags="PA", seq=5001, ack=n) / ok)
    yield up(TCP(**p, flags="FA", seq=n, ack=m))
    yield down(TCP(**w, flags="FA", seq=m, ack=n + 1))
    yield up(TCP(**p, flags="A", seq=n + 1, ack=m + 1))


def ether(packet, up=True):
    return Ether(src=A if up else B, dst=B if up else A) / packet


def around(rest, up=True, v6=False, net=77):
    """rest in an outer IP packet."""
    c, s = ends(v6, net)
    ip = IPv6 if v6 else IP
    return ip(src=c if up else s, dst=s if up else c) / rest


def write(name, link_type, frames):
    with open(name + ".pcap", "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link_type))
        for i, frame in enumerate(frames):
            data = raw(frame)
            f.write(struct.pack("<IIII", 1700000000 + i // 10, i % 10 * 100000, len(data), len(data)))
            f.write(data)


def both():
    yield from talk()
    yield from talk(v6=True)


def ethertype(packet):
    return 0x86DD if IPv6 in packet and raw(packet)[0] >> 4 == 6 else 0x0800


# ---------------------------------------------------------------- links


def mpls(labels):
    return b"".join(struct.pack(">I", l << 12 | (i == len(labels) - 1) << 8 | 64)
                    for i, l in enumerate(labels))


def link_ethernets():
    write("link/mpls", 1, [Ether(src=A if up else B, dst=B if up else A, type=0x8847)
                           / Raw(mpls([100, 200]) + raw(p)) for up, p in both()])
    inner = [(up, raw(Ether(src="02:00:00:00:01:0a", dst="02:00:00:00:01:0b") / p)) for up, p in both()]
    write("link/mpls-pseudowire", 1,
          [Ether(src=A, dst=B, type=0x8847) / Raw(mpls([300]) + (b"\0\0\0\0" if up else b"") + p)
           for up, p in inner])
    ppp = {0x0800: b"\0\x21", 0x86DD: b"\0\x57"}
    frames = [Ether(src=A, dst=B, type=0x8863) / Raw(b"\x11\x09\0\0\0\x04\x01\x01\0\0")]
    for up, p in both():
        body = ppp[ethertype(p)] + raw(p)
        frames.append(Ether(src=A if up else B, dst=B if up else A, type=0x8864)
                      / Raw(struct.pack(">BBHH", 0x11, 0, 7, len(body)) + body + b"\0" * 6))
    write("link/pppoe", 1, frames)
    frames = [mac("01:80:c2:00:00:00") + mac(A) + b"\0\x26\x42\x42\x03" + b"\0" * 43]
    for up, p in both():
        body = b"\xaa\xaa\x03\0\0\0" + struct.pack(">H", ethertype(p)) + raw(p)
        frames.append(mac(B if up else A) + mac(A if up else B) + struct.pack(">H", len(body)) + body)
    write("link/llc-snap", 1, frames)
    write("link/vlan-9100", 1, [Ether(src=A, dst=B, type=0x9100)
                                / Raw(struct.pack(">HHHH", 0x6005, 0x8100, 0x0006, ethertype(p)) + raw(p))
                                for up, p in both()])


def tagged(name, up_tags, down_tags):
    frames = []
    for up, p in both():
        frame = Ether(src=A if up else B, dst=B if up else A)
        for vlan in up_tags if up else down_tags:
            frame /= Dot1Q(vlan=vlan)
        frames.append(frame / p)
    write(name, 1, frames)


def link_vlans():
    """What goes comes back on another VLAN."""
    tagged("link/vlan-asymmetric", [10], [20])
    tagged("link/vlan-one-way", [], [20])
    tagged("link/vlan-qinq-asymmetric", [100, 10], [100, 20])
    frames = []
    for up, p in both():  # a mirror port that shows each packet on both sides of a bridge
        src, dst = (A, B) if up else (B, A)
        frames += [Ether(src=src, dst=dst) / Dot1Q(vlan=v) / p for v in ((10, 20) if up else (20, 10))]
    write("link/vlan-twice", 1, frames)
    frames = []
    for a, b in zip(both(), both()):  # two networks with the same addresses
        for vlan, (up, p) in ((10, a), (20, b)):
            if TCP not in p:
                continue
            if vlan == 20:
                p[TCP].seq += 1000000
                p[TCP].ack += 1000000 if p[TCP].ack else 0
            frames.append(Ether(src=A if up else B, dst=B if up else A) / Dot1Q(vlan=vlan) / p)
    write("link/vlan-same-addresses", 1, frames)


def link_plain():
    ppp = {0x0800: 0x21, 0x86DD: 0x57}
    write("link/ppp", 9, [(b"\xff\x03\0" if up else b"") + bytes([ppp[ethertype(p)]]) + raw(p)
                          for up, p in both()])
    write("link/raw", 101, [p for _, p in both()])
    write("link/ipv4", 228, [p for _, p in talk()])
    write("link/ipv6", 229, [p for _, p in talk(v6=True)])
    family = {0x0800: 2, 0x86DD: 30}
    write("link/null", 0, [struct.pack("<I" if up else ">I", family[ethertype(p)]) + raw(p)
                           for up, p in both()])
    write("link/loop", 108, [struct.pack(">I", family[ethertype(p)]) + raw(p) for up, p in both()])
    write("link/sll2", 276, [struct.pack(">HHIHBB", ethertype(p), 0, 2, 1, 4 if up else 0, 6)
                             + mac(A) + b"\0\0" + raw(p) for up, p in both()])
    write("link/sll", 113, [struct.pack(">HHH", 4 if up else 0, 1, 6) + mac(A) + b"\0\0"
                            + struct.pack(">H", ethertype(p)) + raw(p) for up, p in both()])


def wifi(control, addresses, body, qos=None, seq=0x10):
    head = struct.pack("<HH", control, 0) + b"".join(mac(a) for a in addresses[:3])
    head += struct.pack("<H", seq) + b"".join(mac(a) for a in addresses[3:])
    return head + (struct.pack("<H", qos) if qos is not None else b"") + body


def wifi_frames(pad=False):
    """Data frames of all kinds in turn, then kinds that carry nothing to decode."""
    def align(qos, n=24):
        return b"\0" * (-(n + (qos is not None) * 2) % 4) if pad else b""

    for i, (up, p) in enumerate(both()):
        src, dst = (A, B) if up else (B, A)
        body = b"\xaa\xaa\x03\0\0\0" + struct.pack(">H", ethertype(p)) + raw(p)
        qos = 0 if i % 2 else None
        kind = 0x88 if i % 2 else 0x08
        if i % 4 == 0:
            yield wifi(kind | 0x100, [BSSID, src, dst], align(qos) + body, qos)
        elif i % 4 == 1:
            yield wifi(kind | 0x200, [dst, BSSID, src], align(qos) + body, qos)
        elif i % 4 == 2:
            yield wifi(kind | 0x300, [BSSID, BSSID, dst, src], align(qos, 30) + body, qos)
        else:
            sub = mac(dst) + mac(src) + struct.pack(">H", len(body)) + body
            yield wifi(kind, [dst, src, BSSID], align(qos) + sub, 0x80)
    yield wifi(0x4108, [BSSID, A, B], b"\0\0\0\x20\0\0\0\0" + b"\x55" * 60)  # protected
    yield wifi(0x0148, [BSSID, A, B], b"")                                   # null function
    yield wifi(0x0080, ["ff:ff:ff:ff:ff:ff", BSSID, BSSID], b"\0" * 40)       # beacon
    yield struct.pack("<HH", 0x00D4, 0) + mac(A)                             # acknowledgement


def link_wifi():
    write("link/wifi", 105, wifi_frames())
    # timestamp, flags (FCS at the end, padding), rate, a second presence word
    head = struct.pack("<BBHII", 0, 0, 26, 0x80000007, 0) + b"\0" * 4 + struct.pack("<QBB", 5, 0x30, 2)
    write("link/wifi-radiotap", 127, [head + f + b"\xde\xad\xbe\xef" for f in wifi_frames(pad=True)])


# ---------------------------------------------------------------- tunnels


def tunnel(name, wrap, talks=both):
    write("tunnel/" + name, 1, [ether(wrap(up, p), up) for up, p in talks()])


def in_ether(up, p):
    src, dst = "02:00:00:00:02:0a", "02:00:00:00:02:0b"
    return Ether(src=src if up else dst, dst=dst if up else src) / p


def gre(flags, proto, fields, p):
    return Raw(struct.pack(">HH", flags, proto) + fields + raw(p))


def grep(up, g, v6=False):
    """g in an outer packet of protocol GRE."""
    p = around(g, up, v6)
    if v6:
        p.nh = 47
    else:
        p.proto = 47
    return p


def tunnel_ip():
    tunnel("ipip", lambda up, p: around(p, up), talk)
    tunnel("6in4", lambda up, p: around(p, up), lambda: talk(v6=True))
    tunnel("4in6", lambda up, p: around(p, up, v6=True), talk)
    tunnel("6in6", lambda up, p: around(p, up, v6=True), lambda: talk(v6=True))


def tunnel_gre():
    tunnel("gre", lambda up, p: grep(up, gre(0, ethertype(p), b"", p)))
    tunnel("gre-over-ipv6", lambda up, p: grep(up, gre(0, ethertype(p), b"", p), v6=True))
    tunnel("gre-checksum-key-sequence", lambda up, p: grep(up, gre(
        0xB000, ethertype(p), struct.pack(">HHII", 0, 0, 99, 5), p)))
    tunnel("gre-pptp", lambda up, p: grep(up, gre(
        0x3081, 0x880B, struct.pack(">HHII", len(raw(p)) + 4, 1, 1, 1) + b"\xff\x03\0\x21", p)))
    tunnel("nvgre", lambda up, p: grep(up, gre(
        0x2000, 0x6558, struct.pack(">I", 0x123456 << 8 | 7), in_ether(up, p))))
    tunnel("erspan-1", lambda up, p: grep(up, gre(0, 0x88BE, b"", in_ether(up, p))))
    tunnel("erspan-2", lambda up, p: grep(up, gre(
        0x1000, 0x88BE, struct.pack(">IHHI", 1, 0x1005, 0x1800 | 33, 7), in_ether(up, p))))
    tunnel("erspan-3", lambda up, p: grep(up, gre(
        0x1000, 0x22EB, struct.pack(">IHHIHH", 1, 0x2005, 34, 123, 0, 0 if up else 1)
        + (b"" if up else b"\0" * 8), in_ether(up, p))))
    tunnel("erspan-3-ip", lambda up, p: grep(up, gre(
        0x1000, 0x22EB, struct.pack(">IHHIHH", 1, 0x2005, 35, 123, 0, 2 << 10), p)))


def tunnel_udp():
    def udp(port, head, sport=None):
        return UDP(sport=sport or 50000, dport=port) / Raw(head)

    tunnel("vxlan", lambda up, p: around(udp(
        4789, struct.pack(">II", 0x08000000, 4242 << 8) + raw(in_ether(up, p))), up))
    tunnel("vxlan-8472-group-policy", lambda up, p: around(udp(
        8472, struct.pack(">II", 0x88000033, 4243 << 8) + raw(in_ether(up, p))), up))
    tunnel("geneve", lambda up, p: around(udp(
        6081, struct.pack(">BBHI", 2, 0, 0x6558, 31 << 8) + b"\1\2\3\1\0\0\0\0" + raw(in_ether(up, p))),
        up, v6=True))
    tunnel("geneve-ip", lambda up, p: around(udp(
        6081, struct.pack(">BBHI", 0, 0, ethertype(p), 32 << 8) + raw(p)), up))
    tunnel("gtpu", lambda up, p: around(udp(
        2152, struct.pack(">BBHI", 0x30, 255, len(raw(p)), 0x1001 if up else 0x2002) + raw(p), 2152), up))
    tunnel("gtpu-extension", lambda up, p: around(udp(
        2152, struct.pack(">BBHIHBB", 0x36, 255, len(raw(p)) + 8, 0x1001 if up else 0x2002, 3, 0, 0x85)
        + b"\x01\x10\x09\0" + raw(p)), up))
    write("tunnel/gtpu-control", 1, [ether(around(udp(2152, struct.pack(
        ">BBHIHBB", 0x32, message, 4, 0, 1, 0, 0), 2152))) for message in (1, 2, 26, 254)])

    def teredo(up, p):
        c, s = "2001:0:c000:201::1", "2001:db8:1::2"
        q = p.copy()
        q.src, q.dst = (c, s) if up else (s, c)
        auth = b"\0\1\0\0" + b"n" * 8 + b"\0" if up else b""
        origin = b"\0\0\x12\x34\1\2\3\4" if not up else b""
        return around(UDP(sport=50001 if up else 3544, dport=3544 if up else 50001)
                      / Raw(auth + origin + raw(q)), up)

    tunnel("teredo", teredo, lambda: talk(v6=True))


def tunnel_nested():
    def nest(up, p):
        vxlan = around(UDP(sport=50000, dport=4789)
                       / Raw(struct.pack(">II", 0x08000000, 5 << 8) + raw(in_ether(up, p))), up, net=78)
        return around(grep(up, gre(0, 0x0800, b"", vxlan)), up, net=79)

    tunnel("ipip-gre-vxlan", nest)

    def deep(up, p):
        for i in range(10):
            p = around(p, up, net=100 + i)
        return p

    tunnel("ipip-ten-deep", deep, talk)


# ---------------------------------------------------------------- fragments


def big(v6, n=3000):
    c, s = ends(v6, 1)
    body = Raw(bytes(i * 7 & 255 for i in range(n)))
    if v6:
        return IPv6(src=c, dst=s) / IPv6ExtHdrFragment(id=0x1234567) / UDP(sport=40002, dport=4444) / body
    return IP(src=c, dst=s, id=4242) / UDP(sport=40002, dport=4444) / body


def fragments(v6):
    return fragment6(big(True), 1280) if v6 else fragment(big(False), 1200)


def link_fragments():
    four, six = list(fragments(False)), list(fragments(True))
    write("link/fragments", 1, [ether(p) for p in four + six])
    write("link/fragments-reversed", 1, [ether(p) for p in four[::-1] + six[::-1]])
    write("tunnel/fragments-inside-vxlan", 1, [ether(around(UDP(sport=50000, dport=4789) / Raw(
        struct.pack(">II", 0x08000000, 6 << 8) + raw(in_ether(True, p))))) for p in four + six])
    outer = IP(src="10.77.0.1", dst="10.77.0.2", id=777) / UDP(sport=50000, dport=4789) / Raw(
        struct.pack(">II", 0x08000000, 7 << 8) + raw(in_ether(True, big(False))))
    write("tunnel/fragments-of-vxlan", 1, [ether(p) for p in fragment(outer, 1400)])
    write("tunnel/fragments-of-fragments-ipip", 1, [
        ether(q) for i, p in enumerate(four)
        for q in fragment(IP(src="10.77.0.1", dst="10.77.0.2", id=900 + i) / p, 600)])


def link_extensions():
    c, s = ends(True, 1)
    rest = UDP(sport=40003, dport=53) / DNS(id=78, rd=1, qd=DNSQR(qname="ext.example.org"))
    ah = bytes([17, 4, 0, 0]) + b"\0" * 20
    frames = [IPv6(src=c, dst=s) / h / rest for h in (
        IPv6ExtHdrHopByHop(), IPv6ExtHdrRouting(), IPv6ExtHdrDestOpt(), IPv6ExtHdrFragment(),
        IPv6ExtHdrHopByHop() / IPv6ExtHdrRouting() / IPv6ExtHdrFragment() / IPv6ExtHdrDestOpt())]
    frames.append(IPv6(src=c, dst=s, nh=51) / Raw(ah + raw(rest)))
    frames.append(IP(src="10.1.0.1", dst="10.1.0.2", proto=51) / Raw(ah + raw(rest)))
    frames.append(IP(src="10.1.0.1", dst="10.1.0.2", options=[b"\x94\x04\0\0"]) / rest)
    frames.append(IPv6(src=c, dst=s, nh=50) / Raw(b"\0\0\1\0\0\0\0\1" + b"x" * 40))
    frames.append(IPv6(src=c, dst=s, nh=0, plen=0)
                  / Raw(b"\x11\0\xc2\x04" + struct.pack(">I", 8 + len(raw(rest))) + raw(rest)))
    write("link/extension-headers", 1, [ether(p) for p in frames])


# ---------------------------------------------------------------- ports


def stream(sport, dport, ask, answer, syn=True, step=1):
    """A TCP connection on which ask and answer come `step` bytes a segment."""
    c, s = ends(False, 1)
    up, down = IP(src=c, dst=s), IP(src=s, dst=c)
    p, w = {"sport": sport, "dport": dport}, {"sport": dport, "dport": sport}
    if syn:
        yield True, up / TCP(**p, flags="S", seq=1000)
        yield False, down / TCP(**w, flags="SA", seq=5000, ack=1001)
    for i in range(0, len(ask), step):
        yield True, up / TCP(**p, flags="PA", seq=1001 + i, ack=5001) / ask[i:i + step]
    n, m = 1001 + len(ask), 5001 + len(answer)
    for i in range(0, len(answer), step):
        yield False, down / TCP(**w, flags="PA", seq=5001 + i, ack=n) / answer[i:i + step]
    yield True, up / TCP(**p, flags="FA", seq=n, ack=m)
    yield False, down / TCP(**w, flags="FA", seq=m, ack=n + 1)


def client_ports():
    """Clients whose own port is one of another protocol's; with and without the handshake."""
    q = DNSQR(qname="www.example.org")
    ask = raw(DNS(id=77, rd=1, qd=q))
    answer = raw(DNS(id=77, qr=1, rd=1, ra=1, qd=q, an=DNSRR(rrname="www.example.org", rdata="192.0.2.1")))
    ask, answer = (struct.pack(">H", len(b)) + b for b in (ask, answer))
    get = b"GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n"
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    frames = []
    for port, syn, step in ((8080, True, 1), (8000, False, 1), (5000, True, 1000)):
        frames += stream(port, 53, ask, answer, syn, step)
    frames += stream(8002, 8053, ask, answer)
    write("dns/tcp-client-port-of-http", 1, [ether(p, up) for up, p in frames])
    frames = [*stream(53, 80, get, ok), *stream(53, 8080, get, ok, syn=False)]
    write("http/client-port-of-dns", 1, [ether(p, up) for up, p in frames])


def nameless():
    """DHCP: two clients without an address ask; each gets its answer."""
    frames = []
    for i in (1, 2):
        client, server = f"02:00:00:00:03:{i:02x}", B
        head = struct.pack(">BBBBIHH", 1, 1, 6, 0, 7000 + i, 0, 0x8000)
        ends4 = b"\0" * 16 + mac(client) + b"\0" * 202 + b"\x63\x82\x53\x63"
        def dhcp(op, kind):
            return Raw(bytes([op]) + head[1:] + ends4 + bytes([53, 1, kind, 255]))
        for ask, answer in ((1, 2), (3, 5)):
            frames.append(Ether(src=client, dst="ff:ff:ff:ff:ff:ff")
                          / IP(src="0.0.0.0", dst="255.255.255.255")
                          / UDP(sport=68, dport=67) / dhcp(1, ask))
            frames.append(Ether(src=server, dst="ff:ff:ff:ff:ff:ff")
                          / IP(src="10.1.0.2", dst="255.255.255.255")
                          / UDP(sport=67, dport=68) / dhcp(2, answer))
    write("link/dhcp-nameless", 1, frames)


if __name__ == "__main__":
    client_ports()
    nameless()
    link_ethernets()
    link_vlans()
    link_plain()
    link_wifi()
    link_extensions()
    link_fragments()
    tunnel_ip()
    tunnel_gre()
    tunnel_udp()
    tunnel_nested()
