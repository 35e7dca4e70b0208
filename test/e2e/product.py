"""The whole product (wirelume up, ./run.sh) as the stories start it, what its server says, and the
name server and questions that make traffic."""
import json
import os
import signal
import socket
import subprocess
import sys
import time


def quiet(*command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


class Product:
    """One that runs: the command, and its data folder."""

    def __init__(self, command, data, cwd=None):
        self.data = data
        self.log = data + ".log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=cwd)

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
        """What the dashboard shows of a time (ms): messages by the kind of their event, but for flows
        and the sensor's own,
        which are told of later."""
        span = {"from": since, "to": to or int(time.time() * 1000) + 1000}
        rows = self.ask("query", {**span, "query": "NOT vendor_subtype:flow AND NOT vendor_subtype:sensor", "ask": [
            {"id": "a", "kind": "terms", "field": "vendor_subtype", "metric": "count()", "limit": 50}]})
        try:
            return {row["key"]: row["value"] for row in rows["answers"]["a"]["rows"]}
        except (KeyError, TypeError):
            return {}

    def total(self):
        """All messages that queries find."""
        answer = self.ask("query", {"from": 0, "to": int(time.time() * 1000) + 3600000, "ask": [
            {"id": "a", "kind": "value", "metric": "count()"}]})
        try:
            return int(answer["answers"]["a"]["value"])
        except (KeyError, TypeError):
            return -1

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

    def kill(self):
        """All of it, at once; the server first, for it ends with its parent."""
        for pid in (self.server(), self.process.pid):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()


# Answers each question about a name with one address.
DNS_SERVER = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((HOST, 53))
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
s.sendto(b"\\x12\\x34\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\4name\\4test\\0\\0\\1\\0\\1", (HOST, 53))
s.recv(512)
"""


def name_server(inside, host):
    """The command that answers there."""
    return [*inside, sys.executable, "-c", DNS_SERVER.replace("HOST", repr(host))]


def ask_name(inside, host):
    quiet(*inside, sys.executable, "-c", DNS_QUESTION.replace("HOST", repr(host)))
