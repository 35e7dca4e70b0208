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


class Up(Product):
    """One `wirelume up` with a data folder."""

    def __init__(self, data, *more, before=()):
        super().__init__(INSIDE + list(before) + [PROGRAM, "up", "--path.data", data,
                                                  "-E", "packetbeat.interfaces.device=lo", *more], data)


def command(*words):
    """Another command beside it: its status and what it said."""
    done = subprocess.run(INSIDE + [PROGRAM, *words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def stored_of(said):
    found = re.search(r"^(\d+) events are stored", said, re.M)
    return int(found[1]) if found else 0


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
    finally:
        for server in (web, dns):
            server.kill()
            server.wait()


def first(folder):
    up = Up(os.path.join(folder, "one"))
    check("it captures", up.until(lambda: "capturing on lo" in up.said()))
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

    again = Up(os.path.join(folder, "one"))
    check("a second start", again.until(lambda: "capturing on lo" in again.said()))
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


def copy_program():
    """A build beside this story may link the program again: the one that is told of stays as it is."""
    os.makedirs(os.path.dirname(PROGRAM))
    shutil.copy(receiver.PROGRAM, PROGRAM)
    for name in ("packs", "etc", "build/duckdb"):  # where it looks for them
        os.symlink(os.path.join(os.getcwd(), name), os.path.join(FOLDER, name))


def main():
    if not (quiet("ip", "netns", "add", NAMESPACE) and quiet(*INSIDE, "ip", "link", "set", "lo", "up")):
        print("up: needs root and network namespaces (ip netns add, ip netns exec)")
        print("0 passed, 0 failed, 1 skipped")
        os.rmdir(FOLDER)
        return
    try:
        copy_program()
        story(FOLDER)
    except Exception:
        check("up", False, traceback.format_exc())
    finally:
        quiet("pkill", "-9", "-f", "serve -c %s" % FOLDER)
        quiet("ip", "netns", "del", NAMESPACE)
        shutil.rmtree(FOLDER, ignore_errors=True)
    sys.exit(checks.end())


main()
