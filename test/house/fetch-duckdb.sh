# shellcheck shell=bash disable=SC2154 # the variables are those of run
# tools/fetch-duckdb takes nothing whose checksum is wrong; a failure is one line. No network here:
# npm and curl are false ones.
fresh
mkdir -p "$tree/bin" "$tree/tools" "$tree/build/duckdb"
cp "$top/tools/fetch-duckdb" "$tree/tools/"
fetch_alone() { # fetch_alone [TARBALL]: what it says behind the number of lines
    local out status
    out=$(env PATH="$tree/bin:$PATH" "$tree/tools/fetch-duckdb" "$@" 2>&1)
    status=$?
    echo "$(wc -l <<<"$out") line, files: [$(ls "$tree/build/duckdb")]: $out"
    return $status
}
# shellcheck disable=SC2016
false_npm='#!/bin/sh
echo other >node-bindings.tgz'
printf '#!/bin/sh\nexit 1\n' >"$tree/bin/npm"
printf '#!/bin/sh\nexit 22\n' >"$tree/bin/curl"
chmod +x "$tree"/bin/*
refuses 'no network' '^1 line, files: \[\]: .*could not be fetched' fetch_alone
printf '%s\n' "$false_npm" >"$tree/bin/npm"
refuses 'a package with another checksum' '^1 line, files: \[\]: .* is not @duckdb/node-' fetch_alone
echo other >"$tree/other.tgz"
refuses 'a file with another checksum' '^1 line, files: \[\]: .*other.tgz is not @duckdb/' \
    fetch_alone "$tree/other.tgz"
refuses 'a file that is not there' '^1 line, files: \[\]: .*no such file' fetch_alone "$tree/none.tgz"
