# shellcheck shell=bash disable=SC2154 # the variables are those of run
check=$top/tools/check-size

fresh
{ function_of 60 longest; echo; function_of 5 small; } | put src/net/ip.c
{ lines 795 'int x;'; function_of 5 last; } | put src/net/tcp.c
{ echo '/* long: one case per opcode */'; function_of 70 names; } | put src/net/link.c
{ echo '/* Names. */'; echo '/* long: one row per code */'; lines 900 'int x;'; } | put src/net/codes.c
{ echo '/* clang-format off */'; printf '%0120d\n' 0; echo '/* clang-format on */'; } | put src/net/t.c
put src/net/shape.c <<'END'
static int five(int a, void (*call)(int, int), int c, int d,
                int e)
{
    if (a)
        return 1;
    else if (c)
        return 2;
    else if (d)
        return 3;
    else if (e)
        return 4;
    int table[] = { 1, 2, { 3, { 4, { 5 } } } };
    for (;;) {
        switch (a) {
        case 1:
            if (c)
                break;
            d = c ? 1 : 2;
        }
    }
    do {
        call(a, c);
    } while (a);
}
END
passes 'everything at its limit' "$check" "$tree"

fresh
function_of 61 huge | put src/net/ip.c
refuses 'a function of 61 lines' '^src/net/ip.c:1: huge\(\) has 61 lines' "$check" "$tree"

fresh
{ echo '/* Long, and it gives no reason. */'; function_of 61 huge; } | put test/unit/base/test_x.c
refuses 'the same in a test' 'huge\(\) has 61 lines' "$check" "$tree"

fresh
lines 801 'int x;' | put src/net/tcp.c
refuses 'a file of 801 lines' '^src/net/tcp.c:1: 801 lines' "$check" "$tree"

fresh
printf '\n// %0100d\n' 0 | put src/net/tcp.h
refuses 'a line of 103 columns' '^src/net/tcp.h:2: 103 columns' "$check" "$tree"

fresh
printf 'static MUST_CHECK err f(int a, int b, int c,\n  int d, int e, int g)\n{\n}\n' | put src/net/ip.c
refuses 'six parameters' '^src/net/ip.c:1: f\(\) has 6 parameters' "$check" "$tree"

fresh
put src/net/ip.c <<'END'
void f(int a)
{
    list_each (a, b) {
        while (a)
            if (a)
                for (;;)
                    g();
    }
}
END
refuses 'four loops in each other, partly without braces' 'f\(\) nests 4 deep' "$check" "$tree"

fresh
put src/net/ip.c <<'END'
void f(int a)
{
    if (a)
        g();
    else {
        if (b)
            g();
        else
            while (c)
                switch (d) {
                default:
                    g();
                }
    }
}
END
refuses 'nesting below else' 'f\(\) nests 4 deep' "$check" "$tree"
