"""Every event of the reference's captures through sensor, wire and receiver into a file: as many
messages as the sensor writes events by itself, in their order, each field what graylog.md 1.3 makes
of it; plain, over TLS and over mutual TLS. Then the reference's own events, of all its protocols,
the same way. The comparison shares nothing with the receiver's code."""
import collections
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from lumberjack import Client, compressed, frame_json, window  # noqa: E402
from receiver import PROGRAM, Checks, Receiver  # noqa: E402

SHARED = os.path.abspath(os.environ.get("WIRELUME_SHARED", "../shared"))
ROWS = os.environ.get("ROWS", "24")
NAME = re.compile(r"^[\w.\-@]*$", re.ASCII)
BLANK = "".join(map(chr, range(0x21)))
TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d\.\d{3})\d*Z")
checks = Checks()


# ---- what an event must become

def put(fields, path, value):
    if isinstance(value, str):
        value = value.strip(BLANK)
        if not value:
            return
    if value is not None and NAME.match(path.strip(BLANK)):
        fields.append((path.strip(BLANK), value))


def flatten(fields, path, value):
    if isinstance(value, dict):
        for key, inner in value.items():
            flatten(fields, path + "_" + key, inner)
    elif isinstance(value, list):
        put(fields, path, [x for x in value if not isinstance(x, (dict, list))])
        for i, inner in enumerate(value):
            if isinstance(inner, dict):
                flatten(fields, "%s_%d" % (path, i), inner)
    else:
        put(fields, path, value)


def message_of(event):
    """Its fields as they are written: dots in names are underlines, a name that had none wins."""
    fields, out = [], {}
    beat = event["@metadata"]["beat"]
    flatten(fields, beat, event)
    for name, value in fields:
        if "." in name:
            out[name.replace(".", "_")] = value
    out.update((name, value) for name, value in fields if "." not in name)
    date, clock = TIME.fullmatch(event["@timestamp"]).groups()
    out.update(message="-", source=event["agent"]["name"], beats_type=beat, timestamp=date + " " + clock)
    return out


def differences(event, message):
    want = message_of(event)
    got = {k: v for k, v in message.items() if not k.startswith(("gl2_", "_")) and k != "streams"}
    for one in (want, got):
        one.pop("packetbeat_agent_ephemeral_id", None)  # another one each run
    return ["%s: %.200r instead of %.200r" % (k, got.get(k), want.get(k)) for k in sorted(set(want) | set(got))
            if got.get(k) != want.get(k) or type(got.get(k)) is not type(want.get(k))]


# ---- the two sides

def certificates(folder):
    def openssl(*words):
        subprocess.run(("openssl",) + words, check=True, cwd=folder, capture_output=True)
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *curve, "-days", "2", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca")
    for name in ("server", "client"):
        openssl("req", *curve, "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
        with open(os.path.join(folder, name + ".ext"), "w") as f:
            f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", name + ".ext", "-out", name + ".pem")


def flags(**settings):
    return [x for key, value in settings.items() for x in ("-E", "%s=%s" % (key.replace("__", "."), value))]


class Way:
    """A receiver, and what the sensor is told to reach it."""

    def __init__(self, name, pki):
        self.name, self.seen = name, 0
        self.options = {}
        lines = ["port: 0", "bind_address: 127.0.0.1"]
        if name != "plain":
            lines += ["tls_enable: true", "tls_cert_file: %s/server.pem" % pki, "tls_key_file: %s/server.key" % pki]
            self.options["output.logstash.ssl.certificate_authorities"] = pki + "/ca.pem"
        if name == "mutual TLS":
            lines += ["tls_client_auth: required", "tls_client_auth_cert_file: %s/ca.pem" % pki]
            self.options["output.logstash.ssl.certificate"] = pki + "/client.pem"
            self.options["output.logstash.ssl.key"] = pki + "/client.key"
        self.receiver = Receiver("".join("inputs.beats.%s\n" % x for x in lines) +
                                 "output.file.rotate_every_kb: 1000000\n").start()
        self.options["output.logstash.hosts"] = "127.0.0.1:%d" % self.receiver.ports["beats"]

    def new_messages(self):
        """Those that came since the last call; the sensor has ended, so that all are on disk."""
        lines = list(self.receiver.lines())
        new, self.seen = lines[self.seen:], len(lines)
        return [json.loads(x) for x in new]


def sense(folder, config, capture, options):
    command = [PROGRAM, "run", "-c", os.path.join(SHARED, "golden/config", config), "-e", "-t", "-I", capture,
               "--path.home", folder] + flags(**options)
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout[-400:] + done.stderr[-400:]


def sensed(folder, config, capture):
    """The events that the sensor writes to a file."""
    out = os.path.join(folder, "out")
    shutil.rmtree(out, ignore_errors=True)
    sense(folder, config, capture, {"output.file.path": out, "output.file.rotate_every_kb": 1000000})
    events = []
    for path in sorted(glob.glob(out + "/*")):
        with open(path, "rb") as f:
            events += [json.loads(line) for line in f]
    return events


def compare(row, way, events, messages, tally):
    if len(events) != len(messages):
        tally["counts"] += 1
        print("%s, %s: %d messages of %d events" % (row, way, len(messages), len(events)))
        return
    for event, message in zip(events, messages):
        tally["events"] += 1
        tally["fields"] += len(message)
        wrong = differences(event, message)
        tally["unequal"] += bool(wrong)
        if wrong and tally["unequal"] <= 5:
            print("%s, %s: %s" % (row, way, "; ".join(wrong[:4])))


def deliver(client, lines):
    """One window; gives its last acknowledgement."""
    frames = b"".join(frame_json(i + 1, line) for i, line in enumerate(lines))
    client.send(window(len(lines)) + compressed(frames))
    return client.await_ack(len(lines))[-1]


def reference_events(way, tally):
    """What the real Packetbeat emitted, as it did, by a client of Lumberjack."""
    files = sorted(glob.glob(os.path.join(SHARED, "golden/*/*.ndjson")))
    step = 1 if ROWS == "all" else max(1, len(files) // int(ROWS))
    client = Client(way.receiver.ports["beats"])
    for path in files[::step]:
        with open(path, "rb") as f:
            lines = [x.strip() for x in f if x.strip()]
        for first in range(0, len(lines), 1000):
            deliver(client, lines[first:first + 1000])
        compare(path, "reference", [json.loads(x) for x in lines], way.new_messages(), tally)
    client.close()


def rows():
    with open(os.path.join(SHARED, "golden/manifest.tsv"), encoding="utf-8") as f:
        found = [x.rstrip("\n").split("\t") for x in f if x.strip() and not x.startswith("#")]
    if ROWS == "all":
        return found
    step = max(1, len(found) // int(ROWS))
    return found[::step]


def go():
    folder = tempfile.mkdtemp(prefix="wirelume-golden-")
    certificates(folder)
    ways = [Way(name, folder) for name in ("plain", "TLS", "mutual TLS")]
    tallies = {way.name: collections.Counter() for way in ways}
    for row, capture, config in rows():
        capture = os.path.join(SHARED, "captures", capture)
        events = sensed(folder, config, capture)
        for way in ways:
            status, text = sense(folder, config, capture, dict(way.options, **{"output.file.enabled": "false"}))
            if status:
                tallies[way.name]["failed"] += 1
                print("%s, %s: status %d: %s" % (row, way.name, status, text))
            compare(row, way.name, events, way.new_messages(), tallies[way.name])
    tally = collections.Counter()
    reference_events(ways[0], tally)
    checks.check("reference: as many messages as events", not tally["counts"])
    checks.check("reference: each field equal", tally["events"] and not tally["unequal"], "%d events" % tally["unequal"])
    print("reference: %d events, %d fields equal" % (tally["events"], tally["fields"]))
    for way in ways:
        tally = tallies[way.name]
        checks.check(way.name + ": the receiver ends in order", way.receiver.stop() == 0)
        checks.check(way.name + ": the sensor ends in order", not tally["failed"])
        checks.check(way.name + ": as many messages as events", not tally["counts"])
        checks.check(way.name + ": each field equal", not tally["unequal"], "%d events" % tally["unequal"])
        checks.check(way.name + ": there were events", tally["events"] > len(rows()))
        print("%s: %d captures, %d events, %d fields equal" % (way.name, len(rows()), tally["events"], tally["fields"]))
        shutil.rmtree(way.receiver.folder)
    shutil.rmtree(folder)


if os.path.exists(os.path.join(SHARED, "golden/manifest.tsv")):
    go()
else:
    checks.skip("no reference captures in %s (set WIRELUME_SHARED)" % SHARED)
sys.exit(checks.end())
