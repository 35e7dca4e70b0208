"""Closed doors: what fails inside and what goes on working (doors.c), and that run, serve, watch and
up are behind them with all their threads."""
import functools
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
from receiver import PROGRAM, Checks  # noqa: E402

TRIES = "build/release/test/e2e/doors"
checks = Checks()
check = checks.check

DENIED = ["read a file of root alone", "read a file that all may read", "list a folder", "leave the data by a link",
          "write in /tmp", "write the configuration", "run a program", "start a process", "signal another process",
          "be traced", "look at another process", "make a namespace", "mount", "get rights back", "reach into the kernel",
          "type into a terminal", "open a capture", "open an odd socket", "listen anew"]
ALLOWED = ["read the configuration", "write and rename data", "read files of the system", "start a thread",
           "open a local socket", "ask for names", "accept"]
INTERNET = "open a socket of the internet"


@functools.lru_cache
def landlock():
    """Has the kernel Landlock? Asked as the program asks."""
    said = subprocess.run([PROGRAM, "doctor"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return not re.search(r"Landlock.*\bnone\b", said)


class Place:
    """A folder with a configuration, data and a file of somebody else."""

    def __init__(self, mode):
        self.folder = tempfile.mkdtemp(prefix="wl-doors-")
        os.chmod(self.folder, mode)
        os.makedirs(os.path.join(self.folder, "etc"), 0o755)
        self.write("etc/conf.yml", "packetbeat.flows.timeout: 30s\noutput.console.enabled: true\n")
        self.write("foreign", "for all to read\n")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(os.path.join(self.folder, name), 0o644)

    def path(self, name):
        return os.path.join(self.folder, name)

    def tries(self, kind, *sets):
        """What doors.c says, as a dict."""
        data = self.path("data")
        if not os.path.isdir(data):
            subprocess.run([TRIES, kind, self.folder, *sets], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if os.path.isdir(data) and not os.path.islink(self.path("data/link")):
            os.symlink(self.path("foreign"), self.path("data/link"))
        run = subprocess.run([TRIES, kind, self.folder, *sets], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True)
        lines = [line.rsplit(" ", 1) for line in run.stdout.splitlines()]
        return {line[0]: line[1] for line in lines if len(line) == 2}, run.stdout + run.stderr

    def close(self):
        shutil.rmtree(self.folder)


def judge(title, got, said, internet, files):
    """Every try, on the first thread and on a later one."""
    for where in ("", "thread: "):
        denied = [n for n in DENIED if files or n not in DENIED[1:5]]
        bad = [n for n in denied if got.get(where + n) != "denied"]
        bad += [n for n in ALLOWED if got.get(where + n) != "allowed"]
        bad += [INTERNET] if got.get(where + INTERNET) != ("allowed" if internet else "denied") else []
        check("%s: %sall as it should be" % (title, where), bad == [], "%s\n%s" % (bad, said))


def attempts():
    files = landlock()
    for mode, user in ((0o755, "other"), (0o700, "root")):
        place = Place(mode)
        for kind in ("sensor", "receiver"):
            got, said = place.tries(kind)
            judge("%s as %s" % (kind, user), got, said, kind == "sensor", files)
            check("%s: user %s without capabilities" % (kind, user),
                  "user %s capabilities none" % user in said, said)
        place.close()


def process_names():
    """packetbeat.procs: all is closed as without it; another process looks, and has no way to do more."""
    for mode in (0o755, 0o700):
        place = Place(mode)
        got, said = place.tries("sensor", "packetbeat.procs.enabled=true")
        judge("procs %o" % mode, got, said, True, landlock())
        check("procs %o: no capabilities" % mode, "capabilities none" in said, said)
        broker = {"its own socket": "allowed", "all processes": "allowed", "a socket by its number alone": "denied"}
        check("procs %o: the broker tells what is asked rightly" % mode,
              {n: got.get("broker: " + n) for n in broker} == broker, said)
        place.close()
    place = Place(0o755)
    got, said = place.tries("broker")
    reads = got.pop("taken over: read a file", "")
    check("the broker, taken over, can read and do nothing else",
          len(got) == 15 and set(got.values()) == {"denied"} and reads == "allowed", said)
    place.close()


def switches():
    """The section security."""
    place = Place(0o755)
    got, said = place.tries("sensor", "security.enabled=false")
    check("switched off: everything is open", got.get("read a file that all may read") == "allowed"
          and got.get("write in /tmp") == "allowed", said)
    got, said = place.tries("sensor", "security.user=no-such-user")
    check("an unknown user is a mistake", "there is no user 'no-such-user'" in said, said)
    place.close()
    place = Place(0o700)
    got, said = place.tries("sensor", "security.user=nobody")
    check("a user that reaches nothing is a mistake", "security.user: nobody may not use" in said, said)
    place.close()


def status(pid):
    """Of every thread: (uid, effective, no_new_privs, seccomp)."""
    rows = set()
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, task), encoding="utf-8") as f:
            text = f.read()
        find = lambda key: re.search(r"^%s:\s+(\S+)" % key, text, re.M).group(1)  # noqa: E731
        rows.add((find("Uid"), find("CapEff"), find("CapPrm"), find("NoNewPrivs"), find("Seccomp")))
    return rows


def until(what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.05)
    return False


def closed(pid, folder):
    """All threads of the process are closed; the user is the owner of its data, and not root."""
    owner = str(os.stat(os.path.join(folder, "data")).st_uid)
    return owner != "0" and status(pid) == {(owner, "0" * 16, "0" * 16, "1", "2")}


def commands():
    """The real commands, by /proc."""
    for name, words in (("run", ["run", "-e", "-c", "conf.yml", "-E", "packetbeat.interfaces.device=lo"]),
                        ("serve", ["serve", "-e", "-c", "serve.yml"])):
        place = Place(0o755)
        place.write("etc/serve.yml", "inputs.beats.port: 0\nweb.port: 0\n"
                                     "output.file.path: %s\n" % place.path("data/out"))
        with open(place.path("log"), "wb") as log:
            process = subprocess.Popen([PROGRAM, *words, "--path.home", place.path("etc"), "--path.data",
                                        place.path("data")], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        said = lambda: open(place.path("log"), errors="replace").read()  # noqa: E731,SIM115
        ready = until(lambda: "doors closed" in said() or process.poll() is not None)
        check("%s: it says so" % name, ready and "capabilities: none" in said(), said())
        check("%s: all its threads are behind closed doors" % name,
              until(lambda: closed(process.pid, place.folder)), said())
        process.terminate()
        check("%s: it ends in order" % name, process.wait(60) == 0, said())
        place.close()


class Sensor:
    """`run` on the loopback interface, with settings."""

    def __init__(self, place, *sets, prefix=()):
        self.place = place
        words = [w for s in ("packetbeat.interfaces.device=lo", *sets) for w in ("-E", s)]
        with open(place.path("log"), "wb") as log:
            self.process = subprocess.Popen(
                [*prefix, PROGRAM, "run", "-e", "-c", "conf.yml", "--path.home", place.path("etc"), "--path.data",
                 place.path("data"), *words],
                stdout=subprocess.DEVNULL, stderr=log, stdin=subprocess.DEVNULL,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (1 << 30, 1 << 30)))

    def said(self):
        with open(self.place.path("log"), errors="replace") as f:
            return f.read()

    def is_ready(self):
        return until(lambda: "doors closed" in self.said() or self.process.poll() is not None) \
            and self.process.poll() is None

    def end(self):
        self.process.kill()
        self.process.wait()


def required():
    """What the kernel refuses is a line, or the end."""
    for what in ("landlock", "seccomp"):
        prefix = [TRIES, "without", what]
        place = Place(0o755)
        sensor = Sensor(place, prefix=prefix)
        check("without %s: it goes on, and says so" % what,
              sensor.is_ready() and "it goes on without this" in sensor.said(), sensor.said())
        sensor.end()
        sensor = Sensor(place, "security.required=true", prefix=prefix)
        check("without %s, required: it ends, and says so" % what,
              sensor.process.wait(60) == 1 and "(security.required)" in sensor.said(), sensor.said())
        sensor.end()
        place.close()
    place = Place(0o755)
    sensor = Sensor(place, "security.required=true")
    check("required, and all is to be had: it runs", landlock() == sensor.is_ready(), sensor.said())
    sensor.end()
    place.close()


def filter_section():
    """Packetbeat's section seccomp."""
    place = Place(0o755)
    sensor = Sensor(place, "seccomp.enabled=false")
    ready = sensor.is_ready()
    check("seccomp.enabled: false: a line, and no filter",
          ready and "seccomp.enabled: false: all system calls stay allowed" in sensor.said()
          and {row[4] for row in status(sensor.process.pid)} == {"0"}, sensor.said())
    check("seccomp.enabled: false: the rest is closed",
          ready and {row[1:4] for row in status(sensor.process.pid)} == {("0" * 16, "0" * 16, "1")}, sensor.said())
    sensor.end()
    place.write("etc/conf.yml", "packetbeat.flows.timeout: 30s\noutput.console.enabled: true\n"
                "seccomp:\n  default_action: allow\n  syscalls:\n  - {action: errno, names: [read, write, futex]}\n")
    sensor = Sensor(place)
    check("lists of a Packetbeat: a line, and the filter as ever",
          sensor.is_ready() and "seccomp.syscalls are not used" in sensor.said()
          and closed(sensor.process.pid, place.folder), sensor.said())
    sensor.end()
    place.close()


def cores():
    """No core files, unless they are asked for."""
    def limit(pid):
        with open("/proc/%d/limits" % pid, encoding="utf-8") as f:
            return re.search(r"Max core file size +(\S+)", f.read()).group(1)

    place = Place(0o777)
    sensor = Sensor(place)
    ready = sensor.is_ready()
    check("core files are forbidden", ready and limit(sensor.process.pid) == "0", sensor.said())
    sensor.process.send_signal(11)
    ended = os.waitpid(sensor.process.pid, 0)[1]
    check("and none is written", os.WIFSIGNALED(ended) and os.WTERMSIG(ended) == 11 and not os.WCOREDUMP(ended),
          hex(ended))
    sensor.end()
    sensor = Sensor(place, "security.core_dumps=true")
    ready = sensor.is_ready()
    check("security.core_dumps: true allows them", ready and limit(sensor.process.pid) == str(1 << 30), sensor.said())
    sensor.end()
    place.close()


def told():
    """doctor names the processes that run, and their rights."""
    place = Place(0o755)
    sensor = Sensor(place, "packetbeat.procs.enabled=true")
    sensor.is_ready()
    pid, text = sensor.process.pid, ""

    def lines():
        nonlocal text
        text = subprocess.run([PROGRAM, "doctor"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        return [line for line in text.splitlines() if line.split()[1:2] == ["process"]]

    def find(role, rights):
        row = r"ok +process +%s %s: user nobody, capabilities: %s, gains none, system calls filtered, threads: \d+$"
        return any(re.match(row % (pid if role == "run" else r"\d+", role, rights), line) for line in lines())

    check("doctor: the sensor, and what it may do", until(lambda: find("run", "none")), text)
    check("doctor: its broker", find("broker", "dac_read_search, sys_ptrace"), text)
    sensor.end()
    sensor = Sensor(place, "security.enabled=false")
    pid = sensor.process.pid
    check("doctor: one that is open is noted",
          until(lambda: any(re.match("note +process +%d run: .*all system calls" % pid, line) for line in lines())), text)
    sensor.end()
    place.close()


def reading():
    """import, trace and watch read captures behind closed doors, and nothing else."""
    place = Place(0o755)
    shutil.copy("etc/sample.pcap", place.path("a.pcap"))
    fifo = place.path("pipe.pcap")
    os.mkfifo(fifo)
    for words in (["import", "--output", place.path("events")], ["trace"], ["watch"]):
        process = subprocess.Popen([PROGRAM, *words, fifo], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        with open(fifo, "wb") as to, open(place.path("a.pcap"), "rb") as from_:
            to.write(from_.read(60000))
            to.flush()
            shut = {("0" * 16, "0" * 16, "1", "2")}
            check("%s: all its threads are behind closed doors" % words[0],
                  until(lambda: {row[1:] for row in status(process.pid)} == shut), str(status(process.pid)))
            to.write(from_.read())
        said = process.communicate(timeout=60)[1]
        check("%s: it reads to the end" % words[0], process.returncode == 0, said)
    check("import: its output is there", os.path.getsize(place.path("events")) > 100000)
    shutil.copy(place.path("a.pcap"), place.path("b.pcap"))
    for words in (["import", place.path("[ab].pcap")], ["run", "-e", "-I", place.path("[ab].pcap"), "-c", "conf.yml",
                  "--path.home", place.path("etc"), "--path.data", place.path("data")]):
        run = subprocess.run([PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        check("%s: files of a pattern, opened later" % words[0], run.returncode == 0, run.stdout[-500:] + run.stderr)
    place.close()


def whole_product():
    """up: what captures and what stores are closed, each in its process; a server that ends is started again."""
    place = Place(0o755)
    with open(place.path("log"), "wb") as log:
        process = subprocess.Popen([PROGRAM, "up", "--no-sample", "--path.data", place.path("data"), "-E",
                                    "packetbeat.interfaces.device=lo"], stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL)
    said = lambda: open(place.path("log"), errors="replace").read()  # noqa: E731,SIM115

    def server():
        out = subprocess.run(["pgrep", "-f", "serve -c %s/up.yml" % place.path("data")], stdout=subprocess.PIPE)
        return int(out.stdout.split()[0]) if out.stdout.split() else None

    def is_closed(pid):
        try:
            return pid is not None and closed(pid, place.folder)
        except OSError:
            return False

    try:
        check("up: it captures", until(lambda: "capturing on lo" in said()), said())
        check("up: what captures is closed", until(lambda: is_closed(process.pid)), said())
        check("up: its server is closed", until(lambda: is_closed(server())), said())
        first = server()
        os.kill(first, 9)
        check("up: another server is started from behind closed doors",
              until(lambda: server() not in (None, first) and is_closed(server())), said())
        process.terminate()
        check("up: it ends in order", process.wait(60) == 0, said())
        check("up: and its server with it", until(lambda: server() is None), said())
    finally:
        process.kill()
        place.close()


def looking():
    """watch, once it is live."""
    log = tempfile.TemporaryFile("w+", errors="replace")
    process = subprocess.Popen([PROGRAM, "watch", "-E", "packetbeat.interfaces.device=lo"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=log)

    def said():
        log.seek(0)
        return log.read()

    def is_closed():
        rows = status(process.pid)
        return len(rows) == 1 and next(iter(rows))[1:] == ("0" * 16, "0" * 16, "1", "2")

    try:
        check("watch: it is live", until(lambda: "live on lo" in said()), said())
        check("watch: all its threads are behind closed doors", until(is_closed), said())
        process.send_signal(2)
        check("watch: it ends in order", process.wait(60) == 0, said())
    finally:
        process.kill()
        log.close()


for story in (attempts, process_names, switches, required, filter_section, cores, told, reading, commands, whole_product, looking):
    try:
        story()
    except Exception:  # noqa: BLE001
        check("%s runs to its end" % story.__name__, False, traceback.format_exc())
sys.exit(checks.end())
