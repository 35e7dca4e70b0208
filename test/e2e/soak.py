"""Mixed live traffic for a long time (MINUTES, 30): each transaction is seen, and the sensor's memory
does not grow. Between two network namespaces: questions to a DNS server, answered and not; HTTP on
connections that are new and that stay, small and large; connections that are refused; datagrams that
nobody wants. RATE (20): transactions of each kind a second. Run by make nightly."""
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from netns import Cable, inside  # noqa: E402
from processes import cpu_s, totals  # noqa: E402

NAMES = "wl-soak-a-%d" % os.getpid(), "wl-soak-b-%d" % os.getpid()
SERVER, CLIENT = "10.9.0.1", "10.9.0.2"
SECONDS = int(float(os.environ.get("MINUTES", 30)) * 60)
RATE = int(os.environ.get("RATE", 20))
WARM = min(180, SECONDS // 3)  # the longest timeout is a minute
GROWTH = 1 << 20
SENSOR = os.environ.get("SENSOR", "build/release/wirelume")
CONFIG = """\
packetbeat.interfaces: {device: va, buffer_size_mb: 8}
packetbeat.flows: {timeout: 30s, period: 10s}
packetbeat.protocols: [{type: icmp, enabled: true}, {type: dns, ports: [53]}, {type: http, ports: [80]}]
output.console: {pretty: false}
workers: 2
logging.to_stderr: true
path.data: %s
"""


# ---- servers and clients, each in a namespace of its own

class Dns(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, q, peer):
        if b"silent" not in q:
            self.transport.sendto(q[:2] + b"\x81\x80" + q[4:6] + b"\0\1\0\0\0\0" + q[12:] +
                                  b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\1", peer)


async def answer_http(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.split(b" ", 2)[1].rsplit(b"/", 1)[1])
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve():
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(Dns, (SERVER, 53))
    await asyncio.start_server(answer_http, SERVER, 80)
    print("ready", flush=True)
    await asyncio.Event().wait()


class Asker(asyncio.DatagramProtocol):
    def __init__(self):
        self.waiting = {}

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        future = self.waiting.pop(data[:2], None)
        if future and not future.done():
            future.set_result(True)


def question(n, name):
    return n.to_bytes(2, "big") + b"\1\0\0\1\0\0\0\0\0\0" + bytes([len(name)]) + name + b"\4soak\0\0\1\0\1"


async def ask(n):
    """On a socket of its own."""
    transport, asker = await asyncio.get_running_loop().create_datagram_endpoint(Asker, remote_addr=(SERVER, 53))
    future = asyncio.get_running_loop().create_future()
    asker.waiting[(n & 0xffff).to_bytes(2, "big")] = future
    transport.sendto(question(n & 0xffff, b"n%d" % n))
    await asyncio.wait_for(future, 60)
    transport.close()


async def get(reader, writer, size):
    writer.write(b"GET /soak/%d HTTP/1.1\r\nHost: soak\r\n\r\n" % size)
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(head.rsplit(b": ", 1)[1]))


class Clients:
    def __init__(self):
        self.dns = self.http = self.n = 0
        self.kept = None

    async def fresh(self):
        reader, writer = await asyncio.open_connection(SERVER, 80)
        await get(reader, writer, 300)
        self.http += 1
        writer.close()

    async def steady(self):
        if not self.kept:
            self.kept = await asyncio.open_connection(SERVER, 80)
        await get(*self.kept, 1000000 if self.n % 500 == 0 else 2000)
        self.http += 1
        if self.n % 1000 == 0:
            self.kept[1].close()
            self.kept = None

    async def asked(self):
        await ask(self.n)
        self.dns += 1

    async def strange(self, udp):
        udp.sendto(question(1, b"silent"), (SERVER, 53))
        udp.sendto(b"nobody wants this", (SERVER, 9999))
        try:
            await asyncio.open_connection(SERVER, 81)
        except ConnectionError:
            pass

    async def run(self, seconds):
        loop = asyncio.get_running_loop()
        udp, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, (CLIENT, 0))
        begin = loop.time()
        while loop.time() < begin + seconds:
            self.n += 1
            await asyncio.gather(self.fresh() if self.n % 2 else self.steady(), self.asked())
            if self.n % RATE == 0:
                await self.strange(udp)
            await asyncio.sleep(max(0, begin + self.n / RATE - loop.time()))
        print(json.dumps({"dns": self.dns, "http": self.http}), flush=True)


# ---- the story

def memory(pid):
    with open("/proc/%d/statm" % pid) as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def slope(samples):
    """Bytes a second, of least squares."""
    n = len(samples)
    mean_t, mean = (n - 1) / 2, sum(samples) / n
    over = sum((t - mean_t) * (v - mean) for t, v in enumerate(samples))
    return over / max(1, sum((t - mean_t) ** 2 for t in range(n)))


def count(lines, seen):
    for line in lines:
        event = json.loads(line)
        mine = event["status"] == "OK" and "soak" in event.get("query", "") if "status" in event else False
        kind = event["type"]
        seen[kind] = seen.get(kind, 0) + (mine or kind not in ("dns", "http"))


def sample(sensor, clients, out):
    """The sensor's memory each second, until the clients have ended; their last word."""
    samples, begin = [], time.monotonic()
    while clients.poll() is None:
        samples.append(memory(sensor.pid))
        out.write("%d\n" % samples[-1])
        out.flush()
        time.sleep(max(0, begin + len(samples) - time.monotonic()))
    return samples, json.loads(clients.stdout.read())


def judge(samples, sent, seen, cpu, totals):
    growth = slope(samples[WARM:]) * (len(samples) - WARM)
    at = " ".join("%d min %.1f" % (s // 60, samples[s] / 2**20) for s in range(0, len(samples), 300))
    print("soak: %d s, %d packets, events %s; MiB resident: %s, at the end %.1f; slope %.0f bytes a minute; CPU %.1f s" % (
        len(samples), totals["capture"]["packets"], seen, at, samples[-1] / 2**20, slope(samples[WARM:]) * 60, cpu))
    failed = 0
    for text, want, got in (("DNS transactions", sent["dns"], seen.get("dns", 0)),
                            ("HTTP transactions", sent["http"], seen.get("http", 0)),
                            ("packets that the kernel dropped", 0, totals["capture"].get("kernel_drops", 0)),
                            ("memory does not grow", True, growth < GROWTH)):
        if want != got:
            failed += 1
            print("FAILED: soak: %s: want %s, got %s" % (text, want, got))
    return 4 - failed, failed


def story(folder):
    config = os.path.join(folder, "sensor.yml")
    with open(config, "w") as f:
        f.write(CONFIG % os.path.join(folder, "data"))
    with open(os.path.join(folder, "err"), "wb") as err, open(os.path.join(folder, "out"), "wb") as out:
        sensor = inside(NAMES[0], SENSOR, "run", "-c", config, stdout=out, stderr=err)
    servers = inside(NAMES[0], sys.executable, __file__, "serve", stdout=subprocess.PIPE)
    try:
        servers.stdout.readline()
        end = time.monotonic() + 60
        while "capturing on va" not in open(err.name, errors="replace").read():
            if time.monotonic() > end:
                raise RuntimeError("the sensor does not capture")
            time.sleep(0.1)
        clients = inside(NAMES[1], sys.executable, __file__, "ask", stdout=subprocess.PIPE)
        with open(os.environ.get("SAMPLES", os.path.join(folder, "samples")), "w") as f:
            samples, sent = sample(sensor, clients, f)
        time.sleep(1)
        cpu = cpu_s(sensor.pid)
        sensor.send_signal(signal.SIGTERM)
        sensor.wait(60)
    finally:
        for process in (sensor, servers):
            process.kill()
            process.wait()
    seen = {}
    with open(out.name, "rb") as f:
        count(f, seen)
    return judge(samples, sent, seen, cpu, totals(err.name))


def main():
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
    elif sys.argv[1:] == ["ask"]:
        asyncio.run(Clients().run(SECONDS))
    else:
        passed = failed = skipped = 0
        try:
            with tempfile.TemporaryDirectory(prefix="wirelume-soak-") as folder, \
                    Cable(*NAMES, (SERVER + "/24",), (CLIENT + "/24",)):
                passed, failed = story(folder)
        except subprocess.CalledProcessError:
            skipped = 1
            print("soak: needs root and network namespaces (ip netns add, ip netns exec)")
        print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
        sys.exit(failed > 0)


main()
