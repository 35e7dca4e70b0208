#!/bin/bash
# The HTTP server as browsers, programs and attackers meet it: web.py.
cd "$(dirname "$0")/../.." || exit 1
exec python3 test/e2e/web.py
