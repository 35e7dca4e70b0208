#!/usr/bin/python3
"""Messages against messages. Usage: compare.py [--originals | --vendor] WANTED GOT

Without an option: equal, but for the size, for empty lists, which no GELF export has, and for what
the language cannot convert (members of lists, names that only a site knows).
--originals: WANTED are events; each of their fields is still in GOT under its own name.
--vendor: what is packetbeat_… in WANTED is vendor_… in GOT, the rest is the same.
"""
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from check import P, fields_of, lone  # noqa: E402

TEXT_LISTS = {"vendor_rpc_cred_gids"}  # of numbers, and their members stay text
FREE = re.compile(r"packetbeat_(amqp_(headers|arguments|client-properties|server-properties)_|http_(request|response)_headers_|fields_|env$|site$|q$)")
BEFORE_1970 = re.compile(r"19[0-6]\d-")
MANY = re.compile(r"_(\d+)_")


def short(v):
    line = json.dumps(v)
    return line if len(line) < 120 else line[:117] + "…"


def text(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    return [text(x) for x in v] if isinstance(v, list) else str(v)


def alike(name, want, got):
    if want == got and type(want) is type(got):
        return True
    if want in ([], None) and got in ([], None):
        return True
    if name in TEXT_LISTS or FREE.match(name):
        return text(want) == text(got) or (isinstance(want, list) and isinstance(got, str))
    # GELF has no time before 1970: the server takes the present.
    return name == "timestamp" and bool(BEFORE_1970.match(want))


def differences(want, got):
    for name in sorted(set(want) | set(got)):
        if name != "gl2_accounted_message_size" and not alike(name, want.get(name), got.get(name)):
            yield f"{name}: {short(want.get(name))} is wanted, there is {short(got.get(name))}"


def originals(event, got):
    for name, v in fields_of(event).items():
        if got.get(P + lone(name)) not in ([v, int(v)] if name.endswith("_ttl") else [v]):
            yield f"{P}{lone(name)}: {short(v)} is wanted, there is {short(got.get(P + lone(name)))}"


def vendor(want, got):
    left = dict(got)
    for name, v in want.items():
        if name == "gl2_accounted_message_size":
            continue
        names = ["vendor_" + re.sub(r"[.\-@]", "_", name[len(P):]), name] if name.startswith(P) else [name]
        at = next((n for n in names if n in left and left[n] == v), None)
        if not at:
            yield f"{name}: {short(v)} is lost"
        elif name.startswith(P) and at == name and not FREE.match(name) and not any(int(i) > 9 for i in MANY.findall(name)):
            yield f"{name}: still there"


def main():
    mode = sys.argv[1] if sys.argv[1].startswith("--") else ""
    a, b = sys.argv[-2:]
    check = {"": differences, "--originals": originals, "--vendor": vendor}[mode]
    wants = [json.loads(line) for line in open(a, errors="replace")]
    gots = [json.loads(line) for line in open(b, errors="replace")]
    failed = abs(len(wants) - len(gots))
    if failed:
        print(f"{len(wants)} messages are wanted, there are {len(gots)}")
    shown = 0
    for i, (want, got) in enumerate(zip(wants, gots)):
        said = list(check(want, got))
        failed += bool(said)
        for line in said:
            shown += 1
            if shown <= 10:
                print(f"message {i + 1}: {line}")
    print(f"{len(wants) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
