"""wirelume up, as a new user starts it, in a network namespace of its own: the sample, live traffic,
a server that is killed, ports that are in use, no right to capture, an end in order."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
from receiver import PROGRAM, Checks  # noqa: E402

checks = Checks()
check = checks.check
NAMESPACE = "wl-up-%d" % os.getpid()
INSIDE = ["ip", "netns", "exec", NAMESPACE]


def quiet(*command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


class Up:
    """One `wirelume up` with a data folder."""

    def __init__(self, data, *more, before=()):
        self.data = data
        self.log = data + ".log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                INSIDE + list(before) + [PROGRAM, "up", "--path.data", data,
                                         "-E", "packetbeat.interfaces.device=lo", *more],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def said(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def until(self, what, seconds=90):
        """Waits for what() to be true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if what():
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.05)
        return False

    def health(self):
        """What the server says of itself, or None."""
        return self.ask("health")

    def ask(self, path, body=None):
        """An answer of the API, or None."""
        text = json.dumps(body).encode() if body else b""
        try:
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(5)
            s.connect(os.path.join(self.data, "wirelume.sock"))
            s.sendall(b"%s /api/v1/%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
                      b"Content-Length: %d\r\n\r\n%s" % (b"POST" if body else b"GET", path.encode(), len(text), text))
            answer = b""
            while chunk := s.recv(65536):
                answer += chunk
            s.close()
            return json.loads(answer.split(b"\r\n\r\n", 1)[1])
        except (OSError, ValueError, IndexError):
            return None

    def kinds(self, since, to=None):
        """What the dashboard shows of a time (ms): messages by the kind of their event, but for flows,
        which are told of later."""
        span = {"from": since, "to": to or int(time.time() * 1000) + 1000}
        rows = self.ask("query", {**span, "query": "NOT vendor_subtype:flow", "ask": [
            {"id": "a", "kind": "terms", "field": "vendor_subtype", "metric": "count()", "limit": 50}]})
        try:
            return {row["key"]: row["value"] for row in rows["answers"]["a"]["rows"]}
        except (KeyError, TypeError):
            return {}

    def stored(self):
        health = self.health()
        return health["counters"].get("events.written", 0) if health else -1

    def server(self):
        out = subprocess.run(["pgrep", "-f", "serve -c %s/up.yml" % self.data],
                             stdout=subprocess.PIPE).stdout.split()
        return int(out[0]) if out else None

    def end(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(90)


def command(*words):
    """Another command beside it: its status and what it said."""
    done = subprocess.run(INSIDE + [PROGRAM, *words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def stored_of(said):
    found = re.search(r"^(\d+) events are stored", said, re.M)
    return int(found[1]) if found else 0


def removed_of(said):
    found = re.match(r"(\d+) messages of the sample are removed", said)
    return int(found[1]) if found else -1


def ask_web(n):
    for _ in range(n):
        quiet(*INSIDE, sys.executable, "-c",
              "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/').read()")


# Answers each question about a name with one address.
DNS_SERVER = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
print("ready", flush=True)
while True:
    q, peer = s.recvfrom(512)
    s.sendto(q[:2] + b"\\x81\\x80" + q[4:6] + b"\\0\\1\\0\\0\\0\\0" + q[12:] +
             b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4\\x0a\\0\\0\\1", peer)
"""
DNS_QUESTION = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(60)
s.sendto(b"\\x12\\x34\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\4name\\4test\\0\\0\\1\\0\\1", ("127.0.0.1", 53))
s.recv(512)
"""


def ask_dns(n):
    for _ in range(n):
        quiet(*INSIDE, sys.executable, "-c", DNS_QUESTION)


def same(up, span, before):
    return up.kinds(*span) == before


def story(folder):
    dns = subprocess.Popen(INSIDE + [sys.executable, "-c", DNS_SERVER], stdout=subprocess.PIPE)
    dns.stdout.readline()
    web = subprocess.Popen(INSIDE + [sys.executable, "-m", "http.server", "8000", "--directory", folder],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        first(folder)
        crowded(folder)
    finally:
        for server in (web, dns):
            server.kill()
            server.wait()


def first(folder):
    up = Up(os.path.join(folder, "one"))
    check("it captures", up.until(lambda: "capturing on lo" in up.said()))
    check("it says its address", "dashboard: http://127.0.0.1:8514/" in up.said())
    check("the sample is there", up.until(lambda: up.stored() >= 400))
    check("and said", "wirelume-sample" in up.said())
    since = int(time.time() * 1000) - 1000
    ask_web(3)
    ask_dns(2)
    began = time.monotonic()
    seen = up.until(lambda: up.kinds(since).get("http", 0) >= 3 and up.kinds(since).get("dns", 0) >= 2)
    check("traffic is on the dashboard", seen, up.kinds(since))
    print("  on the dashboard after %.1f s" % (time.monotonic() - began))

    before = up.stored()
    status, said = command("import", "--path.data", up.data, "test/cli/dns.pcap")
    check("a capture goes into the server that runs", status == 0 and "of %s" % up.data in said, said)
    check("all of it", stored_of(said) > 0 and up.until(lambda: up.stored() >= before + stored_of(said)), said)

    check("health tells of the sample", up.health()["sample"] is True)
    status, said = command("sample", "remove", "--path.data", up.data)
    check("the sample goes", status == 0 and removed_of(said) >= 400, said)
    check("and is told of no more", up.health()["sample"] is False)
    status, said = command("sample", "remove", "--path.data", up.data)
    check("all of it, and nothing else", status == 0 and removed_of(said) == 0, said)

    span = since, int(time.time() * 1000)
    before = up.kinds(*span)
    os.kill(up.server(), signal.SIGKILL)
    check("a server that is killed is told", up.until(lambda: "signal 9" in up.said()))
    check("and started again", up.until(lambda: up.stored() == 0))
    ask_web(2)
    check("and stores again", up.until(lambda: up.stored() >= 2))
    check("its numbers are the same", up.until(lambda: same(up, span, before)), (before, up.kinds(*span)))

    for pid in (up.server(), up.process.pid):  # the server first: it ends with its parent
        os.kill(pid, signal.SIGKILL)
    up.process.wait()
    up = Up(up.data)
    check("all is killed, and starts again", up.until(lambda: "capturing on lo" in up.said()), up.said())
    check("with the same numbers", up.until(lambda: same(up, span, before)), (before, up.kinds(*span)))
    check("it ends in order", up.end() == 0)
    check("and its server with it", up.server() is None)

    again = Up(os.path.join(folder, "one"))
    check("a second start", again.until(lambda: "capturing on lo" in again.said()))
    check("has no second sample", "sample" not in again.said())
    again.end()


def crowded(folder):
    """Beside another one, and without the right to capture."""
    one = Up(os.path.join(folder, "one"))
    one.until(lambda: "capturing on lo" in one.said())
    two = Up(os.path.join(folder, "two"),
             before=["setpriv", "--bounding-set=-net_raw,-net_admin", "--inh-caps=-net_raw,-net_admin"])
    check("it goes on without ports and rights", two.until(lambda: two.stored() >= 400))
    two.until(lambda: "Ctrl-C" in two.said())
    said = two.said()
    check("the port of Beats", "port 5044 is in use" in said and "mend:" in said, said)
    check("the port of GELF", "port 12201 (UDP) is in use" in said, said)
    check("the dashboard's port", "port 8514 is in use: the dashboard is on" in said, said)
    check("the right to capture", "no live capture" in said and "setcap" in said, said)
    check("both end in order", two.end() == 0 and one.end() == 0)
    status, said = command("sample", "remove", "--path.data", two.data)
    check("without a server the sample goes too", status == 0 and removed_of(said) >= 400, said)
    status, said = command("sample", "remove", "--path.data", os.path.join(folder, "none"))
    check("where nothing ever ran, it says so", status == 1 and "mend:" in said, said)


def main():
    if not (quiet("ip", "netns", "add", NAMESPACE) and quiet(*INSIDE, "ip", "link", "set", "lo", "up")):
        print("up: needs root and network namespaces (ip netns add, ip netns exec)")
        print("0 passed, 0 failed, 1 skipped")
        return
    folder = tempfile.mkdtemp(prefix="wirelume-up-")
    try:
        story(folder)
    except Exception:
        check("up", False, traceback.format_exc())
    finally:
        quiet("pkill", "-9", "-f", "serve -c %s" % folder)
        quiet("ip", "netns", "del", NAMESPACE)
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(checks.end())


main()
