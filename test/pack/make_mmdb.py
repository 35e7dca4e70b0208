#!/usr/bin/python3
"""Writes two small files in MaxMind's format: OUT/city.mmdb (nested, as MaxMind's) and OUT/asn.mmdb
(flat, as others write them). Usage: make_mmdb.py OUT"""
import ipaddress
import struct
import sys
from pathlib import Path

CITY = {"8.8.8.0/24": {"city": {"names": {"en": "Mountain View"}}, "country": {"iso_code": "US", "names": {"en": "United States"}},
                       "location": {"latitude": 37.5, "longitude": -122.25, "time_zone": "America/Los_Angeles"},
                       "subdivisions": [{"iso_code": "CA", "names": {"en": "California"}}]},
        "10.0.0.0/8": {"city": {"names": {"en": "Nowhere"}}, "country": {"iso_code": "XX", "names": {"en": "Nowhere"}}},
        "2001:4860::/32": {"country": {"iso_code": "US", "names": {"en": "United States"}}}}
ASN = {"8.8.8.0/24": {"asn": "AS15169", "as_name": "Example Search"}}


def head(kind, size):
    if kind > 7:
        return bytes([size, kind - 7])
    return bytes([kind << 5 | size]) if size < 29 else bytes([kind << 5 | 29, size - 29])


def encode(v):
    if isinstance(v, dict):
        return head(7, len(v)) + b"".join(encode(k) + encode(x) for k, x in v.items())
    if isinstance(v, list):
        return head(11, len(v)) + b"".join(encode(x) for x in v)
    if isinstance(v, str):
        return head(2, len(v.encode())) + v.encode()
    if isinstance(v, float):
        return head(3, 8) + struct.pack(">d", v)
    kind, form = {2: (5, ">H"), 4: (6, ">I"), 8: (9, ">Q")}[getattr(v, "size", 4)]
    return head(kind, struct.calcsize(form)) + struct.pack(form, v)


class Short(int):
    size = 2


class Long(int):
    size = 8


def write(path, records, kind):
    nodes, data = [[None, None]], b""
    for net, record in records.items():
        net = ipaddress.ip_network(net)
        bits = int(net.network_address)
        length = net.prefixlen + (96 if net.version == 4 else 0)
        node = 0
        for i in range(length):
            bit = bits >> (127 - i) & 1
            if i == length - 1:
                nodes[node][bit] = ("data", len(data))
            elif nodes[node][bit] is None:
                nodes.append([None, None])
                nodes[node][bit] = len(nodes) - 1
            if i < length - 1:
                node = nodes[node][bit]
        data += encode(record)
    n = len(nodes)
    tree = b""
    for pair in nodes:
        for x in pair:
            value = n if x is None else n + 16 + x[1] if isinstance(x, tuple) else x
            tree += struct.pack(">I", value)
    meta = {"binary_format_major_version": Short(2), "binary_format_minor_version": Short(0), "build_epoch": Long(1), "database_type": kind,
            "description": {"en": "test"}, "ip_version": Short(6), "languages": ["en"], "node_count": n, "record_size": Short(32)}
    path.write_bytes(tree + b"\0" * 16 + data + b"\xab\xcd\xefMaxMind.com" + encode(meta))


def main():
    out = Path(sys.argv[1])
    write(out / "city.mmdb", CITY, "Test-City")
    write(out / "asn.mmdb", ASN, "Test-ASN")


if __name__ == "__main__":
    main()
