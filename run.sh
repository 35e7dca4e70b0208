#!/bin/bash
# Install what the build needs, build, and show traffic as events, one line each.
#   ./run.sh              the sample capture, then live on the default interface
#   ./run.sh FILE.pcap…   these files
here=$(cd "$(dirname "$0")" && pwd) || exit 1
"$here/tools/packages.sh" install build || exit 1
make -s -C "$here" -j"$(nproc)" WERROR=0 release || exit 1
exec "$here/build/release/wirelume" watch "$@"
