"""The HTTP server of serve: what it answers, whom it refuses, and that nobody holds it up: requests
with two meanings, paths that lead elsewhere, slow clients, 1,000 connections, guessed passwords."""
import gzip
import http.client
import json
import os
import re
import resource
import select
import shutil
import socket
import ssl
import stat
import subprocess
import sys
import time
import traceback

sys.dont_write_bytecode = True
from lumberjack import Client, batch  # noqa: E402
from receiver import PROGRAM, Checks  # noqa: E402
from webserver import API, BASE, WebServer  # noqa: E402

checks = Checks()
check = checks.check
GUARDS = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
                               "frame-ancestors 'none'; object-src 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}


class Server(WebServer):
    def end(self, name):
        check("%s: ends in order" % name, self.stop() == 0, self.read_log()[-2000:])
        check("%s: no socket is left" % name,
              not os.path.exists(os.path.join(self.folder, "data", "wirelume.sock")))
        shutil.rmtree(self.folder, ignore_errors=True)


# ---- answers


def answers():
    s = Server("pack.enabled: [packetbeat]\n").begin()
    paths = [API + p for p in ("session", "health", "streams", "index-sets", "dashboards", "dashboards/packetbeat",
                               "fields", "agents", "openapi.json")] + ["/"]
    for path in paths:
        status, headers, data = s.ask(path)
        check("GET " + path, status == 200 and len(data) == int(headers["content-length"]), status)
        check("guards of " + path, all(headers.get(k) == v for k, v in GUARDS.items()), headers)
        if path != "/":
            json.loads(data)
        head, more, nothing = s.ask(path, method="HEAD")
        check("HEAD " + path, head == 200 and not nothing and
              (path.endswith("health") or more["content-length"] == headers["content-length"]))
    d = s.get("dashboards/packetbeat")
    check("a dashboard", len(d["tabs"]) == 3 and sum(len(t["widgets"]) for t in d["tabs"]) == 16)
    check("its types", d["timerange"] == 86400 and d["tabs"][0]["widgets"][0]["position"] == [1, 1, 3, 3])
    fields = {f["name"]: f for f in s.get("fields")["fields"]}
    check("fields", fields["network_bytes"]["unit"] == "bytes" and fields["timestamp"]["kind"] == "time")
    check("and those of events", fields["packetbeat_dns_question_name"]["help"] and len(fields) > 300, len(fields))
    title = "streams/Illuminate:Packetbeat%20Messages"
    check("a stream by title", s.get(title)["index_set"] == "Packetbeat Logs")
    check("nothing there", s.get("streams/nix") == 404 and s.get("nix") == 404 and s.get("dashboards/..") == 400)
    for path in ("/nix.js", "/assets/nix.css"):
        check("no file " + path, s.ask(path)[0] == 404)
    s.end("answers")


def changes():
    s = Server("pack.enabled: [packetbeat]\n").begin()
    csrf = s.get("session")["csrf"]
    path = API + "index-sets/Packetbeat%20Logs"
    body = {"retention": {"max_number_of_indices": 7}, "rotation.strategy": "count"}
    check("no token", s.ask(path, "PUT", body)[0] == 403)
    check("a wrong token", s.ask(path, "PUT", body, {"X-CSRF-Token": "x" * 43})[0] == 403)
    own = {"X-CSRF-Token": csrf}
    status, _, data = s.ask(path, "PUT", body, own)
    have = json.loads(data)
    check("changed", status == 200 and have["retention"]["max_number_of_indices"] == 7 and
          have["rotation"]["strategy"] == "count", data)
    check("the command sees it", "max_number_of_indices: 7" in s.command("index-set", "show", "Packetbeat Logs")[1])
    for wrong in ({"retention.max_number_of_indicez": 1}, {"title": "x"}, {"rotation": {"strategy": {"a": 1}}},
                  {"rotation.strategy": "x"}, [], "x", {"retention.max_number_of_indices": -1}):
        status, _, data = s.ask(path, "PUT", wrong, own)
        check("refused: %r" % (wrong,), status == 400 and json.loads(data)["error"]["text"], data)
    check("another site", s.ask(path, "PUT", body, {**own, "Origin": "http://evil.example"})[0] == 403)
    check("no JSON", s.ask(path, "PUT", body, {**own, "Content-Type": "text/plain"})[0] == 415)
    check("a foreign host", s.ask("/", headers={"Host": "evil.example"})[0] == 421)
    s.end("changes")


def one_after_another():
    s = Server().begin()
    request = b"GET /api/v1/session HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    out, closed = s.raw(request * 20 + last)
    check("pipelined", out.count(b"HTTP/1.1 200") == 21 and closed)
    slow = request.replace(b"session", b"health") * 3 + request + last
    out, closed = s.raw(slow)
    order = re.findall(rb"login_required|uptime_s", out)
    check("answers come in order", order == [b"uptime_s"] * 3 + [b"login_required"] * 2 and closed, order)
    with socket.create_connection(("127.0.0.1", s.web), 10) as c:
        for byte in request:
            c.sendall(bytes([byte]))
        check("byte by byte", b"200 OK" in c.recv(65536))
        c.sendall(b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                  b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        check("100-continue", b"100 Continue" in c.recv(65536))
        c.sendall(b"{}")
        check("its answer", b"200 OK" in c.recv(65536))
    with socket.create_connection(("127.0.0.1", s.web), 10) as c:
        c.sendall(request)
        c.shutdown(socket.SHUT_WR)
        check("who has sent all still reads", b"login_required" in c.makefile("rb").read())
    s.end("one after another")


# ---- attacks

HOST = b"Host: localhost\r\n"
INNER = b"GET /api/v1/session HTTP/1.1\r\n" + HOST + b"\r\n"
SMUGGLED = {
    "two lengths": b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
    "a list of lengths": b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: 0, 44\r\n\r\n",
    "CL.TE": b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "TE.CL": b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "TE": b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "TE hidden": b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "TE folded": b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "TE twice": b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length with a sign": b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: +0\r\n\r\n",
    "a negative length": b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
    "a length in hex": b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: 0x0\r\n\r\n",
    "no length": b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length:\r\n\r\n",
    "a length hidden": b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length : 0\r\n\r\n",
    "TE with a vertical tab": b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n c: d\r\n\r\n",
    "bare LF": b"GET / HTTP/1.1\nHost: localhost\n\n",
    "bare LF inside": b"GET / HTTP/1.1\r\n" + HOST + b"A: b\nContent-Length: 5\r\n\r\n",
    "bare CR": b"GET / HTTP/1.1\r\n" + HOST + b"A: b\rContent-Length: 5\r\n\r\n",
    "NUL": b"GET / HTTP/1.1\r\n" + HOST + b"A: b\0c\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "absolute": b"GET http://localhost/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(512) + b"\n",
    "unknown method": b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n",
    "TRACE": b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n",
    "CONNECT": b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    "long head": b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"b" * 17000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 100 + b"\r\n",
    "large body": b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: 999999999999\r\n\r\n",
}


def smuggling():
    s = Server().begin()
    for name, request in SMUGGLED.items():
        out, closed = s.raw(request + INNER)
        status = re.match(rb"HTTP/1.1 (\d+)", out)
        check("%s is refused" % name, status and 400 <= int(status[1]) < 600 and int(status[1]) != 500, out[:200])
        check("%s ends there" % name, closed and out.count(b"\r\nDate: ") == 1 and b"login_required" not in out, out[:400])
    health = s.get("health")
    check("they are counted", health["counters"]["web.bad_requests"] >= len(SMUGGLED) - 2, health["counters"])
    check("each counter is told with its meaning, and how much memory was used",
          health["counters"].keys() <= health["meanings"].keys() and health["memory_bytes"] > 1 << 20, health)
    s.end("smuggling")


def traversal():
    s = Server().begin()
    for path in ("/../../../../etc/passwd", "/..%2f..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/../../etc/passwd",
                 "/assets/..%5c..%5cetc/passwd", "//etc/passwd", "/etc/passwd", "/assets/%00", "/%c0%ae%c0%ae/etc/passwd",
                 "/api/v1/dashboards/..%2f..%2fetc", "/api/v1/dashboards/%2e%2e", "/api/v1/dashboards/packetbeat%2f..",
                 "/api/v1/streams/%27%20OR%201=1--", "/index.html/../../x"):
        out, _ = s.raw(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        status = int(re.match(rb"HTTP/1.1 (\d+)", out)[1])
        ok = status in (400, 404) or (status == 200 and b"<title>" in out)
        check("GET %s leads nowhere" % path, ok and b"root:" not in out, out[:200])
    out, _ = s.raw(b"GET /x%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    check("no header is injected", b"\r\nSet-Cookie" not in out)
    s.end("traversal")


def slow_clients():
    s = Server("web.head_timeout: 1s\nweb.body_timeout: 1s\nweb.idle_timeout: 1s\n").begin()
    begun = time.monotonic()
    socks = []
    for data in (b"", b"GET / HTTP/1.1\r\nA: ", b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                 b"application/json\r\nContent-Length: 100\r\n\r\n{", INNER):
        c = socket.create_connection(("127.0.0.1", s.web), 60)
        c.sendall(data)
        socks.append(c)
    answers_ = []
    dripping = socks[1]
    while time.monotonic() - begun < 60:
        try:
            dripping.sendall(b"x")  # a byte now and then helps nobody
            dripping.settimeout(0.1)
            if not dripping.recv(1, socket.MSG_PEEK):
                break
            break
        except socket.timeout:
            check("others are answered meanwhile", s.get("session")["login_required"] is False)
        except OSError:
            break
    for c in socks:
        c.settimeout(60)
        out = b""
        try:
            while True:
                got = c.recv(65536)
                if not got:
                    break
                out += got
        except ConnectionResetError:
            pass
        answers_.append(out)
    took = time.monotonic() - begun
    check("who sends nothing is closed", answers_[0] == b"", answers_[0])
    check("a slow head", b" 408 " in answers_[1], answers_[1])
    check("a slow body", b" 408 " in answers_[2], answers_[2])
    check("an idle connection", b" 200 " in answers_[3] and answers_[3].count(b"HTTP/1.1") == 1)
    check("all of them soon", took < 50, took)
    s.end("slow clients")


def received(c):
    try:
        return c.recv(1)
    except ConnectionResetError:
        return b""


def many_connections():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    s = Server("web.connections: 1100\nweb.connections_of_address: 1000\nweb.idle_timeout: 60s\nweb.head_timeout: 60s\n").begin()
    socks = [socket.create_connection(("127.0.0.1", s.web), 60) for _ in range(999)]
    for c in socks[:500]:
        c.sendall(b"GET /api/v1/session HTTP/1.1\r\nHost: loc")
    check("the last one is answered", s.get("session")["role"] == "admin")
    extra = [socket.create_connection(("127.0.0.1", s.web), 60) for _ in range(11)]
    closed, end, poll = [], time.monotonic() + 60, select.poll()  # select() takes descriptors below 1024
    for c in extra:
        poll.register(c, select.POLLIN)
    while len(closed) < 10 and time.monotonic() < end:
        ready = {fd for fd, _ in poll.poll(1000)}
        closed = [c for c in extra if c.fileno() in ready]
    # One more when the server has not seen yet that the last one is gone.
    check("more of one address are closed", len(closed) in (10, 11) and not any(map(received, closed)), len(closed))
    extra[0].close()
    for c in socks[:500]:
        c.sendall(b"alhost\r\n\r\n")
    check("half requests are finished", all(b" 200 OK" in c.recv(65536) for c in socks[:500]))
    with open("/proc/%d/status" % s.process.pid) as f:
        rss = int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])
    print("  1,000 connections: %d MiB resident in all" % (rss // 1024))
    for c in socks + extra:
        c.close()
    s.end("many connections")


# ---- who gets in


def line(*words, text=None):
    done = subprocess.run([PROGRAM, "web", *words], input=text, capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


def login():
    anna = line("user", "anna", "admin", text="open sesame\n")[0].strip()
    ben = line("user", "ben", text="b\n")[0].strip()
    token, more = line("token", "t", "admin")
    token_line = more.strip().split("\n")[-1]
    check("the token is not in its line", token.strip() not in token_line and token_line.startswith("t:admin:sha256:"))
    s = Server("pack.enabled: [packetbeat]\nweb.tls_enable: true\nweb.users: ['%s', '%s']\nweb.tokens: ['%s']\n"
               % (anna, ben, token_line)).begin()
    tls = ssl._create_unverified_context()

    def ask(path, method="GET", body=None, **headers):
        return s.ask(API + path, method, body, {k.replace("_", "-"): v for k, v in headers.items()}, tls)

    def enter(user, password):
        status, headers, data = ask("session", "POST", {"user": user, "password": password})
        cookie = headers.get("set-cookie", "")
        return status, cookie, json.loads(data)

    check("nobody", json.loads(ask("session")[2]) == {"login_required": True, "user": None, "role": None, "csrf": None})
    check("no login, no answer", ask("health")[0] == 401 and ask("streams")[0] == 401 and ask("live")[0] == 401)
    status, cookie, me = enter("ben", "b")
    check("a login", status == 200 and me["user"] == "ben" and me["role"] == "reader", me)
    check("the cookie", all(x in cookie for x in ("HttpOnly", "SameSite=Strict", "Secure", "Path=/")), cookie)
    ben_cookie = cookie.split(";")[0]
    check("a reader reads", ask("health", Cookie=ben_cookie)[0] == 200)
    path, body = "index-sets/Packetbeat%20Logs", {"retention.max_number_of_indices": 5}
    check("and does not change", ask(path, "PUT", body, Cookie=ben_cookie, X_CSRF_Token=me["csrf"])[0] == 403)
    status, cookie, me = enter("anna", "open sesame")
    cookie = cookie.split(";")[0]
    check("an admin needs the CSRF token", ask(path, "PUT", body, Cookie=cookie)[0] == 403)
    check("her own", ask(path, "PUT", body, Cookie=cookie, X_CSRF_Token=("y" if me["csrf"][0] == "x" else "x") + me["csrf"][1:])[0] == 403)
    check("and changes", ask(path, "PUT", body, Cookie=cookie, X_CSRF_Token=me["csrf"])[0] == 200)
    check("a token too", ask(path, "PUT", body, Authorization="Bearer " + token.strip())[0] == 200)
    check("a wrong one not", ask("health", Authorization="Bearer " + "x" * 43)[0] == 401)
    check("logging out", ask("session", "DELETE", Cookie=cookie, X_CSRF_Token=me["csrf"])[0] == 200)
    check("ends the session", ask("health", Cookie=cookie)[0] == 401 and ask("health", Cookie=ben_cookie)[0] == 200)
    codes = [enter("anna", "x%d" % i)[0] for i in range(8)]
    check("guessing is slowed down", codes[:5] == [401] * 5 and 429 in codes[5:], codes)
    check("also with the right one", enter("anna", "open sesame")[0] == 429)
    out, _ = s.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 5)
    check("no plain text with TLS", b"HTTP/1.1" not in out, out[:100])
    local = http.client.HTTPConnection("localhost")
    local.sock = socket.socket(socket.AF_UNIX)
    where = os.path.join(s.folder, "data", "wirelume.sock")
    local.sock.connect(where)
    local.request("GET", API + "health")
    check("the socket needs no login", local.getresponse().status == 200)
    check("and is its owner's alone", stat.S_IMODE(os.stat(where).st_mode) == 0o600)
    log = s.read_log()
    check("no secret in the log", "open sesame" not in log and token.strip() not in log and "scrypt" not in log)
    s.end("login")


def starts_refused():
    anna = line("user", "anna", "admin", text="x\n")[0].strip()
    for config, text in (("web.host: 0.0.0.0\n", "web.host: 0.0.0.0 is reached from other machines"),
                         ("web.host: any\nweb.users: ['%s']\n" % anna, "needs TLS and a login"),
                         ("web.host: [127.0.0.1, 10.0.0.1]\nweb.tls_enable: true\n", "web.host: 10.0.0.1"),
                         ("web.users: [anna]\n", "web.users: item 1"),
                         ("web.tokens: ['a:b:c']\n", "web.tokens: item 1"),
                         ("web.users: ['%s', '%s']\n" % (anna, anna), "anna is there twice")):
        s = Server(config)
        s.start(wait=False)
        check("refused: " + text, s.process.wait(20) == 1 and "Exiting: " in s.read_log() and text in s.read_log(),
              s.read_log()[-500:])
        shutil.rmtree(s.folder)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        s = Server()
        s.configure(BASE.replace("web.port: 0", "web.port: %d" % taken.getsockname()[1]))
        s.start()
        s.await_log("there is no dashboard")
        check("a port in use: the rest goes on", s.process.poll() is None)
        check("and ends in order", s.stop() == 0)
        shutil.rmtree(s.folder)


def says_its_address():
    """Without -e the log is in a file; the address is on standard error all the same."""
    s = Server()
    p = subprocess.Popen([PROGRAM, "serve", "--path.home", s.folder], stderr=subprocess.PIPE, text=True)
    said = p.stderr.readline()
    check("the address is said", re.fullmatch(r"dashboard: http://127\.0\.0\.1:\d+/\n", said), said)
    p.terminate()
    check("and it ends in order", p.wait(20) == 0 and p.stderr.read() == "")
    p.stderr.close()
    shutil.rmtree(s.folder)


def unread_answers():
    """Who asks and does not read holds memory no longer than its answer may take."""
    s = Server().begin()
    request = b"GET /api/v1/fields HTTP/1.1\r\nHost: localhost\r\n\r\n"
    socks = []
    for _ in range(50):
        c = socket.socket()
        c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        c.connect(("127.0.0.1", s.web))
        c.sendall(request * 50)
        socks.append(c)
    check("others are answered", s.get("session")["role"] == "admin")
    with open("/proc/%d/status" % s.process.pid) as f:
        rss = int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])
    check("one answer a connection is in memory", rss < 200 * 1024, rss)
    for c in socks:
        c.close()
    s.end("unread answers")


# ---- what is going on


def messages_show():
    s = Server("pack.enabled: [packetbeat]\nweb.live_clients: 2\n").begin()
    live = socket.create_connection(("127.0.0.1", s.web), 60)
    live.sendall(b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    reader = live.makefile("rb")
    seen = []

    def tick():
        while True:
            text = reader.readline()
            if not text:
                raise RuntimeError("the live stream ended")
            if text.startswith(b"data: "):
                seen.append(json.loads(text[6:]))
                return seen[-1]

    first = tick()
    check("the first tick", first["received"] == 0 and first["latest"] is None, first)
    c = Client(s.ports["beats"])
    agent = {"agent": {"id": "7c1", "name": "<script>alert(1)</script>", "version": "8.12.0", "type": "packetbeat"}}
    c.send(batch(list(range(10)), **agent))
    c.await_ack(10)
    while tick()["stored"] < 10:
        pass
    check("ticks", seen[-1]["received"] == 10 and seen[-1]["latest"] == 1707945509782, seen[-1])
    agents = s.get("agents")["agents"]
    check("agents", len(agents) == 1 and agents[0]["id"] == "7c1" and agents[0]["messages_last_minute"] == 10, agents)
    status, headers, data = s.ask(API + "agents")
    check("what agents send is data", headers["content-type"] == "application/json" and b"<script>" in data)
    health = s.get("health")
    check("health", health["counters"]["intake.messages"] == 10 and health["notes"] == [] and health["uptime_s"] >= 0, health)
    more = [socket.create_connection(("127.0.0.1", s.web), 60) for _ in range(2)]
    for m in more:
        m.sendall(b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    check("a second one may watch", b" 200 OK" in more[0].recv(4096))
    check("a third one may not", b" 503 " in more[1].recv(4096))
    for m in more:
        m.close()
    live.close()
    s.end("messages show")


def questions():
    if not os.path.exists(os.path.join("build", "duckdb", "libduckdb.so")):
        checks.skip("questions need DuckDB's library (tools/fetch-duckdb)")
        return
    s = Server("pack.enabled: [packetbeat]\n", kind="store").begin()
    c = Client(s.ports["beats"])
    attack = "<img src=x onerror=alert(1)>"
    stamp = int(time.time()) - 60
    agent = {"id": "7c1", "type": "packetbeat", "name": "one", "version": "8.12.0"}
    c.send(batch(list(range(20)), agent=agent, type="http", user_agent={"original": attack},
                 **{"@timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(stamp))}))
    c.await_ack(20)
    every = {"from": 0, "to": int(time.time() * 1000) + 1000}

    def ask(*asks, **more):
        status, _, data = s.ask(API + "query", "POST", {**every, **more, "ask": list(asks)})
        return status, json.loads(data)

    end = time.monotonic() + 60
    while True:
        status, a = ask({"id": "n", "kind": "value", "metric": "count()"}, {"id": "m", "kind": "messages", "limit": 3})
        if a["answers"]["n"]["value"] == 20 or time.monotonic() > end:
            break
    check("messages are found", status == 200 and a["answers"]["n"]["value"] == 20, a)
    rows = a["answers"]["m"]["rows"]
    check("and shown", len(rows) == 3 and a["answers"]["m"]["total"] == 20, a)
    gz = {"Accept-Encoding": "gzip"}
    packed = lambda body, headers: s.ask(API + "query", "POST", {**every, "ask": [body]}, headers)
    status, headers, data = packed({"id": "m", "kind": "messages", "limit": 20}, gz)
    ids = {row["id"] for row in json.loads(gzip.decompress(data))["answers"]["m"]["rows"]}
    check("long answers are packed", headers.get("content-encoding") == "gzip" and headers["vary"] == "Accept-Encoding"
          and len(ids) == 20, headers)
    status, headers, data = packed({"id": "n", "kind": "value", "metric": "count()"}, gz)
    check("short ones are not", "content-encoding" not in headers and json.loads(data), headers)
    check("who tells no drops", [a["drops"] for a in s.get("agents")["agents"]] == [None], s.get("agents"))
    c.send(batch([1], agent=agent, type="sensor", event={"dataset": "sensor"}, sensor={"capture": {"kernel_drops": 5}},
                 **{"@timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(stamp))}))
    c.await_ack(1)
    end = time.monotonic() + 30
    while s.get("agents")["agents"][0]["drops"] != 5 and time.monotonic() < end:
        time.sleep(0.1)
    check("what a sensor lost", [a["drops"] for a in s.get("agents")["agents"]] == [5], s.get("agents"))
    one = s.get("messages/" + rows[0]["id"])
    check("one by its id", one["message"] == rows[0]["message"] and one["index"] == rows[0]["index"], one)
    check("and the rules that set its fields", one["rules"].get("http_user_agent") == ["packetbeat HTTP fields"]
          and "packetbeat HTTP user agent" in one["rules"].get("http_user_agent_length", []), one.get("rules"))
    check("none", s.get("messages/01HF8ZT7T00000000000000007")["message"] is None)
    check("what agents send stays text", attack in json.dumps(one["message"]), one)
    status, a = ask({"id": "n", "kind": "value", "metric": "count()"}, query="a AND (b")
    check("a mistake has its place", status == 400 and a["error"]["line"] == 1 and a["error"]["column"] == 8, a)
    status, a = ask({"id": "n", "kind": "value", "metric": "count()"}, {"id": "x", "kind": "nix"})
    check("a wrong kind", status == 400 and 'ask "x"' in a["error"]["text"], a)
    status, a = ask({"id": "n", "kind": "value", "metric": "count()"}, stream="nix")
    check("no such stream", status == 404, a)
    for sql in ("'; DROP TABLE ev; --", 'x" OR 1=1', "\\\\x27", "a:$1"):
        status, a = ask({"id": "n", "kind": "terms", "field": sql, "metric": "count()"}, query="\"%s\"" % sql.replace("\"", ""))
        check("SQL is text: %s" % sql, status in (200, 400), (status, a))
    status, a = ask({"id": "n", "kind": "value", "metric": "count()"})
    check("all is still there", a["answers"]["n"]["value"] == 21, a)
    gone = []
    for _ in range(30):
        g = socket.create_connection(("127.0.0.1", s.web), 60)
        body = json.dumps({**every, "ask": [{"id": str(i), "kind": "fields"} for i in range(64)]}).encode()
        g.sendall(b"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                  % len(body) + body)
        gone.append(g)
    for g in gone:
        g.close()
    begun = time.monotonic()
    status, a = ask({"id": "n", "kind": "value", "metric": "count()"})
    check("who goes away does not keep others waiting", status == 200 and time.monotonic() - begun < 30, time.monotonic() - begun)
    health = s.get("health")
    check("the journal", health["journal"]["unsealed_records"] == 21 and health["journal"]["bytes"] > 0, health["journal"])
    check("ends", s.stop() == 0)
    s.begin()
    end = time.monotonic() + 60
    while not (agents := s.get("agents")["agents"]) and time.monotonic() < end:
        pass  # the journal is read again
    check("agents of before are known", [(x["id"], x["name"], x["version"], x["first_seen"], x["last_seen"]) for x in agents] ==
          [("7c1", "one", "8.12.0", stamp * 1000, stamp * 1000)], agents)
    s.end("questions")


STORIES = (answers, changes, one_after_another, smuggling, traversal, slow_clients, many_connections, login,
           starts_refused, says_its_address, unread_answers, messages_show, questions)


def main():
    wanted = os.environ.get("STORY", "")
    for story in STORIES:
        if wanted not in story.__name__:
            continue
        try:
            story()
        except Exception:
            check(story.__name__, False, traceback.format_exc())
    return checks.end()


sys.exit(main())
