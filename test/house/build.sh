# shellcheck shell=bash disable=SC2154 # the variables are those of run
# The Makefile on a small tree, and the counting of the suites.
small() {
    fresh
    cp -r "$top/Makefile" "$top/tools" "$tree"
    printf 'int one(void);\n' | put src/base/one.h
    printf '#include "base/one.h"\nint one(void)\n{\n    return 1;\n}\n' | put src/base/one.c
    printf '#include "base/one.h"\nint main(void)\n{\n    return one() - 1;\n}\n' | put src/app/main.c
    printf 'PROTO(dns)\nPROTO(http)\n' | put src/proto/protocols.def
}
make_tree() {
    env -u MAKEFLAGS -u MAKELEVEL -u F -u P -u T make -C "$tree" --no-print-directory "$@"
}
says() { # says EXPECTED COMMAND...: the whole output is exactly that
    local expected=$1
    shift
    [ "$("$@" 2>&1 | sed 's/^ *//; s/  */ /g')" = "$expected" ]
}

small
passes 'a dev build' make_tree dev
passes 'the program' "$tree/build/dev/wirelume"
passes 'a build with nothing to do' says '' make_tree dev
touch "$tree/src/base/one.c"
passes 'one touched file rebuilds one object' says \
    $'cc build/dev/src/base/one.o\nar build/dev/libwirelume.a\nlink build/dev/wirelume' make_tree
rm "$tree/src/base/one.c"
refuses 'a removed file leaves the library' 'undefined reference' make_tree dev

small
printf 'int unused(void)\n{\n    int x;\n    return 1;\n}\n' | put src/base/two.c
refuses 'a warning' 'no previous prototype' make_tree dev
passes 'a warning with WERROR=0' make_tree dev WERROR=0

small
printf '/* link: -Wl,--wrap=one */\n#include "base/one.h"\nint __wrap_one(void);\nint __wrap_one(void)\n{
    return 0;\n}\nint main(void)\n{\n    return one();\n}\n' | put test/unit/base/test_wrap.c
passes 'a test that asks for linker flags' make_tree build/dev/test/unit/base/test_wrap
passes 'gets them' "$tree/build/dev/test/unit/base/test_wrap"
passes 'a release build' make_tree release
passes 'a release build by clang' make_tree release CC=clang-14

# run-unit counts what cmocka says, and a program that dies or tests nothing has failed.
fake() { printf '#!/bin/sh\n%s\n' "$1" >"$work/prog" && chmod +x "$work/prog"; }
unit() { "$top/tools/run-unit" "$work/prog"; }
fake 'echo "ok 1 - a"; echo "ok 2 - b"'
passes 'two good unit tests' says '2 passed, 0 failed' unit
fake 'echo "ok 1 - a"; echo "not ok 2 - b"; exit 1'
refuses 'a bad unit test' '^1 passed, 1 failed' unit
fake 'echo "ok 1 - a"; kill -SEGV $$'
refuses 'a unit test that dies' '^1 passed, 1 failed' unit
fake ':'
refuses 'a unit test without tests' '^0 passed, 1 failed' unit

# suites adds the counts up, and what is not there is never a pass.
suite_tree() {
    small
    mkdir -p "$tree"/test/{e2e,torture}
    printf '#!/bin/sh\necho "%s"\nexit %s\n' "$1" "$2" | put test/e2e/run
    chmod +x "$tree/test/e2e/run"
    sed -i 's/^e2e:.*/e2e:/; s/^torture:.*/torture:/' "$tree/Makefile"
}
suites() { env -u MAKEFLAGS -u MAKELEVEL "$tree/tools/suites" e2e torture; }
beside() { env -u MAKEFLAGS -u MAKELEVEL "$tree/tools/suites" e2e + torture; }
last() { "$@" | tail -n 1; }
suite_tree '3 passed, 0 failed, 1 skipped' 0
passes 'counts are added' says '3 passed, 0 failed' last suites
passes 'side by side as well' says '3 passed, 0 failed' last beside
passes 'and told one after the other' says '== e2e == torture ' eval 'beside | grep "^==" | tr "\n" " "'
passes 'what is not there yet is said' grep -q 'torture: not there yet' <(suites)
passes 'what is not there yet is skipped' grep -qx '2 skipped' <(suites)
suite_tree '3 passed, 2 failed' 1
refuses 'a failing suite' '^3 passed, 2 failed' suites
refuses 'and says how to repeat it' '^repeat: make e2e ' suites
refuses 'a failing one of two side by side' '^repeat: make e2e ' beside
suite_tree '3 passed, 0 failed' 1
refuses 'a suite that dies after its count' '^3 passed, 1 failed' suites
suite_tree 'no count at all' 2
refuses 'a suite without a count' '^0 passed, 1 failed' suites
