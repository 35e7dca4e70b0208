"""kill -9 of the receiver at random points under load: nothing acknowledged is lost, and only what
was not acknowledged comes twice. KILLS (300) says how often, SEED which random points, OUTPUT (file)
which output: file, index or store, both with indices that rotate all the time. SECONDS_OF_KILLS
ends them earlier."""
import collections
import json
import os
import random
import shutil
import sys
import threading
import time

sys.dont_write_bytecode = True
from lumberjack import Client, Closed, batch  # noqa: E402
from ports import free_port  # noqa: E402
from receiver import Checks, Receiver  # noqa: E402

KILLS = int(os.environ.get("KILLS", "300"))
CLIENTS = 3
SECONDS = float(os.environ.get("SECONDS_OF_KILLS", "inf"))
KIND = os.environ.get("OUTPUT", "file")
INDEX = KIND != "file"
LONGEST = 0.6 if KIND == "store" else 0.15  # seconds of a life
# A view of the store has 512 indices at most, so it gets larger ones.
DOCS = 4000 if KIND == "store" else 700
SETTINGS = ("rotation.strategy=count", "rotation.max_docs_per_index=%d" % DOCS,
            "retention.strategy=none")
FILES = """
output.file.rotate_every_kb: 4096
output.file.number_of_files: 1024
"""
MORE = {"file": FILES, "index": "", "store": "output.store.seal_interval: 1s\n"}
CONFIG = """
inputs.beats.port: %d
intake.batches: 3
logging.metrics.enabled: false
logging.level: warning
"""


class Sender(threading.Thread):
    """Sends windows of ids that count up, and again what was not acknowledged."""

    def __init__(self, name, port, seed):
        super().__init__(daemon=True)
        self.label, self.port, self.random = name, port, random.Random(seed)
        self.sent, self.acked = collections.Counter(), set()
        self.next, self.open, self.stopping = 0, [], False
        self.early = self.wrong = 0

    def window(self):
        if not self.open:
            n = self.random.choice((1, 3, 50, 400))
            self.open = ["%s-%d" % (self.label, self.next + i) for i in range(n)]
            self.next += n
        return self.open

    def deliver(self, client):
        ids = self.window()
        self.sent.update(ids)
        client.send(batch(ids, level=self.random.choice((0, 3)), pad="x" * 200))
        done = 0
        while done < len(ids):
            _, sequence = client.ack()
            if sequence and (sequence < done or sequence > len(ids)):
                self.wrong += 1
            self.acked.update(ids[done:sequence])
            done = max(done, sequence)
            self.open = ids[done:]

    def run(self):
        while not (self.stopping and not self.open):
            try:
                client = Client(self.port, timeout=20)
                while not (self.stopping and not self.open):
                    self.deliver(client)
                client.close()
            except (OSError, Closed):
                time.sleep(0.002)


def count_lines(receiver):
    seen, broken = collections.Counter(), 0
    for line in receiver.lines():
        try:
            seen[json.loads(line)["packetbeat_n"]] += 1
        except ValueError:
            broken += 1
    return seen, broken


def open_receiver(checks, port):
    receiver = Receiver(CONFIG % port + MORE[KIND], kind=KIND)
    if INDEX:  # a first start makes the index set
        receiver.start(wait=False)
        receiver.await_state()
        done = receiver.command("index-set", "set", "Default index set", *SETTINGS)
        checks.check("the index set is changed beside the server", done[0] == 0, done)
        receiver.kill()
    return receiver


def check_indices(checks, receiver):
    status, text = receiver.command("index-set", "show", "Default index set", "--json")
    indices = json.loads(text)["indices"] if status == 0 else []
    docs = [i["docs"] for i in indices]
    checks.check("indices are known", len(indices) > 2, text[:200])
    checks.check("numbers follow each other",
                 [i["name"] for i in indices] == ["graylog_%d" % i for i in range(len(indices))])
    checks.check("as many messages as lines", sum(docs) == sum(1 for _ in receiver.lines()), docs)
    if KIND == "index":  # the store rotates before the group is durable, and it may not become it
        checks.check("full ones have their 700", all(n >= 700 for n in docs[:-1]), docs)
    return len(indices)


def main():
    checks, rng = Checks(), random.Random(os.environ.get("SEED", "1"))
    port = free_port()
    receiver = open_receiver(checks, port)
    senders = [Sender("c%d" % i, port, i) for i in range(CLIENTS)]
    for s in senders:
        s.start()
    kills, end = 0, time.monotonic() + SECONDS
    while kills < KILLS and time.monotonic() < end:
        receiver.start(wait=False)
        time.sleep(rng.uniform(0.02, LONGEST))
        receiver.kill()
        kills += 1
    receiver.start(wait=False)
    for s in senders:
        s.stopping = True
    for s in senders:
        s.join(120)
    status = receiver.stop()
    seen, broken = count_lines(receiver)
    acked = set().union(*(s.acked for s in senders))
    sent = sum((s.sent for s in senders), collections.Counter())
    lost = [x for x in acked if not seen[x]]
    twice = sum(n - 1 for n in seen.values() if n > 1)
    checks.check("clients ended", not any(s.is_alive() for s in senders))
    checks.check("ends in order", status == 0, status)
    checks.check("nothing acknowledged is lost", not lost, lost[:10])
    checks.check("no id more often than it was sent", all(n <= sent[x] for x, n in seen.items()))
    checks.check("no acknowledgement of what was not sent", not any(s.wrong for s in senders))
    checks.check("no broken line", broken == 0, broken)
    checks.check("work was done", len(acked) > kills, len(acked))
    print("%d kills: %d events acknowledged, %d lost, %d came twice of %d sent again"
          % (kills, len(acked), len(lost), twice, sum(sent.values()) - len(sent)))
    if INDEX:
        print("%d indices" % check_indices(checks, receiver))
    failed = checks.end()
    if not failed:
        shutil.rmtree(receiver.folder)
    return failed


sys.exit(main())
