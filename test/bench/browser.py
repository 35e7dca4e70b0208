"""The dashboard in Chromium, over ROWS messages of a day (default a million): first paint, each tab
from the key that opens it until all its widgets are drawn, and the tabs' questions while the messages
come in. The day is the sample's events, sent over Beats; of more than a million messages it is made
as a file of the store, and nothing comes in meanwhile. Called by run (make bench P=browser).
"""
import glob
import http.client
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(TOP, "test/e2e"))
from processes import cpu_s  # noqa: E402
from lumberjack import Client, compressed, frame_json, window  # noqa: E402

RELEASE = os.path.join(TOP, "build/release/test/bench")
PROGRAM = os.environ.get("WIRELUME", os.path.join(TOP, "build/release/wirelume"))
ROWS = int(os.environ.get("ROWS", 1000000))
WINDOW = 2000
DAY_MS = 86400000
CPU_TIMES = 5
OVER_THE_WIRE = ROWS <= int(os.environ.get("WIRE", 1000000))
GOAL_MS = 300 if OVER_THE_WIRE else 1500


def sample_events():
    out = subprocess.run([PROGRAM, "import", "-o", "-", os.path.join(TOP, "etc/sample.pcap")], cwd=TOP,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    return [json.loads(line) for line in out.splitlines() if line.startswith(b"{")]


def pieces(events):
    """Each event as text before and behind its time."""
    for e in events:
        e["@timestamp"] = "@"
        yield json.dumps(e).encode().split(b'"@"', 1)


def windows(events):
    """All events of the day, in order, as windows of packed frames."""
    parts, now = list(pieces(events)), int(time.time() * 1000)
    frames = []
    for i in range(ROWS):
        at = now - DAY_MS + i * DAY_MS // ROWS
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at / 1000)) + ".%03dZ" % (at % 1000)
        before, behind = parts[i * 7919 % len(parts)]
        frames.append(frame_json(len(frames) + 1, before + b'"' + stamp.encode() + b'"' + behind))
        if len(frames) == WINDOW or i + 1 == ROWS:
            yield len(frames), window(len(frames)) + compressed(b"".join(frames))
            frames = []


class Server:
    def __init__(self, folder, name="log"):
        self.folder, self.log = folder, os.path.join(folder, name)
        config = os.path.join(folder, "serve.yml")
        with open(config, "w") as f:
            f.write(f"path.data: {folder}/data\nweb.port: 0\n"
                    "inputs.beats: {bind_address: 127.0.0.1, port: 0}\n")
        with open(self.log, "wb") as f:
            self.process = subprocess.Popen([PROGRAM, "serve", "-c", config, "-e"], stderr=f)
        self.beats = int(self.said(r"inputs\.beats: listening on port (\d+)"))
        self.url = self.said(r"dashboard: (http[^\s\"]*)")

    def said(self, pattern):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with open(self.log, errors="replace") as f:
                found = re.search(pattern, f.read())
            if found:
                return found.group(1)
            time.sleep(0.05)
        raise SystemExit(f"the server does not say {pattern}: {self.log}")

    def api(self, path, body=None):
        c = http.client.HTTPConnection(self.url.split("/")[2], timeout=120)
        c.request("POST" if body else "GET", "/api/v1/" + path, json.dumps(body) if body else None,
                  {"Content-Type": "application/json"})
        answer = json.loads(c.getresponse().read())
        c.close()
        return answer

    def count(self):
        return self.api("query", {"range": 2 * 86400, "ask": [{"id": "n", "kind": "value", "metric": "count()"}]})["answers"]["n"]["value"]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(120)


def tab_asks(server):
    """What each tab asks, as the page would."""
    board = server.api("dashboards/packetbeat")
    for tab in board["tabs"]:
        asks = []
        for i, w in enumerate(tab["widgets"]):
            ask = {"id": str(i), "metric": w["metric"]}
            rows = w.get("rows") or {}
            if w.get("query"):
                ask["query"] = w["query"]
            if "time" in rows:
                ask.update(kind="histogram", interval=rows["time"])
                if w.get("columns"):
                    ask["split"] = {"field": w["columns"]["field"], "limit": w["columns"].get("limit", 10)}
            elif rows.get("field"):
                ask.update(kind="terms", field=rows["field"], limit=rows.get("limit", 10))
            else:
                ask.update(kind="value")
            asks.append(ask)
        yield tab["title"], {"range": 86400, "stream": board["stream"], "ask": asks}


class Asking(threading.Thread):
    """The tabs' questions, one after the other, a second apart, until told to stop."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.over, self.took, self.failed = server, threading.Event(), [], 0

    def run(self):
        tabs = list(tab_asks(self.server))
        while not self.over.is_set():
            for _, body in tabs:
                start = time.monotonic()
                answer = self.server.api("query", body)
                self.took.append((time.monotonic() - start) * 1000)
                self.failed += "answers" not in answer or any("error" in a for a in answer["answers"].values())
                if self.over.wait(1):
                    return


def send_day(server):
    """Sends the day; events a second, acknowledged."""
    client, start = Client(server.beats, timeout=300), time.monotonic()
    for n, data in windows(sample_events()):
        client.send(data)
        client.await_ack(n)
    client.close()
    return ROWS / (time.monotonic() - start)


def fill_by_wire(folder, check):
    server = Server(folder)
    asking = Asking(server)
    asking.start()
    rate = send_day(server)
    asking.over.set()
    asking.join()
    took = sorted(asking.took)
    print(f"browser: {ROWS} messages came at {rate:.0f}/s, {load()}; {len(took)} questions of a whole tab meanwhile: "
          f"median {statistics.median(took):.0f} ms, slowest {took[-1]:.0f} ms")
    check(asking.failed == 0, f"{asking.failed} questions failed while messages came")
    return server


def fill_by_file(folder):
    """A server makes the stream and its index set; their index is then a file of the whole day."""
    server = Server(folder, "first.log")
    title = server.api("dashboards/packetbeat")["stream"]
    stream = next(s for s in server.api("streams")["streams"] if s["title"] == title)
    sets = server.api("index-sets")["index_sets"]
    prefix = next(s["index_prefix"] for s in sets if s["id"] == stream["index_set_id"])
    server.end()
    start = time.monotonic()
    indices, span = os.path.join(folder, "data/indices"), DAY_MS - 3600000
    for old in glob.glob(f"{indices}/{prefix}_*"):
        os.remove(old)
    subprocess.run([os.path.join(RELEASE, "query"), "load", indices, f"{prefix}_0.duckdb", str(ROWS), "1", "0",
                    str(int(time.time() * 1000) - span), str(span), stream["id"]], cwd=TOP, stdout=subprocess.DEVNULL, check=True)
    owner = os.stat(indices)  # a server that root starts runs as somebody else
    for made in os.scandir(indices):
        os.chown(made.path, owner.st_uid, owner.st_gid)
    print(f"browser: a file of {ROWS} messages was made in {time.monotonic() - start:.0f} s, {load()}")
    return Server(folder)


def print_cpu(server):
    """What can be compared on a busy machine: CPU of all the server's threads for a tab's questions."""
    for title, body in tab_asks(server):
        before = cpu_s(server.process.pid)
        for _ in range(CPU_TIMES):
            server.api("query", body)
        print(f"  {title:36} {1000 * (cpu_s(server.process.pid) - before) / CPU_TIMES:6.0f} ms of CPU on the server")


def load():
    return "load %.1f" % os.getloadavg()[0]


def run(check, goal_line):
    if not shutil.which("node") or not os.path.exists(os.path.join(TOP, "ui/node_modules/playwright-core")):
        print("browser: Node or playwright-core is missing (tools/build-ui)")
        return
    folder, server = tempfile.mkdtemp(prefix="wirelume-browser-"), None
    try:
        server = fill_by_wire(folder, check) if OVER_THE_WIRE else fill_by_file(folder)
        end = time.monotonic() + 120
        while server.count() < ROWS and time.monotonic() < end:
            time.sleep(0.5)
        check(server.count() == ROWS, f"{server.count()} messages of {ROWS}")
        out = subprocess.run(["node", os.path.join(TOP, "ui/dev/measure.mjs"), server.url], cwd=TOP, stdout=subprocess.PIPE, check=True).stdout
        figures = json.loads(out)
        print(f"browser: {load()}")
        for name, values in figures["tabs"].items():
            print(f"  {name:36} drawn after {min(values):6.0f} / {statistics.median(values):6.0f} / {max(values):6.0f} ms")
        print_cpu(server)
        print(f"  first paint {min(figures['paint']):.0f} / {statistics.median(figures['paint']):.0f} / {max(figures['paint']):.0f} ms")
        goal_line("browser_first_paint", statistics.median(figures["paint"]), "ms", 300)
        goal_line("browser_tab_slowest", max(statistics.median(v) for v in figures["tabs"].values()), "ms", GOAL_MS)
    finally:
        if server:
            server.end()
        shutil.rmtree(folder, ignore_errors=True)
