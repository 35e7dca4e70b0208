#!/usr/bin/python3
"""Events of Packetbeat as an exporter of stored messages writes them in GELF: booleans and lists as
text. Usage: to_gelf.py [--json-lists] < EVENTS > GELF

Lists are [a, b], with --json-lists JSON text. Empty lists do not survive such an export.
"""
import json
import sys
from datetime import datetime, timezone

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from check import fields_of  # noqa: E402


def text_of(v, json_lists):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, list):
        if json_lists:
            return json.dumps(v, separators=(",", ":"), ensure_ascii=False)
        return "[" + ", ".join(text_of(x, False) if isinstance(x, bool) else str(x) for x in v) + "]"
    return v


def seconds(iso):
    whole, part = iso.rstrip("Z").split(".")
    t = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return float(f"{int(t.timestamp())}.{part[:3]}")


def main():
    json_lists = "--json-lists" in sys.argv
    for line in sys.stdin:
        event = json.loads(line)
        out = {"version": "1.1", "host": event["agent"]["name"], "short_message": "-", "timestamp": seconds(event["@timestamp"])}
        for k, v in fields_of(event).items():
            if v != []:
                out["_packetbeat_" + k] = text_of(v, json_lists)
        print(json.dumps(out, separators=(",", ":")))


if __name__ == "__main__":
    main()
