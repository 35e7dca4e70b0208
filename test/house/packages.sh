# shellcheck shell=bash disable=SC2154 # the variables are those of run
# tools/packages.sh with a false dpkg, apt, sudo and id in front of the real ones.
fresh
false_command() { # false_command NAME TEXT
    printf '#!/bin/sh\n%s\n' "$2" >"$tree/bin/$1" && chmod +x "$tree/bin/$1"
}
install() {
    rm -f "$tree/apt.log"
    env PATH="$tree/bin:$PATH" "$top/tools/packages.sh" install build
    cat "$tree/apt.log" 2>/dev/null
}
mkdir "$tree/bin"
# shellcheck disable=SC2016
false_command dpkg-query 'for p; do :; done; [ "$p" = libpsl-dev ] || echo installed'
false_command apt-get "echo \"\$*\" >>'$tree/apt.log'"
false_command id 'echo 0'
passes 'root installs only what is missing' says "installing packages: libpsl-dev
-q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 update
-q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 install -y --no-install-recommends libpsl-dev" install

false_command id 'echo 1000'
false_command sudo 'exit 1'
passes 'without root the exact command is said' says \
    'missing packages; run: sudo apt-get install -y --no-install-recommends libpsl-dev' install
refuses 'and that is a failure' 'run: sudo apt-get' \
    env PATH="$tree/bin:$PATH" "$top/tools/packages.sh" install build

false_command dpkg-query 'echo installed'
passes 'nothing missing, nothing said' says '' install
