"""A sensor on the loopback interface of a namespace of its own: its transactions and flows name the
processes of both ends (packetbeat.procs), and the cloud that a fake metadata service at the usual
address tells of (add_cloud_metadata, by the processors of the shipped packetbeat.yml).

Also in here: procs.py serve, procs.py talk."""
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
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


def start(*words):
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return child


def wants(pids):
    """What must be seen, by name: a test of one event."""
    server, client = pids

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
    server.stdout.readline()
    config = Path(folder, "packetbeat.yml")
    config.write_text(CONFIG % folder)
    config.chmod(0o600)
    sensor = subprocess.Popen(
        [PROGRAM, "run", "-e", "-c", config, "--path.home", folder],
        stderr=open(Path(folder, "log"), "w"),
    )
    left = wants((server.pid, client.pid))
    for _ in range(240):  # a request each, until all was seen
        client.stdin.write("go\n")
        client.stdin.flush()
        client.stdout.readline()
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
    client.stdin.close()
    server.stdin.close()
    client.wait()
    server.wait()
    return list(left)


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
    total = len(wants((0, 0)))
    print(f"{total - len(missing)} passed, {len(missing)} failed")
    return bool(missing)


if len(sys.argv) > 1:
    {"serve": serve, "talk": talk}[sys.argv[1]]()
else:
    sys.exit(main())
