"""Live equals file: real traffic between two network namespaces is captured live (af_packet, pcap)
and by tcpdump at the same time. The file of tcpdump must give the events that were seen live; so must
the file that --dump wrote, times and all.

Also in here, each in a namespace of its own: live-file.py serve, live-file.py talk HOST..."""
import collections
import http.client
import json
import os
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.dont_write_bytecode = True
from netns import Cable, inside  # noqa: E402

PROGRAM = Path("build/release/wirelume").resolve()
HOSTS = ("10.79.0.2", "fd79::2")
WEB, CLOSED, SENTINEL = 8080, 8099, b"this is the end of the traffic"
# Neighbour discovery and group reports come when the kernel likes.
FILTER = "not arp and not ip6[6] == 0 and not (ip6[6] == 58 and ip6[40] >= 130)"
CONFIG = """
packetbeat.interfaces.device: vb
packetbeat.interfaces.type: %s
packetbeat.interfaces.bpf_filter: "%s"
packetbeat.flows: {timeout: 1h, period: -1s}
packetbeat.protocols:
- type: icmp
  enabled: true
- type: dns
  ports: [53]
  send_request: true
  send_response: true
- type: http
  ports: [8080]
  send_all_headers: true
  include_body_for: [text/plain]
output.file: {path: "%s", filename: events, rotate_every_kb: 100000}
logging.level: info
"""


# ---------------------------------------------------------------- the servers
class Web(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def do_GET(self):
        if self.path == "/big":
            self.answer(b"0123456789abcdef" * 65536)
        elif self.path == "/pieces":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for n in range(20):
                self.wfile.write(b"%x\r\n%s\r\n" % (100 + n, b"p" * (100 + n)))
            self.wfile.write(b"0\r\n\r\n")
        elif self.path == "/reset":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nnot all of it")
            self.connection.recv(1)  # the client has read it
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            self.wfile = self.rfile = open(os.devnull, "r+b")
        else:
            self.answer(b"small", 404 if self.path == "/none" else 200)

    do_HEAD = do_GET

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"]))[:1000], 201)


class WebServer(ThreadingHTTPServer):
    address_family = socket.AF_INET6
    request_queue_size = 64


def dns_answer(query):
    """None: it stays without an answer."""
    end = query.index(0, 12) + 5
    name, kind = query[13:end - 4], query[end - 4:end - 2]
    if name.startswith(b"silent"):
        return None
    known = not name.startswith(b"unknown")
    data = {b"\0\x01": bytes((192, 0, 2, 1)), b"\0\x1c": bytes(15) + b"\1"}.get(kind, b"")
    flags = b"\x85\x80" if known else b"\x85\x83"
    head = query[:2] + flags + struct.pack(">4H", 1, int(known), 0, 0)
    record = b"\xc0\x0c" + kind + b"\0\1" + struct.pack(">IH", 300, len(data)) + data
    return head + query[12:end] + (record if known else b"")


class Dns(socketserver.BaseRequestHandler):
    def handle(self):
        query, sock = self.request
        reply = dns_answer(query)
        if reply:
            sock.sendto(reply, self.client_address)


class DnsStream(socketserver.StreamRequestHandler):
    def handle(self):
        while size := self.rfile.read(2):
            reply = dns_answer(self.rfile.read(int.from_bytes(size, "big")))
            self.wfile.write(struct.pack(">H", len(reply)) + reply)


class DnsServer(socketserver.ThreadingUDPServer):
    address_family = socket.AF_INET6


class DnsStreamServer(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    allow_reuse_address = True


def serve():
    for server in (WebServer(("::", WEB), Web), DnsServer(("::", 53), Dns), DnsStreamServer(("::", 53), DnsStream)):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


# ---------------------------------------------------------------- the clients
def question(number, name, kind):
    labels = b"".join(bytes((len(part),)) + part.encode() for part in name.split("."))
    return struct.pack(">6H", number, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", kind, 1)


def ask(host, family):
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.connect((host, 53))
    for number, name in enumerate(("www.example.org", "unknown.example.org", "a.b.c.example.net") * 5, 1):
        sock.send(question(number, name, 28 if number % 2 else 1))
        sock.recv(2048)
    sock.send(question(99, "silent.example.org", 1))
    with socket.create_connection((host, 53)) as stream:
        two = [question(n, "two.example.org", 1) for n in (201, 202)]
        stream.sendall(b"".join(struct.pack(">H", len(q)) + q for q in two))
        while len(two) and (size := stream.recv(2, socket.MSG_WAITALL)):
            stream.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL)
            two.pop()
        finish(stream)


def finish(sock):
    """Both ends have closed when this returns."""
    sock.shutdown(socket.SHUT_WR)
    while sock.recv(4096):
        pass


def browse(host):
    web = http.client.HTTPConnection(host, WEB)
    for method, path, body in (("GET", "/small", None), ("HEAD", "/small", None), ("GET", "/none", None),
                               ("GET", "/pieces", None), ("POST", "/form", b"k=v&" * 30), ("GET", "/big", None),
                               ("POST", "/large", b"z" * 200000), ("GET", "/small?last=1", None)):
        web.request(method, path, body)
        web.getresponse().read()
    finish(web.sock)
    web.close()


def be_reset(host):
    with socket.create_connection((host, WEB)) as sock:
        sock.sendall(b"GET /reset HTTP/1.1\r\nHost: lab\r\n\r\n")
        try:
            while data := sock.recv(4096):
                if b"not all" in data:
                    sock.sendall(b"x")
        except ConnectionResetError:
            return
    raise SystemExit("there was no reset")


def be_refused(host, family):
    try:
        socket.create_connection((host, CLOSED)).close()
    except ConnectionRefusedError:
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.connect((host, CLOSED))
        sock.send(b"anybody there?")
        try:
            sock.recv(10)
        except ConnectionRefusedError:
            return
    raise SystemExit("there was no refusal")


def talk(hosts):
    for host in hosts:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        subprocess.run(["ping", "-q", "-c", "3", "-i", "0.01", host], check=True, stdout=subprocess.DEVNULL)
        ask(host, family)
        browsers = [threading.Thread(target=browse, args=(host,)) for _ in range(4)]
        for browser in browsers:
            browser.start()
        for browser in browsers:
            browser.join()
        be_reset(host)
        be_refused(host, family)
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(SENTINEL, (HOSTS[0], CLOSED))
    print("done", flush=True)


# ---------------------------------------------------------------- the namespaces
def cable():
    return Cable(f"wl{os.getpid()}c", f"wl{os.getpid()}s", ("10.79.0.1/24", "fd79::1/64"), ("10.79.0.2/24", "fd79::2/64"))


def until(what, seconds=90):
    """Looks until it holds: nothing tells of these things by itself."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise SystemExit("live-file: waited in vain")
        time.sleep(0.01)


def sockets(net):
    """How many packet sockets run in the namespace of the servers."""
    rows = subprocess.run(["ip", "netns", "exec", net.b, "cat", "/proc/net/packet"], capture_output=True, text=True,
                          check=True).stdout.splitlines()[1:]
    return sum(row.split()[5] == "1" for row in rows)


# ---------------------------------------------------------------- events
def run(net, folder, kind, *more):
    """The program in the namespace of the servers, whose addresses it counts as its own."""
    folder.mkdir()
    config = folder / "packetbeat.yml"
    config.write_text(CONFIG % (kind, FILTER, folder), encoding="utf-8")
    config.chmod(0o600)
    return inside(net.b, PROGRAM, "run", "-e", "-c", config, "--path.home", folder, *more,
                  stderr=open(folder / "log", "w", encoding="utf-8"))


def flat(value, name=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else key)
    else:
        yield name, value


# A flow's id is made of its first packet, time and all.
TIMES = ("@timestamp", "event.start", "event.end", "event.duration", "flow.id")


def events(folder, times):
    """A bag of events: tcpdump has its own clock, and sees packets of two processors in its own order."""
    bag = collections.Counter()
    for path in folder.glob("events*"):
        for line in path.read_text(encoding="utf-8").splitlines():
            fields = {k: v for k, v in flat(json.loads(line)) if not k.startswith("agent.") and (times or k not in TIMES)}
            bag[json.dumps(fields, sort_keys=True)] += 1
    return bag


def differences(live, file):
    for sign, left, right in (("live only", live, file), ("file only", file, live)):
        for text in sorted((left - right).elements())[:4]:
            yield f"  {sign}: {text[:1500]}"


class Story:
    passed = failed = 0

    def check(self, name, problems):
        self.passed += not problems
        self.failed += bool(problems)
        if problems:
            print(f"FAILED: live-file: {name}", *problems, sep="\n")


def capture(net, work, kind):
    """Both capture; the servers' namespace is asked, not slept for."""
    quiet = sockets(net)
    live = run(net, work / "live", kind, "--dump", work / "dump")
    until(lambda: sockets(net) > quiet or live.poll() is not None)
    tcpdump = inside(net.b, "tcpdump", "-i", "vb", "-n", "-U", "--immediate-mode", "-s", "0", "-B", "32768", "-Z", "root",
                     "--time-stamp-precision=nano", "-w", work / "tcpdump.pcap", FILTER, stderr=subprocess.DEVNULL)
    until(lambda: sockets(net) > quiet + 1 or tcpdump.poll() is not None)
    talk_of = inside(net.a, sys.executable, __file__, "talk", *HOSTS, stdout=subprocess.PIPE)
    talk_of.stdout.readline()
    live.terminate()  # at once: what the kernel has taken by now belongs to it
    status = live.wait()
    until(lambda: SENTINEL in (work / "tcpdump.pcap").read_bytes())
    tcpdump.terminate()
    tcpdump.wait()
    ends = ("the traffic", talk_of.wait()), ("wirelume", status)
    return [f"  {who} ended with {rc}" for who, rc in ends if rc]


def tell(story, net, work, kind):
    work.mkdir()
    story.check(f"{kind}: capture", capture(net, work, kind))
    live = events(work / "live", True)
    kinds = collections.Counter(json.loads(text)["type"] for text in live.elements())
    wanted = {"dns": 36, "http": 66, "icmp": 2}
    story.check(f"{kind}: all that took place is reported",
                [f"  {n} {what}, at least {wanted[what]} expected" for what, n in kinds.items() if n < wanted.get(what, 1)]
                + [f"  no {what}" for what in ("dns", "http", "icmp", "flow") if what not in kinds])
    for name, file, times in (("tcpdump", "tcpdump.pcap", False), ("dump", "dump*.pcap", True)):
        path, = work.glob(file)
        run(net, work / name, kind, "-t", "-I", path).wait()
        story.check(f"{kind}: the file of {name} gives the events seen live",
                    list(differences(events(work / "live", times), events(work / name, times))))


def main():
    try:
        with cable() as net, tempfile.TemporaryDirectory() as work:
            story = Story()
            server = inside(net.b, sys.executable, __file__, "serve", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            server.stdout.readline()
            for kind in ("af_packet", "pcap"):
                tell(story, net, Path(work) / kind, kind)
            server.stdin.close()
            server.wait()
    except (subprocess.CalledProcessError, FileNotFoundError) as missing:
        print(f"live-file: needs root, network namespaces (ip netns add, ip netns exec) and tcpdump: {missing}")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    print(f"{story.passed} passed, {story.failed} failed")
    return story.failed > 0


if __name__ == "__main__":
    sys.exit(serve() if sys.argv[1:] == ["serve"] else talk(sys.argv[2:]) if sys.argv[1:2] == ["talk"] else main())
