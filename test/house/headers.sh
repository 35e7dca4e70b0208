# shellcheck shell=bash disable=SC2154 # the variables are those of run
check=$top/tools/check-headers

fresh
printf '#pragma once\n#include <stdint.h>\nstruct a { uint8_t x; };\n' | put src/base/a.h
printf '#pragma once\n#include "base/a.h"\nstruct b { struct a a; };\n' | put src/net/b.h
passes 'headers that stand alone' "$check" "$tree"

printf '#pragma once\nstruct b { struct a a; };\n' | put src/net/b.h
refuses 'a header that needs another' '^src/net/b.h: does not compile by itself' "$check" "$tree"
