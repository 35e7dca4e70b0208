"""The receiver with clients of others: go-lumber's (sync, async, compressed) and npm's, plain and
over TLS. Each event is written once, each window acknowledged whole."""
import os
import shutil
import subprocess
import sys
import time
import traceback

sys.dont_write_bytecode = True
from receiver import Checks, Receiver  # noqa: E402

checks = Checks()
check = checks.check
HERE = os.path.join(os.getcwd(), "test/e2e/clients")
BUILD = os.path.join(os.getcwd(), "build")


def receiver(tls):
    """One that listens, and the certificate that its clients trust (or nothing)."""
    r = Receiver("")
    conf = "inputs.beats.port: 0\ninputs.beats.bind_address: [127.0.0.1, '::1']\n"
    ca = []
    if tls:
        cert, key = (os.path.join(r.folder, "server." + x) for x in ("pem", "key"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-keyout", key, "-out", cert, "-subj", "/CN=localhost", "-days", "2",
                        "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        conf += "".join("inputs.beats.%s\n" % x for x in (
            "tls_enable: true", "tls_cert_file: " + cert, "tls_key_file: " + key))
        ca = [cert]
    r.configure(conf)
    return r.start(), ca


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
    for tls in (False, True):
        for mode in ("sync", "async"):
            for level in ("0", "3"):
                name = "go-lumber %s, level %s%s" % (mode, level, ", TLS" if tls else "")
                r, ca = receiver(tls)
                done = subprocess.run([program, "127.0.0.1:%d" % r.ports["beats"], mode, level, "20", "500"] + ca,
                                      capture_output=True, text=True, timeout=60)
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
    for tls in (False, True):
        name = "npm" + (", TLS" if tls else "")
        r, ca = receiver(tls)
        child = subprocess.Popen(["node", os.path.join(HERE, "npm/send.js"), folder + "/node_modules",
                                  str(r.ports["beats"]), "1000"] + ca)
        end = time.monotonic() + 20
        while sum(1 for _ in r.lines()) < 1000 and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(0.5)  # what is not acknowledged would come again
        child.kill()
        child.wait()
        all_once(r, name, 1000)


for story in (go_lumber, npm):
    if os.environ.get("STORY", "") in story.__name__:
        try:
            story()
        except Exception:
            check(story.__name__, False, traceback.format_exc())
sys.exit(checks.end())
