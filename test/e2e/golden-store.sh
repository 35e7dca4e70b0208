#!/bin/bash
# Captures through sensor, wire, pack and store, asked for again: golden-store.py. ROWS=all takes every
# capture of the project and of the reference (WIRELUME_SHARED, ../shared), ROWS=24 (the default) that
# many of the reference, or of the project where that is not.
cd "$(dirname "$0")/../.." || exit 1
[ -e build/duckdb/libduckdb.so ] || { echo "no DuckDB (tools/fetch-duckdb)" && echo "0 passed, 0 failed, 1 skipped"; exit 0; }
exec python3 test/e2e/golden-store.py
