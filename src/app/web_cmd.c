/* wirelume web user, token: lines for web.users and web.tokens. Nothing secret is an argument,
 * where every user of the machine could read it. */
#include <stdio.h>
#include <unistd.h>

#include "app/ask.h"
#include "app/command.h"
#include "app/state_cmd.h"
#include "web/access.h"

struct named {
    const char *name;
    enum access_need role;
};

/* NAME [reader|admin] */
static bool read_named(struct named *out, const struct args *a)
{
    struct slice name = slice_cstr(a->rest.n ? a->rest.v[0] : "");
    *out = (struct named){ (const char *)name.p, ACCESS_READ };
    if (!access_name_ok(name) || a->rest.n > 2)
        return false;
    return a->rest.n < 2 || access_role_read(slice_cstr(a->rest.v[1]), &out->role);
}

static int refuse_named(const char *command)
{
    return state_refuse("%s needs a name (up to %d characters, no blanks, no ':') and perhaps a "
                        "role: reader or admin",
                        command, ACCESS_NAME_MAX);
}

int web_user_command(const struct args *a)
{
    char line[PASSWORD_MAX + 2], again[PASSWORD_MAX + 2], text[PASSWORD_TEXT];
    struct buf b = buf_of(text, sizeof text - 1);
    struct named n;
    struct password p;
    struct why w;
    if (!read_named(&n, a))
        return refuse_named("web user");
    struct slice first = ask_secret(line, sizeof line, "Password");
    if (isatty(STDIN_FILENO) && !slice_eq(first, ask_secret(again, sizeof again, "Once more")))
        return state_refuse("the two passwords are not the same");
    if (password_make(&p, first, &w))
        return state_refuse("%s", w.text);
    password_write(&b, &p);
    text[b.n] = '\0';
    fputs("A line for web.users:\n", stderr);
    printf("%s:%s:%s\n", n.name, access_role_name(n.role), text);
    return 0;
}

int web_token_command(const struct args *a)
{
    char token[SECRET_TEXT], text[ACCESS_NAME_MAX + 128];
    struct buf b = buf_of(text, sizeof text - 1);
    struct named n;
    if (!read_named(&n, a))
        return refuse_named("web token");
    access_secret(token);
    access_token_line(&b, n.name, n.role, slice_cstr(token));
    text[b.n] = '\0';
    printf("%s\n", token);
    fprintf(stderr, "That is the token; it is not shown again. A line for web.tokens:\n%s\n", text);
    return 0;
}
