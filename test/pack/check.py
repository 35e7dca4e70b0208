#!/usr/bin/python3
"""What the Packetbeat pack must have made of events. Usage: check.py [options] EVENTS MESSAGES

EVENTS: NDJSON as Packetbeat sends it. MESSAGES: what the pack made of them, in the same order.
Independent of the rules: fields by mapping.tsv, codes and names by what graylog.md says of the
categories. Every field of an event must be where the table says, with its value and type, or keep
its packetbeat_ name; nothing may be lost without a `drop` line.

  --profile illuminate|extended   which codes are wanted (illuminate)
  --error-code                    the setting dns_error_code is on
  --lenient                       the setting enforce is off
  --pack FOLDER                   for its tables of names (packs/packetbeat)
"""
import argparse
import csv
import ipaddress
import json
import re
import sys
from collections import Counter, defaultdict
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
P = "packetbeat_"
NAME = re.compile(r"^[\w.\-@]*$", re.ASCII)
TEXT_TRIM = "".join(chr(c) for c in range(0x21))


class Missing:
    def __repr__(self):
        return "nothing"


NOTHING = Missing()


def short(v):
    line = repr(v) if v is NOTHING else json.dumps(v)
    return line if len(line) < 120 else line[:117] + "…"


def flatten(path, value, out):
    """Graylog's Beats codec: objects by _, lists of objects by index, texts trimmed, nulls gone."""
    if isinstance(value, dict):
        for k, v in value.items():
            flatten(f"{path}_{k}", v, out)
    elif isinstance(value, list):
        for i, v in enumerate(value):
            if isinstance(v, dict):
                flatten(f"{path}_{i}", v, out)
        out[path] = [v for v in value if not isinstance(v, (dict, list))]
    elif isinstance(value, str):
        if value.strip(TEXT_TRIM):
            out[path] = value.strip(TEXT_TRIM)
    elif value is not None:
        out[path] = value


def fields_of(event):
    flat = {}
    flatten("packetbeat", event, flat)
    out = {}
    for k, v in flat.items():
        k = k.strip(TEXT_TRIM)
        if NAME.match(k):
            out[k[len(P):]] = v
    return out


def lone(name):
    """Names as an index writes them."""
    return name.replace(".", "_")


def read_table(path, key, value):
    with open(path, newline="") as f:
        return {row[key]: row[value] for row in csv.DictReader(f)}


def as_list(v):
    return v if isinstance(v, list) else [v]


def mac(v):
    return v.replace("-", ":").lower()


def when(text):
    """Milliseconds of a time in either form."""
    text = text.replace("T", " ").rstrip("Z")
    whole, _, part = text.partition(".")
    t = datetime.strptime(whole, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    return int(t.timestamp()) * 1000 + int((part + "000")[:3])


def routable(v):
    for a in as_list(v):
        ip = ipaddress.ip_address(a)
        if not ip.is_loopback and not ip.is_link_local:
            return a
    return as_list(v)[0]


def same(a, b):
    return type(a) is type(b) and a == b


class Event:
    def __init__(self, event, message, tables, args):
        self.f = fields_of(event)
        self.m = message
        self.tables = tables
        self.args = args
        self.kind = self.f.get("type", "")
        self.wrong = []
        self.accounted = set()

    def say(self, text):
        self.wrong.append(text)

    def want(self, target, value, why):
        self.accounted.add(target)
        got = self.m.get(target, NOTHING)
        if not same(got, value):
            self.say(f"{target}: {short(value)} is wanted ({why}), there is {short(got)}")

    def has_members(self, target, values, why):
        self.accounted.add(target)
        got = self.m.get(target, [])
        for v in as_list(values):
            if str(v) not in [str(x) for x in as_list(got)]:
                self.say(f"{target}: lacks {json.dumps(v)} ({why})")

    # ---- how a field becomes another
    def apply(self, name, target, how):
        v, f = self.f[name], self.f
        word, _, rest = how.partition(" ")
        plain = {"same": lambda: v, "lower": lambda: v.lower(), "upper": lambda: v.upper(), "text": lambda: str(v),
                 "number": lambda: int(v), "seconds": lambda: v // 1000000000, "list": lambda: as_list(v),
                 "joined": lambda: " ".join(v), "routable": lambda: routable(v), "macs": lambda: [mac(x) for x in as_list(v)],
                 "length": lambda: len(v.encode("utf-16-le")) // 2}
        if word in plain:
            self.want(target, plain[word](), how)
        else:
            getattr(self, "how_" + word)(name, v, target, rest)

    def how_drop(self, name, v, target, rest):
        if P + lone(name) in self.m:
            self.say(f"{P}{name}: should be dropped")

    def how_mac(self, name, v, target, rest):
        self.want(target, mac(as_list(v)[0]), "mac")

    def how_address(self, name, v, target, rest):
        self.want(target, as_list(v)[0], "address")
        if isinstance(v, list):
            self.want("vendor_" + name, v, "tunnel")
            self.has_members("associated_ip", v, "tunnel")

    def all_copies(self):
        pairs = [("client_" + x, "source_" + x) for x in ("ip", "port", "bytes", "domain")]
        pairs += [("server_" + x, "destination_" + x) for x in ("ip", "port", "bytes", "domain")]
        return all(a not in self.f or self.f[a] == self.f.get(b, NOTHING) for a, b in pairs)

    def how_copy(self, name, v, target, rest):
        equal = self.f.get(rest, NOTHING) == v
        if name.startswith(("client_", "server_")):
            side = name.split("_")[0]
            full = {"client": "source", "server": "destination"}[side]
            if full + "_ip" not in self.f:
                self.want({"ip": f"{full}_ip", "port": f"{full}_port", "bytes": f"{full}_bytes_sent",
                           "domain": f"{full}_hostname"}[name.split("_")[1]], v, how_of(rest))
                return
            equal = self.all_copies()
        if not equal:
            self.want(target, v, "differs from " + rest)
        elif target in self.m:
            self.say(f"{target}: a copy of {rest}, to be dropped")

    def how_map(self, name, v, target, rest):
        table = dict(pair.split("=") for pair in rest.split())
        if v in table:
            self.want(target, table[v], "map")

    def how_date(self, name, v, target, rest):
        self.accounted.add(target)
        got = self.m.get(target)
        if not isinstance(got, str) or when(got) != when(v):
            self.say(f"{target}: the time {v} is wanted, there is {got}")
        if len(v) > 24:
            self.want(rest, v, "finer than milliseconds")

    def how_members(self, name, v, target, rest):
        self.has_members(target, v, name)

    def how_table(self, name, v, target, rest):
        key = str(v)
        number = re.match(r"(?:Unknown |TYPE)?(\d+)$", key)
        if key in self.tables[rest]:
            self.want(target, self.tables[rest][key], rest)
        elif number and rest.startswith("dns"):
            self.want(target, number[1], rest)

    def how_undotted(self, name, v, target, rest):
        self.want(target, v[:-1] if v.endswith(".") and len(v) > 1 else v, "undotted")

    def how_path(self, name, v, target, rest):
        q = self.f.get("url_query")
        self.want(target, v + ("?" + q if q else ""), "path and query")

    def how_host(self, name, v, target, rest):
        port = self.f.get("url_port")
        self.want(target, v + (f":{port}" if port else ""), "host and port")

    def how_unless(self, name, v, target, rest):
        other, named, *without = rest.split()
        if without:  # named when the other is there, else `without`
            self.want(named if self.kind == "nfs" else without[0], v, "beside " + other)
            return
        if other in self.f or (target == "http_content_type" and name.endswith("mime_type")
                               and "http_request_headers_content-type" in self.f):
            self.want(named, v, "beside " + other)
        else:
            self.want(target, v, "no " + other)

    def how_clock(self, name, v, target, rest):
        s = v // 1000000000
        self.want(target, f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}", "clock")

    def how_ttl(self, name, v, target, rest):
        m = re.match(r"dns_answers_(\d+)_ttl$", name)
        self.want(lone(target), int(v) if m and int(m[1]) < 32 else v, "unmapped, times to live as numbers")

    def how_errorcode(self, name, v, target, rest):
        if v:
            self.want(target, str(v), "error code")
        else:
            self.want(P + name, v, "no error")

    def how_dhcpmac(self, name, v, target, rest):
        reply = self.f.get("dhcpv4_op_code") == "bootreply"
        self.want("destination_mac" if reply else "source_mac", mac(v), "client")

    def how_dhcpname(self, name, v, target, rest):
        reply = self.f.get("dhcpv4_op_code") == "bootreply"
        self.want("destination_hostname" if reply else "source_hostname", v.lower(), "client")

    # ---- the parts
    def rows_for(self, name):
        for protocol in (self.kind, "common"):
            rows = self.tables["mapping"][protocol].get(name)
            if rows:
                return rows
            for pattern, rows in self.tables["wild"][protocol]:
                if name.startswith(pattern):
                    return [(t.replace("*", name[len(pattern):]), h) for t, h in rows]
        return None

    def fields(self):
        later = {}
        for name in self.f:
            for target, _ in self.rows_for(name) or []:
                later[target] = name
        for name, v in self.f.items():
            rows = self.rows_for(name)
            if not rows:
                self.want(P + lone(name), v, "unmapped")
                continue
            for target, how in rows:
                if how == "same" and later.get(target) != name and self.f.get(later.get(target, ""), v) != v:
                    continue  # another field of the event with the same target came later
                self.apply(name, target, how)

    def codes(self):
        f, kind, extended = self.f, self.kind, self.args.profile == "extended"
        if kind == "dns":
            return self.dns_codes()
        if kind == "http":
            return self.http_codes()
        if kind == "flow":
            ports = any(side + "_port" in f for side in ("source", "destination"))
            return ["120500" if ports or self.args.lenient else "129999"]
        if not extended:
            return None
        if kind == "icmp":
            return [c for c, k in (("120600", "icmp_request_type"), ("120700", "icmp_response_type")) if k in f] or ["000000"]
        if kind == "dhcpv4":
            return [{"discover": "290200", "offer": "290100", "request": "290000", "ack": "290300"}.get(
                f.get("dhcpv4_option_message_type"), "299999")]
        if kind == "tls":
            return ["120000"]
        if kind in ("mysql", "pgsql", "mongodb", "cassandra", "redis", "memcache"):
            return [self.database_code()]
        if kind in ("nfs", "sip", "amqp", "thrift"):
            return ["129999"]
        return ["000000"]

    def dns_codes(self):
        f = self.f
        if "dns_type" not in f:
            return ["140300"]
        op = f.get("dns_op_code", "QUERY")
        if op == "UPDATE":
            return ["140500"]
        if op != "QUERY":
            return ["149999"]
        if f["dns_type"] == "query":
            return ["140000", "140300"]
        codes = ["140000", "140200"] if "source_bytes" in f else ["140200"]
        return codes + (["140300"] if self.args.error_code and f.get("dns_response_code") != "NOERROR" else [])

    def http_codes(self):
        f = self.f
        method = f.get("http_request_method")
        if not method:
            return ["180000"]
        if method == "CONNECT" or re.match(re.escape(method) + " https?://", f.get("request", "")):
            return ["180300"]
        return ["180200"] if "http_response_status_code" in f or "http_response_bytes" in f else ["180100"]

    def database_code(self):
        f, kind = self.f, self.kind
        if kind == "mongodb":
            return {"find": "150000", "aggregate": "150000", "count": "150000", "getmore": "150000", "msg": "150000",
                    "distinct": "150000", "update": "150500", "findandmodify": "150500", "insert": "151000",
                    "delete": "151500", "drop": "151501", "dropdatabase": "151502"}.get(f.get("method", "").lower(), "159999")
        if kind in ("redis", "memcache"):
            word = str(f.get("method" if kind == "redis" else "memcache_request_command", ""))
            return self.tables["verbs"].get(f"{kind} {word}".lower(), "159999")
        text = re.sub(r"^[\s(]+", "", f.get("query", "") or f.get("cassandra_request_query", ""), flags=re.ASCII)
        words = re.match(r"([A-Za-z]*)(?:[ \t\r\n]+([A-Za-z]+))?", text)
        one, two = words[1].upper(), (words[2] or "").upper()
        if (one, two) == ("ALTER", "TABLE"):
            return "151001" if " add " in text.lower() else "159999"
        groups = {"150000": "SELECT SHOW DESCRIBE DESC EXPLAIN", "150500": "UPDATE REPLACE MERGE", "151000": "INSERT COPY",
                  "151500": "DELETE TRUNCATE"}
        pairs = {"CREATE": {"TABLE": "151001", "TEMPORARY": "151001", "TEMP": "151001", "UNLOGGED": "151001",
                            "DATABASE": "151002", "SCHEMA": "151002", "KEYSPACE": "151002"},
                 "DROP": {"TABLE": "151501", "DATABASE": "151502", "SCHEMA": "151502", "KEYSPACE": "151502"}}
        for code, verbs in groups.items():
            if one in verbs.split():
                return code
        return pairs.get(one, {}).get(two, "159999")

    def category(self):
        codes = self.codes()
        names = ("category", "subcategory", "type")
        if codes is None:
            for n in ("gim_event_type_code",) + tuple("gim_event_" + n for n in names):
                if n in self.m:
                    self.say(f"{n}: not wanted in this profile")
            return
        self.want("gim_event_type_code", codes, "category")
        for n in names:
            want = list(dict.fromkeys(self.tables["gim"][c][n] for c in codes))
            self.want("gim_event_" + n, want, "of the codes")
        classes = list(dict.fromkeys(self.tables["gim"][c]["class"] for c in codes if self.tables["gim"][c]["class"]))
        if classes:
            self.want("gim_event_class", classes, "of the codes")
        self.errors(codes)

    REQUIRED = {"120500": "source_reference source_port destination_reference destination_port network_transport "
                          "network_bytes network_packets",
                "120000": "source_reference source_port destination_reference destination_port network_transport",
                "120600": "source_reference destination_reference network_transport network_icmp_request_type_number "
                          "network_icmp_request_code_number",
                "120700": "source_reference destination_reference network_transport network_icmp_reply_type_number "
                          "network_icmp_reply_code_number",
                "129999": "source_reference destination_reference", "140000": "query_request", "140200": "query_response",
                "180000": "http_request_method source_reference", "180100": "http_request_method source_reference",
                "180200": "http_request_method source_reference", "180300": "http_request_method source_reference"}

    def errors(self, codes):
        required = {} if self.args.lenient else self.REQUIRED
        want = {"missing:" + f for c in codes for f in required.get(c, "").split() if f not in self.m}
        got = set(as_list(self.m.get("gim_error", [])))
        if want != got:
            self.say(f"gim_error: {sorted(want)} is wanted, there is {sorted(got)}")

    def outcome(self):
        f, status = self.f, self.f.get("status")
        want = {"OK": "success", "Error": "failure", "Client Error": "failure", "Server Error": "failure"}.get(status)
        want = f.get("event_outcome", f.get("event.outcome", want))
        if self.kind == "dns" and (f.get("dns_response_code", "NOERROR") != "NOERROR" or f.get("dns_type") == "query"):
            want = "failure"
        if self.kind == "http" and (f.get("http_response_status_code", 0) >= 400 or self.codes() == ["180100"]):
            want = "failure"
        if self.kind == "tls" and "tls_established" in f:
            want = "success" if f["tls_established"] else "failure"
        if want:
            self.want("event_outcome", want, "status")

    # ::ffff:0:0/96 is an IPv4 address for a Graylog and never matches.
    RANGES = [("10.0.0.0/8 172.16.0.0/12 192.168.0.0/16", "reserved_ip rfc1918 is_internal"),
              ("127.0.0.0/8", "reserved_ip is_internal is_loopback rfc1122"),
              ("169.254.0.0/16", "reserved_ip is_internal rfc3297"), ("224.0.0.0/4", "multicast reserved_ip rfc3171"),
              ("fe80::/10 ff00::/8 ::1/128 ::/128", "reserved_ip is_internal rfc4291"),
              ("fc00::/7", "reserved_ip is_internal rfc4193"), ("2002::/16", "reserved_ip 6_to_4 rfc3056"),
              ("2001::/32", "reserved_ip teredo rfc4380"),
              ("192.0.2.0/24 198.51.100.0/24 203.0.113.0/24", "reserved_ip is_illegal rfc5737"),
              ("198.18.0.0/15", "reserved_ip is_internal rfc2544"), ("2001:db8::/32", "reserved_ip is_illegal rfc3849"),
              ("2001:10::/28", "reserved_ip rfc4843")]
    NETS = [(ipaddress.ip_network(n), tags.split()) for nets, tags in RANGES for n in nets.split()]

    def reserved(self):
        want = []
        for side in ("source", "destination", "host"):
            ip = self.m.get(side + "_ip")
            tags = next((t for n, t in self.NETS if ip and ipaddress.ip_address(ip) in n), [])
            want += [f"{side}_{t}" for t in tags]
            if (side + "_reserved_ip" in self.m) != bool(tags) or self.m.get(side + "_reserved_ip", True) is not True:
                self.say(f"{side}_reserved_ip: wrong for {ip}")
        if sorted(want) != sorted(as_list(self.m.get("gim_tags", []))):
            self.say(f"gim_tags: {want} is wanted, there is {self.m.get('gim_tags')}")

    def references(self):
        for side in ("source", "destination", "host"):
            for x in ("ip", "hostname", "vm_name", "mac"):
                if f"{side}_{x}" in self.m:
                    self.want(side + "_reference", self.m[f"{side}_{x}"], x)
                    break

    def responses(self):
        f = self.f
        if self.kind == "http":
            code = f.get("http_response_status_code")
            if code:
                words = {1: "Informational", 2: "Successful", 3: "Redirection", 4: "Client Error", 5: "Server Error"}
                if code // 100 in words:
                    self.want("http_response_class", words[code // 100], "first digit")
            if "http_request_bytes" in f or "http_response_bytes" in f:
                self.want("http_bytes", f.get("http_request_bytes", 0) + f.get("http_response_bytes", 0), "sum")
        if self.kind == "dns":
            data = []
            i = 0
            while any(k.startswith(f"dns_answers_{i}_") for k in f):
                if f"dns_answers_{i}_data" in f:
                    data.append(f[f"dns_answers_{i}_data"])
                i += 1
            if data and i <= 32:
                self.want("query_response", data, "answers in order")
            code = self.tables["dns_result_codes"].get(f.get("dns_response_code"))
            if code and code != "0":
                self.want("event_error_code", code, "result")
            elif "event_error_code" in self.m and code == "0":
                self.say("event_error_code: no error")
            if "query_request" in self.m:
                self.want("query_request_length", len(self.m["query_request"]), "length")
        if self.kind == "flow" and f.get("flow_final"):
            self.want("event_action", "completed", "final")

    def general(self):
        self.want("event_source_product", "packetbeat", "identification")
        for key in ("gl2_processing_error",):
            if key in self.m:
                self.say(f"{key}: {self.m[key]}")
        if self.f.get("message") is None and self.m.get("message", "-") == "-":
            self.say("message: no summary")
        for key in self.m:
            if key.startswith("kept_"):
                self.say(f"{key}: left over")

    def check(self):
        for part in (self.general, self.fields, self.category, self.outcome, self.reserved, self.references, self.responses):
            part()
        return self.wrong


def how_of(name):
    return "instead of a missing " + name


def load_tables(folder):
    lookups = folder / "lookups"
    t = {"mapping": defaultdict(dict), "wild": defaultdict(list), "gim": {}}
    for line in (HERE / "mapping.tsv").read_text().splitlines():
        if line.startswith("#") or not line:
            continue
        protocol, field, target, how = line.split("\t")
        if field.endswith("*"):
            t["wild"][protocol].append((field[:-1], [(target, how)]))
        else:
            t["mapping"][protocol].setdefault(field, []).append((target, how))
    classes = read_table(lookups / "gim_event_classes.csv", "code", "class")
    with open(lookups / "gim_event_types.csv", newline="") as f:
        for row in csv.DictReader(f):
            t["gim"][row["code"]] = {**row, "class": classes.get(row["code"], "")}
    for name, key, value in (("dns_record_types", "name", "code"), ("dns_result_codes", "name", "code"),
                             ("http_responses", "code", "phrase")):
        t[name] = read_table(lookups / f"{name}.csv", key, value)
    t["verbs"] = {k.lower(): v for k, v in read_table(lookups / "database_verbs.csv", "verb", "code").items()}
    return t


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--profile", default="illuminate")
    p.add_argument("--error-code", action="store_true")
    p.add_argument("--lenient", action="store_true")
    p.add_argument("--pack", default="packs/packetbeat", type=Path)
    p.add_argument("events")
    p.add_argument("messages")
    args = p.parse_args()
    tables = load_tables(args.pack)
    events = [json.loads(line) for line in open(args.events, errors="replace") if line.strip()]
    messages = [json.loads(line) for line in open(args.messages, errors="replace") if line.strip()]
    if len(events) != len(messages):
        print(f"{len(events)} events, {len(messages)} messages")
        print("0 passed, 1 failed")
        return 1
    failed, said = 0, Counter()
    for i, (event, message) in enumerate(zip(events, messages)):
        wrong = Event(event, message, tables, args).check()
        failed += bool(wrong)
        for w in wrong:
            key = f"{event.get('type')}: {w.split(':')[0]}"
            said[key] += 1
            if said[key] <= 2:
                print(f"event {i + 1} ({event.get('type')}): {w}")
    for key, n in said.most_common():
        if n > 2:
            print(f"  … {key}: {n} times")
    print(f"{len(events) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
