#!/bin/bash
# Install what the tests need, build, run every suite. The last line is `N passed, N failed`.
# What takes longer than ten minutes on two cores is a make target of its own: `make help`.
cd "$(dirname "$0")" || exit 1
tools/packages.sh install test || { echo '0 passed, 1 failed'; exit 1; }
# Without the library the tests of the store that need it are skipped.
tools/fetch-duckdb || true
# The same for the dashboard.
tools/build-ui || true
if ! make -s -j"$(nproc)" dev release; then
    echo 'the build failed (above); repeat: make dev release'
    echo '0 passed, 1 failed'
    exit 1
fi
# Each line begins at once: stories that wait, beside what computes, beside the browser. No two lines
# build the same: the first has what needs the release build, the second dev, tsan, count and fuzz.
T=${T:-3} exec tools/suites \
    e2e conform truth pack query tshark deb-check + \
    format bans layers size headers docs-fresh man house unit unit-tsan cli golden torture slope fuzz vectors + \
    ui-test
