"""wirelume up, as a new user starts it, in a network namespace of its own: the sample, live traffic,
a server that is killed, ports that are in use, no right to capture, an end in order."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
import receiver  # noqa: E402
from product import Product, ask_name, name_server, quiet  # noqa: E402
from receiver import Checks  # noqa: E402

checks = Checks()
check = checks.check
NAMESPACE = "wl-up-%d" % os.getpid()
INSIDE = ["ip", "netns", "exec", NAMESPACE]
FOLDER = tempfile.mkdtemp(prefix="wirelume-up-")
PROGRAM = os.path.join(FOLDER, "build/release/wirelume")
LARGE = 5000  # times a small capture


class Up(Product):
    """One `wirelume up` with a data folder."""

    def __init__(self, data, *more, before=(), program=PROGRAM):
        super().__init__(INSIDE + list(before) + [program, "up", "--path.data", data,
                                                  "-E", "packetbeat.interfaces.device=lo", *more], data)

    def sensor_events(self, since):
        """How many the dashboard has of the sensor itself."""
        rows = self.ask("query", {"from": since, "to": int(time.time() * 1000) + 1000, "query": "vendor_subtype:sensor",
                                  "ask": [{"id": "a", "kind": "terms", "field": "vendor_subtype", "metric": "count()"}]})
        try:
            return sum(row["value"] for row in rows["answers"]["a"]["rows"])
        except (KeyError, TypeError):
            return 0

    def workers(self):
        names = []
        for task in os.listdir("/proc/%d/task" % self.process.pid):
            with open("/proc/%d/task/%s/comm" % (self.process.pid, task)) as f:
                names.append(f.read())
        return sum(name.startswith("worker-") for name in names)


def command(*words):
    """Another command beside it: its status and what it said."""
    done = subprocess.run(INSIDE + [PROGRAM, *words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def number_of(text, said):
    """The one before these words at the beginning of a line; 0 without."""
    found = re.search(r"^(\d+) " + text, said, re.M)
    return int(found[1]) if found else 0


def stored_of(said):
    return number_of("events are stored", said)


def removed_of(said):
    found = re.match(r"(\d+) messages of the sample are removed", said)
    return int(found[1]) if found else -1


def ask_web(n):
    for _ in range(n):
        quiet(*INSIDE, sys.executable, "-c",
              "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/').read()")


def ask_dns(n):
    for _ in range(n):
        ask_name(INSIDE, "127.0.0.1")


def same(up, span, before):
    return up.kinds(*span) == before


def story(folder):
    dns = subprocess.Popen(name_server(INSIDE, "127.0.0.1"), stdout=subprocess.PIPE)
    dns.stdout.readline()
    web = subprocess.Popen(INSIDE + [sys.executable, "-m", "http.server", "8000", "--directory", folder],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        first(folder)
        crowded(folder)
        large(folder)
        bare(folder)
    finally:
        for server in (web, dns):
            server.kill()
            server.wait()


def first(folder):
    up = Up(os.path.join(folder, "one"))
    check("it captures", up.until(lambda: "capturing on lo" in up.said()))
    check("Ctrl-C on its terminal is not for the server", os.getpgid(up.server()) != os.getpgid(up.process.pid))
    check("it says its address", "dashboard: http://127.0.0.1:8514/" in up.said())
    check("the sample is there", up.until(lambda: up.stored() >= 400))
    check("and said", "wirelume-sample" in up.said())
    since = int(time.time() * 1000) - 1000
    ask_web(3)
    ask_dns(2)
    began = time.monotonic()
    seen = up.until(lambda: up.kinds(since).get("http", 0) >= 3 and up.kinds(since).get("dns", 0) >= 2)
    check("traffic is on the dashboard", seen, up.kinds(since))
    print("  on the dashboard after %.1f s" % (time.monotonic() - began))

    before = up.stored()
    status, said = command("import", "--path.data", up.data, "test/cli/dns.pcap")
    check("a capture goes into the server that runs", status == 0 and "of %s" % up.data in said, said)
    check("all of it", stored_of(said) > 0 and up.until(lambda: up.stored() >= before + stored_of(said)), said)

    check("health tells of the sample", up.health()["sample"] is True)
    status, said = command("sample", "remove", "--path.data", up.data)
    check("the sample goes", status == 0 and removed_of(said) >= 400, said)
    check("and is told of no more", up.health()["sample"] is False)
    status, said = command("sample", "remove", "--path.data", up.data)
    check("all of it, and nothing else", status == 0 and removed_of(said) == 0, said)

    span = since, int(time.time() * 1000)
    before = up.kinds(*span)
    os.kill(up.server(), signal.SIGKILL)
    check("a server that is killed is told", up.until(lambda: "signal 9" in up.said()))
    check("and started again", up.until(lambda: up.stored() == 0))
    ask_web(2)
    check("and stores again", up.until(lambda: up.stored() >= 2))
    check("its numbers are the same", up.until(lambda: same(up, span, before)), (before, up.kinds(*span)))

    up.kill()
    up = Up(up.data)
    check("all is killed, and starts again", up.until(lambda: "capturing on lo" in up.said()), up.said())
    check("with the same numbers", up.until(lambda: same(up, span, before)), (before, up.kinds(*span)))
    check("it ends in order", up.end() == 0)
    check("and its server with it", up.server() is None)

    again = Up(os.path.join(folder, "one"), "-E", "workers=3", "-E", "health.period=1s")
    check("a second start", again.until(lambda: "capturing on lo" in again.said()))
    check("with three workers", again.until(lambda: again.workers() == 3))
    since = int(time.time() * 1000) - 1000
    ask_web(3)
    ask_dns(3)
    check("each transaction is seen once",
          again.until(lambda: again.kinds(since) == {"http": 3, "dns": 3}), again.kinds(since))
    check("the sensor tells of itself", again.until(lambda: again.sensor_events(since) > 1))
    check("has no second sample", "sample" not in again.said())
    again.end()


def crowded(folder):
    """Beside another one, and without the right to capture."""
    one = Up(os.path.join(folder, "one"))
    one.until(lambda: "capturing on lo" in one.said())
    two = Up(os.path.join(folder, "two"),
             before=["setpriv", "--bounding-set=-net_raw,-net_admin", "--inh-caps=-net_raw,-net_admin"])
    check("it goes on without ports and rights", two.until(lambda: two.stored() >= 400))
    two.until(lambda: "Ctrl-C" in two.said())
    said = two.said()
    check("the port of Beats", "port 5044 is in use" in said and "mend:" in said, said)
    check("the port of GELF", "port 12201 (UDP) is in use" in said, said)
    check("the dashboard's port", "port 8514 is in use: the dashboard is on" in said, said)
    check("the right to capture", "no live capture" in said and "setcap" in said, said)
    check("both end in order", two.end() == 0 and one.end() == 0)
    status, said = command("sample", "remove", "--path.data", two.data)
    check("without a server the sample goes too", status == 0 and removed_of(said) >= 400, said)
    status, said = command("sample", "remove", "--path.data", os.path.join(folder, "none"))
    check("where nothing ever ran, it says so", status == 1 and "mend:" in said, said)


def importing(data, capture):
    """An import that runs, once something of it is stored, as its progress says; and where it writes."""
    log = data + ".import"
    with open(log, "wb") as out:
        return subprocess.Popen(INSIDE + [PROGRAM, "import", "--path.data", data, capture], stdout=out, stderr=out), log


def large(folder):
    """A capture that takes a while: its server is killed meanwhile, and it is interrupted."""
    capture = os.path.join(folder, "large.pcap")
    with open("test/cli/dns.pcap", "rb") as f, open(capture, "wb") as out:
        head, packets = f.read(24), f.read()
        out.write(head)
        for _ in range(LARGE):
            out.write(packets)
    up = Up(os.path.join(folder, "large"), "--no-sample")
    check("a server for it", up.until(lambda: "capturing on lo" in up.said()), up.said())

    began = up.total()
    child, log = importing(up.data, capture)
    check("an import goes on", up.until(lambda: up.total() > began))
    os.kill(up.server(), signal.SIGKILL)
    status = child.wait(120)
    with open(log, encoding="utf-8") as f:
        said = f.read()
    stored, twice = stored_of(said), number_of("of them may be there twice", said)
    check("it outlives its server", status == 0 and stored > LARGE, said)
    check("all of it is there", up.until(lambda: up.total() - began >= stored), (up.total() - began, stored))
    check("and no more twice than it says", up.total() - began <= stored + twice, (up.total() - began, said))

    began = up.total()
    child, log = importing(up.data, capture)
    check("a second one goes on", up.until(lambda: up.total() > began))
    child.send_signal(signal.SIGINT)
    status = child.wait(120)
    with open(log, encoding="utf-8") as f:
        said = f.read()
    taken, lost = stored_of(said), number_of("were given up, unacknowledged", said)
    check("interrupted it says what was taken", taken > 0 and status == (lost > 0), said)
    check("and that is there", up.until(lambda: up.total() - began >= taken), (up.total() - began, said))
    check("but for what was on its way no more", up.total() - began <= taken + lost, (up.total() - began, said))
    check("the server ends in order", up.end() == 0)


def bare(folder):
    """A program without DuckDB beside it."""
    program = os.path.join(folder, "without/build/release/wirelume")
    copy_program(program, ("packs", "etc"))
    up = Up(os.path.join(folder, "bare"), program=program)
    check("it captures without a store", up.until(lambda: "capturing on lo" in up.said()), up.said())
    if up.health() and up.health()["journal"]:
        checks.skip("up without DuckDB: it is installed on this machine")
    else:
        check("and says so", "no store" in up.said() and "mend:" in up.said(), up.said())
        check("with no sample that nobody would see", "sample" not in up.said(), up.said())
    check("and ends in order", up.end() == 0)


def copy_program(program, beside):
    """A build beside this story may link the program again: the one that is told of stays as it is.
    beside: where it looks for things."""
    release = os.path.dirname(program)
    os.makedirs(release)
    shutil.copy(receiver.PROGRAM, program)
    for name in beside:
        os.symlink(os.path.join(os.getcwd(), name), os.path.join(release, "../..", name))


def main():
    if not (quiet("ip", "netns", "add", NAMESPACE) and quiet(*INSIDE, "ip", "link", "set", "lo", "up")):
        print("up: needs root and network namespaces (ip netns add, ip netns exec)")
        print("0 passed, 0 failed, 1 skipped")
        os.rmdir(FOLDER)
        return
    try:
        copy_program(PROGRAM, ("packs", "etc", "build/duckdb"))
        story(FOLDER)
    except Exception:
        check("up", False, traceback.format_exc())
    finally:
        quiet("pkill", "-9", "-f", "serve -c %s" % FOLDER)
        quiet("ip", "netns", "del", NAMESPACE)
        shutil.rmtree(FOLDER, ignore_errors=True)
    sys.exit(checks.end())


main()
