#!/bin/bash
# The same traffic, captured live and read from its file, gives the same events: live-file.py.
cd "$(dirname "$0")/../.." || exit 1
exec python3 test/e2e/live-file.py
