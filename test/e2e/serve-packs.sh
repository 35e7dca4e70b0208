#!/bin/bash
# The receiver's packs: the one that ships, and packs that are changed and broken under load.
cd "$(dirname "$0")/../.." || exit 1
exec python3 test/e2e/serve-packs.py
