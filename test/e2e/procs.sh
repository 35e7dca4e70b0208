#!/bin/bash
# Names of real processes, and of a cloud that is a fake one, in a network namespace: procs.py.
cd "$(dirname "$0")/../.." || exit 1
if ! unshare -n true 2>/dev/null; then
    echo 'procs: needs root (unshare -n)'
    echo '0 passed, 0 failed, 1 skipped'
    exit 0
fi
exec unshare -n python3 test/e2e/procs.py
