"""queue.disk: kill -9 of the sensor at random points. Nothing that the queue took is lost, events
come in order, and twice only what was not acknowledged. KILLS (100) says how often, SEED when."""
import collections
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from receiver import Checks  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(os.getcwd(), "build/release/wirelume")
KILLS = int(os.environ.get("KILLS", "100"))
QUESTIONS = 1500
UNDER_WAY = 3 * 2000 + 500  # events that the Logstash output holds at most, with these windows
LIMIT = 180
CONFIG = """\
packetbeat.interfaces.file: %(folder)s/questions.pcap
packetbeat.protocols: [{type: dns, ports: [53]}]
path.data: %(folder)s/data
logging: {to_stderr: true, metrics.enabled: false}
queue.disk: {max_size: 500MB, write_ahead: 64, read_ahead: 64}
"""
LOGSTASH = "output.logstash: {hosts: ['127.0.0.1:%d'], bulk_max_size: 50, backoff.init: 10ms}\n"
FILE = ("output.file: {path: %s/out, filename: e, rotate_on_startup: false, "
        "rotate_every_kb: 1000000, number_of_files: 1024}\n")


def datagram(sport, dport, payload):
    udp = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                     b"\x0a\0\0\1" if dport == 53 else b"\x0a\0\0\2",
                     b"\x0a\0\0\2" if dport == 53 else b"\x0a\0\0\1")
    return b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip + udp


def write_questions(path):
    """Transactions that are told apart by their names, n0 to nQUESTIONS."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i in range(QUESTIONS):
            name = b"n%d" % i
            asked = bytes([len(name)]) + name + b"\4test\0\0\1\0\1"
            for flags, ports in ((0x0100, (10000 + i, 53)), (0x8183, (53, 10000 + i))):
                frame = datagram(*ports, struct.pack(">HHHHHH", i, flags, 1, 0, 0, 0) + asked)
                f.write(struct.pack("<IIII", 1700000000, i, len(frame), len(frame)) + frame)


def start(folder, life):
    log = open(os.path.join(folder, "log"), "ab")
    child = subprocess.Popen([PROGRAM, "run", "-c", os.path.join(folder, "packetbeat.yml"), "-I",
                              os.path.join(folder, "questions.pcap"), "-E", "tags=[life%d]" % life],
                             stdout=subprocess.DEVNULL, stderr=log, cwd=folder)
    log.close()
    return child


def read_events(paths):
    """For each life the numbers of its questions, as they came."""
    lives = collections.defaultdict(list)
    for path in paths:
        with open(path, "rb") as f:
            for line in f:
                if not line.endswith(b"\n"):
                    continue
                event = json.loads(line)
                lives[event["tags"][0]].append(int(event["dns"]["question"]["name"][1:-5]))
    return lives


def check_events(checks, name, folder, lives, kills, under_way):
    with open(os.path.join(folder, "data/diskqueue/output.offset")) as f:
        kept = int(f.read())
    distinct = sum(len(set(x)) for x in lives.values())
    twice = sum(len(x) for x in lives.values()) - distinct
    checks.check(name + ": as many events as the queue took", distinct == kept, (distinct, kept))
    for life, numbers in lives.items():
        first_seen = list(dict.fromkeys(numbers))
        checks.check("%s, %s: in order, without a gap" % (name, life),
                     first_seen == list(range(len(first_seen))), first_seen[:20])
    checks.check(name + ": twice only what was under way", twice <= kills * under_way, twice)
    checks.check(name + ": work was done", distinct > kills + QUESTIONS, distinct)
    print("%s: %d kills, the queue took %d events, %d came, %d of them twice"
          % (name, kills, kept, distinct, twice))


def await_work(folder, child):
    """Until the queue is written to: a busy machine may take longer to start than a life lasts."""
    def state():
        try:
            with os.scandir(folder + "/data/diskqueue") as files:
                return sorted((f.name, f.stat().st_size) for f in files)
        except FileNotFoundError:  # one has just been deleted
            return None
    os.makedirs(folder + "/data/diskqueue", mode=0o700, exist_ok=True)
    before, end = state(), time.monotonic() + LIMIT
    while child.poll() is None and state() == before and time.monotonic() < end:
        time.sleep(0.001)


def live_and_die(checks, name, folder, rng, kills):
    for life in range(kills):
        child = start(folder, life)
        await_work(folder, child)
        time.sleep(rng.uniform(0.01, 0.05))
        child.kill()
        child.wait()
    status = start(folder, kills).wait(LIMIT)
    checks.check(name + ": the last one ends in order", status == 0, status)


def story(checks, name, output, seed, kills, under_way):
    folder = tempfile.mkdtemp(prefix="wirelume-queue-")
    write_questions(os.path.join(folder, "questions.pcap"))
    server = None
    if name == "logstash":
        out = [os.path.join(folder, "got")]
        server = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "logstash/receiver.py"), "0", out[0], "slow:2"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        output = output % int(server.stdout.readline())
    else:
        output = output % folder
    with open(os.path.join(folder, "packetbeat.yml"), "w") as f:
        f.write(CONFIG % {"folder": folder} + output)
    os.chmod(f.name, 0o600)
    try:
        live_and_die(checks, name, folder, random.Random(seed), kills)
    finally:
        if server:
            server.kill()
            server.wait()
            server.stdout.close()
    if not server:
        out = [os.path.join(folder, "out", x) for x in sorted(os.listdir(folder + "/out"))]
    check_events(checks, name, folder, read_events(out), kills, under_way)
    if not checks.failed:
        shutil.rmtree(folder)


def main():
    checks, seed = Checks(), os.environ.get("SEED", "1")
    story(checks, "logstash", LOGSTASH, seed, KILLS, UNDER_WAY)
    story(checks, "file", FILE, seed, KILLS // 5, 3 * 64)
    return checks.end()


sys.exit(main())
