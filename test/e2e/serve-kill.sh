#!/bin/bash
# The receiver is killed at random points under load: serve-kill.py. KILLS=3000 for a night.
cd "$(dirname "$0")/../.." || exit 1
exec python3 test/e2e/serve-kill.py
