# shellcheck shell=bash disable=SC2154 # the variables are those of run
# `make new` on a copy of the sources: one file and one row, and the compiler accepts them.
fresh
rm -rf "$tree/src" && cp -r "$top/src" "$top/Makefile" "$top/tools" "$tree"
cp "$top/.clang-format" "$tree"
passes 'a new protocol' make_tree new P=foo
passes 'its row' grep -qx 'PROTO(foo)' "$tree/src/proto/protocols.def"
passes 'its golden folder' test -d "$tree/test/golden/foo"
passes 'it compiles' make_tree build/dev/src/proto/foo.o
passes 'it keeps to the size' "$tree/tools/check-size" "$tree"
passes 'it is formatted' clang-format-14 --dry-run -Werror "$tree/src/proto/foo.c"
refuses 'the same protocol again' 'exists already' make_tree new P=foo
refuses 'a name with a slash' 'usage: make new' make_tree new P=../foo
passes 'the compilation database' make_tree compile_commands.json
passes 'is JSON' python3 -m json.tool "$tree/build/compile_commands.json" /dev/null
passes 'the tour' make_tree tour
