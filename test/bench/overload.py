"""Twice as much as the sensor can take, measured: first the rate at which nothing is dropped, then twice
that. What was offered is what was taken and what the kernel dropped, within 0.01 %: in all, by
interface, by worker; and what was made of it is written or counted. Called by run (make bench P=overload)."""
import collections
import json
import os

import workers

SECONDS = 3
LEAST = 10000  # packets a second that any machine takes
SETTINGS = ("-E", "packetbeat.interfaces.buffer_size_mb=2", "-E", "health.period=1s")


def offer(veth, path, n, rate, seconds=SECONDS):
    """Packets sent a second, sent, taken, dropped, and all that it counted."""
    _, sent, took, packets, drops, told = workers.live(veth, path, False, n, rate, SETTINGS, seconds)
    return sent / took, sent, packets, drops, told


def capacity(veth, path, n):
    """The highest rate, of those tried, without a drop; and the lowest with one."""
    good, bad, rate = 0, None, LEAST
    while bad is None or bad - good > good / 4:
        real, _, _, drops, _ = offer(veth, path, n, rate)
        if drops:
            bad = min(real, rate)
        elif real < 0.8 * rate:
            return real, None  # the sender reaches no more
        else:
            good = real
        rate = int(2 * rate if bad is None else (good + bad) / 2)
        if bad is not None and good == 0:
            rate = int(bad / 2)
    return good, bad


def events():
    """Of the last run: the sensor's last word on itself, and how many of which transactions."""
    health, kinds = {}, collections.Counter()
    out = os.path.join(workers.WORK, "out")
    for name in os.listdir(out):
        with open(os.path.join(out, name), "rb") as f:
            for line in f:
                event = json.loads(line)
                if event["type"] == "sensor":
                    health = event["sensor"]
                elif event["status"] == "OK":
                    kinds["answered"] += 1
                else:
                    text = json.dumps(event.get("error", {}))
                    kinds["tell of the loss" if "lost while capturing" in text else "other"] += 1
    return health, kinds


def twice(veth, path, n, check):
    rate, bad = capacity(veth, path, n)
    if bad is None:
        print(f"overload {n}: the sender reaches {rate:.0f} packets/s, which the sensor takes", flush=True)
        return
    real, sent, packets, drops, told = offer(veth, path, n, int(2 * rate), 2 * SECONDS)
    parts = told.get("events", {})
    emitted = parts.pop("emitted", 0)
    health, kinds = events()
    print(f"overload {n}: capacity {rate:.0f} packets/s; offered {real:.0f}: {sent} sent, {packets} taken, {drops} dropped; "
          f"events made {emitted}: {parts}; transactions: {dict(kinds)}", flush=True)
    check(abs(sent - packets - drops) <= sent / 10000, f"overload {n}: {sent} sent, {packets} taken, {drops} dropped")
    check(drops > 0, f"overload {n}: nothing was dropped")
    check(emitted == sum(parts.values()), f"overload {n}: {emitted} events made, {parts}")
    by = [sum(x["drops"] for x in health.get(k, [])) for k in ("interfaces", "workers")]
    check(by[0] == by[1] and 0 < by[0] <= drops, f"overload {n}: drops by interface and by worker {by} of {drops}")


def run(path, check):
    veth = workers.Veth()
    try:
        if not veth.is_there:
            print("overload: needs root and network namespaces (ip netns add, ip netns exec)")
            return
        for n in (1, 2):
            twice(veth, path, n, check)
    finally:
        veth.close()
