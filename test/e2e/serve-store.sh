#!/bin/bash
# The store as its users see it: serve-store.py.
cd "$(dirname "$0")/../.." || exit 1
[ -e build/duckdb/libduckdb.so ] || { echo "no DuckDB (tools/fetch-duckdb)" && echo "0 passed, 0 failed, 1 skipped"; exit 0; }
exec python3 test/e2e/serve-store.py
