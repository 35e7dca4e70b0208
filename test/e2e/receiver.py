"""wirelume serve as the stories of this folder start it, and what it wrote."""
import atexit
import glob
import json
import os
import re
import signal
import subprocess
import tempfile
import time

PROGRAM = os.path.join(os.getcwd(), "build", os.environ.get("F_SERVE", "release"), "wirelume")


class Receiver:
    """One folder with configuration, data and output; started and ended as often as wanted."""

    def __init__(self, config, output=None, kind="file"):
        self.kind = kind  # of the output: file, index or store
        self.folder = tempfile.mkdtemp(prefix="wirelume-serve-")
        self.output = output or os.path.join(self.folder, "out")
        self.log = os.path.join(self.folder, "log")
        self.configure(config)
        self.process = None
        self.ports = {}
        self.seen = 0  # lines that new_messages has given

    def configure(self, config):
        with open(os.path.join(self.folder, "packetbeat.yml"), "w") as f:
            f.write("output.%s.path: %s\n" % (self.kind, self.output))
            if self.kind == "file":
                f.write("output.file.rotate_on_startup: false\n")
            f.write(config)
            if not config.endswith("\n"):
                f.write("\n")
            if not re.search(r"^web\b", config, re.M):
                f.write("web.enabled: false\n")
            if not re.search(r"^pack\b", config, re.M):
                f.write("pack.enabled: []\n")  # messages as they came

    def start(self, wait=True):
        with open(self.log, "ab") as log:
            self.began_at = log.tell()
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "-e", "--path.home", self.folder],
                stdout=subprocess.DEVNULL, stderr=log,
            )
        atexit.register(self.process.kill)
        if wait:
            self.await_ports()
        return self

    def await_ports(self):
        """Until it receives."""
        self.await_log("listening on port", self.began_at)
        for name, port in re.findall(
            r"inputs\.(\w+): listening on port (\d+)", self.read_log(self.began_at)
        ):
            self.ports[name] = int(port)

    def read_log(self, begin=0):
        with open(self.log, "rb") as f:
            f.seek(begin)
            return f.read().decode(errors="replace")

    def await_log(self, text, begin=0, seconds=60):
        end = time.monotonic() + seconds
        while text not in self.read_log(begin):
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError("no %r in the log:\n%s" % (text, self.read_log(begin)))
            time.sleep(0.005)

    def await_state(self, seconds=60):
        """Until there are index sets."""
        end = time.monotonic() + seconds
        while self.command("index-set", "list")[0] != 0:
            if time.monotonic() > end:
                raise RuntimeError("no state:\n" + self.read_log())
            time.sleep(0.02)

    def stop(self):
        """Ends it in order; gives its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def counter(self, name):
        """Of the totals in the log; after stop."""
        totals = [x for x in self.read_log().splitlines() if "Total metrics" in x][-1]
        tree = json.loads(totals)["monitoring"]["metrics"]["wirelume"]
        for part in name.split("."):
            tree = tree.get(part, {})
        return tree or 0

    def command(self, *words):
        """Another command with the same configuration: its status, and what it said."""
        done = subprocess.run([PROGRAM, *words, "--path.home", self.folder],
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def lines(self):
        if self.kind == "store":  # the server is not running
            done = subprocess.run([PROGRAM, "store", "export", "--path.home", self.folder],
                                  capture_output=True, timeout=120)
            if done.returncode:
                raise RuntimeError(done.stderr.decode())
            yield from done.stdout.splitlines()
            return
        pattern = "indices/*/messages.ndjson" if self.kind == "index" else "*.ndjson"
        for path in sorted(glob.glob(os.path.join(self.output, pattern))):
            with open(path, "rb") as f:
                for line in f:
                    yield line

    def messages(self):
        return [json.loads(x) for x in self.lines()]

    def new_messages(self):
        """Those that came since the last call; who sent them has ended, so that all are on disk."""
        lines = list(self.lines())
        new, self.seen = lines[self.seen:], len(lines)
        return [json.loads(x) for x in new]

    def memory_kb(self):
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


class Checks:
    """Counts what held and what did not."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, name, held, more=""):
        if held:
            self.passed += 1
        else:
            self.failed += 1
            print("FAILED: %s %s" % (name, more))

    def skip(self, why):
        self.skipped += 1
        print("skipped: %s" % why)

    def end(self):
        more = ", %d skipped" % self.skipped if self.skipped else ""
        print("%d passed, %d failed%s" % (self.passed, self.failed, more))
        return self.failed > 0
