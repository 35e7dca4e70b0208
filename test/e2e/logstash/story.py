#!/usr/bin/python3
"""Sensor to receiver over Lumberjack: everything arrives, whatever happens to the receivers.

Usage: story.py [TEXT]   only stories with TEXT in their name
"""
import collections
import glob
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(HERE))
from ports import free_port  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
PROGRAM = os.environ.get("WIRELUME", os.path.join(TOP, "build/release/wirelume"))
CAPTURES = sorted(glob.glob(os.path.join(TOP, "test/golden/*/*.pcap")))
LOAD = os.path.join(TOP, "test/golden/dns/dnssec-nsec3.pcap")
LIMIT = 180

SENSOR = """\
packetbeat.interfaces.device: any
packetbeat.flows: {{ period: -1s }}
packetbeat.protocols: [{{ type: icmp, enabled: true }}, {{ type: dns, ports: [53] }}, {{ type: http, ports: [80, 8080] }}]
path.data: {home}/data
logging: {{ to_stderr: true, level: info, metrics.enabled: true }}
output.{output}
"""
passed = failed = skipped = 0
children = []


def check(good, text):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print("FAILED: " + text)
    return good


def skip(text):
    global skipped
    skipped += 1
    print("skipped: " + text)


def start(command, **more):
    child = subprocess.Popen(command, **more)
    children.append(child)
    return child


def end(child):
    if child.poll() is None:
        child.kill()
    child.wait()
    if child.stdout:
        child.stdout.close()


class Receiver:
    """receiver.py in a process of its own, on a port that it keeps when it is started again."""

    def __init__(self, home, name, *words):
        self.out, self.words, self.port = os.path.join(home, name), words, free_port()
        self.known = 0  # bytes that await_seen has told of
        self.start()

    def start(self):
        for _ in range(300):
            self.child = start([sys.executable, os.path.join(HERE, "receiver.py"), str(self.port), self.out]
                               + list(self.words), stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
            line = self.child.stdout.readline()
            if line:
                return
            time.sleep(0.1)
        raise RuntimeError("no receiver")

    def kill(self):
        end(self.child)

    def await_seen(self):
        """Until it has read events since the last call."""
        end = time.monotonic() + LIMIT
        while os.path.getsize(self.out + ".seen") == self.known and time.monotonic() < end:
            time.sleep(0.01)
        self.known = os.path.getsize(self.out + ".seen")

    def host(self, name="127.0.0.1"):
        return f"{name}:{self.port}"


def identity(text):
    """What makes an event that event, in every run."""
    event = json.loads(text)
    for key in ("agent", "host", "ecs", "@metadata"):
        event.pop(key, None)
    return json.dumps(event, sort_keys=True)


def events(*paths):
    found = collections.Counter()
    for path in paths:
        with open(path, "rb") as f:
            for line in f:
                if line.endswith(b"\n"):  # not so after a kill: the rest was not acknowledged
                    found[identity(line)] += 1
    return found


def configure(home, name, output):
    path = os.path.join(home, name + ".yml")
    with open(path, "w") as f:
        f.write(SENSOR.format(home=home, output=output))
    os.chmod(path, 0o600)
    return path


def logstash(hosts, more=""):
    hosts = ", ".join(f'"{h}"' for h in hosts)
    return f"logstash:\n  hosts: [{hosts}]\n" + "".join(f"  {line}\n" for line in more.split("\n") if line)


def sensor(home, output, capture, *words):
    return start([PROGRAM, "run", "-c", configure(home, "sensor", output), "-t", "-I", capture] + list(words),
                 stderr=subprocess.PIPE, text=True, cwd=home)


def finish(child, limit=LIMIT):
    """Status and log of the sensor; None when it does not end."""
    try:
        _, log = child.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        child.kill()
        _, log = child.communicate()
        print("\n".join(log.splitlines()[-5:]))
        return None, log
    return child.returncode, log


def resident_mb(child):
    with open(f"/proc/{child.pid}/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1000000


def counters(log):
    for line in log.splitlines():
        line = json.loads(line)
        if line["message"] == "Total metrics":
            return line["monitoring"]["metrics"]["wirelume"]
    return {}


def expected(home, capture, *words):
    out = os.path.join(home, "expected-" + os.path.basename(capture))
    shutil.rmtree(out, ignore_errors=True)
    child = sensor(home, f"file: {{ path: {out}, filename: e, rotate_every_kb: 1073741824 }}", capture, *words)
    finish(child)
    return events(*glob.glob(out + "/*"))


# ---- stories

def the_seeds_example(home):
    """output.logstash: hosts: ["<ip>:5044"], nothing else; every capture of the project."""
    receiver = Receiver(home, "got")
    want = collections.Counter()
    for capture in CAPTURES:
        want += expected(home, capture)
        status, log = finish(sensor(home, logstash([receiver.host()]), capture))
        check(status == 0, f"{capture}: status {status}")
    receiver.kill()
    got = events(receiver.out)
    check(sum(want.values()) > 100 and got == want, f"{sum(got.values())} events of {sum(want.values())}")
    print(f"the seed's example: {sum(got.values())} events of {len(CAPTURES)} captures, all equal")


def three_hosts_killed_in_turn(home):
    loops = 2000
    want = expected(home, LOAD, "-l", str(loops))
    receivers = [Receiver(home, f"got{i}", "slow:30") for i in range(3)]
    more = "loadbalance: true\nbulk_max_size: 20\nmax_retries: 20\ntimeout: 5s\nbackoff: {init: 20ms, max: 100ms}"
    child = sensor(home, logstash([r.host() for r in receivers], more), LOAD, "-l", str(loops))
    threading.Thread(target=child.wait, daemon=True).start()
    log = []
    reader = threading.Thread(target=lambda: log.append(child.stderr.read()))
    reader.start()
    kills = 0
    while child.poll() is None and kills < 300:
        r = receivers[kills % 3]
        time.sleep(random.uniform(0.05, 0.25))
        r.kill()
        time.sleep(random.uniform(0.0, 0.1))
        r.start()
        kills += 1
    check(child.wait(LIMIT) == 0, "status")
    reader.join()
    for r in receivers:
        r.kill()
    got = events(*(r.out for r in receivers))
    c = counters(log[0]).get("output", {})
    lost, more_than_once = want - got, sum((got - want).values())
    check(not lost, f"{sum(lost.values())} events of {sum(want.values())} lost")
    check(kills > 5, f"only {kills} kills: no load")
    check(more_than_once <= c.get("duplicates", 0), f"{more_than_once} more, {c} counted")
    check(c.get("acked") == sum(want.values()), f"acknowledged: {c}")
    print(f"three hosts, {kills} kills: {sum(want.values())} events, {more_than_once} twice "
          f"({c.get('duplicates', 0)} counted as possible), {c.get('connection_errors', 0)} errors")


def a_receiver_that_misbehaves(home):
    want = expected(home, LOAD, "-l", "20")
    receiver = Receiver(home, "got", "refuse", "half", "reset", "high", "http", "stall", "half", "partial")
    more = "bulk_max_size: 50\ntimeout: 500ms\nmax_retries: -1\nbackoff: {init: 10ms, max: 50ms}"
    status, log = finish(sensor(home, logstash([receiver.host()], more), LOAD, "-l", "20"))
    receiver.kill()
    got = events(receiver.out)
    check(status == 0 and got == want, f"status {status}, {sum(got.values())} of {sum(want.values())}")
    check(counters(log)["output"]["connection_errors"] == 7, "seven failures are counted")


def a_replay_waits_for_its_receiver(home):
    receiver = Receiver(home, "got")
    receiver.kill()
    child = sensor(home, logstash([receiver.host()], "backoff: {init: 20ms, max: 100ms}"), LOAD)
    time.sleep(1)
    check(child.poll() is None, "it did not wait")
    receiver.start()
    status, log = finish(child)
    receiver.kill()
    check(status == 0 and events(receiver.out) == expected(home, LOAD), "all arrives once it is there")


def sigterm_ends_in_time(home):
    receiver = Receiver(home, "got", "stall")
    for timeout, least, most in (("1s", 0.9, 20), ("0s", 0, 20)):
        child = sensor(home, logstash([receiver.host()]) + f"packetbeat.shutdown_timeout: {timeout}\n",
                       LOAD, "-l", "5000")
        receiver.await_seen()
        time.sleep(1)
        check(child.poll() is None, "it ended before the signal")
        check(resident_mb(child) < 400, f"memory while nothing is acknowledged: {resident_mb(child)} MB")
        child.send_signal(signal.SIGTERM)
        begin = time.time()
        status, log = finish(child)
        took = time.time() - begin
        check(status == 0 and least <= took <= most, f"shutdown_timeout {timeout}: {took:.1f} s, status {status}")
        check("were not acknowledged and are lost" in log, "it says what is lost")
    receiver.kill()


def sighup_keeps_the_output(home):
    receiver = Receiver(home, "got", "slow:300")
    child = sensor(home, logstash([receiver.host()], "bulk_max_size: 20\npipelining: 0"), LOAD, "-l", "5")
    receiver.await_seen()
    child.send_signal(signal.SIGHUP)
    status, log = finish(child)
    receiver.kill()
    check("reloaded" in log, "reloaded")
    check(status == 0 and events(receiver.out) == expected(home, LOAD, "-l", "5"), "nothing is lost by a reload")
    check(counters(log)["output"]["connected"] == 1, "the connection stays")


def localhost_has_an_address():
    """A bare chroot has no /etc/hosts."""
    try:
        return bool(socket.getaddrinfo("localhost", 1))
    except OSError:
        return False


def make_certificates(home):
    def openssl(*words):
        subprocess.run(("openssl",) + words, check=True, cwd=home, capture_output=True)
    for ca in ("ca", "otherca"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9",
                "-keyout", ca + ".key", "-out", ca + ".pem", "-subj", "/CN=" + ca)
    for name, san in (("server", "DNS:localhost,IP:127.0.0.1"), ("stranger", "DNS:elsewhere"), ("client", "DNS:x")):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr",
                "-subj", "/CN=" + name)
        with open(os.path.join(home, name + ".ext"), "w") as f:
            f.write("subjectAltName=" + san)
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "9", "-extfile", name + ".ext", "-out", name + ".pem")
        with open(os.path.join(home, name + ".chain.pem"), "w") as f:
            for part in (name, "ca"):
                f.write(open(os.path.join(home, part + ".pem")).read())
    openssl("rsa", "-aes256", "-passout", "pass:secret", "-in", "client.key", "-out", "client.enc.key")

    def text(command):
        return subprocess.run(command, shell=True, check=True, cwd=home, capture_output=True, text=True).stdout.strip()
    pin = text("openssl x509 -in ca.pem -noout -pubkey | openssl pkey -pubin -outform der | "
               "openssl dgst -sha256 -binary | base64")
    print_of = text("openssl x509 -in ca.pem -outform der | openssl dgst -sha256 -hex").split()[-1]
    return pin, print_of


def tls_in_all_its_forms(home):
    pin, fingerprint = make_certificates(home)

    def path(name):
        return os.path.join(home, name)
    server = Receiver(home, "plain", "--tls", path("server.chain.pem"), path("server.key"))
    stranger = Receiver(home, "stranger", "--tls", path("stranger.chain.pem"), path("stranger.key"))
    mutual = Receiver(home, "mutual", "--tls", path("server.pem"), path("server.key"), "--client-ca", path("ca.pem"))
    ca = "ssl.certificate_authorities: [ca.pem]"
    identity_lines = "ssl.certificate: client.pem\nssl.key: client.enc.key\nssl.key_passphrase: secret"
    by_name = [("by name", server.host("localhost"), ca, 0)] if localhost_has_an_address() else []
    cases = by_name + [
        ("with the right authority", server.host(), ca, 0),
        ("without an authority", server.host(), "ssl.enabled: true", 1),
        ("with a wrong authority", server.host(), "ssl.certificate_authorities: [otherca.pem]", 1),
        ("without verification", server.host(), "ssl.verification_mode: none", 0),
        ("TLS 1.2 alone", server.host(), ca + "\nssl.supported_protocols: [TLSv1.2]", 0),
        ("a cipher suite", server.host(), ca + "\nssl.supported_protocols: [TLSv1.2]\n"
         "ssl.cipher_suites: [ECDHE-RSA-AES-256-GCM-SHA384]\nssl.curve_types: [P-384]", 0),
        ("a name that is not there", stranger.host(), ca, 1),
        ("a name that is not there, strict", stranger.host(), ca + "\nssl.verification_mode: strict", 1),
        ("the chain alone", stranger.host(), ca + "\nssl.verification_mode: certificate", 0),
        ("the right pin", server.host(), ca + f"\nssl.ca_sha256: [\"{pin}\"]", 0),
        ("a wrong pin", server.host(), ca + "\nssl.ca_sha256: [\"" + "A" * 43 + "=\"]", 1),
        ("the authority's fingerprint", server.host(), f"ssl.ca_trusted_fingerprint: {fingerprint}", 0),
        ("a wrong fingerprint", server.host(), f"ssl.ca_trusted_fingerprint: {'ab' * 32}", 1),
        ("mutual", mutual.host(), ca + "\n" + identity_lines, 0),
        ("mutual without a certificate", mutual.host(), ca, 1),
        ("mutual with a wrong passphrase", mutual.host(), ca + "\n" + identity_lines.replace("secret", "no"), 1),
        ("no TLS there", Receiver(home, "without").host(), ca, 1),
    ]
    for name, host, lines, wanted in cases:
        conf = configure(home, "tls", logstash([host], lines + "\ntimeout: 3s"))
        done = subprocess.run([PROGRAM, "test", "output", "-c", conf], capture_output=True, text=True, cwd=home)
        check(done.returncode == wanted, f"test output, {name}: {done.returncode}\n{done.stdout}{done.stderr}")
        check(wanted or "TLS version: TLSv1." in done.stdout, f"{name}: {done.stdout}")
    for receiver, lines in ((server, ca), (mutual, ca + "\n" + identity_lines)):
        status, log = finish(sensor(home, logstash([receiver.host()], lines), LOAD))
        check(status == 0 and events(receiver.out) == expected(home, LOAD), f"events over TLS, {lines}")
    before = os.path.getsize(server.out)
    child = sensor(home, logstash([server.host()], "ssl.certificate_authorities: [otherca.pem]"), LOAD)
    time.sleep(1)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    check(os.path.getsize(server.out) == before, "nothing goes to a server that is not trusted")


def through_a_proxy(home):
    """A SOCKS 5 proxy of a few lines; it resolves the name, or gets an address."""
    if not localhost_has_an_address():
        return skip("localhost has no address here (no /etc/hosts): names are not tried")
    asked = []

    def pump(a, b):
        try:
            while (data := a.recv(65536)):
                b.sendall(data)
        except OSError:
            pass
        b.close()

    def serve(conn):
        conn.recv(2 + 255)
        conn.sendall(b"\5\2")
        conn.recv(600)
        conn.sendall(b"\1\0")
        request = conn.recv(600)
        asked.append(request[3])
        host = request[5:5 + request[4]].decode() if request[3] == 3 else socket.inet_ntoa(request[4:8])
        far = socket.create_connection((host, int.from_bytes(request[-2:], "big")))
        conn.sendall(b"\5\0\0\1\0\0\0\0\0\0")
        threading.Thread(target=pump, args=(far, conn), daemon=True).start()
        pump(conn, far)

    def listen(listener):
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=listen, args=(listener,), daemon=True).start()
    receiver = Receiver(home, "got")
    proxy = f"proxy_url: socks5://user:word@127.0.0.1:{listener.getsockname()[1]}\n"
    for local in ("false", "true"):
        lines = proxy + f"proxy_use_local_resolver: {local}"
        status, log = finish(sensor(home, logstash([receiver.host("localhost")], lines), LOAD))
        check(status == 0, f"through a proxy: {status}")
    check(asked[0] == 3 and asked[-1] == 1, f"names and addresses at the proxy: {asked}")
    want = expected(home, LOAD)
    check(events(receiver.out) == want + want, "all events came through the proxy")
    receiver.kill()


def go_lumber(home):
    """Elastic's own server, when there is a Go tool that can build it."""
    program = os.path.join(TOP, "build/golumber")
    if not shutil.which("go"):
        return skip("no go: Elastic's server is not tried")
    built = subprocess.run(["go", "build", "-o", program, "."], cwd=os.path.join(HERE, "golumber"),
                           capture_output=True, text=True)
    if built.returncode:
        return skip("go-lumber cannot be built: " + built.stderr.strip()[-200:])
    out = os.path.join(home, "golumber.out")
    server = start([program, "127.0.0.1:0", out], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    host = f"127.0.0.1:{int(server.stdout.readline())}"
    status, log = finish(sensor(home, logstash([host]), LOAD, "-l", "100"))
    check(status == 0 and events(out) == expected(home, LOAD, "-l", "100"), "go-lumber's server got all")
    conf = configure(home, "test", logstash([host]))
    check(subprocess.run([PROGRAM, "test", "output", "-c", conf], capture_output=True).returncode == 0, "test output")
    end(server)


class Serve:
    """wirelume serve, writing messages to files below home/NAME."""

    def __init__(self, home, name):
        self.home, self.out, self.port = home, os.path.join(home, name), free_port()
        self.conf = os.path.join(home, name + ".yml")
        with open(self.conf, "w") as f:
            f.write(f"inputs.beats.port: {self.port}\npack.enabled: []\npath.data: {home}/{name}.data\n"
                    f"output.file: {{ path: {self.out}, filename: m, rotate_every_kb: 1000000, "
                    "rotate_on_startup: false, number_of_files: 1024 }\n"
                    "logging: { to_stderr: true, level: error }\n")
        os.chmod(self.conf, 0o600)
        self.start()

    def start(self):
        self.child = start([PROGRAM, "serve", "-c", self.conf], cwd=self.home)

    def host(self):
        return f"127.0.0.1:{self.port}"

    def is_there(self):
        test = configure(self.home, "test", logstash([self.host()]))
        for _ in range(300):
            done = subprocess.run([PROGRAM, "test", "output", "-c", test], capture_output=True, text=True)
            if done.returncode == 0:
                return True
            time.sleep(0.1)
        return False

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        self.child.wait(LIMIT)

    def messages(self):
        """Each message without what differs from run to run; half a line is the end of a kill."""
        found = collections.Counter()
        for path in glob.glob(self.out + "/*"):
            with open(path, "rb") as f:
                for line in f:
                    try:
                        m = json.loads(line)
                    except ValueError:
                        continue
                    kept = {k: v for k, v in m.items() if not k.startswith(("gl2_", "_", "packetbeat_agent"))}
                    found[json.dumps(kept, sort_keys=True)] += kept.get("beats_type") == "packetbeat"
        return found


def sensor_to_serve(home):
    """Both halves: capture, wire, receiver, file."""
    serve, wanted = Serve(home, "served"), 0
    check(serve.is_there(), "test output against serve")
    for capture in CAPTURES:
        wanted += sum(expected(home, capture).values())
        status, log = finish(sensor(home, logstash([serve.host()]), capture))
        check(status == 0, f"{capture}: status {status}")
    serve.end()
    got = sum(serve.messages().values())
    check(got == wanted, f"sensor to serve: {got} messages of {wanted} events")
    print(f"sensor to serve: {got} messages")


def serve_is_killed_under_load(home):
    loops, kills = "4000", 0
    calm = Serve(home, "calm")
    calm.is_there()
    status, log = finish(sensor(home, logstash([calm.host()]), LOAD, "-l", loops))
    calm.end()
    serve = Serve(home, "served")
    serve.is_there()
    more = "bulk_max_size: 20\nmax_retries: -1\ntimeout: 5s\nbackoff: {init: 10ms, max: 30ms}"
    child = sensor(home, logstash([serve.host()], more), LOAD, "-l", loops)
    log = []
    reader = threading.Thread(target=lambda: log.append(child.stderr.read()))
    reader.start()
    while child.poll() is None and kills < 400:
        time.sleep(random.uniform(0.01, 0.12))
        serve.child.kill()
        serve.child.wait()
        serve.start()
        kills += 1
    check(child.wait(LIMIT) == 0, "status")
    reader.join()
    serve.end()
    wanted, got = calm.messages(), serve.messages()
    c = counters(log[0]).get("output", {})
    twice = sum((got - wanted).values())
    check(sum(wanted.values()) > 30000, f"{sum(wanted.values())} messages in calm weather")
    check(not wanted - got, f"{sum((wanted - got).values())} messages lost after {kills} kills")
    check(twice <= c.get("duplicates", 0), f"{twice} twice, {c}")
    print(f"serve killed {kills} times under load: {sum(wanted.values())} messages, {twice} twice "
          f"({c.get('duplicates', 0)} counted as possible)")


STORIES = [the_seeds_example, three_hosts_killed_in_turn, a_receiver_that_misbehaves,
           a_replay_waits_for_its_receiver, sigterm_ends_in_time, sighup_keeps_the_output,
           tls_in_all_its_forms, through_a_proxy, go_lumber, sensor_to_serve,
           serve_is_killed_under_load]


def main():
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    if not os.path.exists(PROGRAM):
        print(f"{PROGRAM} is not there yet: make release")
        return skip("no program")
    for story in STORIES:
        if only not in story.__name__:
            continue
        with tempfile.TemporaryDirectory() as home:
            try:
                story(home)
            except Exception as e:  # the other stories are still to be told
                check(False, f"{story.__name__}: {e!r}")
            for child in children:
                end(child)
            children.clear()


main()
print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
sys.exit(failed != 0)
