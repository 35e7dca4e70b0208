#!/bin/bash
# The Debian packages this project needs, listed once. Usage: packages.sh list|install build|test
# `install` says what is missing and installs only that; without the right to, it says the command.
build=(gcc libc6-dev make pkg-config libpcap-dev libyaml-dev libssl-dev zlib1g-dev libzstd-dev
    libbrotli-dev libpsl-dev libicu-dev libpcre2-dev libmaxminddb-dev libisal-dev libevent-dev libsqlite3-dev
    libseccomp-dev ca-certificates)
test=("${build[@]}" libcmocka-dev clang-14 libclang-rt-14-dev clang-format-14 python3 openssl iproute2
    iputils-ping tcpdump tshark chromium mandoc groff-base)
# The dashboard: any Node 18 or newer with npm will do, Debian's where there is none.
{ command -v node && command -v npm; } >/dev/null || build+=(nodejs npm) test+=(nodejs npm)

case $1:$2 in
list:build | install:build) wanted=("${build[@]}") ;;
list:test | install:test) wanted=("${test[@]}") ;;
*)
    echo 'usage: packages.sh list|install build|test' >&2
    exit 2
    ;;
esac
if [ "$1" = list ]; then
    printf '%s\n' "${wanted[@]}"
    exit
fi
if ! command -v dpkg-query apt-get >/dev/null; then
    echo "this is no Debian: please see to it that you have what these hold: ${wanted[*]}" >&2
    exit 0
fi

missing=()
for package in "${wanted[@]}"; do
    status=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null)
    grep -qx installed <<<"$status" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    root=()
elif sudo -n true 2>/dev/null; then
    root=(sudo)
else
    echo "missing packages; run: sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 1
fi
echo "installing packages: ${missing[*]}"
apt() {
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
        "$@" >"$log" 2>&1 # a machine that has just started may be upgrading itself: its lock is waited for
}
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
if ! { apt update && apt install -y --no-install-recommends "${missing[@]}"; }; then
    tail -n 20 "$log" >&2
    echo 'packages.sh: apt-get failed (above)' >&2
    exit 1
fi
