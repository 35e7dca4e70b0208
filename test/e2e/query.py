"""wirelume query: the same answers from a server over its socket and from the files when none runs,
messages that are still in the journal included; tables, CSV, JSON lines; mistakes with their place."""
import csv
import io
import json
import os
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from receiver import PROGRAM, Checks, Receiver  # noqa: E402

checks = Checks()


def check(held, what):
    checks.check(what[:600], held)


N = 40
CONFIG = "inputs.gelf_tcp.port: 0\ninputs.gelf_tcp.bind_address: 127.0.0.1\nweb.port: 0\n"


def send(receiver):
    now = time.time()
    with socket.create_connection(("127.0.0.1", receiver.ports["gelf_tcp"])) as s:
        for i in range(N):
            s.sendall(json.dumps({
                "version": "1.1", "host": f"host{i % 3}", "short_message": f"Line {i} of \u001b[31m many",
                "timestamp": now - N + i, "_kind": "even" if i % 2 == 0 else "odd", "_size": i * 10,
                "_note": 'a "b", c'}).encode() + b"\0")


def ask(receiver, *words):
    done = subprocess.run([PROGRAM, "query", "--path.home", receiver.folder, "-E",
                           "output.store.library=" + os.path.abspath("build/duckdb/libduckdb.so"), *words],
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def rows(receiver, *words):
    status, out, err = ask(receiver, *words, "-o", "ndjson")
    check(status == 0, f"{words}: status {status}: {err}")
    return [json.loads(line) for line in out.splitlines()]


def the_same_in_any_way(r, where):
    messages = rows(r, "--limit", "100")
    check(len(messages) == N, f"{where}: {len(messages)} messages")
    times = [m["timestamp"] for m in messages]
    check(times == sorted(times, reverse=True), f"{where}: newest first")
    check(rows(r, "--ask", "value") == [{"value": N}], f"{where}: count")
    check(rows(r, "--ask", "value", "kind:even") == [{"value": N // 2}], f"{where}: count of a search")
    check(rows(r, "--ask", "value", "--metric", "sum(size)") == [{"value": sum(range(N)) * 10}], f"{where}: sum")
    check(rows(r, "--ask", "terms", "--field", "kind") == [{"key": "even", "value": 20}, {"key": "odd", "value": 20}],
          f"{where}: terms")
    check(rows(r, "--ask", "pairs", "--field", "kind", "--field", "source", "--limit", "1") ==
          [{"kind": "even", "source": "host0", "value": 7}], f"{where}: pairs")
    bars = rows(r, "--ask", "histogram", "--range", "10m", "--interval", "5m", "--split", "kind")
    check(sum(b.get("even") or 0 for b in bars) == N // 2 and "time" in bars[0], f"{where}: histogram {bars}")
    one = messages[3]
    check(rows(r, "--ask", "message", one["gl2_message_id"]) == [one], f"{where}: one message")
    names = {f["name"]: f["count"] for f in rows(r, "--ask", "fields")}
    check(names.get("size") == N and names.get("timestamp") == N, f"{where}: fields {names}")
    got = list(csv.DictReader(io.StringIO(ask(r, "size:50", "--field", "size", "--field", "note", "-o", "csv")[1])))
    check(got == [{"size": "50", "note": 'a "b", c'}], f"{where}: csv {got}")


def tables(r):
    status, out, err = ask(r, "--limit", "2", "kind:odd")
    lines = out.splitlines()
    check(status == 0 and lines[0].split() == ["timestamp", "source", "message"], f"table: {out}")
    check(len(lines) == 3 and "2 of 20 messages" in err, f"table: {out} {err}")
    check("\x1b" not in out and "\\x1b[31m" in out, "control characters are not shown")


def mistakes(r):
    status, out, err = ask(r, "kind:(odd")
    check(status == 1 and not out and err.splitlines()[1:] == ["  kind:(odd", "           ^"], f"a mistake: {err}")
    for words, said in ((["--ask", "all"], "--ask all"), (["--from", "yesterday"], "--from yesterday"),
                        (["--range", "x"], "--range x"), (["--limit", "9999"], "--limit 9999"), (["-o", "xml"], "-o xml"),
                        (["a", "b"], "one search"), (["--ask", "terms"], '"field" is missing'),
                        (["--stream", "no"], "no stream 'no'"), (["--range", "1h", "--from", "now"], "not both")):
        status, out, err = ask(r, *words)
        check(status == 1 and said in err and len(err.splitlines()) == 1, f"{words}: {err}")


def main():
    r = Receiver(CONFIG, kind="store")
    status, _, err = ask(r)
    check(status == 1 and "wirelume serve" in err, f"before any server: {err}")
    r.start()
    r.await_log("dashboard: ")
    send(r)
    end = time.monotonic() + 60
    while rows(r, "--ask", "value") != [{"value": N}] and time.monotonic() < end:
        time.sleep(0.05)
    the_same_in_any_way(r, "server")
    tables(r)
    mistakes(r)
    r.process.kill()  # what is not in a file yet is in the journal
    r.process.wait()
    the_same_in_any_way(r, "files")
    tables(r)
    mistakes(r)
    r.start()
    check(r.stop() == 0, "the server starts again behind it")
    return checks.end()


sys.exit(main())
