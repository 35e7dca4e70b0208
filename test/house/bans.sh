# shellcheck shell=bash disable=SC2154 # the variables are those of run
check=$top/tools/check-bans

fresh
put src/base/arena.c <<'END'
void *f(void)
{
    return malloc(10);
}
END
put src/net/tcp.c <<'END'
/* malloc(10) in a comment, */
const char *text = "free(x) in a string,";
long g(struct clock *c, struct table *t)
{
    c->time(1); /* and members are no calls */
    return my_free(t) + event_time(t);
}
END
put src/codec/yaml.c <<'END'
void f(char *s)
{
    /* allow free: libyaml gave it to us */
    free(s);
}
END
passes 'allowed calls' "$check" "$tree"

# banned_in ROOM CALL: that call in that room is found with its line.
banned_in() {
    fresh
    printf 'void f(void)\n{\n    %s;\n}\n' "$2" | put "src/$1/x.c"
    refuses "$2 in $1" "^src/$1/x.c:3: .* is banned in $1/: use " "$check" "$tree"
}
banned_in net 'p = malloc(10)'
banned_in proto 'free(p)'
banned_in app 'now = time(NULL)'
banned_in net 'clock_gettime(CLOCK_MONOTONIC, &t)'
banned_in proto 'printf("%d\n", 1)'
banned_in model 'exit(1)'

fresh
put src/proto/dns.c <<<'#include <sys/socket.h>'
refuses 'sockets in proto' '<sys/socket.h> is banned in proto/' "$check" "$tree"

fresh
printf 'void f(void)\n{\n#ifdef X\n    g();\n#endif\n}\n' | put src/net/ip.c
refuses 'a condition inside a function' '^src/net/ip.c:3: #if inside f\(\)' "$check" "$tree"

fresh
printf 'void f(void)\n{\n    sleep(1);\n}\n' | put test/unit/base/test_x.c
refuses 'a test that sleeps' 'test_x.c:3: sleep: .*never sleep' "$check" "$tree"

# What src/base/bans.h forbids, the compiler refuses and names the replacement.
compile() {
    gcc -std=gnu17 -D_GNU_SOURCE -O2 -I"$top/src" -include "$top/src/base/bans.h" \
        -fsyntax-only -x c - <<<"$1"
}
refuse_call() {
    refuses "compiling $1" 'is unavailable: use ' compile "void f(char *p); void f(char *p) { $1; }"
}
passes 'compiling snprintf' compile 'void f(char *p); void f(char *p) { snprintf(p, 2, "x"); }'
refuse_call 'strcpy(p, "x")'
refuse_call 'strcat(p, "x")'
refuse_call 'strncpy(p, "x", 1)'
refuse_call 'sprintf(p, "%d", 1)'
refuse_call 'strtok(p, ",")'
refuse_call 'atoi(p)'
refuse_call 'alloca(2)'
refuse_call 'gmtime(NULL)'
refuse_call 'rand()'
