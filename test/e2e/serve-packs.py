"""The receiver's packs: the one that ships, and packs that are changed and broken under load while
nothing may be lost and every message goes through one whole version."""
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import traceback

sys.dont_write_bytecode = True
from lumberjack import Client, batch, compressed, event, frame_json, window  # noqa: E402
from receiver import PROGRAM, Checks, Receiver  # noqa: E402

checks = Checks()
check = checks.check
BEATS = "inputs.beats.port: 0\ninputs.beats.bind_address: 127.0.0.1\n"
MINE = BEATS + "pack.enabled: mine\n"
ROUNDS = int(os.environ.get("ROUNDS", "20"))
WINDOW = 50

PACK = """name: mine
version: 1
tables:
- name: words
  adapter: {type: csvfile, path: words.csv, check_interval: 1s}
connections:
- {stream: Default Stream, pipelines: [mine]}
"""
PIPELINE = """pipeline "mine"
stage 0 match pass
rule "first";
stage 9 match pass
rule "last";
end
"""
RULES = """rule "first"
when true
then
  set_field("first", "%(v)s");
  set_field("word", lookup_value("words", "w"));
end
rule "last"
when true
then
  set_field("last", concat("%(v)s", "%(more)s"));
end
"""


def put(folder, name, text):
    """In one step, as an editor does it."""
    path = os.path.join(folder, "packs", "mine", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)


def put_pack(folder, version):
    put(folder, "pack.yml", PACK)
    put(folder, "words.csv", "key,value\nw,%s\n" % version)
    put(folder, "pipelines/mine.pipeline", PIPELINE)
    put(folder, "rules/mine.rule", RULES % {"v": version, "more": ""})


class Load(threading.Thread):
    """Sends windows one after the other until it is told to stop; every one is acknowledged."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.client = Client(port)
        self.sent, self.ended, self.error = 0, threading.Event(), None

    def run(self):
        try:
            while not self.ended.is_set():
                self.client.send(batch([str(self.sent + i) for i in range(WINDOW)]))
                self.client.await_ack(WINDOW)
                self.sent += WINDOW
        except Exception:  # told by the main thread
            self.error = traceback.format_exc()


def size(path):
    return os.path.getsize(path)


def reload(r, text):
    begin = size(r.log)
    r.process.send_signal(signal.SIGHUP)
    r.await_log(text, begin)
    return r.read_log(begin)


def more_sent(load, windows=2):
    """Until that many windows have been acknowledged since."""
    want = load.sent + windows * WINDOW
    end = time.monotonic() + 20
    while load.sent < want and load.is_alive() and time.monotonic() < end:
        load.join(0.002)


BROKEN = [
    ("rules/mine.rule", 'rule "first"\nwhen true\nthen\n  set_feld("a", 1);\nend\n',
     r"rules/mine\.rule:4:3: UndeclaredFunction"),
    ("pack.yml", PACK.replace("version", "versoin"), r"pack\.yml:2:10: 'versoin' is unknown"),
    ("words.csv", "key,value\nw,1\nw,2\n", r"words\.csv:3:1: the key 'w' stands in line 2 already"),
    ("pipelines/mine.pipeline", 'pipeline "mine"\nstage 0 match some\nend\n',
     r"mine\.pipeline:2:15: SyntaxError"),
]


def changed_and_broken_under_load():
    r = Receiver(MINE)
    put_pack(r.folder, 0)
    r.start()
    load = Load(r.ports["beats"])
    load.start()
    for n in range(1, ROUNDS + 1):
        more_sent(load)
        name, text, why = BROKEN[n % len(BROKEN)]
        put(r.folder, name, text)
        log = reload(r, "not taken, the packs in force stay")
        check("broken pack %d is refused with its place" % n, re.search(why, log), log[-600:])
        more_sent(load)
        put_pack(r.folder, n)
        reload(r, "SIGHUP: loaded anew")
    more_sent(load)
    begin = size(r.log)
    put(r.folder, "words.csv", "key,value\nw,changed\n")
    r.await_log("a lookup table's file changed: loaded anew", begin)
    more_sent(load)
    load.ended.set()
    load.join(20)
    check("the client never failed", load.error is None, load.error or "")
    check("ends in order", r.stop() == 0)
    messages = sorted(r.messages(), key=lambda m: int(m["packetbeat_n"]))
    want = [str(i) for i in range(load.sent)]
    check("nothing is lost, nothing is twice", [m["packetbeat_n"] for m in messages] == want,
          "%d of %d" % (len(messages), len(want)))
    mixed = [m for m in messages
             if m["first"] != m["last"] or m["word"] not in (m["first"], "changed")]
    check("each went through one whole version", not mixed, mixed[:2])
    seen = [int(m["first"]) for m in messages]
    check("versions follow each other", seen == sorted(seen) and set(seen) == set(range(ROUNDS + 1)),
          sorted(set(seen)))
    check("a changed table is loaded by itself", messages[-1]["word"] == "changed")
    check("reloads are counted", r.counter("pack.reloads") == ROUNDS + 1 and
          r.counter("pack.reloads_refused") == ROUNDS)
    check("messages are counted", r.counter("pack.messages") == len(want))
    shutil.rmtree(r.folder, ignore_errors=True)


def dropped_and_made():
    r = Receiver(MINE)
    put_pack(r.folder, 1)
    put(r.folder, "pack.yml", PACK + "settings:\n- {name: x, doc: Nothing.}\n")
    put(r.folder, "rules/mine.rule", """rule "first"
when to_string($message.packetbeat_n) == "2"
then
  drop_message();
end
rule "last"
when to_string($message.packetbeat_n) == "3"
then
  let m = create_message("made", "by a rule");
  set_field(field: "made", value: "yes", message: m);
  let x = to_long("no") / 0;
  set_field("never", x);
end
""")
    r.start()
    c = Client(r.ports["beats"])
    c.send(batch(["1", "2", "3"]))
    check("a dropped message is acknowledged", c.await_ack(3)[-1] == 3)
    check("ends in order", r.stop() == 0)
    got = r.messages()
    check("it is not written, a made one is", [m.get("packetbeat_n", "made") for m in got] in
          (["1", "3", "made"], ["1", "made", "3"]), got)
    failed = [m for m in got if m.get("packetbeat_n") == "3"][0]
    check("what a rule fails on goes out and says so", "gl2_processing_error" in failed, failed)
    check("counted", [r.counter("pack." + n) for n in ("messages", "dropped", "created", "errors")]
          == [3, 1, 1, 1])
    check("one warning", r.read_log().count("rule 'last' fails on messages") == 1, r.read_log())
    shutil.rmtree(r.folder, ignore_errors=True)


def broken_at_start():
    r = Receiver(MINE)
    put_pack(r.folder, 1)
    put(r.folder, *BROKEN[0][:2])
    r.start(wait=False)
    check("a broken pack does not start", r.process.wait(20) == 1)
    check("it says where", re.search(BROKEN[0][2], r.read_log()), r.read_log())
    shutil.rmtree(r.folder, ignore_errors=True)


def a_stream_of_that_title_is_there():
    """With another id than a pack would give it: it is routed to, and its pipelines run."""
    r = Receiver(MINE)
    put_pack(r.folder, 1)
    r.start()
    r.stop()
    state = sqlite3.connect(os.path.join(r.folder, "data", "state.sqlite"))
    state.execute("INSERT INTO streams SELECT '0123456789abcdef01234567', 'Theirs', description, index_set_id,"
                  " created_ms, match_any, paused, remove_from_default, 0 FROM streams WHERE is_default")
    state.commit()
    state.close()
    put(r.folder, "stream.yml", "title: Theirs\n")
    put(r.folder, "pack.yml", PACK + "- {stream: Theirs, pipelines: [theirs]}\n")
    put(r.folder, "pipelines/theirs.pipeline", 'pipeline "theirs"\nstage 0 match pass\nrule "seen";\nend\n')
    put(r.folder, "rules/theirs.rule", 'rule "seen"\nwhen true\nthen\n  set_field("seen", "yes");\nend\n')
    put(r.folder, "rules/mine.rule", """rule "first"
when true
then
  route_to_stream("Theirs");
end
rule "last"
when false
then
end
""")
    r.start()
    c = Client(r.ports["beats"])
    c.send(batch(["1"]))
    check("acknowledged", c.await_ack(1)[-1] == 1)
    check("ends in order", r.stop() == 0)
    m = r.messages()[0]
    check("the message is in the user's stream", "0123456789abcdef01234567" in m["streams"], m)
    check("and went through its pipelines", m.get("seen") == "yes", m)
    shutil.rmtree(r.folder, ignore_errors=True)


def rules_know_the_input():
    r = Receiver(MINE + "inputs.beats.title: Beats main\n")
    put_pack(r.folder, 1)
    put(r.folder, "rules/mine.rule", """rule "first"
when from_input(name: "beats MAIN") and from_input(id: "inputs.beats") and not from_input(name: "beats")
then
  set_field("seen", "by its title");
end
rule "last"
when from_input(name: "beats")
then
  set_field("seen", "by its name");
end
""")
    r.start()
    c = Client(r.ports["beats"])
    c.send(batch(["1"]))
    c.await_ack(1)
    r.configure(MINE)
    reload(r, "SIGHUP: loaded anew")
    c.send(batch(["2"]))
    c.await_ack(1)
    check("ends in order", r.stop() == 0)
    check("a rule knows the input by its title, or by its name",
          [m.get("seen") for m in r.messages()] == ["by its title", "by its name"], r.messages())
    shutil.rmtree(r.folder, ignore_errors=True)


def rules_and_tables_are_counted():
    r = Receiver(MINE)
    put_pack(r.folder, 1)
    put(r.folder, "rules/mine.rule", """rule "first"
when to_string($message.packetbeat_n) == "2"
then
  set_field("word", lookup_value("words", "w"));
  set_field("none", lookup_value("words", "x"));
end
rule "last"
when has_field("packetbeat_n")
then
  set_field("long", regex("(a+)+$", concat("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "!"))["0"]);
end
""")
    r.start()
    c = Client(r.ports["beats"])
    c.send(batch(["1", "2", "3"]))
    c.await_ack(3)
    r.process.send_signal(signal.SIGUSR1)
    r.await_log("table words: 2 asked, 1 found, 0 failed")
    log = r.read_log()
    check("rules are counted", 'rule "first": 3 asked, 1 true, 0 failed' in log and
          'rule "last": 3 asked, 3 true, 3 failed' in log, log)
    check("ends in order", r.stop() == 0)
    check("and in the totals", [r.counter("pack." + n) for n in
                                ("lookups", "lookups_found", "searches_stopped")] == [2, 1, 3],
          r.read_log()[-900:])
    shutil.rmtree(r.folder, ignore_errors=True)


DNS = {
    "@metadata": {"beat": "packetbeat", "type": "_doc", "version": "8.12.0"},
    "type": "dns", "status": "OK", "agent": {"name": "story", "type": "packetbeat"},
    "event": {"dataset": "dns", "kind": "event", "category": ["network"], "duration": 1200000},
    "client": {"ip": "192.0.2.10", "port": 40000}, "server": {"ip": "198.51.100.1", "port": 53},
    "source": {"ip": "192.0.2.10", "port": 40000}, "destination": {"ip": "198.51.100.1", "port": 53},
    "dns": {"question": {"name": "example.com", "type": "A", "class": "IN"},
            "response_code": "NOERROR", "answers_count": 1},
    "network": {"transport": "udp", "protocol": "dns"},
}


def the_pack_that_ships():
    if not os.path.exists("packs/packetbeat/pack.yml"):
        checks.skip("no packs/packetbeat")
        return
    r = Receiver(BEATS + "pack.path: %s/packs\n" % os.getcwd()).start()
    c = Client(r.ports["beats"])
    text = event("1", **DNS)
    c.send(window(1) + compressed(frame_json(1, text)))
    check("acknowledged", c.await_ack(1)[-1] == 1)
    check("ends in order", r.stop() == 0)
    m = r.messages()[0]
    check("identified", m.get("event_source_product") == "packetbeat", m)
    check("categorised", m.get("gim_event_class") == ["protocol"], m)
    check("no rule failed", "gl2_processing_error" not in m and r.counter("pack.errors") == 0, m)
    check("in its own stream only", len(m["streams"]) == 1 and
          m["streams"] != ["000000000000000000000001"], m["streams"])
    shutil.rmtree(r.folder, ignore_errors=True)


def main():
    if not os.path.exists(PROGRAM):
        checks.skip("no " + PROGRAM)
        return checks.end()
    for story in (the_pack_that_ships, dropped_and_made, broken_at_start, a_stream_of_that_title_is_there, rules_know_the_input,
                  rules_and_tables_are_counted,
                  changed_and_broken_under_load):
        try:
            story()
        except Exception:
            check(story.__name__, False, traceback.format_exc())
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
