"""All in: four Beats clients with TLS, `wirelume serve` with the Packetbeat pack, the store. What is
sent are events that wirelume itself made of captures of flows, DNS and HTTP. Called by run (make bench
P=serve); EVENTS=n for another number than 327,680."""
import glob
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import time

from processes import cpu_s

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORK = os.path.join(TOP, "build/bench/serve")
RELEASE = os.path.join(TOP, "build/release")
ROUNDS = 5
PER_WINDOW = 4 * 2048  # four clients send one each
WINDOWS = max(1, int(os.environ.get("EVENTS", 327680)) // (ROUNDS * PER_WINDOW))
KINDS = 28672  # different events
SEALED = 32768  # messages that go into a file at once: fewer wait for their time

CONFIG = """\
path.data: {work}/data
output.store: {{path: {work}/data, library: {library}}}
inputs.beats: {{port: 0, bind_address: 127.0.0.1, tls_enable: true}}
pack.path: {packs}
pack.enabled: [packetbeat]
web.enabled: false
logging: {{metrics.enabled: false, level: info}}
"""


def make_events(lines_of):
    """A file of KINDS events: half of them DNS, a quarter each flows and HTTP."""
    kinds = [lines_of("dns", KINDS // 2), lines_of("tcp", KINDS // 4), lines_of("http", KINDS // 4)]
    lines = [x for kind in kinds for x in kind]
    random.Random(1).shuffle(lines)
    path = os.path.join(WORK, "events.ndjson")
    with open(path, "wb") as f:
        f.write(b"\n".join(lines))
    return path, sum(map(len, lines)) / len(lines)


def peak_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) / 1024


def threads(pid):
    """Seconds that each thread, by its name, ran, and waited for a core that others had."""
    took = {}
    for path in glob.glob(f"/proc/{pid}/task/*"):
        with open(path + "/comm") as f:
            name = f.read().strip()
        with open(path + "/schedstat") as f:
            ran, waited, _ = map(int, f.read().split())
        old = took.get(name, (0, 0))
        took[name] = (old[0] + ran / 1e9, old[1] + waited / 1e9)
    return took


def start():
    shutil.rmtree(os.path.join(WORK, "data"), ignore_errors=True)
    conf = os.path.join(WORK, "serve.yml")
    with open(conf, "w") as f:
        f.write(CONFIG.format(work=WORK, packs=os.path.join(TOP, "packs"),
                              library=os.path.join(TOP, "build/duckdb/libduckdb.so")))
    os.chmod(conf, 0o600)
    log = os.path.join(WORK, "log")
    with open(log, "wb") as f:
        server = subprocess.Popen([os.path.join(RELEASE, "wirelume"), "serve", "-e", "-c", conf], cwd=WORK, stderr=f)
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        with open(log) as f:
            found = re.search(r"inputs.beats: listening on port (\d+)", f.read())
        if found:
            return server, found.group(1)
        time.sleep(0.05)
    server.kill()
    with open(log) as f:
        raise SystemExit("serve does not begin:\n" + f.read())


def wait_until_idle(pid):
    """Everything that is due is in files when it does nothing any more."""
    before, still = cpu_s(pid), 0
    while still < 3:
        time.sleep(1)
        now = cpu_s(pid)
        still = still + 1 if now - before < 0.05 else 0
        before = now


def run(lines_of, check, goal_line):
    if not os.path.exists(os.path.join(TOP, "build/duckdb/libduckdb.so")):
        print("serve: no DuckDB here (tools/fetch-duckdb)")
        return
    os.makedirs(WORK, exist_ok=True)
    path, size = make_events(lines_of)
    server, port = start()
    cpu, rounds = cpu_s(server.pid), []
    done = subprocess.run([os.path.join(RELEASE, "test/bench/sender"), port, path, str(ROUNDS), str(WINDOWS)],
                          capture_output=True, text=True)
    if not check(done.returncode == 0, f"serve: the clients were turned away {done.stdout[-200:]}"):
        server.kill()
        return
    for line in done.stdout.splitlines():
        seconds, n = line.split()
        rounds.append((float(seconds), int(n)))
    acked_cpu = cpu_s(server.pid) - cpu
    wait_until_idle(server.pid)
    total, peak, each = cpu_s(server.pid) - cpu, peak_mb(server.pid), threads(server.pid)
    server.send_signal(signal.SIGTERM)
    check(server.wait(60) == 0, "serve: it did not end in order")
    n = sum(x for _, x in rounds)
    rates = sorted(x / s for s, x in rounds)
    files = sum(os.path.getsize(x) for x in glob.glob(WORK + "/data/indices/*.duckdb*"))
    kept = subprocess.run([os.path.join(RELEASE, "wirelume"), "store", "check", "-c", os.path.join(WORK, "serve.yml")],
                          capture_output=True, text=True)
    found = sum(int(x.replace(",", "")) for x in re.findall(r"([\d,]+) messages", kept.stdout))
    check(kept.returncode == 0 and n - SEALED < found <= n, f"serve: {n} acknowledged, in files: {kept.stdout[-300:]}")
    print(f"serve: {n} events of {size:.0f} bytes, {WINDOWS} windows of 2048 a client and round, TLS, load {os.getloadavg()[0]:.1f}")
    print(f"  acknowledged {rates[0]:.0f}/{statistics.median(rates):.0f}/{rates[-1]:.0f} events/s, "
          f"{acked_cpu / n * 1e6:.1f} us CPU an event until then, {total / n * 1e6:.1f} until all was in files")
    print("  us an event that a thread ran (waited for a core): " + ", ".join(
        f"{k} {ran / n * 1e6:.1f} ({waited / n * 1e6:.0f})"
        for k, (ran, waited) in sorted(each.items(), key=lambda x: -x[1][0]) if ran / n > 1e-7))
    busiest = max(ran for ran, _ in each.values())
    print(f"  two cores of its own would take {n / max(busiest, total / 2):.0f} events/s")
    goal_line("serve_cpu", total / n * 1e6, "us/event", 100)
    print(f"bench serve_rate {statistics.median(rates):.0f} events/s goal 20000 "
          f"{'ok' if statistics.median(rates) >= 20000 else 'short'}")
    goal_line("serve_bytes", files / max(found, 1), "bytes", 250)
    goal_line("serve_peak", peak, "MB", 600)
