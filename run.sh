#!/bin/bash
# Install what is missing, build, and run the whole product: capture, receive, store, dashboard.
#   ./run.sh              wirelume up: no configuration needed; Ctrl-C ends
#   ./run.sh FILE.pcap…   these files, one line an event
here=$(cd "$(dirname "$0")" && pwd) || exit 1
"$here/tools/packages.sh" install build || exit 1
# Without the one there is no store, without the other no dashboard: each says so, all else works.
"$here/tools/fetch-duckdb" || true
"$here/tools/build-ui" || true
[ -x "$here/build/release/wirelume" ] || echo 'building: about a minute on two cores'
make -s -C "$here" -j"$(nproc)" WERROR=0 release || exit 1
[ $# -gt 0 ] || exec "$here/build/release/wirelume" up
exec "$here/build/release/wirelume" watch "$@"
