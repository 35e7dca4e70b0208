"""The receiver with clients of others: go-lumber's (sync, async, compressed) and npm's, plain, over
TLS and with certificates on both sides. Each event is written once, each window acknowledged whole;
who shows no certificate where one is asked for is not served."""
import os
import shutil
import subprocess
import sys
import traceback

sys.dont_write_bytecode = True
from receiver import Checks, Receiver  # noqa: E402

checks = Checks()
check = checks.check
HERE = os.path.join(os.getcwd(), "test/e2e/clients")
BUILD = os.path.join(os.getcwd(), "build")


WAYS = ("plain", "TLS", "mutual TLS")


def certificate(folder, name):
    """Signed by itself: who trusts it names it as its authority."""
    cert, key = (os.path.join(folder, name + x) for x in (".pem", ".key"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", key, "-out", cert, "-subj", "/CN=localhost", "-days", "2",
                    "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    return cert, key


def receiver(way):
    """One that listens, and what its clients are told: authority, certificate, key (or nothing)."""
    r = Receiver("")
    conf, words = ["port: 0", "bind_address: [127.0.0.1, '::1']"], []
    if way != "plain":
        cert, key = certificate(r.folder, "server")
        conf += ["tls_enable: true", "tls_cert_file: " + cert, "tls_key_file: " + key]
        words = [cert]
    if way == "mutual TLS":
        words += certificate(r.folder, "client")
        conf += ["tls_client_auth: required", "tls_client_auth_cert_file: " + words[1]]
    r.configure("".join("inputs.beats.%s\n" % x for x in conf))
    return r.start(), words


def all_once(r, name, events):
    check(name + ": ends in order", r.stop() == 0)
    got = sorted(m.get("packetbeat_n", -1) for m in r.messages())
    check(name + ": each event once", got == list(range(events)), "%d of %d" % (len(got), events))
    shutil.rmtree(r.folder)


def go_lumber():
    program = os.path.join(BUILD, "lumberclient")
    if not shutil.which("go"):
        return checks.skip("no go: go-lumber's client is not tried")
    built = subprocess.run(["go", "build", "-o", program, "."], cwd=os.path.join(HERE, "golumber"),
                           capture_output=True, text=True)
    if built.returncode:
        return checks.skip("go-lumber's client cannot be built: " + built.stderr.strip()[-200:])
    for way in WAYS:
        for mode in ("sync", "async"):
            for level in ("0", "3"):
                name = "go-lumber %s, level %s, %s" % (mode, level, way)
                r, words = receiver(way)
                command = [program, "127.0.0.1:%d" % r.ports["beats"], mode, level, "20", "500"]
                if way == "mutual TLS":
                    done = subprocess.run(command + words[:1], capture_output=True, text=True, timeout=60)
                    check(name + ": none without a certificate", done.returncode != 0 and not done.stdout)
                done = subprocess.run(command + words, capture_output=True, text=True, timeout=60)
                check(name + ": all acknowledged", done.stdout == "10000\n", done.stdout + done.stderr)
                all_once(r, name, 10000)


def npm():
    folder = os.path.join(BUILD, "npm")
    if not (shutil.which("npm") and shutil.which("node")):
        return checks.skip("no npm: lumberjack-client is not tried")
    os.makedirs(folder, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(HERE, "npm", name), folder)
    done = subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        return checks.skip("lumberjack-client cannot be installed: " + done.stderr.strip()[-200:])
    for way in WAYS:
        r, words = receiver(way)
        command = ["node", os.path.join(HERE, "npm/send.js"), folder + "/node_modules",
                   str(r.ports["beats"]), "1000", "20"]
        done = subprocess.run(command + words, capture_output=True, text=True, timeout=60)
        check("npm, %s: all acknowledged" % way, done.stdout == "1020\n", done.stdout + done.stderr)
        all_once(r, "npm, " + way, 1020)


for story in (go_lumber, npm):
    if os.environ.get("STORY", "") in story.__name__:
        try:
            story()
        except Exception:
            check(story.__name__, False, traceback.format_exc())
sys.exit(checks.end())
