"""wirelume serve with its HTTP server, and ways to ask it."""
import http.client
import json
import os
import re
import socket

from receiver import Receiver

BASE = "inputs.beats.port: 0\ninputs.beats.bind_address: 127.0.0.1\nweb.port: 0\n"
API = "/api/v1/"


class WebServer(Receiver):
    """A receiver with an HTTP server, and ways to ask it."""

    def __init__(self, config="", kind="file"):
        super().__init__(BASE + config, kind=kind)

    def begin(self):
        before = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        self.start()
        self.await_log("dashboard: ", before)
        self.web = int(re.findall(r"dashboard: https?://[^:]+:(\d+)/", self.read_log(before))[-1])
        return self

    def ask(self, path, method="GET", body=None, headers=None, tls=None):
        c = (http.client.HTTPSConnection("localhost", self.web, timeout=60, context=tls) if tls
             else http.client.HTTPConnection("127.0.0.1", self.web, timeout=60))
        more = dict(headers or {})
        if body is not None:
            more.setdefault("Content-Type", "application/json")
            body = json.dumps(body)
        c.request(method, path, body, more)
        answer = c.getresponse()
        data = answer.read()
        c.close()
        return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), data

    def get(self, name, **more):
        status, _, data = self.ask(API + name, **more)
        return json.loads(data) if status == 200 else status

    def raw(self, data, seconds=60, end=True):
        """All that comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.web), seconds) as s:
            if isinstance(data, bytes):
                s.sendall(data)
            out = b""
            while True:
                try:
                    got = s.recv(65536)
                except (socket.timeout, ConnectionResetError):
                    return out, False
                if not got:
                    return out, True
                out += got
