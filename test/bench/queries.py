"""Every widget of the Packetbeat dashboard over ROWS messages of a day (default a million): the store,
cold and warm, and SQLite with the same columns, no index, and plain SQL, in the same run. Both must give the
same answers. Called by run (make bench P=query); ROWS=10000000 for ten million, then without SQLite.
"""
import json
import os
import re
import sqlite3
import statistics
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORK = os.path.join(TOP, "build/bench")
RELEASE = os.path.join(TOP, "build/release/test/bench")
FROM, DAY = 1789948800000, 86400000  # what test/bench/query.c fills
ROWS = int(os.environ.get("ROWS", 1000000))
GOAL_MS = 100 if ROWS <= 1000000 else 600
TIMES = 7
STEP = 1800  # of a histogram: what "auto" gives for a day
COLUMNS = ("timestamp", "event_observer_uid", "vendor_subtype", "vendor_flow_final", "network_bytes", "source_reference",
           "destination_reference", "destination_port", "network_transport", "http_bytes", "http_response_code",
           "http_request_method", "http_user_agent")


def widgets():
    """Title, question and SQL of each, from the dashboard's file."""
    with open(os.path.join(TOP, "packs/packetbeat/dashboard.yml")) as f:
        lines = [x.strip() for x in f if x.strip().startswith("- {title:")]
    for line in lines:
        def get(key, otherwise=None):
            found = re.search(key + r': "?([^",}]+)', line)
            return found.group(1).strip() if found else otherwise
        metric, query = get("metric"), get("query", "")
        rows = re.search(r"rows: {(\w+): (\w+)(?:, limit: (\d+))?}", line)
        split = re.search(r"columns: {field: (\w+), limit: (\d+)}", line)
        ask = {"metric": metric, "query": query}
        if not rows:
            ask["kind"] = "value"
        elif rows.group(1) == "time":
            ask.update(kind="histogram", interval=STEP)
            if split:
                ask["split"] = {"field": split.group(1), "limit": int(split.group(2))}
        else:
            ask.update(kind="terms", field=rows.group(2), limit=int(rows.group(3)),
                       order="asc" if "Ascending" in line else "desc")
        yield get("title"), ask, sql_of(ask)


CONDITIONS = {
    "": "1",
    "NOT vendor_subtype:flow": "vendor_subtype IS NOT 'flow'",
    "vendor_subtype:flow AND vendor_flow_final:true": "vendor_subtype = 'flow' AND vendor_flow_final = 1",
    "vendor_subtype:http": "vendor_subtype = 'http'",
}


def sql_of(ask):
    name, field = re.fullmatch(r"(\w+)\((\w*)\)", ask["metric"]).groups()
    metric = {"count": "count(*)", "card": f"count(DISTINCT {field})", "sum": f"sum({field})"}[name]
    where = f"timestamp >= {FROM} AND timestamp < {FROM + DAY} AND {CONDITIONS[ask['query']]}"
    bucket = f"(timestamp - {FROM}) / {STEP * 1000}"
    if ask["kind"] == "value":
        return f"SELECT {metric} FROM m WHERE {where}"
    if ask["kind"] == "terms":
        f = ask["field"]
        return (f"SELECT {f}, {metric} v FROM m WHERE {where} AND {f} IS NOT NULL GROUP BY 1 "
                f"ORDER BY 2 {ask['order']}, 1 LIMIT {ask['limit']}")
    if "split" not in ask:
        return f"SELECT {bucket}, {metric} FROM m WHERE {where} GROUP BY 1"
    f = ask["split"]["field"]
    return f"SELECT {bucket}, {f}, {metric} FROM m WHERE {where} AND {f} IS NOT NULL GROUP BY 1, 2"


def same(ask, answer, rows):
    """The store's answer against rows of SQLite."""
    if ask["kind"] == "value":
        return answer["value"] == rows[0][0]
    if ask["kind"] == "terms":
        return [(r["key"], r["value"]) for r in answer["rows"]] == rows
    if "split" not in ask:
        want = dict(rows)
        zero = 0 if ask["metric"].startswith("count") else None
        return answer["series"][0]["values"] == [want.get(i, zero) for i in range(len(answer["times"]))]
    want = {}
    for bucket, key, value in rows:
        want.setdefault(key, {})[bucket] = value
    shown = {s["key"]: s["values"] for s in answer["series"]}
    top = sorted(want, key=lambda k: (-sum(want[k].values()), k))[:ask["split"]["limit"]]
    return (sorted(map(str, shown)) == sorted(map(str, top)) and
            all(shown[k] == [want[k].get(i, 0) for i in range(len(answer["times"]))] for k in top))


def made(path, command):
    """Makes path by a program once, and again when the program is newer."""
    note = path + ".made"
    if not os.path.exists(note) or os.path.getmtime(note) < os.path.getmtime(command[0]):
        for old in (path, path + ".wal", note):
            if os.path.exists(old):
                os.remove(old)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        open(note, "w").close()


def fill_sqlite(path):
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode=OFF")
    db.execute("PRAGMA synchronous=OFF")
    db.execute("CREATE TABLE m (%s)" % ", ".join(COLUMNS))
    out = subprocess.Popen([os.path.join(RELEASE, "messages"), str(ROWS)], stdout=subprocess.PIPE)

    def rows():
        for line in out.stdout:
            m = json.loads(line)
            h, mi, s = m["timestamp"][11:].split(":")
            at = FROM + (int(h) * 60 + int(mi)) * 60000 + round(float(s) * 1000)
            yield (at,) + tuple(m.get(c) for c in COLUMNS[1:])
    db.executemany("INSERT INTO m VALUES (%s)" % ",".join("?" * len(COLUMNS)), rows())
    db.commit()
    db.close()


class Store:
    def __init__(self, folder, name):
        self.process = subprocess.Popen([os.path.join(RELEASE, "query"), "ask", folder, "2", name], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, ask):
        request = {"from": FROM, "to": FROM + DAY, "timeout_ms": 120000, "ask": [dict(ask, id="a")]}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["answers"]["a"]

    def close(self):
        self.process.stdin.close()
        return self.process.wait() == 0

    def timed(self, ask):
        answer = self.ask(ask)  # warm
        took = []
        for _ in range(TIMES):
            answer = self.ask(ask)
            took.append(answer.get("took_ms", float("inf")))
        return answer, min(took), statistics.median(took)


def forget(path):
    """No page of the file stays in memory."""
    with open(path, "rb") as f:
        os.fsync(f.fileno())
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def cold(folder, name, ask):
    """The first question of a new process about a file that nobody has read: ms as the answer has
    them, and ms with the start of the process."""
    forget(os.path.join(folder, name))
    start = time.perf_counter()
    store = Store(folder, name)
    took = store.ask(ask).get("took_ms", float("inf"))
    all_ms = (time.perf_counter() - start) * 1000
    return took, all_ms, store.close()


def run(check, goal_line):
    folder = os.path.join(WORK, "queries")
    name = f"day-{ROWS}.x"
    os.makedirs(folder, exist_ok=True)
    if not os.path.exists(os.path.join(TOP, "build/duckdb/libduckdb.so")):
        print("query: no DuckDB (tools/fetch-duckdb)")
        return
    made(os.path.join(folder, name), [os.path.join(RELEASE, "query"), "load", folder, name, str(ROWS)])
    path = os.path.join(folder, f"day-{ROWS}.sqlite")
    beside = ROWS <= 1000000
    if beside and not os.path.exists(path):
        fill_sqlite(path)
    db = sqlite3.connect(path) if beside else None
    store, best, medians, colds, starts = Store(folder, name), {}, {}, {}, []
    print(f"queries over {ROWS} messages of a day, ms: cold, fastest and median of {TIMES} warm; SQLite once, warm")
    for title, ask, sql in widgets():
        colds[title], with_start, ended = cold(folder, name, ask)
        check(ended, f"{title}: a new process ended well")
        starts.append(with_start - colds[title])
        answer, best[title], medians[title] = store.timed(ask)
        line = f"  {title:46} {colds[title]:8.1f} {best[title]:8.1f} {medians[title]:8.1f}"
        if db:
            db.execute(sql).fetchall()
            start = time.perf_counter()
            rows = db.execute(sql).fetchall()
            line += f"   SQLite {(time.perf_counter() - start) * 1000:8.1f}"
            check(same(ask, answer, rows), f"{title}: the store and SQLite differ: {str(answer)[:300]} {rows[:5]}")
        print(line, flush=True)
    check(store.close(), "the store ended well")
    print(f"  the start of a process for a cold question took {statistics.median(starts):.0f} ms beside it")
    print(f"bench query_widget_slowest_cold {max(colds.values()):.1f} ms")
    goal_line("query_widget_slowest", max(medians.values()), "ms", GOAL_MS)
