"""The receiver with clients of all kinds: TLS, both versions, slow, hostile and many ones, a full
disk, and GELF by every transport. Each story is a function; P= picks those whose name holds it."""
import gzip
import http.client
import json
import os
import resource
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import time
import traceback
import zlib

sys.dont_write_bytecode = True
from lumberjack import (  # noqa: E402
    Client, batch, compressed, event, frame_data, frame_json, window,
)
from receiver import PROGRAM, Checks, Receiver  # noqa: E402

checks = Checks()
check = checks.check
BEATS = "inputs.beats.port: 0\ninputs.beats.bind_address: [127.0.0.1, '::1']\n"


def ids(receiver):
    return [m.get("packetbeat_n") for m in receiver.messages()]


def finish(r):
    check("ends in order", r.stop() == 0, r.folder)
    shutil.rmtree(r.folder, ignore_errors=True)


# ---- frames


def versions():
    r = Receiver(BEATS).start()
    c = Client(r.ports["beats"])
    c.send(batch(["a%d" % i for i in range(2048)]))
    check("v2 compressed", c.await_ack(2048)[-1] == 2048)
    c.send(batch(["b1", "b2"], level=0))
    check("v2 plain", c.await_ack(2) == [2])
    inner = compressed(b"".join(frame_json(i, event("c%d" % i)) for i in (1, 2)))
    c.send(window(2) + compressed(inner))
    check("compressed in compressed", c.await_ack(2)[-1] == 2)
    c.send(batch(["d1"]) + batch(["d2", "d3"]) + batch(["d4"]))
    check("pipelined windows", [c.await_ack(1)[-1], c.await_ack(2)[-1], c.await_ack(1)[-1]] == [1, 2, 1])
    one = Client(r.ports["beats"], host="::1")
    frames = frame_data(7, {"line": "x"}) + frame_data(8, {"line": "y", "@timestamp": "2024-02-14T21:18:29.782Z"})
    one.send(window(2, b"1") + compressed(frames, b"1"))
    check("v1 is answered in version 1", one.ack() == (b"1", 8))
    for byte in batch(["slow"], level=0):
        c.send(bytes([byte]))
    check("one byte at a time", c.await_ack(1) == [1])
    r.stop()
    got = ids(r)
    want = ["a%d" % i for i in range(2048)] + ["b1", "b2", "c1", "c2", "d1", "d2", "d3", "d4", "slow"]
    check("all is there once", sorted(x for x in got if x) == sorted(want))
    first = r.messages()[0]
    check("where it came from", first["gl2_remote_ip"] == "127.0.0.1" and first["gl2_source_input"] == "inputs.beats", first)
    check("beats' names", first["beats_type"] == "packetbeat" and first["source"] == "story")
    shutil.rmtree(r.folder)


def options():
    r = Receiver(BEATS + "inputs.beats.no_beats_prefix: true\ninputs.beats.override_source: me\n").start()
    c = Client(r.ports["beats"])
    c.send(batch([1], level=0))
    c.await_ack(1)
    r.stop()
    m = r.messages()[0]
    check("no_beats_prefix and override_source", m["n"] == 1 and m["source"] == "me", m)
    shutil.rmtree(r.folder)


def refused_documents():
    r = Receiver(BEATS).start()
    c = Client(r.ports["beats"])
    docs = ["{bad", '{"no":"time"}', event(1), "[1]", b"\xff\x00", event(2, **{"bad name": 1})]
    c.send(window(6) + b"".join(frame_json(i + 1, d) for i, d in enumerate(docs)))
    check("refused documents are acknowledged", c.await_ack(6)[-1] == 6)
    r.stop()
    check("good ones are written", ids(r) == [1, 2])
    with open(os.path.join(r.folder, "data", "dead-letters.ndjson")) as f:
        dead = [json.loads(x) for x in f]
    check("dead letters", [d["id"] for d in dead] == list(range(1, len(dead) + 1)) and len(dead) == 5, dead)
    check("with their document", dead[0]["document"] == "{bad" and "document_base64" in dead[3], dead)
    check("refused fields are told apart", dead[4].get("stored") is True, dead)
    run = lambda *a: subprocess.run([PROGRAM, "dead-letter", *a, "--path.home", r.folder, "-E", "output.file.enabled=false",
                                     "-E", "output.console.enabled=true"], capture_output=True, text=True)
    check("dead-letter list", run("list").stdout.count("\n") == 5, run("list"))
    check("dead-letter show", run("show", "1").stdout == "{bad\n" and run("show", "99").returncode == 1)
    again = run("replay", "1", "5")
    check("dead-letter replay", "1 written, 1 refused again" in again.stderr and again.stdout.count("\n") == 1, again)
    check("counted", r.counter("intake.refused") == 4 and r.counter("intake.fields_refused") == 1)
    shutil.rmtree(r.folder)


# ---- TLS


def make_pki(folder):
    def run(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "2"]
    run("req", "-x509", *ec, "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca")
    for name in ("server", "client"):
        run("req", *ec, "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost")
        run("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-copy_extensions", "copy", "-out", name + ".pem")
    run("req", "-x509", *ec, "-nodes", "-keyout", "other.key", "-out", "other.pem", "-subj", "/CN=other")
    run("pkcs8", "-topk8", "-in", "server.key", "-out", "locked.key", "-passout", "pass:secret")


def tls_context(folder, cert=None, verify=True):
    c = ssl.create_default_context(cafile=os.path.join(folder, "ca.pem") if verify else None)
    if not verify:
        c.check_hostname = False
        c.verify_mode = ssl.CERT_NONE
    if cert:
        c.load_cert_chain(os.path.join(folder, cert + ".pem"), os.path.join(folder, cert + ".key"))
    return c


def accepted(port, tls):
    """True when a batch over this TLS is acknowledged."""
    try:
        c = Client(port, tls=tls, timeout=30)
        c.send(batch([1]))
        return c.await_ack(1)[-1] == 1
    except Exception:
        return False


def tls():
    r = Receiver(BEATS + "inputs.beats.tls_enable: true\n").start()
    check("self-signed pair", accepted(r.ports["beats"], tls_context(r.folder, verify=False)))
    check("no TLS is refused", not accepted(r.ports["beats"], None))
    finish(r)
    r = Receiver("")
    make_pki(r.folder)
    base = BEATS + "".join("inputs.beats.%s\n" % x for x in (
        "tls_enable: true", "tls_cert_file: %s/server.pem" % r.folder,
        "tls_key_file: %s/locked.key" % r.folder, "tls_key_password: secret"))
    r.configure(base)
    r.start()
    check("certificate and locked key", accepted(r.ports["beats"], tls_context(r.folder)))
    old = tls_context(r.folder)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    check("TLS 1.2", accepted(r.ports["beats"], old))
    c = Client(r.ports["beats"], tls=tls_context(r.folder))
    c.send(batch(range(5000), level=0, pad="x" * 500))
    check("megabytes over TLS", c.await_ack(5000)[-1] == 5000)
    r.stop()
    trust = os.path.join(r.folder, "trust")
    os.mkdir(trust)
    shutil.copy(os.path.join(r.folder, "ca.pem"), trust)
    for where, mode in ((trust, "required"), (os.path.join(r.folder, "ca.pem"), "optional")):
        r.configure(base + "inputs.beats.tls_client_auth: %s\ninputs.beats.tls_client_auth_cert_file: %s\n" % (mode, where))
        r.start()
        port = r.ports["beats"]
        check(mode + ": a trusted client", accepted(port, tls_context(r.folder, "client")))
        check(mode + ": a strange client", not accepted(port, tls_context(r.folder, "other")))
        check(mode + ": no certificate", accepted(port, tls_context(r.folder)) == (mode == "optional"))
        r.stop()
    check("counted", r.counter("intake.closed_tls") == 1, r.counter("intake.closed_tls"))
    r.configure(base.replace("secret", "wrong"))
    r.start(wait=False)
    check("a wrong password is said", r.process.wait(60) == 1 and "tls_key_file" in r.read_log())
    shutil.rmtree(r.folder)


# ---- clients that misbehave


def closed_beside(idle, good):
    """Whether the server closes the idle one while the good one goes on."""
    idle.sock.settimeout(0.1)
    for _ in range(300):
        good.send(batch([1]))
        good.await_ack(1)
        try:
            return idle.closed_by_server()
        except TimeoutError:
            pass
    return False


def slow_clients():
    r = Receiver(BEATS + "inputs.beats.frame_timeout: 500ms\ninputs.beats.idle_timeout: 3s\n").start()
    port = r.ports["beats"]
    dripping, idle, good = Client(port), Client(port), Client(port)
    data, ended = window(1) + frame_json(1, event(1)), None
    for byte in data:
        try:
            dripping.send(bytes([byte]))
        except OSError:
            ended = True
            break
        time.sleep(0.05)
        good.send(batch([1]))
        good.await_ack(1)
    check("a dripping client is closed", ended is not None)
    check("an idle client is closed", closed_beside(idle, good))
    good.send(batch([1]))
    check("a good one stays", good.await_ack(1) == [1])
    r.stop()
    check("counted", r.counter("intake.closed_slow") == 1 and r.counter("intake.closed_idle") == 1)
    shutil.rmtree(r.folder)


def hostile():
    limits = ("max_window: 100", "max_frame: 100KiB", "max_packed: 100KiB", "max_inflated: 1MiB")
    r = Receiver(BEATS + "".join("inputs.beats.%s\n" % x for x in limits)).start()
    good = Client(r.ports["beats"])
    nested = frame_json(1, event(1))
    for _ in range(6):
        nested = compressed(nested)
    bomb = zlib.compress(b"\0" * (64 << 20), 9)
    cases = {
        "beats.bad_version": b"3W\0\0\0\1",
        "beats.bad_type": b"2X\0\0\0\1",
        "beats.window_too_large": window(101),
        "beats.frame_too_long": window(1) + b"2J" + struct.pack(">II", 1, 1 << 31),
        "beats.too_many_pairs": window(1) + b"2D" + struct.pack(">II", 1, 1 << 20),
        "beats.item_too_long": window(1) + b"2D" + struct.pack(">III", 1, 1, 1 << 31),
        "beats.bad_compression": window(1) + b"2C" + struct.pack(">I", 4) + b"abcd",
        "beats.inflated_too_large": window(1) + b"2C" + struct.pack(">I", len(bomb)) + bomb,
        "beats.cut_inside": window(1) + compressed(frame_json(1, event(1))[:-3]),
        "beats.too_deep": window(1) + nested,
    }
    for name, data in cases.items():
        c = Client(r.ports["beats"])
        try:
            c.send(data)
        except OSError:
            pass
        check(name + " closes", c.closed_by_server())
        good.send(batch([name]))
        check("a good client beside " + name, good.await_ack(1) == [1])
    whole = window(2) + frame_json(1, event("x")) + frame_json(2, event("y"))
    for n in range(0, len(whole), 7):
        c = Client(r.ports["beats"])
        c.send(whole[:n])
        c.close()
    good.send(batch(["end"]))
    good.await_ack(1)
    r.stop()
    for name in cases:
        check(name + " is counted", r.counter(name) == 1, r.counter(name))
    check("cut connections are counted", r.counter("intake.closed_cut") > 10)
    check("one line for each kind", r.read_log().count("is closed: unknown frame type") == 1)
    check("nothing else was written", set(ids(r)) <= set(cases) | {"x", "y", "end"})
    shutil.rmtree(r.folder)


def little_memory():
    """inflated_memory that one connection could wait for in vain is refused; the least that is
    taken is enough for the largest frames, also after thousands of small ones."""
    base = BEATS + "inputs.beats.max_inflated: 1MiB\ninputs.beats.max_frame: 512KiB\n"
    r = Receiver(base + "inputs.beats.inflated_memory: 5MiB\n")
    run = subprocess.run([PROGRAM, "serve", "-e", "--path.home", r.folder], capture_output=True, text=True, timeout=60)
    check("too little inflated_memory is refused", run.returncode == 1 and "at least 6 MiB" in run.stderr, run)
    r.configure(base + "inputs.beats.inflated_memory: 6MiB\n")
    r.start()
    many = [Client(r.ports["beats"]) for _ in range(200)]
    for c in many:
        c.send(window(2) + compressed(frame_json(1, event("s")) + frame_json(2, event("s"))))
    for c in many:
        check("a small frame", c.await_ack(2)[-1] == 2)
    c = Client(r.ports["beats"])
    text = os.urandom(150000).hex()  # hardly compressed: within the ratio
    c.send(window(3) + compressed(b"".join(frame_json(i, event("l", x=text)) for i in (1, 2, 3))))
    check("a frame near max_inflated", c.await_ack(3)[-1] == 3)
    c.send(window(1) + compressed(frame_data(1, {"x": "\1" * 500000, "@timestamp": "2024-02-14T21:18:29.782Z"})))
    check("a D frame near max_frame", c.await_ack(1)[-1] == 1)
    r.stop()
    got = ids(r)
    check("all is there", got.count("s") == 400 and got.count("l") == 3 and len(got) == 404, len(got))
    shutil.rmtree(r.folder)


def many_connections(n=5000):
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < n + 100:
        checks.skip("%d connections: not that many open files allowed" % n)
        return
    r = Receiver(BEATS + "inputs.beats.max_connections: %d\n" % n).start()
    before = r.memory_kb()
    clients = [Client(r.ports["beats"]) for _ in range(n)]
    for i, c in enumerate(clients):
        c.send(batch([i], level=0))
    check("%d connections are served" % n, all(c.await_ack(1)[-1] == 1 for c in clients))
    more = Client(r.ports["beats"])
    check("one more is refused", more.closed_by_server())
    half = window(1) + frame_json(1, event(0))[:100]
    for c in clients:
        c.send(half)
    clients[0].send(frame_json(1, event(0))[100:])
    clients[0].await_ack(1)
    grown = (r.memory_kb() - before) // 1024
    check("memory stays small", grown < 120, "%d MiB" % grown)
    print("%d connections, each with half a frame: %d MiB more" % (n, grown))
    for c in clients:
        c.close()
    r.stop()
    check("all once", sorted(ids(r)) == sorted([0] + list(range(n))))
    shutil.rmtree(r.folder)


# ---- outputs that fail


def small_disk(folder):
    if os.geteuid() != 0:
        return False
    os.makedirs(folder, exist_ok=True)
    return subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder]).returncode == 0


def fill(folder):
    path = os.path.join(folder, "ballast")
    with open(path, "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 4096)
        except OSError:
            pass
    return path


def full_disk():
    r = Receiver("")
    if not small_disk(r.output):
        checks.skip("a full disk: that takes root")
        return
    r.configure(BEATS + "inputs.beats.ack_keepalive: 100ms\nintake.hold: 1h\nintake.batch: 1MiB\nintake.batches: 2\n")
    r.start()
    c = Client(r.ports["beats"])
    c.send(batch(["first"]))
    c.await_ack(1)
    ballast = fill(r.output)
    c.send(batch(range(500)))
    seen = [c.ack()[1] for _ in range(5)]
    check("only keep-alives while the disk is full", seen == [0] * 5, seen)
    before, flood = r.memory_kb(), []
    for _ in range(5):
        f = Client(r.ports["beats"])
        f.sock.settimeout(0.05)
        try:
            f.send(batch(range(1000, 3000), level=0, pad="y" * 500) * 3)
        except TimeoutError:
            pass
        flood.append(f)
    grown = (r.memory_kb() - before) // 1024
    check("memory is bounded while nothing goes out", grown < 100, "%d MiB" % grown)
    for f in flood:
        f.close()
    os.unlink(ballast)
    check("it goes on when there is space", c.await_ack(500)[-1] == 500)
    log = r.read_log()
    check("one line says so", log.count("No space left") == 1, log)
    check("and one that it works again", "it works again" in log)
    r.configure(BEATS + "intake.hold: 300ms\n")
    r.stop()
    r.start()
    ballast = fill(r.output)
    c = Client(r.ports["beats"])
    c.send(batch(["z"] * 50))
    check("after `hold` the client is sent away", c.closed_by_server())
    os.unlink(ballast)
    c = Client(r.ports["beats"])
    c.send(batch(["last"]))
    check("and welcome again", c.await_ack(1)[-1] == 1)
    r.stop()
    got = [x for x in ids(r) if x != "z"]
    check("nothing is lost or doubled", [x for x in got if not isinstance(x, int) or x < 500] == ["first", *range(500), "last"])
    subprocess.run(["umount", r.output])
    shutil.rmtree(r.folder)


def full_disk_at_start():
    if not os.path.exists("build/duckdb/libduckdb.so"):
        checks.skip("a full disk at the start: no DuckDB here")
        return
    r = Receiver("", kind="store")
    if not small_disk(r.output):
        checks.skip("a full disk at the start: that takes root")
        return
    r.configure(BEATS + "output.store.reserve: 0\n")
    r.start()
    c = Client(r.ports["beats"])
    c.send(batch(range(50)))
    c.await_ack(50)
    r.stop()
    ballast = fill(r.output)
    begin = os.path.getsize(r.log)
    r.start(wait=False)
    r.await_log("nothing is received until", begin, 60)
    check("it waits", r.process.poll() is None)
    os.unlink(ballast)
    r.await_log("room on the disk again", begin, 60)
    check("one line says so, and one that there is room", [r.read_log(begin).count(x) for x in ("nothing is received until", "room on the disk again")] == [1, 1])
    r.stop()
    ballast = fill(r.output)
    begin = os.path.getsize(r.log)
    r.start(wait=False)
    r.await_log("nothing is received until", begin, 60)
    check("it ends in order while it waits", r.stop() == 0)
    os.unlink(ballast)
    check("all is there once", sorted(ids(r)) == list(range(50)))
    subprocess.run(["umount", r.output])
    shutil.rmtree(r.folder)


SHIM = r"""
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static int sync_or_fail(long number, int fd)
{
    if (access(getenv("EIO_WHILE"), F_OK) != 0)
        return (int)syscall(number, fd);
    errno = EIO;
    return -1;
}
int fsync(int fd) { return sync_or_fail(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_or_fail(SYS_fdatasync, fd); }
"""


def failing_disk():
    """A disk whose syncs fail for a while: nothing is acknowledged meanwhile, nothing is lost."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        checks.skip("a failing disk: that takes a compiler")
        return
    r = Receiver(BEATS + "inputs.beats.ack_keepalive: 100ms\nintake.hold: 1h\n")
    flag, shim = os.path.join(r.folder, "eio"), os.path.join(r.folder, "shim.so")
    subprocess.run([compiler, "-shared", "-fPIC", "-x", "c", "-o", shim, "-"], input=SHIM, text=True, check=True)
    os.environ.update(LD_PRELOAD=shim, EIO_WHILE=flag)
    try:
        r.start()
    finally:
        del os.environ["LD_PRELOAD"]
    c = Client(r.ports["beats"])
    for i in range(20):
        c.send(batch(range(i * 100, i * 100 + 100)))
        check("acknowledged", c.await_ack(100)[-1] == 100)
    open(flag, "w").close()
    for i in range(20, 40):
        c.send(batch(range(i * 100, i * 100 + 100)))
    seen = [c.ack()[1] for _ in range(10)]
    check("only keep-alives while syncs fail", seen == [0] * 10, seen)
    os.unlink(flag)
    check("it goes on afterwards", [c.await_ack(100)[-1] for _ in range(20)] == [100] * 20)
    check("the log says both", "Input/output error" in r.read_log() and "it works again" in r.read_log(), r.read_log())
    check("ends in order", r.stop() == 0)
    check("nothing acknowledged is lost", set(ids(r)) == set(range(4000)), len(ids(r)))
    shutil.rmtree(r.folder)


def drains_on_sigterm():
    r = Receiver(BEATS).start()
    c = Client(r.ports["beats"])
    c.send(batch(range(20000), level=0))
    acked = c.ack()[1]
    check("ends in order under load", r.stop() == 0)
    try:
        while True:
            acked = max(acked, c.ack()[1])
    except Exception:
        pass
    check("what was acknowledged is there", set(range(acked)) <= set(ids(r)), acked)
    shutil.rmtree(r.folder)


# ---- GELF


def gelf(ident):
    return json.dumps({"version": "1.1", "host": "g", "short_message": "m", "_n": ident, "_pad": "p" * 300}).encode()


def gelf_chunks(data, size, ident=b"12345678"):
    parts = [data[i:i + size] for i in range(0, len(data), size)]
    return [b"\x1e\x0f" + ident + bytes([i, len(parts)]) + p for i, p in enumerate(parts)]


def await_count(r, n, seconds=60):
    end = time.monotonic() + seconds
    while len(r.messages()) < n and time.monotonic() < end:
        time.sleep(0.02)


def gelf_udp():
    r = Receiver("inputs.gelf_udp.port: 0\n").start()
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("127.0.0.1", r.ports["gelf_udp"]))
    s.send(gelf("plain"))
    s.send(gzip.compress(gelf("gzip")))
    s.send(zlib.compress(gelf("zlib")))
    for part in reversed(gelf_chunks(gelf("chunks"), 50)):
        s.send(part)
        s.send(part)
    for part in gelf_chunks(gzip.compress(gelf("packed chunks")), 20, b"abcdefgh"):
        s.send(part)
    s.send(gelf_chunks(gelf("lost"), 300, b"lost0000")[0])
    s.send(b"\x1e\x0fshort")
    s.send(b"\x1e\x0fabcdefgX\x05\x03data")
    s.send(b"{not json")
    s.send(zlib.compress(b" " * (9 << 20)))
    s.send(gelf("end"))
    await_count(r, 6)
    r.stop()
    got = [m.get("n") for m in r.messages()]
    check("GELF over UDP", got == ["plain", "gzip", "zlib", "chunks", "packed chunks", "end"], got)
    check("bad chunks are counted", r.counter("gelf.chunks_bad") == 2, r.counter("gelf.chunks_bad"))
    check("repeated chunks too", r.counter("gelf.chunks_repeated") > 0)
    check("refused payloads are dead letters", r.counter("intake.refused") == 2, r.counter("intake.refused"))
    shutil.rmtree(r.folder)


def gelf_tcp():
    r = Receiver("inputs.gelf_tcp:\n  port: 0\n  tls_enable: true\n  max_message_size: 100KiB\n").start()
    context = tls_context(r.folder, verify=False)
    s = context.wrap_socket(socket.create_connection(("127.0.0.1", r.ports["gelf_tcp"])))
    s.sendall(gelf(1) + b"\0" + gelf(2) + b"\0\0" + gelf(3)[:100])
    time.sleep(0.05)
    s.sendall(gelf(3)[100:] + b"\0")
    long = context.wrap_socket(socket.create_connection(("127.0.0.1", r.ports["gelf_tcp"])))
    try:
        long.sendall(b"x" * 300000)
        closed = long.recv(1) == b""
    except OSError:
        closed = True
    check("a message without end closes", closed)
    await_count(r, 3)
    r.stop()
    check("GELF over TCP and TLS", [m["n"] for m in r.messages()] == [1, 2, 3])
    check("counted", r.counter("gelf.too_large") == 1)
    shutil.rmtree(r.folder)


def gelf_http():
    r = Receiver("inputs.gelf_http:\n  port: 0\n  enable_bulk_receiving: true\n").start()
    c = http.client.HTTPConnection("127.0.0.1", r.ports["gelf_http"], timeout=60)

    def ask(method, path, body=None, headers={}):
        c.request(method, path, body, headers)
        answer = c.getresponse()
        answer.read()
        return answer

    check("202", ask("POST", "/gelf", gelf(1)).status == 202)
    check("durable before the answer", len(r.messages()) == 1)
    check("gzip", ask("POST", "/gelf", gzip.compress(gelf(2)), {"Content-Encoding": "gzip"}).status == 202)
    check("bulk", ask("POST", "/gelf", gelf(3) + b"\n" + gelf(4) + b"\r\n\n" + gelf(5)).status == 202)
    check("404", ask("POST", "/other", gelf(9)).status == 404)
    check("405", ask("GET", "/gelf").status == 405)
    answer = ask("OPTIONS", "/gelf", headers={"Origin": "http://x"})
    check("OPTIONS", answer.status == 200 and answer.headers["Access-Control-Allow-Origin"] == "http://x")
    check("damaged gzip", ask("POST", "/gelf", b"no gzip", {"Content-Encoding": "gzip"}).status == 400)
    try:
        status = ask("POST", "/gelf", b"x" * 100000).status
    except OSError:
        status = 413
    check("a body beyond max_chunk_size", status == 413, status)
    r.stop()
    check("GELF over HTTP", [m["n"] for m in r.messages()] == [1, 2, 3, 4, 5])
    shutil.rmtree(r.folder)
    r = Receiver("inputs.gelf_http:\n  port: 0\n  tls_enable: true\n").start()
    c = http.client.HTTPSConnection("127.0.0.1", r.ports["gelf_http"], timeout=60,
                                    context=tls_context(r.folder, verify=False))
    check("HTTPS", ask("POST", "/gelf", gelf(1)).status == 202)
    finish(r)


STORIES = (versions, options, refused_documents, tls, slow_clients, hostile, little_memory, many_connections,
           full_disk, full_disk_at_start, failing_disk,
           drains_on_sigterm, gelf_udp, gelf_tcp, gelf_http)


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
