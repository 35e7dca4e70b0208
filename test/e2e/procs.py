"""A sensor on the loopback interface of a namespace of its own: its transactions and flows name the
processes of both ends (packetbeat.procs), and the cloud that a fake metadata service at the usual
address tells of (add_cloud_metadata, by the processors of the shipped packetbeat.yml).

Also in here: procs.py serve, procs.py talk, procs.py short."""
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PROGRAM = Path("build/release/wirelume").resolve()
CONFIG = """
packetbeat.interfaces.device: lo
packetbeat.interfaces.type: af_packet
packetbeat.flows: {timeout: 30s, period: 1s}
packetbeat.procs:
  enabled: true
  monitored:
  - {process: web-server, cmdline_grep: procs.py serve}
packetbeat.protocols:
- type: http
  ports: [8080]
  include_body_for: [application/json]
processors:
  - # Add forwarded to tags when processing data from a network tap or mirror.
    if.contains.tags: forwarded
    then:
      - drop_fields:
          fields: [host]
    else:
      - add_host_metadata: ~
  - add_cloud_metadata: ~
  - add_docker_metadata: ~
  - detect_mime_type:
      field: http.request.body.content
      target: http.request.mime_type
  - detect_mime_type:
      field: http.response.body.content
      target: http.response.mime_type
output.file: {path: "%s", filename: events, rotate_every_kb: 100000}
logging.level: info
"""


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        cloud = self.server.server_port == 80
        known = self.path == "/metadata/v1.json" or not cloud
        body = b'{"droplet_id": 77, "region": "nyc3"}' if known else b""
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # whoever lost the race for the cloud has hung up


def serve():
    for address in ("169.254.169.254", 80), ("127.0.0.1", 8080):
        server = Server(address, Answer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


def talk():
    """A connection that stays open, for the sensor to see whose it is: a request for each line."""
    c = http.client.HTTPConnection("127.0.0.1", 8080)
    for _ in sys.stdin:
        c.request("GET", "/a")
        c.getresponse().read()
        print("done", flush=True)


def short():
    """A connection for each line, of 60 ms: its process looks as if it had done nothing else."""
    for _ in sys.stdin:
        with socket.create_connection(("127.0.0.1", 8080)) as s:
            s.sendall(b"GET /short HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.06)
            s.recv(1000)
        print("done", flush=True)


def doors(pid):
    """(capabilities, no_new_privs, seccomp) of the broker and of every thread of the sensor."""
    def rows(of):
        for task in os.listdir(f"/proc/{of}/task"):
            text = Path(f"/proc/{of}/task/{task}/status").read_text()
            lines = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
            yield tuple(lines[k].strip() for k in ("CapEff", "NoNewPrivs", "Seccomp"))

    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    brokers = [c for c in children if Path(f"/proc/{c}/comm").read_text() == "broker\n"]
    return [set(rows(c)) for c in brokers], set(rows(pid))


LOOKS = f"{1 << 2 | 1 << 19:016x}"  # dac_read_search, sys_ptrace
CLOSED = ([{(LOOKS, "1", "2")}], {("0" * 16, "1", "2")})


def start(*words):
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return child


def wants(pids):
    """What must be seen, by name: a test of one event."""
    server, client, brief = pids

    def ends(e, source, destination):
        at = {k: e.get(k, {}).get("process", {}).get("pid") for k in ("source", "destination")}
        return at == {"source": source, "destination": destination}

    http_event = lambda e: e["type"] == "http" and ends(e, client, server)
    flow = lambda e: e["type"] == "flow" and ends(e, client, server)
    return {
        "a transaction names both ends": http_event,
        "process is the server's": lambda e: http_event(e) and e["process"]["pid"] == server,
        "a monitored process has its name": lambda e: http_event(e)
        and e["process"]["name"] == "web-server"
        and e["source"]["process"]["name"] != "web-server",
        "a transaction has the parent": lambda e: http_event(e)
        and e["process"]["parent"]["pid"] == os.getpid(),
        "a flow names both ends": flow,
        "a flow has the parent": lambda e: flow(e) and e["process"]["ppid"] == os.getpid(),
        "a connection of 60 ms names both ends": lambda e: e["type"] == "flow" and ends(e, brief, server),
        "the command line is told": lambda e: http_event(e)
        and e["source"]["process"]["args"][-1] == "talk",
        "the cloud is told": lambda e: e.get("cloud", {}).get("instance", {}).get("id") == "77"
        and e["cloud"]["provider"] == "digitalocean",
        "the host is told": lambda e: "os" in e["host"],
        "the body's type is told": lambda e: http_event(e)
        and e["http"]["response"].get("mime_type") == "application/json",
    }


def events(folder):
    for path in Path(folder).glob("events-*"):
        for line in path.read_text().splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                pass  # the last line is not whole yet


def run(folder):
    """Names of what was not seen."""
    server = start(sys.executable, __file__, "serve")
    client = start(sys.executable, __file__, "talk")
    brief = start(sys.executable, __file__, "short")
    server.stdout.readline()
    config = Path(folder, "packetbeat.yml")
    config.write_text(CONFIG % folder)
    config.chmod(0o600)
    sensor = subprocess.Popen(
        [PROGRAM, "run", "-e", "-c", config, "--path.home", folder],
        stderr=open(Path(folder, "log"), "w"),
    )
    left = wants((server.pid, client.pid, brief.pid))
    behind = None
    for _ in range(240):  # a request each, until all was seen
        for child in client, brief:
            child.stdin.write("go\n")
            child.stdin.flush()
            child.stdout.readline()
        if "doors closed" in Path(folder, "log").read_text():
            behind = doors(sensor.pid)
        seen = list(events(folder))
        left = {name: test for name, test in left.items() if not any(map(test, seen))}
        if not left or sensor.poll() is not None:
            break
        try:
            sensor.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            pass
    sensor.terminate()
    sensor.wait()
    for child in client, brief, server:
        child.stdin.close()
        child.wait()
    return list(left) + ([] if behind == CLOSED else [f"the doors are closed: {behind}"])


def main():
    for words in ("link set lo up", "addr add 169.254.169.254/32 dev lo"):
        subprocess.run(["ip", *words.split()], check=True)
    with tempfile.TemporaryDirectory() as folder:
        missing = run(folder)
        for name in missing:
            print("FAILED: procs:", name)
        if missing:
            print(Path(folder, "log").read_text()[-2000:])
            last = [e for e in events(folder)][-2:]
            print(json.dumps(last)[:3000])
    total = len(wants((0, 0, 0))) + 1
    print(f"{total - len(missing)} passed, {len(missing)} failed")
    return bool(missing)


if len(sys.argv) > 1:
    {"serve": serve, "talk": talk, "short": short}[sys.argv[1]]()
else:
    sys.exit(main())
