#!/bin/bash
# After its start a command can open no file outside its paths, no socket of a kind that it does not
# need, and run no program; what it has to do later it can do.
cd "$(dirname "$0")/../.." || exit 1
if ! unshare -n true 2>/dev/null; then
    echo 'doors: needs root (unshare -n)'
    echo '0 passed, 0 failed, 1 skipped'
    exit 0
fi
exec unshare -n sh -c "ip link set lo up && exec python3 test/e2e/doors.py"
