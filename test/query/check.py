#!/usr/bin/python3
"""Answers of the store's queries against a program that knows only the messages.
Usage: check.py QUERY MESSAGES N [SEED]   (the programs of test/bench, messages in each of two indices)

Every search is written twice: as text for the store, as a function over a message here. Every kind of
question is computed here from the messages alone.
"""
import collections
import ipaddress
import json
import math
import random
import re
import subprocess
import sys
import tempfile

QUERY, MESSAGES, N = sys.argv[1], sys.argv[2], int(sys.argv[3])
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else 1
DAY, FROM = 86400000, 1789948800000
ODD = 20
COLUMNS = {re.match(r"COLUMN\((\w+), (\w+)\)", line).groups()
           for line in open("src/store/columns.def") if line.startswith("COLUMN(")}
KIND = dict(COLUMNS)
LOWER = {"source", "host_hostname", "source_reference", "destination_reference", "network_transport",
         "network_protocol", "event_observer_hostname", "host_reference"}
WORDS = {"message", "full_message"}
WORD = re.compile(r"[^\W]+(?:[.'][^\W]+)*")

passed = failed = 0


def check(good, text):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print("FAILED: " + text[:1500], flush=True)


# ---------------------------------------------------------------- values

def values(m, field):
    v = m.get(field)
    return [x for x in (v if isinstance(v, list) else [v]) if x is not None]


def is_number(v):
    return isinstance(v, (int, float)) and not isinstance(v, bool)


def text_of(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    return v if isinstance(v, str) else json.dumps(v)


def cased(field, text):
    return text.lower() if field in LOWER else text


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def words(text):
    return [w.lower() for w in WORD.findall(text)]


def in_row(have, want):
    return any(have[i:i + len(want)] == want for i in range(len(have) - len(want) + 1))


def any_of(field, test):
    return lambda m: any(test(v) for v in values(m, field))


# ---------------------------------------------------------------- searches as functions

def term(field, want):
    def test(v):
        if field in WORDS:
            return isinstance(v, str) and bool(set(words(v)) & set(words(want)))
        if is_number(v) and number(want) is not None:
            return float(v) == number(want)
        return cased(field, text_of(v)) == cased(field, want)
    return any_of(field, test)


def phrase(field, want):
    return any_of(field, lambda v: isinstance(v, str) and in_row(words(v), words(want)))


def pattern(field, regex, word=False):
    flags = re.S | (re.I if field in LOWER | WORDS else 0)
    def test(v):
        if word:
            return any(re.fullmatch(regex, w, flags) for w in words(text_of(v)))
        return re.fullmatch(regex, text_of(v), flags) is not None
    return any_of(field, test)


def between(field, low, high, low_open=False, high_open=False):
    def test(v):
        if is_number(v):
            a, b, v = (number(low) if low else None), (number(high) if high else None), float(v)
            if (low and a is None) or (high and b is None):
                return False
        else:
            a, b, v = low, high, cased(field, text_of(v))
            a, b = a and cased(field, a), b and cased(field, b)
        return ((a is None or (v > a if low_open else v >= a)) and
                (b is None or (v < b if high_open else v <= b)))
    return any_of(field, test)


def address(v):
    try:
        a = ipaddress.ip_address(v)
        return int(a) + (0xffff << 32 if a.version == 4 else 0)
    except ValueError:
        return None


def addresses(field, low, high):
    low, high = address(low), address(high)
    return any_of(field, lambda v: isinstance(v, str) and address(v) is not None and low <= address(v) <= high)


def network(field, text):
    n = ipaddress.ip_network(text)
    return addresses(field, str(n[0]), str(n[-1]))


def exists(field):
    return lambda m: bool(values(m, field))


def anywhere(want):
    def test(m):
        for field, v in m.items():
            kind = KIND.get(field)
            for x in values(m, field):
                if field in WORDS and isinstance(x, str):
                    if set(words(x)) & set(words(want)):
                        return True
                elif kind in ("INT",) and is_number(x) and number(want) == float(x):
                    return True
                elif kind == "TIME":
                    continue
                elif field in LOWER and isinstance(x, str) and kind:
                    if x.lower() == want.lower():
                        return True
                elif text_of(x) == want or (is_number(x) and number(want) == float(x)):
                    return True
        return False
    return test


def both(*tests):
    return lambda m: all(t(m) for t in tests)


def either(*tests):
    return lambda m: any(t(m) for t in tests)


def no(test):
    return lambda m: not test(m)


def since(low, high):
    return lambda m: low <= m["timestamp"] <= high


def edits(a, b):
    """Insertions, deletions, changes and swaps of neighbours."""
    d = {(i, -1): i + 1 for i in range(-1, len(a))} | {(-1, j): j + 1 for j in range(-1, len(b))}
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            d[i, j] = min(d[i - 1, j] + 1, d[i, j - 1] + 1, d[i - 1, j - 1] + (x != y))
            if i and j and x == b[j - 1] and a[i - 1] == y:
                d[i, j] = min(d[i, j], d[i - 2, j - 2] + 1)
    return d[len(a) - 1, len(b) - 1]


def fuzzy(field, want, most):
    return any_of(field, lambda v: edits(cased(field, text_of(v)), cased(field, want)) <= most)


FLOW = both(term("vendor_subtype", "flow"), term("vendor_flow_final", "true"))
SEARCHES = [
    ("", lambda m: True),
    ("*", lambda m: True),
    ("*:*", lambda m: True),
    ("vendor_subtype:flow", term("vendor_subtype", "flow")),
    ("vendor_subtype:flow AND vendor_flow_final:true", FLOW),
    ("NOT vendor_subtype:flow", no(term("vendor_subtype", "flow"))),
    ("vendor_flow_final:false", term("vendor_flow_final", "false")),
    ("NOT vendor_flow_final:true", no(term("vendor_flow_final", "true"))),
    ("network_bytes:>100000", between("network_bytes", "100000", None, True)),
    ("network_bytes:<=5000", between("network_bytes", None, "5000")),
    ("network_bytes:>=1e6", between("network_bytes", "1e6", None)),
    ("destination_port:[1000 TO 9000]", between("destination_port", "1000", "9000")),
    ("destination_port:{443 TO *}", between("destination_port", "443", None, True)),
    ("destination_port:443.0", term("destination_port", "443.0")),
    ("destination_port:x", lambda m: False),
    ("destination_port:5*", pattern("destination_port", "5.*")),
    ('source_ip:"10.20.0.0/24"', network("source_ip", "10.20.0.0/24")),
    ('source_ip:"10.20.0.0/21"', network("source_ip", "10.20.0.0/21")),
    ("source_ip:[10.20.0.5 TO 10.20.1.7]", addresses("source_ip", "10.20.0.5", "10.20.1.7")),
    ('destination_ip:"2a00:1450:1::/48"', network("destination_ip", "2a00:1450:1::/48")),
    ('destination_ip:"2a00:1450:0001::0c"', network("destination_ip", "2a00:1450:1::c/128")),
    ("source_reference:10.20.0.*", pattern("source_reference", r"10\.20\.0\..*")),
    ("source_reference:10.20.0.?", pattern("source_reference", r"10\.20\.0\..")),
    ("query_request:host1.site?.n*", pattern("query_request", r"host1\.site.\.n.*")),
    (r"http_uri_stem:/\/path\/1[0-9]?\/page/", pattern("http_uri_stem", r"/path/1[0-9]?/page")),
    (r"http_uri_stem:/\/path\/(1|2{2,3})\/[^x]@/", pattern("http_uri_stem", r"/path/(1|2{2,3})/[^x].*")),
    ("message:udp", term("message", "udp")),
    ("message:FLOW AND message:Tcp", both(term("message", "flow"), term("message", "tcp"))),
    ('message:"odd flow"', phrase("message", "odd flow")),
    ('message:"flow tcp"', phrase("message", "flow tcp")),
    ('message:"bytes flow"~9', lambda m: False),
    ('message:"odd tcp"~9', lambda m: term("message", "odd")(m) and term("message", "tcp")(m)),
    ("message:/b..es/", term("message", "bytes")),
    ("message:10.20.0.1", term("message", "10.20.0.1")),
    ("message:10.20", term("message", "10.20")),
    ("message:fl*", pattern("message", "fl.*", True)),
    ("message:h?st0.sit*com", pattern("message", r"h.st0\.sit.*com", True)),
    ("message:/site[0-9]/", pattern("message", "site[0-9]", True)),
    ("message:udp-bytes", either(term("message", "udp"), term("message", "bytes"))),
    ("_exists_:http_user_agent", exists("http_user_agent")),
    ("NOT _exists_:network_transport", no(exists("network_transport"))),
    ("_exists_:tags", exists("tags")),
    ("tags:red", term("tags", "red")),
    ("tags:7", term("tags", "7")),
    ("host_hostname:sensor-0", term("host_hostname", "sensor-0")),
    ("source:SENSOR-3", term("source", "sensor-3")),
    ("event_action:Completed", lambda m: False),
    ("event_action:completed", term("event_action", "completed")),
    ("gim_event_type_code:140000", term("gim_event_type_code", "140000")),
    ("gim_event_type_code:(140000 OR 120500)",
     either(term("gim_event_type_code", "140000"), term("gim_event_type_code", "120500"))),
    ("gim_event_type_code:14*", pattern("gim_event_type_code", "14.*")),
    ("associated_ip:10.20.0.0", term("associated_ip", "10.20.0.0")),
    ("vendor_dns_registered_domain:host1.site1.net", term("vendor_dns_registered_domain", "host1.site1.net")),
    ("vendor_dns_registered_domain:host1*net", pattern("vendor_dns_registered_domain", "host1.*net")),
    ("query_request_entropy:>2.5", between("query_request_entropy", "2.5", None, True)),
    ("query_request_entropy:[1.5 TO 2]", between("query_request_entropy", "1.5", "2")),
    ("gl2_accounted_message_size:1207", term("gl2_accounted_message_size", "1207")),
    ("full_message:QUICK", term("full_message", "quick")),
    ('full_message:"quick sensor"', phrase("full_message", "quick sensor")),
    ("level:>100", between("level", "100", None, True)),
    ("ok:true", term("ok", "true")),
    ('note:"x\\"y\\\\z"', term("note", 'x"y\\z')),
    ('timestamp:["2026-09-21 06:00:00" TO "2026-09-21 07:00:00"]',
     since("2026-09-21 06:00:00.000", "2026-09-21 07:00:00.999")),
    (r"timestamp:>2026-09-21T12\:00\:00Z", since("2026-09-21 12:00:01.000", "3")),
    ("timestamp:>2026-09-21", since("2026-09-22 00:00:00.000", "3")),
    ("timestamp:2026-09-22", since("2026-09-22 00:00:00.000", "2026-09-22 23:59:59.999")),
    (r'timestamp:["2026-09-21||+6h" TO "2026-09-21||+6h/h"]',
     since("2026-09-21 06:00:00.000", "2026-09-21 06:59:59.999")),
    ("10.20.0.1", anywhere("10.20.0.1")),
    ('"host1.site1.net"', anywhere("host1.site1.net")),
    ("completed", anywhere("completed")),
    ("quick", anywhere("quick")),
    ("red", anywhere("red")),
    ("443", anywhere("443")),
    ("vendor_subtype:flwo~1", fuzzy("vendor_subtype", "flwo", 1)),
    ("vendor_subtype:xdnsx~2", fuzzy("vendor_subtype", "xdnsx", 2)),
    ("vendor_subtype:(dns OR http) AND -network_transport:udp",
     both(either(term("vendor_subtype", "dns"), term("vendor_subtype", "http")),
          no(term("network_transport", "udp")))),
    ("+vendor_subtype:dns network_transport:udp", term("vendor_subtype", "dns")),
    ("vendor_subtype:dns NOT network_transport:udp",
     both(term("vendor_subtype", "dns"), no(term("network_transport", "udp")))),
    ("vendor_subtype:(+dns -http) OR (NOT _exists_:source_port)",
     either(term("vendor_subtype", "dns"), no(exists("source_port")))),
    ("nope:1", lambda m: False),
    ("NOT nope:x*", lambda m: True),
    ("n\\ o:1", lambda m: False),
]


# ---------------------------------------------------------------- messages and the store

def fill(folder):
    for i in range(2):
        subprocess.run([QUERY, "load", folder, f"day{i}.x", str(N), str(SEED + i), str(ODD),
                        str(FROM + i * DAY), str(DAY)], check=True, capture_output=True)


def read(seed, start, odd=ODD):
    out = subprocess.run([MESSAGES, str(N), str(seed), str(odd), str(start), str(DAY)],
                         check=True, capture_output=True).stdout
    messages = []
    for line in out.splitlines():
        m = json.loads(line)
        if b"\\ud83d lone" in line:  # the library cannot read such a doc: it has no fields
            for field in ("http_user_agent", "note", "host_hostname"):
                m.pop(field)
        messages.append(m)
    return messages


class Store:
    def __init__(self, folder, names, how="ask"):
        self.process = subprocess.Popen([QUERY, how, folder, "2", *names], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def end(self):
        self.process.stdin.close()
        check(self.process.wait() == 0, "the store ended well")

    def ask(self, asks, low=FROM, high=FROM + 2 * DAY, **more):
        for i, a in enumerate(asks):
            a.setdefault("id", str(i))
        self.process.stdin.write(json.dumps({"from": low, "to": high, "timeout_ms": 300000,
                                             "ask": asks, **more}) + "\n")
        self.process.stdin.flush()
        got = json.loads(self.process.stdout.readline())
        if "answers" not in got:
            return [got for _ in asks]
        return [got["answers"][a["id"]] for a in asks]


# ---------------------------------------------------------------- questions as functions

def ms_of(m):
    h, mi, s = m["timestamp"][11:].split(":")
    day = 0 if m["timestamp"][:10] == "2026-09-21" else 1
    return FROM + day * DAY + (int(h) * 60 + int(mi)) * 60000 + round(float(s) * 1000)


def metric(text, rows):
    """Of rows: messages."""
    name, field, at = re.fullmatch(r"(\w+)\((\w*)(?:,(\d+))?\)", text).groups()
    if name == "count":
        return len(rows)
    if name == "card":
        return len({json.dumps(v) for m in rows for v in values(m, field) if not isinstance(v, dict)})
    have = [m[field] for m in rows if is_number(m.get(field))]
    if name == "sum":
        return sum(have)
    if not have:
        return None
    if name == "avg":
        return sum(have) / len(have)
    if name == "percentile":
        return percentile(have, int(at))
    return min(have) if name == "min" else max(have)


def percentile(have, at):
    have, place = sorted(map(float, have)), (len(have) - 1) * at / 100
    low = math.floor(place)
    high = min(low + 1, len(have) - 1)
    return have[low] + (have[high] - have[low]) * (place - low)


def same(a, b):
    if is_number(a) and is_number(b):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return a == b and type(a) is type(b)


def pairs_of(rows, fields):
    out = collections.Counter()
    for m in rows:
        combos = [[]]
        for f in fields:
            combos = [c + [json.dumps(v)] for c in combos for v in values(m, f)]
        for c in combos:
            out[tuple(c)] += 1
    return out


def check_terms(store, rows, field, how, query="", limit=10, down=True):
    got = store.ask([{"kind": "terms", "field": field, "metric": how, "limit": limit, "query": query,
                      "order": "desc" if down else "asc"}])[0]
    what = f"terms {field} {how} {query}"
    if "rows" not in got:
        check(False, f"{what}: {got}")
        return
    all_ = collections.defaultdict(list)
    for m in rows:
        for v in values(m, field):
            if not isinstance(v, (dict, list)):
                all_[json.dumps(v)].append(m)
    of = {k: metric(how, v) for k, v in all_.items()}
    for r in got["rows"]:
        want = of.get(json.dumps(r["key"]))
        check(same(r["value"], want), f"{what}: {r} not {want}")
    want = sorted((v for v in of.values() if v is not None), reverse=down)
    want += [None] * (len(of) - len(want))
    check(same([r["value"] for r in got["rows"]], want[:limit]), f"{what}: values {got['rows'][:3]} not {want[:3]}")
    check(got["distinct"] == len(of), f"{what}: distinct {got['distinct']} not {len(of)}")
    missing = sum(1 for m in rows if not [v for v in values(m, field) if not isinstance(v, (dict, list))])
    check(got["missing"] >= missing, f"{what}: missing {got['missing']} not {missing}")
    if how.startswith(("count", "sum")):
        check(same(got["other"], sum(of.values()) - sum(r["value"] for r in got["rows"])), f"{what}: other {got['other']}")
    else:
        check(got["other"] is None, f"{what}: other {got['other']}")


def check_histogram(store, rows, how, interval, split=None, query="", limit=3):
    ask = {"kind": "histogram", "metric": how, "interval": interval, "query": query}
    if split:
        ask["split"] = {"field": split, "limit": limit}
    got = store.ask([ask])[0]
    what = f"histogram {how} {interval} {split} {query}"
    if "series" not in got:
        check(False, f"{what}: {got}")
        return
    step = interval * 1000
    grid = FROM - FROM % step
    times = list(range(grid, FROM + 2 * DAY, step))
    check(got["times"] == times, f"{what}: times")
    zero = how.startswith(("count", "card"))

    def line(these):
        of = collections.defaultdict(list)
        for m in these:
            of[(ms_of(m) - grid) // step].append(m)
        return [metric(how, of[i]) if of[i] else (0 if zero else None) for i in range(len(times))]
    if not split:
        check(same(got["series"], [{"key": None, "values": line(rows)}]), f"{what}: {str(got)[:300]}")
        return
    of = collections.defaultdict(list)
    for m in rows:
        for v in values(m, split):
            of[json.dumps(v)].append(m)
    shown = {json.dumps(s["key"]) for s in got["series"]}
    for s in got["series"]:
        check(same(s["values"], line(of[json.dumps(s["key"])])), f"{what}: series {s['key']} {str(s)[:300]}")
    values_ = sorted((metric(how, v) for v in of.values()), key=lambda v: -math.inf if v is None else v, reverse=True)
    check(same(sorted((metric(how, of[k]) for k in shown), reverse=True), values_[:limit]), f"{what}: keys {shown}")
    rest = [m for k, v in of.items() if k not in shown for m in v]
    check(("other" in got) == bool(rest), f"{what}: other")
    if rest:
        check(same(got["other"]["values"], line(rest)), f"{what}: other {str(got['other'])[:300]}")


def check_messages(store, rows, query):
    rows = sorted(rows, key=lambda m: (ms_of(m), m["gl2_message_id"][:0]), reverse=True)
    seen, after = [], None
    ask = {"kind": "messages", "limit": 100, "query": query}
    for _ in range(5):
        got = store.ask([dict(ask, **({"after": after} if after else {}))])[0]
        if "rows" not in got:
            check(False, f"messages {query}: {got}")
            return
        check(got["total"] == len(rows), f"messages {query}: total {got['total']} not {len(rows)}")
        seen += got["rows"]
        after = got["next"]
        if not after:
            break
    check(len({r["id"] for r in seen}) == len(seen) == min(500, len(rows)), f"messages {query}: {len(seen)} seen")
    times = [ms_of(r["message"]) for r in seen]
    check(times == [ms_of(m) for m in rows[:len(seen)]], f"messages {query}: order")
    by_id = {m["gl2_message_id"]: m for m in rows}
    for r in seen:
        want = by_id.get(r["id"])
        if "\ud83d lone" in r["message"].get("http_user_agent", ""):
            continue
        check(want is not None and same(r["message"], want) and r["index"].startswith("day"),
              f"message {r} not {want}")
    if len(seen) > 250:
        cursor = store.ask([dict(ask, limit=200)])[0]["next"]
        got = store.ask([dict(ask, before=cursor, limit=50)])[0]["rows"]
        check([r["id"] for r in got] == [r["id"] for r in seen[149:199]], f"messages {query}: before")
        got = store.ask([dict(ask, offset=120, limit=10)])[0]["rows"]
        check([r["id"] for r in got] == [r["id"] for r in seen[120:130]], f"messages {query}: offset")


def check_sorted(store, rows):
    got = store.ask([{"kind": "messages", "limit": 50, "sort": {"field": "network_bytes", "order": "desc"},
                      "fields": ["network_bytes", "gl2_message_id", "level"]}])[0]
    numbers = sorted((float(m["network_bytes"]) for m in rows if is_number(m.get("network_bytes"))), reverse=True)
    check(same([float(r["message"]["network_bytes"]) for r in got["rows"]], numbers[:50]), "messages sorted by bytes")
    got = store.ask([{"kind": "messages", "limit": 50, "sort": {"field": "level", "order": "asc"},
                      "fields": ["level", "query_request", "nope"]}])[0]
    levels = sorted(m["level"] for m in rows if "level" in m)
    check(same([r["message"].get("level") for r in got["rows"]], (levels + 50 * [None])[:50]), "messages sorted by level")


def check_one(store, messages):
    for m in (messages[0], messages[len(messages) // 2], messages[-1]):
        got = store.ask([{"kind": "message", "message_id": m["gl2_message_id"]}])[0]
        check(same(got.get("message"), m) and got["index"].startswith("day"), f"message {got}")
    got = store.ask([{"kind": "message", "message_id": "no"}])[0]
    check(got.get("message", 1) is None, f"message {got}")


def check_fields(store, rows):
    got = store.ask([{"kind": "fields", "query": "vendor_subtype:icmp"}])[0]
    rows = [m for m in rows if term("vendor_subtype", "icmp")(m)]
    want = collections.Counter(f for m in rows for f, v in m.items() if v is not None)
    if not got.get("sampled"):
        check({f["name"]: f["count"] for f in got["fields"]} == dict(want), f"fields {got}")
    got = store.ask([{"kind": "fields"}])[0]
    kinds = {f["name"]: f["kind"] for f in got["fields"]}
    names = [f["name"] for f in got["fields"]]
    check(names == sorted(names), "fields are sorted")
    for name, kind in (("timestamp", "time"), ("source_ip", "text"), ("network_iana_number", "int"), ("gim_tags", "list"),
                       ("destination_reserved_ip", "bool"), ("query_request_entropy", "double"), ("streams", "list")):
        check(kinds.get(name, kind) == kind, f"field {name} is {kinds.get(name)}")


def check_values(store, rows):
    got = store.ask([{"kind": "values", "field": "source", "prefix": "SENSOR-1", "limit": 3}])[0]
    want = collections.Counter(v for m in rows for v in values(m, "source") if text_of(v).lower().startswith("sensor-1"))
    want = sorted(want.items(), key=lambda w: (-w[1], w[0]))[:3]
    check([(r["key"], r["value"]) for r in got["rows"]] == want, f"values {got} not {want}")


def check_pairs(store, rows, fields, how="count()"):
    got = store.ask([{"kind": "pairs", "fields": fields, "limit": 10, "metric": how}])[0]
    want = pairs_of(rows, fields)
    for r in got["rows"]:
        check(want[tuple(map(json.dumps, r["keys"]))] == r["value"], f"pair {r}")
    check([r["value"] for r in got["rows"]] == [n for _, n in want.most_common(10)], f"pairs {got}")


def check_percentiles(store, rows):
    got = store.ask([{"kind": "percentiles", "field": "network_bytes", "at": [0, 50, 95, 100]}])[0]
    have = [m["network_bytes"] for m in rows if is_number(m.get("network_bytes"))]
    check(same(got.get("values"), [percentile(have, at) for at in (0, 50, 95, 100)]), f"percentiles {got}")
    got = store.ask([{"kind": "percentiles", "field": "vendor_event_duration", "at": [50, 99], "interval": 21600}])[0]
    for s in got["series"]:
        want = [[] for _ in got["times"]]
        for m in rows:
            if is_number(m.get("vendor_event_duration")):
                want[(ms_of(m) - FROM) // 21600000].append(m["vendor_event_duration"])
        check(same(s["values"], [percentile(w, s["key"]) if w else None for w in want]), f"percentiles over time {s}")


def check_value(store, rows, messages):
    for how in ("count()", "card(source_reference)", "card(tags)", "sum(network_bytes)", "avg(network_bytes)",
                "min(network_bytes)", "max(query_request_entropy)", "percentile(http_bytes,95)", "sum(nope)",
                "min(nope)", "sum(vendor_subtype)", "avg(level)"):
        got = store.ask([{"kind": "value", "metric": how}])[0]
        check(same(got.get("value"), metric(how, rows)), f"value {how}: {got} not {metric(how, rows)}")
    second = [m for m in messages if ms_of(m) >= FROM + DAY]
    first = [m for m in messages if ms_of(m) < FROM + DAY]
    got = store.ask([{"kind": "value", "previous": True}], low=FROM + DAY)[0]
    check((got["value"], got["previous"]) == (len(second), len(first)), f"previous {got}")
    part = [m for m in messages if FROM + 3600000 <= ms_of(m) < FROM + DAY + 7200001]
    got = store.ask([{"kind": "value"}], low=FROM + 3600000, high=FROM + DAY + 7200001)[0]
    check(got["value"] == len(part), f"part {got}")
    got = store.ask([{"kind": "value"}], stream="0000000000000000000000aa")[0]
    check(got.get("value") == len(messages), f"stream {got}")
    got = store.ask([{"kind": "value"}], stream="0000000000000000000000ab")[0]
    check(got.get("value") == 0, f"another stream {got}")


def check_searches(store, messages):
    found = store.ask([{"kind": "value", "query": text} for text, _ in SEARCHES[:60]])
    found += store.ask([{"kind": "value", "query": text} for text, _ in SEARCHES[60:]])
    for (text, test), got in zip(SEARCHES, found):
        want = sum(1 for m in messages if test(m))
        check(got.get("value") == want, f"search {text}: {got} not {want}")
    found = store.ask([{"kind": "value"}], query="vendor_subtype:dns")[0]
    check(found["value"] == sum(map(term("vendor_subtype", "dns"), messages)), "the query of a request")


def check_errors(store):
    for text, line, column in (("a:(b", 1, 4), ("x:/a~b/", 1, 2), ("[1 TO", 1, 5),
                               ('message:"%s"~9' % " ".join("abcdefgh"), 1, 8)):
        got = store.ask([{"kind": "value", "query": text}])[0].get("error", {})
        check((got.get("line"), got.get("column")) == (line, column), f"error of {text}: {got}")
    got = store.ask([{"kind": "value"}], query="a AND")[0].get("error", {})
    check(got.get("line") == 1, f"error of a request: {got}")
    for wrong in ({"kind": "what"}, {"kind": "terms"}, {"kind": "value", "metric": "sum()"}, {"kind": "value", "limit": -1},
                  {"kind": "pairs", "fields": ["a"]}, {"kind": "value", "limit": 1001}, {"kind": "percentiles", "field": "a", "at": [101]}):
        got = store.ask([wrong])[0].get("error", {})
        check(bool(got.get("text")), f"{wrong}: {got}")


# ---------------------------------------------------------------- numbers of texts

def fill_numbered(folder):
    """Fields all in their columns, some of them missing; most files with numbers, one with a few, one
    without, one whose texts came into the dictionary by another."""
    messages = read(SEED, FROM, 0) + read(SEED + 1, FROM + DAY, 0)
    dice = random.Random(SEED)
    for m in messages:
        for field in ("source_reference", "destination_reference", "network_bytes"):
            if dice.random() < 0.02:
                m.pop(field, None)
    cut = [0, N, N + N // 2, 2 * N - N // 3, 2 * N - N // 6, 2 * N]
    names = ["a.x", "b.x", "c.old", "d.some", "e.x"]
    for i, name in enumerate(names):
        lines = "".join(json.dumps(m) + "\n" for m in messages[cut[i]:cut[i + 1]])
        subprocess.run([QUERY, "load", folder, name], input=lines, text=True, check=True, capture_output=True)
    return names, messages


def generated(dice):
    """Questions that numbers of texts can answer, and such that only look so."""
    fields = ("source_reference", "destination_reference", "destination_port", "vendor_subtype", "network_transport",
              "source", "gim_event_type_code", "http_user_agent")
    metrics = ("count()", "sum(network_bytes)", "max(network_bytes)", "min(http_bytes)", "card(destination_port)",
               "card(source_reference)", "card(destination_reference)", "sum(nope)", "percentile(network_bytes,90)")
    queries = ("", "vendor_subtype:flow AND vendor_flow_final:true", "NOT vendor_subtype:flow", "vendor_subtype:http",
               "source_reference:10.20.0.0\\/20", "_exists_:destination_reference", "nope:1", "network_bytes:>100000")
    for _ in range(200):
        ask = {"metric": dice.choice(metrics), "query": dice.choice(queries)}
        kind = dice.choice(("value", "terms", "terms", "pairs"))
        if kind == "terms":
            ask.update(field=dice.choice(fields[:2] if dice.random() < 0.7 else fields), limit=dice.choice((1, 5, 100, 1000)),
                       order=dice.choice(("asc", "desc")))
        if kind == "pairs":
            ask.update(fields=dice.sample(fields, dice.choice((2, 3))), limit=dice.choice((1, 10, 200)))
        low = FROM + dice.randrange(2 * DAY) if dice.random() < 0.5 else FROM
        yield dict(ask, kind=kind), low, min(low + dice.choice((DAY // 24, DAY, 2 * DAY)), FROM + 2 * DAY)


def check_numbered():
    with tempfile.TemporaryDirectory() as folder:
        names, messages = fill_numbered(folder)
        store, texts = Store(folder, names), Store(folder, names, "texts")
        flows = [m for m in messages if FLOW(m)]
        for field, how in (("source_reference", "count()"), ("destination_reference", "sum(network_bytes)"),
                           ("destination_reference", "card(source_reference)"), ("source_reference", "avg(http_bytes)")):
            check_terms(store, messages, field, how)
            check_terms(store, flows, field, how, "vendor_subtype:flow AND vendor_flow_final:true")
            check_terms(store, messages, field, how, down=False, limit=7)
        check_pairs(store, messages, ["source_reference", "destination_port"])
        check_pairs(store, messages, ["destination_reference", "vendor_subtype", "source_reference"])
        check_value(store, messages, messages)
        for ask, low, high in generated(random.Random(SEED)):
            one, other = (s.ask([dict(ask)], low, high)[0] for s in (store, texts))
            one.pop("took_ms", None), other.pop("took_ms", None)
            check("error" not in one and same(one, other), f"by numbers {ask} {low} {high}: {one} not {other}")
        store.end()
        texts.end()


def main():
    check_numbered()
    with tempfile.TemporaryDirectory() as folder:
        fill(folder)
        store = Store(folder, ["day0.x", "day1.x"])
        messages = read(SEED, FROM) + read(SEED + 1, FROM + DAY)
        check_searches(store, messages)
        check_value(store, messages, messages)
        for field, how in (("vendor_subtype", "count()"), ("source_reference", "count()"), ("source_reference", "sum(network_bytes)"),
                           ("destination_port", "count()"), ("http_user_agent", "count()"), ("gim_event_type_code", "count()"),
                           ("tags", "count()"), ("vendor_dns_registered_domain", "count()"), ("network_transport", "avg(network_bytes)"),
                           ("network_transport", "card(source_reference)"), ("gim_event_type_code", "card(associated_ip)"),
                           ("vendor_subtype", "percentile(network_bytes,90)"), ("vendor_flow_final", "max(network_bytes)"), ("nope", "count()")):
            check_terms(store, messages, field, how)
        flows = [m for m in messages if FLOW(m)]
        check_terms(store, flows, "destination_reference", "sum(network_bytes)", "vendor_subtype:flow AND vendor_flow_final:true")
        check_terms(store, messages, "http_user_agent", "count()", down=False, limit=7)
        check_histogram(store, messages, "count()", 3600)
        check_histogram(store, messages, "sum(network_bytes)", 7000)
        check_histogram(store, messages, "card(source_reference)", 43200)
        check_histogram(store, flows, "count()", 3600, "network_transport", "vendor_subtype:flow AND vendor_flow_final:true", 2)
        check_histogram(store, messages, "avg(http_bytes)", 43200, "http_response_code")
        check_histogram(store, messages, "max(network_bytes)", 43200, "gim_event_type_code")
        check_pairs(store, messages, ["source_reference", "destination_port"])
        check_pairs(store, messages, ["gim_event_type_code", "network_transport", "host_hostname"])
        check_percentiles(store, messages)
        check_messages(store, messages, "")
        check_messages(store, [m for m in messages if exists("level")(m)], "_exists_:level")
        check_sorted(store, messages)
        check_one(store, messages)
        check_fields(store, messages)
        check_values(store, messages)
        check_errors(store)
        store.end()
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main())
