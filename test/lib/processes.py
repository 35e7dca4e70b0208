"""What benches and stories ask of a process that runs, and of what a sensor says at its end."""
import json
import os

TICK = os.sysconf("SC_CLK_TCK")


def cpu_s(pid):
    """Seconds of CPU, of all its threads."""
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def totals(path):
    """The counters of the last "Total metrics" of a log: groups of numbers; {}: it has none."""
    with open(path, errors="replace") as f:
        found = [json.loads(line) for line in f if '"Total metrics"' in line]
    return found[-1]["monitoring"]["metrics"]["wirelume"] if found else {}
