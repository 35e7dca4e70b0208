#!/bin/bash
# The reference's captures through sensor, wire and receiver: golden-wire.py. ROWS=all takes every
# row of its manifest, ROWS=24 (the default) that many of them. Needs WIRELUME_SHARED (../shared).
cd "$(dirname "$0")/../.." || exit 1
exec python3 test/e2e/golden-wire.py
