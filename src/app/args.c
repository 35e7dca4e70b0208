/* The command line: flags by table, single dashes rewritten as the Go flag package took them. */
#include "app/args.h"

#include "app/command.h"
#include "base/buf.h"
#include "base/bug.h"

enum flag_kind { FLAG_BOOL, FLAG_TEXT, FLAG_TEXTS };

struct flag {
    const char *name; /* long name */
    const char *also; /* the other long form ("c" for "-c"); NULL: none */
    enum flag_kind kind;
    size_t offset;
    unsigned scope;
    const char *value; /* name of the value, for help */
    const char *doc;
};

#define FLAG(name, also, kind, member, scope, value, doc)                                          \
    {                                                                                              \
        name, also, FLAG_##kind, offsetof(struct args, member), scope, value, doc                  \
    }

/* clang-format off */
static const struct flag flags[] = {
    FLAG("c", NULL,                  TEXTS, files,          FLAG_GLOBAL, "FILE",      "Configuration file, below path.config; may be given again (default packetbeat.yml)."),
    FLAG("E", NULL,                  TEXTS, sets,           FLAG_GLOBAL, "KEY=VALUE", "Set one key over the configuration files; may be given again."),
    FLAG("e", NULL,                  BOOL,  to_stderr,      FLAG_GLOBAL, NULL,        "Log to standard error, whatever the configuration says."),
    FLAG("v", NULL,                  BOOL,  verbose,        FLAG_GLOBAL, NULL,        "Log at level info, when the configured level is less."),
    FLAG("d", NULL,                  TEXTS, selectors,      FLAG_GLOBAL, "SELECTORS", "Log at level debug, for these areas (comma-separated; * is all)."),
    FLAG("environment", NULL,        TEXT,  environment,    FLAG_GLOBAL, "NAME",      "Where it runs: default, systemd or container (these two log to standard error)."),
    FLAG("path.home", NULL,          TEXT,  paths.home,     FLAG_GLOBAL, "DIR",       "Folder that the other paths lie in."),
    FLAG("path.config", NULL,        TEXT,  paths.config,   FLAG_GLOBAL, "DIR",       "Folder of configuration files (default path.home)."),
    FLAG("path.data", NULL,          TEXT,  paths.data,     FLAG_GLOBAL, "DIR",       "Folder of the agent's identity and keystore (default path.home/data)."),
    FLAG("path.logs", NULL,          TEXT,  paths.logs,     FLAG_GLOBAL, "DIR",       "Folder of log files (default path.home/logs)."),
    FLAG("strict.perms", NULL,       BOOL,  strict_perms,   FLAG_GLOBAL, NULL,        "Refuse configuration files that others may write (default true)."),
    FLAG("help", "h",                BOOL,  help,           FLAG_GLOBAL, NULL,        "Show this."),
    FLAG("I", NULL,                  TEXT,  read_file,      FLAG_RUN,    "FILE",      "Read a capture file (- is standard input) instead of the network."),
    FLAG("t", NULL,                  BOOL,  top_speed,      FLAG_RUN,    NULL,        "Read the capture file at top speed with its own times: the default."),
    FLAG("paced", NULL,              BOOL,  paced,          FLAG_REPLAY, NULL,        "Read the capture file at its own pace, packets stamped with the present time."),
    FLAG("l", NULL,                  TEXT,  loops,          FLAG_RUN,    "N",         "Read the capture file N times (default 1)."),
    FLAG("O", NULL,                  BOOL,  one_at_a_time,  FLAG_RUN,    NULL,        "Wait for Enter before each packet of the capture file."),
    FLAG("N", NULL,                  BOOL,  dry_run,        FLAG_RUN,    NULL,        "Dry run: events are counted and dropped."),
    FLAG("dump", NULL,               TEXT,  dump,           FLAG_RUN,    "PREFIX",    "Write every packet that is read to PREFIX-YYYYMMDDhhmmss.pcap."),
    FLAG("cpuprofile", NULL,         TEXT,  cpu_profile,    FLAG_RUN,    "FILE",      "Accepted, without effect: use perf."),
    FLAG("memprofile", NULL,         TEXT,  memory_profile, FLAG_RUN,    "FILE",      "Accepted, without effect."),
    FLAG("httpprof", NULL,           TEXT,  http_profile,   FLAG_RUN,    "ADDRESS",   "Accepted, without effect."),
    FLAG("explain", NULL,            TEXT,  explain,        FLAG_CONFIG, "KEY",       "Say what a key means, its type, default and bounds."),
    FLAG("show", NULL,               BOOL,  show,           FLAG_CONFIG, NULL,        "Print the configuration in force with all defaults; secrets are masked."),
    FLAG("json", NULL,               BOOL,  json,           FLAG_FIELDS | FLAG_STATE, NULL, "As JSON."),
    FLAG("markdown", NULL,           BOOL,  markdown,       FLAG_FIELDS, NULL,        "As a Markdown table."),
    FLAG("force", NULL,              BOOL,  force,          FLAG_KEYSTORE, NULL,      "Overwrite without asking."),
    FLAG("stdin", NULL,              BOOL,  from_stdin,     FLAG_KEYSTORE, NULL,      "Take the value from standard input."),
    FLAG("output", "o",              TEXT,  output,         FLAG_IMPORT, "FILE",      "Write the events to FILE (- is standard output), one JSON object a line."),
    FLAG("pack", NULL,               TEXTS, packs,          FLAG_PACK,   "NAME",      "The pack, or its folder, instead of those that are enabled; may be given again."),
    FLAG("format", NULL,             TEXT,  format,         FLAG_PACK,   "NAME",      "What the lines are: beats, gelf or message (default: each is looked at)."),
    FLAG("output", "o",              TEXT,  output,         FLAG_EXPORT, "FILE",      "Write the content pack to FILE (default - is standard output)."),
    FLAG("variant", NULL,            TEXT,  variant,        FLAG_EXPORT, "NAME",      "stream: installation makes the streams (default); stream_title: uses those that are there."),
    FLAG("no-sample", NULL,          BOOL,  no_sample,      FLAG_UP,     NULL,        "Do not load the sample capture on the first run."),
    FLAG("now",     NULL,            BOOL,  now,            FLAG_IMPORT, NULL,        "Move the packets' times: the last one is of this moment (of pipes the first)."),
    FLAG("lookups", NULL,            TEXT,  lookups,        FLAG_EXPORT, "DIR",       "Folder of the servers for files of tables (default /etc/graylog/lookups); NAME is added."),
    FLAG("from", NULL,               TEXT,  from,           FLAG_QUERY,  "TIME",      "Messages from then on: 2026-11-24, \"2026-11-24 08:00\" (UTC), now-2h (default now-24h)."),
    FLAG("to", NULL,                 TEXT,  to,             FLAG_QUERY,  "TIME",      "Messages before that time (default now)."),
    FLAG("range", NULL,              TEXT,  range,          FLAG_QUERY,  "DURATION",  "Instead of both: the last 15m, 24h."),
    FLAG("stream", NULL,             TEXT,  stream,         FLAG_QUERY,  "TITLE|ID",  "Only messages in that stream."),
    FLAG("ask", NULL,                TEXT,  ask,            FLAG_QUERY,  "KIND",      "messages (default), message, value, terms, pairs, histogram, percentiles, fields, values."),
    FLAG("field", NULL,              TEXTS, fields,         FLAG_QUERY,  "NAME",      "The field that is asked about, or a column of messages; may be given again."),
    FLAG("metric", NULL,             TEXT,  metric,         FLAG_QUERY,  "METRIC",    "count() (default), or card, sum, avg, min, max of a field, or percentile(field,95)."),
    FLAG("limit", NULL,              TEXT,  limit,          FLAG_QUERY,  "N",         "At most so many rows (default 10, messages 50)."),
    FLAG("interval", NULL,           TEXT,  interval,       FLAG_QUERY,  "DURATION",  "Width of the bars of a histogram, or percentiles over time: 5m, 1h (default auto)."),
    FLAG("split", NULL,              TEXT,  split,          FLAG_QUERY,  "NAME",      "A column of a histogram for each of the largest values of that field."),
    FLAG("output", "o",              TEXT,  output,         FLAG_QUERY,  "FORM",      "table (default), ndjson (one JSON object a line) or csv."),
    FLAG("explain", NULL,            BOOL,  why,            FLAG_PACK,   NULL,        "Show which rule set each field."),
};
/* clang-format on */

/* "-path.home" becomes "--path.home"; "-c" and "--x" stay. */
static const char *rewrite(struct arena *a, const char *text)
{
    if (text[0] != '-' || text[1] == '-' || strlen(text) <= 2)
        return text;
    char *longer = arena_alloc(a, strlen(text) + 2);
    xneed(longer, "memory for arguments");
    longer[0] = '-';
    memcpy(longer + 1, text, strlen(text) + 1);
    return longer;
}

/* The flag of that name; one of these scopes before others. */
static const struct flag *flag_find(struct slice name, unsigned scopes)
{
    const struct flag *found = NULL;
    for (size_t i = 0; i < COUNT(flags); i++) {
        bool is_it = slice_eq(slice_cstr(flags[i].name), name) ||
                     (flags[i].also && slice_eq(slice_cstr(flags[i].also), name));
        if (is_it && (!found || (flags[i].scope & scopes)))
            found = &flags[i];
    }
    return found;
}

static bool bool_read(struct slice text, bool *out)
{
    static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True" };
    static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False" };
    for (size_t i = 0; i < COUNT(yes); i++) {
        *out = slice_eq(text, slice_cstr(yes[i]));
        if (*out || slice_eq(text, slice_cstr(no[i])))
            return true;
    }
    return false;
}

static bool is_known(const struct texts *t, const char *text)
{
    for (unsigned i = 0; i < t->n; i++)
        if (strcmp(t->v[i], text) == 0)
            return true;
    return false;
}

/* What is read, and what is left of it. */
struct reading {
    struct args *out;
    const char **argv;
    unsigned n, at;
    struct arena *a;
    struct why *w;
};

static err unknown_flag(struct reading *r, struct slice name, const char *text)
{
    const char *names[COUNT(flags)], *nearest;
    char key[64];
    struct buf b = buf_of(key, sizeof key - 1);
    buf_add(&b, slice_first(name, sizeof key - 1));
    key[b.n] = '\0';
    for (size_t i = 0; i < COUNT(flags); i++)
        names[i] = flags[i].name;
    nearest = name.n > 2 ? nearest_name(key, names, COUNT(names)) : NULL;
    int length = (int)strcspn(text, "=");
    if (nearest)
        return why_set(r->w, ERR_USAGE, "unknown flag: %.*s (did you mean --%s?)", length, text,
                       nearest);
    return why_set(r->w, ERR_USAGE, "unknown flag: %.*s", length, text);
}

static err set_flag(struct reading *r, const struct flag *f, const char *text, const char *value)
{
    void *member = (char *)r->out + f->offset;
    if (f->kind == FLAG_BOOL) {
        if (!value)
            *(bool *)member = true;
        else if (!bool_read(slice_cstr(value), member))
            return why_set(r->w, ERR_USAGE, "invalid argument \"%s\" for --%s: true or false",
                           value, f->name);
        return ERR_OK;
    }
    if (!value && r->at == r->n)
        return why_set(r->w, ERR_USAGE, "flag needs an argument: %s", text);
    if (!value)
        value = r->argv[r->at++];
    struct texts *many = member;
    if (f->kind == FLAG_TEXT)
        *(const char **)member = value;
    else if (member != &r->out->files || !is_known(many, value))
        many->v[many->n++] = value;
    return ERR_OK;
}

static err read_flag(struct reading *r, const char *text)
{
    const char *name = text + 1 + (text[1] == '-');
    const char *equals = strchr(name, '=');
    struct slice key = slice_of(name, equals ? (size_t)(equals - name) : strlen(name));
    unsigned scope = FLAG_GLOBAL | r->out->command->scope;
    const struct flag *f = flag_find(key, scope);
    if (!f || !(f->scope & scope))
        return unknown_flag(r, key, text);
    return set_flag(r, f, text, equals ? equals + 1 : NULL);
}

/* The words that are neither flags nor their values: the command is among them. Flags that take a
 * value may stand before it. */
static unsigned words_of(const struct reading *r, const char **words, unsigned max)
{
    unsigned n = 0;
    for (unsigned i = 0; i < r->n && n < max; i++) {
        const char *text = r->argv[i];
        if (text[0] != '-' || !text[1]) {
            words[n++] = text;
            continue;
        }
        const struct flag *f = flag_find(slice_cstr(text + 1 + (text[1] == '-')), FLAG_GLOBAL);
        if (f && f->kind != FLAG_BOOL)
            i++;
    }
    return n;
}

static err find_command(struct reading *r, unsigned *skip)
{
    const char *words[2];
    unsigned n = words_of(r, words, 2);
    r->out->command = n ? command_find(words, n, skip) : command_find(NULL, 0, skip);
    if (r->out->command)
        return ERR_OK;
    const char *nearest = command_nearest(words[0]);
    if (nearest)
        return why_set(r->w, ERR_USAGE,
                       "unknown command \"%s\" for \"wirelume\" (did you mean %s?)", words[0],
                       nearest);
    return why_set(r->w, ERR_USAGE, "unknown command \"%s\" for \"wirelume\"", words[0]);
}

static err check_environment(const struct args *out, struct why *w)
{
    static const char *const names[] = { "default", "systemd", "container", "macos_service",
                                         "windows_service" };
    for (size_t i = 0; i < COUNT(names); i++)
        if (slice_eq_nocase(slice_cstr(out->environment), slice_cstr(names[i])))
            return ERR_OK;
    return why_set(w, ERR_USAGE,
                   "invalid argument \"%s\" for --environment: default, systemd or container",
                   out->environment);
}

static void take_memory(struct reading *r, int argc, const char *const *argv)
{
    size_t bytes = (size_t)(argc + 1) * sizeof(char *);
    struct texts *lists[] = { &r->out->files, &r->out->sets,   &r->out->selectors,
                              &r->out->packs, &r->out->fields, &r->out->rest };
    for (size_t i = 0; i < COUNT(lists); i++) {
        lists[i]->v = arena_zalloc(r->a, bytes);
        xneed(lists[i]->v, "memory for arguments");
    }
    r->argv = arena_zalloc(r->a, bytes);
    xneed(r->argv, "memory for arguments");
    for (int i = 0; i < argc; i++)
        r->argv[i] = rewrite(r->a, argv[i]);
    r->n = (unsigned)argc;
}

err args_read(struct args *out, int argc, const char *const *argv, struct arena *a, struct why *w)
{
    *out = (struct args){ .strict_perms = true, .environment = "default" };
    struct reading r = { .out = out, .a = a, .w = w };
    unsigned skip = 0;
    bool flags_ended = false;
    take_memory(&r, argc, argv);
    err rc = find_command(&r, &skip);
    while (!rc && r.at < r.n) {
        const char *text = r.argv[r.at++];
        if (!flags_ended && strcmp(text, "--") == 0)
            flags_ended = true;
        else if (!flags_ended && text[0] == '-' && text[1])
            rc = read_flag(&r, text);
        else if (skip)
            skip--;
        else
            out->rest.v[out->rest.n++] = text;
    }
    return rc ? rc : check_environment(out, w);
}

void args_print_flags(FILE *out, unsigned scopes)
{
    for (size_t i = 0; i < COUNT(flags); i++) {
        const struct flag *f = &flags[i];
        char left[40];
        if (!(f->scope & scopes))
            continue;
        struct buf b = buf_of(left, sizeof left - 1);
        buf_cstr(&b, strlen(f->name) == 1 ? "-" : "--");
        buf_cstr(&b, f->name);
        if (f->also)
            buf_printf(&b, ", -%s", f->also);
        if (f->value)
            buf_printf(&b, " %s", f->value);
        left[b.n] = '\0';
        fprintf(out, "  %-22s %s\n", left, f->doc);
    }
}

bool args_flag_doc(struct flag_doc *out, unsigned scopes, unsigned i)
{
    for (size_t at = 0; at < COUNT(flags); at++) {
        const struct flag *f = &flags[at];
        if (!(f->scope & scopes) || i--)
            continue;
        *out = (struct flag_doc){ f->name, f->also, f->value, f->doc };
        return true;
    }
    return false;
}

const char *args_flag(unsigned scopes, unsigned i)
{
    struct flag_doc f;
    return args_flag_doc(&f, scopes, i) ? f.name : NULL;
}
