"""The numbers of a running sensor and receiver over HTTP, and in the log."""
import http.client
import json
import os
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import fcntl

sys.dont_write_bytecode = True
from lumberjack import Client, batch  # noqa: E402
from receiver import PROGRAM, Checks, Receiver  # noqa: E402

LIMIT = 60
CAPTURE = "test/golden/dns/dnssec-nsec3.pcap"  # 18 packets, 9 transactions
CONFIG = """\
packetbeat.interfaces.file: "-"
packetbeat.protocols: [{type: dns, ports: [53]}]
packetbeat.flows: {period: -1s}
path.data: %(home)s/data
logging: {to_stderr: true, metrics.period: 1s}
output.file: {path: %(home)s/out}
http: {enabled: true, host: "%(host)s", port: 0}
"""
checks = Checks()
check = checks.check


def until(what, limit=LIMIT):
    """The first true answer, or the last one."""
    end = time.monotonic() + limit
    while not (found := what()) and time.monotonic() < end:
        time.sleep(0.01)
    return found


class Sensor:
    """Reads a capture from a pipe that stays open, so it goes on as long as it is wanted."""

    def __init__(self, host):
        self.home = tempfile.mkdtemp(prefix="wirelume-monitor-")
        self.log = os.path.join(self.home, "log")
        conf = os.path.join(self.home, "packetbeat.yml")
        with open(conf, "w") as f:
            f.write(CONFIG % {"home": self.home, "host": host.replace("HOME", self.home)})
        os.chmod(conf, 0o600)
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen([PROGRAM, "run", "-c", conf], stdin=subprocess.PIPE,
                                          stderr=log, cwd=self.home)
        found = until(lambda: re.search(r"numbers are served at ([^\"]+)", self.read_log()))
        self.address = found.group(1)

    def read_log(self):
        with open(self.log) as f:
            return f.read()

    def feed(self):
        with open(CAPTURE, "rb") as f:
            self.child.stdin.write(f.read())
        self.child.stdin.flush()

    def connect(self):
        if self.address.startswith("unix://"):
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(LIMIT)
            s.connect(self.address[len("unix://"):])
            return s
        host, port = re.match(r"http://(.*):(\d+)/", self.address).groups()
        return socket.create_connection((host, int(port)), LIMIT)

    def ask(self, path, method="GET"):
        conn = http.client.HTTPConnection("localhost", timeout=LIMIT)
        conn.sock = self.connect()
        conn.request(method, path)
        answer = conn.getresponse()
        body = answer.read().decode()
        conn.close()
        return answer, body

    def json(self, path):
        return json.loads(self.ask(path)[1])

    def raw(self, data):
        with self.connect() as s:
            s.sendall(data)
            return b"".join(iter(lambda: s.recv(65536), b""))

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        self.child.stdin.close()
        return self.child.wait(LIMIT)


LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(%s(?:,%s)*)\})? (-?[0-9.e+-]+|NaN|[+-]Inf)$"
                    % (LABEL, LABEL))


def parse_prometheus(text):
    """Samples of the text format, read strictly: HELP, TYPE and all samples of a name together."""
    samples, kinds, helped, done, family = {}, {}, set(), set(), None
    assert text.endswith("\n"), "the last line has no end"
    for line in text.splitlines():
        if line.startswith("# "):
            what, name = line[2:].split(" ")[:2]
            if name != family:
                assert name not in done, "%s is in two places" % name
                done.add(name)
                family = name
            if what == "HELP":
                assert name not in helped, line
                assert len(line.split(" ", 3)[3]) > 3, line
                helped.add(name)
            else:
                assert what == "TYPE" and name in helped and name not in kinds, line
                kinds[name] = line.split(" ")[3]
            continue
        found = SAMPLE.match(line)
        assert found, line
        name, labels, value = found.groups()
        assert name == family and name in kinds, line
        key = name + ("{%s}" % labels if labels else "")
        assert key not in samples, line
        samples[key] = float(value)
        if kinds[name] == "counter":
            assert name.endswith("_total") and float(value) >= 0, line
        else:
            assert kinds[name] == "gauge" and not name.endswith(("_total", "_count", "_sum")), line
    return samples


def all_routes(sensor):
    root = sensor.json("/")
    check("the root says who this is", root["beat"] == "packetbeat" and root["uuid"] and
          root["hostname"], root)
    sensor.feed()
    stats = until(lambda: (s := sensor.json("/stats"))["wirelume"]["events"]["emitted"] == 9 and s)
    check("what was captured is counted", stats and stats["wirelume"]["capture"]["packets"] == 18 and
          stats["wirelume"]["dns"]["messages"] == 18, stats)
    for path in ("beat.memstats.rss", "beat.handles.open", "beat.info.uptime.ms",
                 "libbeat.pipeline.events.total", "libbeat.output.events.acked",
                 "libbeat.pipeline.queue.max_events", "system.load.1", "dns.unmatched_requests",
                 "http.unmatched_responses"):
        value = stats
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        check("/stats has " + path, isinstance(value, (int, float)), value)
    state = sensor.json("/state")
    check("/state", state["output"]["name"] == "file" and state["queue"]["name"] == "mem" and
          state["management"]["enabled"] is False and state["service"]["id"] == root["uuid"], state)
    inputs = sensor.json("/inputs/")
    check("/inputs/ has the capture", [x["input"] for x in inputs] == ["file"] and
          inputs[0]["packets"] == 18, inputs)
    check("chosen by type", sensor.json("/inputs/?type=FILE") == inputs and
          sensor.json("/inputs/?type=tcp") == [])
    check("/dataset has it by id", list(sensor.json("/dataset").values()) == inputs)
    check("pretty is the same", sensor.json("/state?pretty") == sensor.json("/state") and
          "\n  " in sensor.ask("/state?pretty")[1])
    glance = until(lambda: (g := sensor.json("/glance"))["slow"] and g)
    check("the slowest transaction first", glance and glance["slow"] == sorted(
        glance["slow"], key=lambda x: -x["duration_ns"]) and glance["talkers"], glance)


def prometheus(sensor):
    answer, text = sensor.ask("/metrics")
    check("its type", answer.getheader("Content-Type").startswith("text/plain; version=0.0.4"))
    try:
        samples = parse_prometheus(text)
    except AssertionError as e:
        check("the text format", False, e)
        return
    stats = sensor.json("/stats")["wirelume"]
    check("the same numbers", samples["wirelume_capture_packets_total"] ==
          stats["capture"]["packets"] and
          samples['wirelume_protocol_messages_total{protocol="dns"}'] == 18, samples)
    check("the process", samples["process_resident_memory_bytes"] > 0 and
          abs(samples["process_start_time_seconds"] - time.time()) < 3600)


def refusals(sensor):
    for path, status in (("/nothing", 404), ("/stats?what", 400), ("/inputs/?x=1", 400),
                         ("/../etc/passwd", 400)):
        check(path, sensor.ask(path)[0].status == status, sensor.ask(path)[0].status)
    answer, _ = sensor.ask("/stats", "POST")
    check("only GET", answer.status == 405 and "GET" in answer.getheader("Allow"))
    answer, body = sensor.ask("/stats", "HEAD")
    check("HEAD has no body", answer.status == 200 and body == "" and
          int(answer.getheader("Content-Length")) > 1000)
    check("lines without CR", sensor.raw(b"GET / HTTP/1.1\nHost: x\n\n").startswith(b"HTTP/1.1 400"))
    check("a head without end", b" 431 " in sensor.raw(b"GET / HTTP/1.1\r\nX: " + b"a" * 8300)[:20])


def many_silent_clients(sensor):
    """More than there is room for: they are closed after 10 s, nobody else is harmed for long."""
    silent = [sensor.connect() for _ in range(31)]
    check("one place is left", sensor.ask("/")[0].status == 200)
    for s in silent:
        s.close()
    check("and all again", sensor.ask("/")[0].status == 200)


def log_lines(sensor):
    def metrics():
        lines = [json.loads(x) for x in sensor.read_log().splitlines() if x.startswith("{")]
        return [x for x in lines if x["log.logger"] == "monitoring" and "monitoring" in x]
    def packets(lines):
        return sum(x["monitoring"]["metrics"].get("wirelume", {}).get("capture", {}).get("packets", 0)
                   for x in lines)
    until(lambda: packets(metrics()) == 18)
    lines = metrics()
    check("differences add up", packets(lines) == 18, lines)
    check("as Packetbeat says it", any(x["message"] == "Non-zero metrics in the last 1s"
                                       for x in lines), lines)
    check("it ends in order", sensor.end() == 0)
    total = [x for x in metrics() if x["message"] == "Total metrics"]
    # nine flows beside nine transactions
    check("totals at the end", len(total) == 1 and packets(total) == 18 and
          total[0]["monitoring"]["metrics"]["libbeat"]["output"]["events"]["acked"] == 18, total)


class Terminal:
    """`wirelume top` on a terminal of 24 lines and 80 columns; what stands on it."""

    def __init__(self, address):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave, self.text = slave, b""
        self.child = subprocess.Popen([PROGRAM, "top", address], stdin=slave, stdout=slave,
                                      stderr=slave, start_new_session=True)
        os.set_blocking(self.master, False)

    def read(self):
        try:
            while part := os.read(self.master, 65536):
                self.text += part
        except (BlockingIOError, OSError):
            pass
        return self.text.decode(errors="replace")

    def frames(self):
        return self.read().split("\x1b[H")[1:]

    def press(self, key):
        os.write(self.master, key)

    def restored(self):
        return termios.tcgetattr(self.slave) == self.before

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
        os.close(self.master)
        os.close(self.slave)


def lines_of(frame):
    return [re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", x.strip("\r")) for x in frame.split("\n")]


def on_a_terminal(sensor):
    address = sensor.address
    terminal = Terminal(address)
    full = until(lambda: [f for f in terminal.frames() if f.endswith("\x1b[J")])
    lines = lines_of(full[0])
    check("one screen", len(lines) <= 24 and all(len(x) <= 80 for x in lines), lines)
    check("all its parts", all(any(part in x for x in lines) for part in (
        "packets", "lost:", "output file", "PROTOCOL", "TALKER", "SLOWEST", "dns")), lines)
    check("it refreshes", until(lambda: len(terminal.frames()) > 2))
    terminal.press(b"s")
    check("s sorts", until(lambda: "by messages" in terminal.read()))
    terminal.press(b"p")
    check("p pauses", until(lambda: "[paused]" in terminal.read()))
    terminal.press(b"q")
    check("q ends", terminal.child.wait(LIMIT) == 0)
    check("the terminal is as before", terminal.restored() and
          terminal.read().endswith("\x1b[?25h\x1b[?1049l"), terminal.read()[-40:])
    terminal.close()
    terminal = Terminal(address)
    until(terminal.frames)
    terminal.child.send_signal(signal.SIGINT)
    check("SIGINT ends it too", terminal.child.wait(LIMIT) == 0 and terminal.restored())
    terminal.close()


def into_a_pipe(sensor):
    done = subprocess.run([PROGRAM, "top", sensor.address], capture_output=True, text=True,
                          timeout=LIMIT)
    check("once, plain", done.returncode == 0 and "\x1b" not in done.stdout and
          "SLOWEST" in done.stdout and done.stdout.count("PROTOCOL") == 1, done)
    done = subprocess.run([PROGRAM, "top", "localhost:1"], capture_output=True, text=True,
                          timeout=LIMIT)
    check("nobody there is one line", done.returncode == 1 and done.stderr.count("\n") == 1 and
          "http.enabled" in done.stderr, done)
    done = subprocess.run([PROGRAM, "top", "nonsense"], capture_output=True, text=True,
                          timeout=LIMIT)
    check("no address is refused", done.returncode == 1 and "is no address" in done.stderr, done)


def a_socket():
    sensor = Sensor("unix://HOME/numbers.sock")
    path = os.path.join(sensor.home, "numbers.sock")
    check("over a socket", sensor.json("/")["beat"] == "packetbeat")
    done = subprocess.run([PROGRAM, "top", sensor.address], capture_output=True, text=True,
                          timeout=LIMIT)
    check("top over it", done.returncode == 0 and "PROTOCOL" in done.stdout, done)
    check("its mode", os.stat(path).st_mode & 0o777 == 0o740, oct(os.stat(path).st_mode))
    check("ends", sensor.end() == 0)
    check("the socket is gone", not os.path.exists(path))
    shutil.rmtree(sensor.home)


def the_receiver():
    r = Receiver("inputs.beats.port: 0\nhttp: {enabled: true, port: 0}\n").start()
    found = until(lambda: re.search(r"served at http://localhost:(\d+)/", r.read_log()))
    client = Client(r.ports["beats"])
    client.send(batch(list(range(20))))
    client.await_ack(20)

    def ask():
        conn = http.client.HTTPConnection("localhost", int(found.group(1)), timeout=LIMIT)
        conn.request("GET", "/stats")
        return json.loads(conn.getresponse().read())
    stats = until(lambda: (s := ask())["wirelume"]["events"]["written"] == 20 and s)
    check("the receiver counts too", stats and stats["wirelume"]["intake"]["messages"] == 20 and
          stats["libbeat"]["output"]["events"]["acked"] == 20, stats)
    client.close()
    check("the receiver ends", r.stop() == 0)
    shutil.rmtree(r.folder)


def main():
    sensor = Sensor("localhost")
    all_routes(sensor)
    prometheus(sensor)
    refusals(sensor)
    many_silent_clients(sensor)
    on_a_terminal(sensor)
    into_a_pipe(sensor)
    log_lines(sensor)
    shutil.rmtree(sensor.home)
    a_socket()
    the_receiver()
    return checks.end()


sys.exit(main())
