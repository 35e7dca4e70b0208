"""gdb shows slices, cursors and addresses as what they mean. Loaded by .gdbinit."""
import ipaddress

import gdb
import gdb.printing

SHOWN = 64


def text_of(pointer, count):
    """Up to SHOWN bytes as text with escapes, and how many there are."""
    if count < 0 or count > 1 << 31:
        return f"<impossible length {count}>"
    if count == 0:
        return '0 ""'
    try:
        raw = gdb.selected_inferior().read_memory(int(pointer), min(count, SHOWN)).tobytes()
    except gdb.MemoryError:
        return f"{count} <unreadable {int(pointer):#x}>"
    shown = "".join(chr(b) if 32 <= b < 127 else f"\\x{b:02x}" for b in raw)
    return f'{count} "{shown}"' + ("..." if count > SHOWN else "")


class Slice:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        return text_of(self.value["p"], int(self.value["n"]))


class Cursor:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        left = int(self.value["end"]) - int(self.value["p"])
        return ("BAD, " if self.value["bad"] else "") + "left " + text_of(self.value["p"], left)


class Addr:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        array = self.value[self.value.type.fields()[0].name]
        address = ipaddress.IPv6Address(bytes(int(array[i]) for i in range(16)))
        return str(address.ipv4_mapped or address)


def collection():
    printers = gdb.printing.RegexpCollectionPrettyPrinter("wirelume")
    printers.add_printer("slice", "^slice$", Slice)
    printers.add_printer("cursor", "^cursor$", Cursor)
    printers.add_printer("addr", "^addr$", Addr)
    return printers


gdb.printing.register_pretty_printer(None, collection(), replace=True)
