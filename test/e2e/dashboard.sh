#!/bin/bash
# The dashboard of a real server, in a browser: the sample goes through sensor, receiver, pack and
# store, and the tests of ui/test compare what is shown with what the API answers.
cd "$(dirname "$0")/../.." || exit 1
program=build/release/wirelume
skip() {
    echo "dashboard: $1"
    echo '0 passed, 0 failed, 1 skipped'
    exit 0
}
[ -s build/duckdb/libduckdb.so ] || skip 'no store: DuckDB is missing (tools/fetch-duckdb)'
[ -s ui/dist/index.html ] || skip 'the dashboard is not built (tools/build-ui)'
folder=$(mktemp -d)
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null; rm -rf "$folder"' EXIT
cat >"$folder/serve.yml" <<END
path.data: $folder/data
inputs.beats: {bind_address: 127.0.0.1, port: 0}
web.port: 0
END
$program serve -c "$folder/serve.yml" -e 2>"$folder/log" &
server=$!
# said WORDS: what the log says behind them, once it does.
said() {
    for _ in {1..900}; do
        found=$(sed -n "s|.*$1\([^\"]*\)\".*|\1|p" "$folder/log" | head -n 1)
        [ -z "$found" ] || { echo "$found"; return; }
        kill -0 $server || return
        sleep 0.1
    done
}
port=$(said 'inputs.beats: listening on port ') url=$(said 'dashboard: ')
if [ -z "$port" ] || [ -z "$url" ]; then
    cat "$folder/log"
    echo '0 passed, 1 failed'
    exit 1
fi
$program import --now -E "output.logstash.hosts=[\"127.0.0.1:$port\"]" etc/sample.pcap >/dev/null || exit 1
for _ in {1..600}; do
    stored=$($program query --path.data "$folder/data" --ask value -o csv 2>/dev/null | tail -n 1 | tr -dc 0-9)
    [ "${stored:-0}" -lt 400 ] || break
    sleep 0.1
done
P=${PAGES:-dashboard} WIRELUME_URL=$url test/ui/run
