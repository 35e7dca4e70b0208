"""The reference's captures and events (../shared or WIRELUME_SHARED), and the sensor on them. ROWS of
its manifest are taken, all or that many (24)."""
import glob
import json
import os
import shutil
import subprocess

from lumberjack import compressed, frame_json, window
from receiver import PROGRAM

SHARED = os.path.abspath(os.environ.get("WIRELUME_SHARED", "../shared"))
ROWS = os.environ.get("ROWS", "24")


def is_there():
    return os.path.exists(os.path.join(SHARED, "golden/manifest.tsv"))


def some(found):
    """ROWS of these, spread over all."""
    return found if ROWS == "all" else found[::max(1, len(found) // int(ROWS))]


def rows():
    """(output, path of the capture, path of the configuration)"""
    with open(os.path.join(SHARED, "golden/manifest.tsv"), encoding="utf-8") as f:
        found = [x.rstrip("\n").split("\t") for x in f if x.strip() and not x.startswith("#")]
    return [(row, os.path.join(SHARED, "captures", capture), os.path.join(SHARED, "golden/config", config))
            for row, capture, config in some(found)]


def reference_files():
    """Events that the real Packetbeat emitted, a file a capture."""
    return some(sorted(glob.glob(os.path.join(SHARED, "golden/*/*.ndjson"))))


def flags(**settings):
    return [x for key, value in settings.items() for x in ("-E", "%s=%s" % (key.replace("__", "."), value))]


def sense(folder, config, capture, options):
    command = [PROGRAM, "run", "-c", config, "-e", "-t", "-I", capture, "--path.home", folder] + flags(**options)
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout[-400:] + done.stderr[-400:]


def sensed(folder, config, capture):
    """The events that the sensor writes to a file."""
    out = os.path.join(folder, "out")
    shutil.rmtree(out, ignore_errors=True)
    sense(folder, config, capture, {"output.file.path": out, "output.file.rotate_every_kb": 1000000})
    events = []
    for path in sorted(glob.glob(out + "/*")):
        with open(path, "rb") as f:
            events += [json.loads(line) for line in f]
    return events


def deliver(client, path):
    """The events of a file over Lumberjack, as they stand there; gives their texts."""
    with open(path, "rb") as f:
        lines = [x.strip() for x in f if x.strip()]
    for first in range(0, len(lines), 1000):
        some_lines = lines[first:first + 1000]
        frames = b"".join(frame_json(i + 1, line) for i, line in enumerate(some_lines))
        client.send(window(len(some_lines)) + compressed(frames))
        client.await_ack(len(some_lines))
    return lines
