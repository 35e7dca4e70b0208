"""What more workers give: CPU time of each thread, with one worker and with two, of capture files and
live (from one end of a veth pair to the other, at the same rate). A worker that takes half the time
could take twice the packets on a core of its own: speedup is the time of the busiest thread that
takes packets with one worker, divided by that with two. Called by run (make bench P=workers)."""
import glob
import os
import shutil
import signal
import statistics
import subprocess
import time

from processes import totals

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORK = os.path.join(TOP, "build/bench/workers")
RELEASE = os.path.join(TOP, "build/release")
OURS = os.environ.get("WIRELUME", os.path.join(RELEASE, "wirelume"))
ROUNDS = int(os.environ.get("PAIRS", 3))
SECONDS = 4
RATE = int(os.environ.get("RATE", 50000))
CONFIG = """\
packetbeat.interfaces: {{ device: va, buffer_size_mb: 64 }}
packetbeat.flows: {{ enabled: {flows}, period: -1s }}
packetbeat.protocols: [{{ type: dns, ports: [53] }}, {{ type: http, ports: [80] }}]
output.file: {{ path: {work}/out, filename: events, rotate_every_kb: 1073741824 }}
limits.memory: 1GiB
logging.to_stderr: true
path.data: {work}/data
"""
GOAL = 1.8
# name, capture, flows
CASES = [("tcp", "tcp 240000", True), ("http5k", "http5k 40000", False), ("dns", "dns 60000", False),
         ("flows", "udp64 2000000 1000000", True)]


def threads(pid):
    """Nanoseconds that each thread ran, by its name and id."""
    took = {}
    for path in glob.glob(f"/proc/{pid}/task/*"):
        try:
            with open(path + "/comm") as name, open(path + "/schedstat") as stat:
                took[name.read().strip() + path.rsplit("/", 1)[1]] = int(stat.read().split()[0])
        except (OSError, ValueError, IndexError):
            pass
    return took


def configure(flows):
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    conf = os.path.join(WORK, "sensor.yml")
    with open(conf, "w") as f:
        f.write(CONFIG.format(flows=str(flows).lower(), work=WORK))
    os.chmod(conf, 0o600)
    return conf


def summary(took):
    """Busiest worker, reader, all workers, all threads: seconds."""
    workers = [v for k, v in took.items() if k.startswith("worker")]
    readers = [v for k, v in took.items() if k.startswith("reader")]
    return [v / 1e9 for v in (max(workers, default=0), max(readers, default=0), sum(workers), sum(took.values()))]


def of_file(path, flows, workers):
    conf, took = configure(flows), {}
    with open(os.path.join(WORK, "err"), "wb") as err:
        sensor = subprocess.Popen([OURS, "run", "-c", conf, "-E", f"workers={workers}", "-t", "-I", path], stderr=err)
        while sensor.poll() is None:
            took.update(threads(sensor.pid))
            time.sleep(0.002)
    return summary(took), sensor.returncode


def tell(name, one, two, goal_line):
    """The goal is less than a part of the time, as other goals are less than a time."""
    goal_line(name, two / max(one, 1e-12), f"of one worker's time ({one / max(two, 1e-12):.2f} x)", round(1 / GOAL, 3))


def files(case, path, made, check, goal_line):
    name, _, flows = case
    took = {1: [], 2: []}
    for _ in range(ROUNDS):
        for n in took:
            times, status = of_file(path, flows, n)
            check(status == 0, f"workers: {name} with {n} ended with status {status}")
            took[n].append(times)
    best = {n: [statistics.median(x) for x in zip(*rows)] for n, rows in took.items()}
    for n, (worker, reader, workers, all_of_it) in best.items():
        print(f"workers {name:7} {n}: busiest worker {worker:.3f} s, reader {reader:.3f} s, workers {workers:.3f} s, "
              f"all {all_of_it:.3f} s; ns/packet of all {all_of_it / made['packets'] * 1e9:.0f}", flush=True)
    tell(f"workers_{name}", max(best[1][:2]), max(best[2][:2]), goal_line)


class Veth:
    def __init__(self):
        self.name = "wl-bench-%d" % os.getpid()
        words = (["netns", "add", self.name], ["netns", "exec", self.name, "true"],
                 ["link", "add", "va", "netns", self.name, "type", "veth", "peer", "name", "vb", "netns", self.name],
                 ["netns", "exec", self.name, "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6"],
                 ["-n", self.name, "link", "set", "va", "up"], ["-n", self.name, "link", "set", "vb", "up"])
        self.is_there = all(subprocess.run(["ip", *x], capture_output=True).returncode == 0 for x in words)

    def inside(self, *words):
        return ["ip", "netns", "exec", self.name, *words]

    def close(self):
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)


def is_running(log):
    with open(log, "rb") as f:
        return b"capturing on va" in f.read()


def live(veth, path, flows, workers, rate, more=(), seconds=SECONDS):
    """Of one run: seconds of CPU by summary(), packets sent, taken, dropped, and all that it counted."""
    conf, log = configure(flows), os.path.join(WORK, "err")
    with open(log, "wb") as err:
        sensor = subprocess.Popen(veth.inside(OURS, "run", "-c", conf, "-E", f"workers={workers}", *more), stderr=err)
    end = time.monotonic() + 60
    while not is_running(log) and time.monotonic() < end:
        time.sleep(0.05)
    before = threads(sensor.pid)
    pump = subprocess.run(veth.inside(os.path.join(RELEASE, "test/e2e/pump"), "vb", path, str(seconds), str(rate)),
                          stdout=subprocess.PIPE, text=True)
    sent, took = pump.stdout.split() if pump.returncode == 0 else ("0", "1")
    time.sleep(1.5)  # the ring is read to its end, the counts once more
    cpu = {k: v - before.get(k, 0) for k, v in threads(sensor.pid).items()}
    sensor.send_signal(signal.SIGTERM)
    sensor.wait(120)
    told = totals(log)
    capture = told.get("capture", {})
    return summary(cpu), int(sent), float(took), capture.get("packets", 0), capture.get("kernel_drops", 0), told


def live_case(veth, case, path, check, goal_line):
    name, _, flows = case
    per = {}
    for n in (1, 2):
        times, sent, took, packets, drops, _ = live(veth, path, flows, n, RATE)
        check(sent and packets + drops == sent, f"workers: live {name}, {n}: {packets} + {drops} of {sent}")
        per[n] = times[0] / max(packets, 1)
        print(f"workers {name:7} {n} live: {sent / took:.0f} packets/s offered, {drops} dropped, workers "
              f"{times[2] / max(packets, 1) * 1e9:.0f} ns/packet, all {times[3] / max(packets, 1) * 1e9:.0f}, "
              f"a core each takes {1 / max(per[n], 1e-12) :.3g} packets/s", flush=True)
    tell(f"workers_{name}_live", per[1], per[2], goal_line)


def run(capture, check, goal_line):
    made = {case[0]: capture(case[1]) for case in CASES}
    for case in CASES:
        files(case, *made[case[0]], check, goal_line)
    veth = Veth()
    try:
        if not veth.is_there:
            print("workers: live needs root and network namespaces (ip netns add, ip netns exec)")
            return
        for case in CASES:
            live_case(veth, case, made[case[0]][0], check, goal_line)
    finally:
        veth.close()
