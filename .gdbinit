# gdb reads this when it is started here and `add-auto-load-safe-path` in ~/.gdbinit allows it.
set print pretty on
source tools/gdb/printers.py
