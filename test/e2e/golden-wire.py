"""Every event of the reference's captures through sensor, wire and receiver into a file: as many
messages as the sensor writes events by itself, in their order, each field what graylog.md 1.3 makes
of it; plain, over TLS and over mutual TLS. Then the reference's own events, of all its protocols,
the same way. The comparison shares nothing with the receiver's code."""
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from golden import SHARED, deliver, is_there, reference_files, rows, sense, sensed  # noqa: E402
from lumberjack import Client  # noqa: E402
from receiver import Checks, Receiver  # noqa: E402

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


class Way:
    """A receiver, and what the sensor is told to reach it."""

    def __init__(self, name, pki):
        self.name, self.options = name, {}
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


def reference_events(way, tally):
    """What the real Packetbeat emitted, as it did, by a client of Lumberjack."""
    client = Client(way.receiver.ports["beats"])
    for path in reference_files():
        lines = deliver(client, path)
        compare(path, "reference", [json.loads(x) for x in lines], way.receiver.new_messages(), tally)
    client.close()


def go():
    folder = tempfile.mkdtemp(prefix="wirelume-golden-")
    certificates(folder)
    ways = [Way(name, folder) for name in ("plain", "TLS", "mutual TLS")]
    tallies = {way.name: collections.Counter() for way in ways}
    for row, capture, config in rows():
        events = sensed(folder, config, capture)
        for way in ways:
            status, text = sense(folder, config, capture, dict(way.options, **{"output.file.enabled": "false"}))
            if status:
                tallies[way.name]["failed"] += 1
                print("%s, %s: status %d: %s" % (row, way.name, status, text))
            compare(row, way.name, events, way.receiver.new_messages(), tallies[way.name])
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


if is_there():
    go()
else:
    checks.skip("no reference captures in %s (set WIRELUME_SHARED)" % SHARED)
sys.exit(checks.end())
