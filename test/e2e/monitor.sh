#!/bin/bash
# http.enabled as Packetbeat, Prometheus, and clients that mean no good: monitor.py.
cd "$(dirname "$0")/../.." || exit 1
exec python3 test/e2e/monitor.py
