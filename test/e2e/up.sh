#!/bin/bash
# wirelume up, as a new user would: in a network namespace of its own, with traffic on loopback.
cd "$(dirname "$0")/../.." || exit 1
exec python3 test/e2e/up.py
