#!/bin/bash
# The sensor's queue on disk under kill -9: queue.py. KILLS=3000 for a night.
cd "$(dirname "$0")/../.." || exit 1
exec python3 test/e2e/queue.py
