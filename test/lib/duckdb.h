/* Where tests find DuckDB's library (tools/fetch-duckdb). */
#pragma once

/* It is not built for the thread sanitizer, which would take its locks for races. */
#ifdef __SANITIZE_THREAD__
#define DUCKDB_LIBRARY "build/duckdb/not-for-tsan.so"
#else
#define DUCKDB_LIBRARY "build/duckdb/libduckdb.so"
#endif
