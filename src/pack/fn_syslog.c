/* Names of syslog's facilities and levels (RFC 5424 section 6.2.1). */
#include <stdlib.h>

#include "pack/function.h"

static const char *const facilities[] = {
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog",    "lpr",       "news",
    "uucp",   "clock",  "authpriv", "ftp",    "ntp",    "log audit", "log alert", "cron",
    "local0", "local1", "local2",   "local3", "local4", "local5",    "local6",    "local7",
};
static const char *const levels[] = {
    "Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug",
};

static int64_t number(struct call *c)
{
    char text[24];
    char *end;
    struct slice s = call_text(c, 0);
    if (c->arg[0].kind == K_INT || c->arg[0].kind == K_LONG)
        return c->arg[0].i;
    if (!s.n || s.n >= sizeof text)
        return -1;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    int64_t n = strtoll(text, &end, 10);
    return *end || text[0] == ' ' ? -1 : n;
}

struct rule_value fn_syslog_facility(struct call *c)
{
    int64_t n = number(c);
    return rule_string(n >= 0 && n < (int64_t)COUNT(facilities) ? slice_cstr(facilities[n])
                                                                : SLICE("Unknown"));
}

struct rule_value fn_syslog_level(struct call *c)
{
    int64_t n = number(c);
    return rule_string(n >= 0 && n < (int64_t)COUNT(levels) ? slice_cstr(levels[n])
                                                            : SLICE("Unknown"));
}

/* Level and facility of a syslog priority as {level, facility}: numbers, or their names. */
static struct rule_value expand(struct call *c, bool names)
{
    char text[24];
    char *end = text;
    struct slice s = call_text(c, 0);
    struct rule_value out;
    if (c->arg[0].kind == K_NULL || !s.n || s.n >= sizeof text)
        return call_fail(c, "the priority is no number");
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    long long n = strtoll(text, &end, 10);
    if (*end || end == text || n < INT32_MIN || n > INT32_MAX)
        return call_fail(c, "the priority is no number: %s", text);
    struct rule_member *m = call_map(c, 2, &out);
    int64_t level = n & 7, facility = n >> 3;
    bool known = facility >= 0 && facility < (int64_t)COUNT(facilities);
    if (!m)
        return out;
    m[0] = (struct rule_member){ SLICE("level"), { .kind = K_INT, .i = level } };
    m[1] = (struct rule_member){ SLICE("facility"), { .kind = K_INT, .i = facility } };
    if (names) {
        m[0].v = rule_string(slice_cstr(levels[level]));
        m[1].v = rule_string(known ? slice_cstr(facilities[facility]) : SLICE("Unknown"));
    }
    out.fixed = names ? VALUE_PRIORITY_TEXT : VALUE_PRIORITY;
    return out;
}

struct rule_value fn_expand_syslog_priority(struct call *c)
{
    return expand(c, false);
}

struct rule_value fn_expand_syslog_priority_as_string(struct call *c)
{
    return expand(c, true);
}
