# shellcheck shell=bash disable=SC2154 # the variables are those of run
check=$top/tools/check-layers

fresh
put src/net/tcp.c <<<'#include "proto/proto.h"'
put src/base/buf.c <<<'#include "base/slice.h"'
put src/app/main.c <<<'#include "net/tcp.h"'
put src/proto/dns.c <<<'/* #include "net/tcp.h" */'
put test/unit/base/test_buf.c <<<'#include "app/main.h"'
passes 'allowed arrows' "$check" "$tree"

put src/proto/dns.c <<<'#include "net/tcp.h"'
refuses 'proto including net' '^src/proto/dns.c:1: "net/tcp.h": proto may include only' "$check" "$tree"

fresh
put src/base/lib/x.h <<<'#include "os/clock.h"'
refuses 'base including os from a subfolder' '^src/base/lib/x.h:1: ' "$check" "$tree"

fresh
put src/net/ip.c <<<'#include "ip.h"'
refuses 'an include without its room' 'always "room/file.h"' "$check" "$tree"

fresh
put src/kitchen/sink.c <<<''
refuses 'a room that is not in the list' 'room kitchen is not in tools/layers' "$check" "$tree"
