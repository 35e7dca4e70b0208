"""What the check-* tools know about C: enough for code that clang-format has laid out."""
import re
import sys
from pathlib import Path

FINDING_LIMIT = 200


def root_of(argv):
    """The tree to check: the first argument, else the tree this tool is in."""
    return Path(argv[1]) if len(argv) > 1 else Path(__file__).resolve().parent.parent


def files(root, folders, endings):
    """All files below the folders with one of the endings, sorted, as paths."""
    found = [p for f in folders for p in (root / f).rglob("*") if p.suffix in endings]
    return sorted(p for p in found if p.is_file())


def blank(text):
    """The text with comments, string and character contents as spaces; line numbers stay."""
    token = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def spaces(m):
        s = re.sub(r"[^\n]", " ", m.group())
        return s if m.group()[0] == "/" else m.group()[0] + s[1:-1] + m.group()[0]

    return token.sub(spaces, text)


class Function:
    """One function: name, params, first and last line (1-based), body lines, text above it."""

    def __init__(self, signature, first, last, body, above):
        text = re.sub(r"__attribute__\s*\(\(.*?\)\)", "", " ".join(signature))
        start = text.rfind("(", 0, matching_open(text) + 1)
        named = re.search(r"(\w+)\s*$", text[:start])
        self.name = named.group(1) if named else "?"
        self.params = count_params(text[start + 1 : text.rfind(")")])
        self.first, self.last, self.body, self.above = first, last, body, above

    @property
    def lines(self):
        return self.last - self.first + 1


def matching_open(text):
    """Where the parenthesis opens that the last one in the text closes."""
    depth = 0
    for i in range(text.rfind(")"), -1, -1):
        depth += {")": 1, "(": -1}.get(text[i], 0)
        if depth == 0:
            return i
    return 0


def count_params(text):
    flat = re.sub(r"\([^()]*\)", "", text)
    return 0 if flat.strip() in ("", "void") else flat.count(",") + 1


def functions(raw):
    """The functions of a file. A body starts with a line `{` and ends with a line `}`."""
    lines, original = blank(raw).split("\n"), raw.split("\n")
    found, i = [], 0
    while i < len(lines):
        if lines[i].rstrip() != "{":
            i += 1
            continue
        end = next((j for j in range(i, len(lines)) if lines[j].startswith("}")), len(lines) - 1)
        top = i
        while top > 0 and lines[top - 1].strip() and not re.match(r"[#}]|.*;\s*$", lines[top - 1]):
            top -= 1
        above = top
        while above > 0 and original[above - 1].strip() and not lines[above - 1].strip():
            above -= 1
        found.append(Function(lines[top:i], top + 1, end + 1, lines[i : end + 1],
                              "\n".join(original[above:top])))
        i = end + 1
    return found


def finish(findings, good):
    """Print the findings and the last line, and exit."""
    for text in findings[:FINDING_LIMIT]:
        print(text)
    if not findings:
        print(good)
    print(f"{int(not findings)} passed, {int(bool(findings))} failed")
    sys.exit(1 if findings else 0)
