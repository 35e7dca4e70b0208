#!/bin/bash
# As serve-kill.sh, with the store: journal, tables in memory and files of indices that rotate all
# the time. 200 kills, or as many as fit into 60 seconds; KILLS=2000 SECONDS_OF_KILLS=inf for a night.
cd "$(dirname "$0")/../.." || exit 1
[ -e build/duckdb/libduckdb.so ] || { echo "no DuckDB (tools/fetch-duckdb)" && echo "0 passed, 0 failed, 1 skipped"; exit 0; }
export KILLS=${KILLS:-200} SECONDS_OF_KILLS=${SECONDS_OF_KILLS:-60}
OUTPUT=store exec python3 test/e2e/serve-kill.py
