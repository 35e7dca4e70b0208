#!/bin/bash
# The receiver with clients of all kinds: serve.py. As root it runs in a mount namespace of its own,
# where small file systems can be filled.
cd "$(dirname "$0")/../.." || exit 1
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
    exec unshare -m python3 test/e2e/serve.py
fi
exec python3 test/e2e/serve.py
