#!/bin/bash
# The receiver with the Lumberjack clients of others: clients.py.
cd "$(dirname "$0")/../.." || exit 1
exec python3 test/e2e/clients.py
