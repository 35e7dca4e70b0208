"""docs/pictures: the three tabs, light and dark, of a real server. Its days are made of the sample's
events, sent again and again with other times, as busy as an office. Run by `make pictures`."""
import json
import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from lumberjack import Client, compressed, frame_json, window  # noqa: E402
from receiver import PROGRAM  # noqa: E402

DAY_MS, STEPS = 86400000, 288


def sample_events():
    out = subprocess.run([PROGRAM, "import", "-o", "-", "etc/sample.pcap"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, check=True).stdout
    return [json.loads(line) for line in out.splitlines() if line.startswith(b"{")]


def stamp(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms / 1000)) + ".%03dZ" % (ms % 1000)


def days(events):
    """Two hundred events each five minutes, more at noon than at night; fewer on the day before."""
    chance = random.Random(7)
    now = int(time.time() * 1000)
    for step in range(2 * STEPS):
        busy = 1 + math.sin(math.pi * (step % STEPS) / STEPS) * 3 + chance.random()
        for _ in range(int((35 if step < STEPS else 50) * busy)):
            event = dict(chance.choice(events))
            event["@timestamp"] = stamp(now - 2 * DAY_MS + step * DAY_MS // STEPS + chance.randrange(300000))
            yield event


def send(port, events):
    client = Client(port)
    batch = []

    def flush():
        frames = b"".join(frame_json(i + 1, e) for i, e in enumerate(batch))
        client.send(window(len(batch)) + compressed(frames))
        client.await_ack(len(batch))
        batch.clear()

    for event in events:
        batch.append(json.dumps(event).encode())
        if len(batch) == 1000:
            flush()
    if batch:
        flush()
    client.close()


def said(log, words):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with open(log, errors="replace") as f:
            found = re.search(words + r'([^"\s]*)', f.read())
        if found:
            return found.group(1)
        time.sleep(0.1)
    raise SystemExit("the server does not say %r: %s" % (words, log))


def main():
    folder = tempfile.mkdtemp(prefix="wirelume-pictures-")
    config, log = os.path.join(folder, "serve.yml"), os.path.join(folder, "log")
    with open(config, "w") as f:
        f.write("path.data: %s/data\ninputs.beats: {bind_address: 127.0.0.1, port: 0}\nweb.port: 0\n" % folder)
    with open(log, "wb") as f:
        server = subprocess.Popen([PROGRAM, "serve", "-c", config, "-e"], stderr=f)
    try:
        port = int(said(log, r"inputs\.beats: listening on port "))
        url = said(log, "dashboard: ")
        send(port, days(sample_events()))
        time.sleep(3)
        subprocess.run(["node", "ui/dev/pictures.mjs", url, "docs/pictures"], check=True)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


main()
