"""The store as its users see it: messages come in, are there after the end, and the commands on its
files work while no server runs and refuse while one does."""
import fcntl
import glob
import os
import shutil
import sys

sys.dont_write_bytecode = True
from lumberjack import Client, batch  # noqa: E402
from receiver import Checks, Receiver  # noqa: E402

CONFIG = """
inputs.beats.port: 0
inputs.beats.bind_address: 127.0.0.1
logging.metrics.enabled: false
logging.level: warning
"""
N = 500


def send(receiver, label):
    client = Client(receiver.ports["beats"], timeout=60)
    client.send(batch(["%s-%d" % (label, i) for i in range(N)], level=3, pad="x" * 100))
    done = 0
    while done < N:
        done = max(done, client.ack()[1])
    client.close()


def ids(receiver):
    return sorted(m["packetbeat_n"] for m in receiver.messages())


def damage(path):
    with open(path, "r+b") as f:
        f.write(b"\xff" * 12288)


def main():
    checks = Checks()
    receiver = Receiver(CONFIG.replace("warning", "info"), kind="store")
    receiver.start()
    send(receiver, "a")
    status, text = receiver.command("store", "check")
    checks.check("no command beside a server", status == 1 and "another process" in text, text[:300])
    receiver.kill()
    wanted = sorted("a-%d" % i for i in range(N))
    checks.check("after a kill each is there once", ids(receiver) == wanted)
    target = os.path.join(receiver.folder, "parquet")
    status, text = receiver.command("store", "export", target)
    checks.check("Parquet", status == 0 and glob.glob(target + "/*.parquet"), text[:300])
    for words in ("check", "compact", "repair", "check"):
        status, text = receiver.command("store", words)
        checks.check("store " + words, status == 0 and "%d messages" % N in text, text[:300])
    checks.check("all are there afterwards", ids(receiver) == wanted)
    with open(os.path.join(receiver.output, "indices", ".lock")) as reader:  # as a command that reads has it
        fcntl.flock(reader, fcntl.LOCK_SH)
        receiver.start(wait=False)
        receiver.await_log("a command reads it", receiver.began_at)
        checks.check("a server waits for a reader", receiver.process.poll() is None)
        status, text = receiver.command("query", "--range", "1h")
        checks.check("and no other one begins", status == 1 and "waits" in text, text[:300])
    receiver.await_ports()
    send(receiver, "b")
    checks.check("ends in order", receiver.stop() == 0)
    wanted = sorted(wanted + ["b-%d" % i for i in range(N)])
    checks.check("both runs are there", ids(receiver) == wanted)
    receiver.command("store", "export", target)
    file = glob.glob(os.path.join(receiver.output, "indices", "*.duckdb"))[0]
    damage(file)
    status, text = receiver.command("store", "check")
    checks.check("a damaged file is told", status == 1 and "damaged" in text, text[:300])
    receiver.start()
    send(receiver, "c")
    checks.check("the receiver goes on beside it", "is left as it is" in receiver.read_log())
    receiver.stop()
    status, text = receiver.command("store", "repair")
    checks.check("repair sets it aside", os.path.exists(file + ".damaged") and not os.path.exists(file), text[:300])
    checks.check("what came later is there", set("c-%d" % i for i in range(N)) <= set(ids(receiver)))
    shutil.rmtree(receiver.folder)
    return checks.end()


sys.exit(main())
