"""Every event of captures through sensor, wire, receiver and pack into the store, and out of it by the
questions of the dashboard: as many messages, and each field, as the same way writes to a file. Then
the reference's own events, of all its protocols. Also what `store export` gives afterwards."""
import collections
import glob
import json
import os
import re
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from golden import ROWS, SHARED, deliver, is_there, reference_files, rows, sense, some  # noqa: E402
from lumberjack import Client  # noqa: E402
from receiver import Checks, Receiver  # noqa: E402
from webserver import API, WebServer  # noqa: E402

PACK = "pack.enabled: [packetbeat]\n"
SENSOR = """
packetbeat.flows: {period: -1s}
packetbeat.protocols: [{type: icmp, enabled: true}, {type: dns, ports: [53]}, {type: http, ports: [80, 8080]}]
"""
EVER = {"from": "0001-01-01T00:00:00.000Z", "to": 4102444800000}  # the year 1 to 2100
PAGE = 200
# What differs from run to run: the receiver's own numbers, and the id that a sensor has for one life.
OWN = re.compile(r"gl2_(?!accounted_message_size)|.*ephemeral_id$")
checks = Checks()


def kept(message):
    return json.dumps({k: v for k, v in message.items() if not OWN.match(k)}, sort_keys=True)


class Ways:
    """The same pack before a file and before the store; what the file has is what is wanted."""

    def __init__(self, folder):
        self.folder = folder
        self.file = Receiver("inputs.beats: {port: 0, bind_address: 127.0.0.1}\n"
                             "output.file.rotate_every_kb: 1000000\n" + PACK).start()
        self.store = WebServer(PACK, kind="store").begin()
        self.wanted = collections.Counter()
        self.rows, self.fields, self.old, self.failed = {}, 0, 0, 0

    def take(self, row):
        for message in self.file.new_messages():
            text = kept(message)
            self.wanted[text] += 1
            self.old += message["timestamp"] < "1970"
            self.rows[text] = row
            self.fields += len(message)

    def sense(self, row, capture, config):
        for receiver in (self.file, self.store):
            hosts = {"output.logstash.hosts": "127.0.0.1:%d" % receiver.ports["beats"], "output.file.enabled": "false"}
            status, text = sense(self.folder, config, capture, hosts)
            if status:
                self.failed += 1
                print("%s: status %d: %s" % (row, status, text))
        self.take(row)

    def reference(self):
        clients = [Client(r.ports["beats"]) for r in (self.file, self.store)]
        for path in reference_files():
            for client in clients:
                deliver(client, path)
            self.take(path)
        for client in clients:
            client.close()

    def ask(self, **what):
        status, _, data = self.store.ask(API + "query", "POST", {**EVER, "ask": [{"id": "a", **what}]})
        answer = json.loads(data)
        return answer["answers"]["a"] if status == 200 else answer

    def stored(self):
        """All messages, page by page, once they are counted."""
        end = time.monotonic() + 60
        while self.ask(kind="value", metric="count()").get("value") != self.wanted.total() and time.monotonic() < end:
            time.sleep(0.05)
        found, after = [], {}
        while True:
            page = self.ask(kind="messages", limit=PAGE, **after)
            if "rows" not in page:
                checks.check("a page of messages", False, page)
                return found
            found += [row["message"] for row in page["rows"]]
            if not page["next"]:
                return found
            after = {"after": page["next"]}


def told(ways, wanted, got):
    """Fields that differ between a message that is missing and the one that came for it."""
    want, have = json.loads(wanted), json.loads(got)
    return "%s: %s" % (ways.rows[wanted], "; ".join(
        "%s: %.200r instead of %.200r" % (k, have.get(k), want.get(k))
        for k in sorted(set(want) | set(have)) if have.get(k) != want.get(k) or type(have.get(k)) is not type(want.get(k))))


def compare(ways, name, wanted, messages):
    found = collections.Counter(kept(m) for m in messages)
    missing, more = sorted((wanted - found).elements()), sorted((found - wanted).elements())
    checks.check(name + ": as many messages", found.total() == wanted.total(), "%d of %d" % (found.total(), wanted.total()))
    checks.check(name + ": each field equal", not missing and not more, "%d, %d" % (len(missing), len(more)))
    for want, got in list(zip(missing, more))[:5]:
        print(told(ways, want, got)[:1500])
    for text in (missing + more)[:3] if len(missing) != len(more) else ():
        print("%s: %.600s" % (ways.rows.get(text), text))


def own_captures(folder):
    config = os.path.join(folder, "sensor.yml")
    with open(config, "w", encoding="utf-8") as f:
        f.write(SENSOR)
    os.chmod(config, 0o600)
    return [(x, os.path.abspath(x), config) for x in some(sorted(glob.glob("test/golden/*/*.pcap")))]


def main():
    folder = tempfile.mkdtemp(prefix="wirelume-golden-")
    ways = Ways(folder)
    captures = own_captures(folder) if ROWS == "all" or not is_there() else []
    if is_there():
        captures += rows()
    else:
        checks.skip("no reference captures in %s (set WIRELUME_SHARED)" % SHARED)
    for row, capture, config in captures:
        ways.sense(row, capture, config)
    if is_there():
        ways.reference()
    checks.check("there were events", ways.wanted.total() > len(captures), ways.wanted.total())
    checks.check("the sensor ends in order", not ways.failed)
    compare(ways, "asked for", ways.wanted, ways.stored())
    checks.check("both end in order", [r.stop() for r in (ways.file, ways.store)] == [0, 0])
    compare(ways, "exported", ways.wanted, ways.store.messages())
    print("%d captures, %d messages, %d fields, %d dated before 1970"
          % (len(captures), ways.wanted.total(), ways.fields, ways.old))
    for receiver in (ways.file, ways.store):
        shutil.rmtree(receiver.folder)
    shutil.rmtree(folder)
    return checks.end()


sys.exit(main())
