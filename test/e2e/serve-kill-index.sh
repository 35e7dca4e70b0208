#!/bin/bash
# As serve-kill.sh, with indices that rotate meanwhile.
cd "$(dirname "$0")/../.." || exit 1
OUTPUT=index exec python3 test/e2e/serve-kill.py
