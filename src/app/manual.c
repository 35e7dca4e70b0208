/* Manual pages in man(7), from the tables of commands, flags and options. */
#include "app/command.h"
#include "app/reference.h"
#include "app/version.h"
#include "base/attr.h"

#define TEXT_BYTES 4096

/* ---- text as roff */

/* Running text; a line break is a blank. UTF-8 stays as it is: man and mandoc read it. */
static void put_text(FILE *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text; text++) {
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else
            fputc(*text == '\n' ? ' ' : *text, out);
    }
}

static void put_bold(FILE *out, const char *text)
{
    fputs("\\fB", out);
    put_text(out, text);
    fputs("\\fR", out);
}

static void put_title(FILE *out, const char *name, int section, const char *date)
{
    fprintf(out, ".\\\" Made from the tables by `wirelume docs`: do not edit.\n");
    fprintf(out, ".TH %s %d \"%s\" \"wirelume %s\"\n", name, section, date ? date : "",
            WIRELUME_VERSION);
}

/* ---- wirelume(1) */

/* clang-format off */
static const struct example {
    const char *doc, *command;
} examples[] = {
    { "Show the sample capture, then the traffic of this machine, one line an event:", "wirelume watch" },
    { "Show what is in a capture file:", "wirelume watch FILE.pcap" },
    { "Read large captures with progress and keep their events:", "wirelume import --output events.ndjson FILE.pcap.zst" },
    { "Why was it understood like this?", "wirelume trace FILE.pcap 192.0.2.7:53" },
    { "Capture as packetbeat.yml says; check that file before:", "wirelume test config -c packetbeat.yml\nwirelume run -c packetbeat.yml -e" },
    { "Receive events of Beats and GELF, with a dashboard:", "wirelume serve -c wirelume.yml" },
    { "What does this setting mean?", "wirelume config --explain packetbeat.flows.timeout" },
    { "Keep messages for 30 days instead of 90:", "wirelume index-set set \"Packetbeat Logs\" retention.max_number_of_indices=30" },
    { "Try a pack of rules on an event, and see which rule set which field:", "wirelume pack test --explain FILE.ndjson" },
};

static const struct file {
    const char *path, *doc;
} files[] = {
    { "wirelume.yml", "The configuration, in the folder path.config; without it packetbeat.yml. See wirelume.yml(5)." },
    { "/etc/wirelume", "The folder path.config of an installed program, unless the present folder holds a configuration." },
    { "/var/lib/wirelume", "Its folder path.data: identity, keystore, messages, streams, dead letters." },
    { "/var/log/wirelume", "Its folder path.logs." },
    { "/usr/share/wirelume", "Packs and the sample capture." },
};

static const struct signal {
    const char *name, *doc;
} signals[] = {
    { "SIGINT, SIGTERM", "End in order; a second one at once." },
    { "SIGHUP", "Take over what can be reloaded." },
    { "SIGUSR1", "Print all counters to standard error." },
};
/* clang-format on */

static void put_examples(FILE *out)
{
    fputs(".SH EXAMPLES\n", out);
    for (size_t i = 0; i < COUNT(examples); i++) {
        fputs(i ? ".PP\n" : "", out);
        put_text(out, examples[i].doc);
        fputs("\n.PP\n.RS 4\n.nf\n", out);
        for (const char *line = examples[i].command; *line;) {
            char text[120];
            size_t n = strcspn(line, "\n");
            snprintf(text, sizeof text, "%.*s", (int)n, line);
            put_bold(out, text);
            fputc('\n', out);
            line += n + (line[n] == '\n');
        }
        fputs(".fi\n.RE\n", out);
    }
}

static void put_flags(FILE *out, unsigned scopes)
{
    struct flag_doc f;
    for (unsigned i = 0; args_flag_doc(&f, scopes, i); i++) {
        fputs(".TP\n", out);
        put_bold(out, strlen(f.name) == 1 ? "-" : "--");
        put_bold(out, f.name);
        if (f.also) {
            fputs(", ", out);
            put_bold(out, "-");
            put_bold(out, f.also);
        }
        if (f.value) {
            fputs(" \\fI", out);
            put_text(out, f.value);
            fputs("\\fR", out);
        }
        fputc('\n', out);
        put_text(out, f.doc);
        fputc('\n', out);
    }
}

static void put_command(FILE *out, const struct command *c)
{
    fputs(".SS ", out);
    put_text(out, c->name);
    fputc('\n', out);
    put_bold(out, "wirelume ");
    put_bold(out, c->name);
    if (c->params) {
        fputs(" \\fI", out);
        put_text(out, c->params);
        fputs("\\fR", out);
    }
    fputs("\n.PP\n", out);
    put_text(out, c->doc);
    fputc('\n', out);
    if (c->more) {
        put_text(out, c->more);
        fputc('\n', out);
    }
    put_flags(out, c->scope);
}

static void put_ends(FILE *out)
{
    fputs(".SH SIGNALS\n", out);
    for (size_t i = 0; i < COUNT(signals); i++)
        fprintf(out, ".TP\n\\fB%s\\fR\n%s\n", signals[i].name, signals[i].doc);
    fputs(
        ".SH EXIT STATUS\n0: all went well; 1: an error, said in one line on standard error; 130: "
        "ended at once by a second signal.\n.SH FILES\n",
        out);
    for (size_t i = 0; i < COUNT(files); i++)
        fprintf(out, ".TP\n\\fI%s\\fR\n%s\n", files[i].path, files[i].doc);
    fputs(".SH SEE ALSO\n.BR wirelume.yml (5),\n.BR packetbeat.yml (5),\n.BR tcpdump (8),\n"
          ".BR pcap\\-filter (7)\n",
          out);
}

void manual_commands(FILE *out, const char *date)
{
    put_title(out, "WIRELUME", 1, date);
    fputs(".SH NAME\nwirelume \\- network packet analyzer and receiver of events\n"
          ".SH SYNOPSIS\n.B wirelume\n[\\fICOMMAND\\fR] [\\fIFLAGS\\fR]\n",
          out);
    put_examples(out);
    fputs(".SH DESCRIPTION\nCaptures traffic, live or from a file, follows flows and the "
          "transactions of protocols, and emits the events of Elastic's Packetbeat, from the same "
          "packetbeat.yml and with the same flags.\nAs a receiver it takes events of Beats and "
          "GELF messages and keeps them for its dashboard.\nWithout a command it does what "
          "\\fBrun\\fR does. A single dash before a long flag does as well as two.\n"
          ".SH COMMANDS\n",
          out);
    for (const struct command *c = commands; c->name; c++)
        if (!c->hidden)
            put_command(out, c);
    fputs(".SH FLAGS OF EVERY COMMAND\n", out);
    put_flags(out, FLAG_GLOBAL);
    put_ends(out);
}

/* ---- wirelume.yml(5) */

static void put_option(FILE *out, const struct section *s, const struct option *o)
{
    static char text[TEXT_BYTES];
    FILE *words = fmemopen(text, sizeof text, "w");
    text[0] = '\0';
    if (words) {
        option_describe(words, s, o);
        fclose(words);
    }
    fputs(".TP\n", out);
    put_bold(out, o->key);
    fprintf(out, " (%s", option_type_names[o->type]);
    if (*option_default(o)) {
        fputs(", default ", out);
        put_text(out, option_default(o));
    }
    fputs(")\n", out);
    put_text(out, text);
    fputc('\n', out);
}

static void put_section(void *ctx, const struct section *s)
{
    FILE *out = ctx;
    fputs(".SS ", out);
    put_text(out, s->title);
    fputc('\n', out);
    if (*s->path) {
        fputs("Below ", out);
        put_bold(out, s->path);
        fputs(s->is_item ? ", each.\n" : ".\n", out);
    }
    for (size_t i = 0; i < COUNT(s->tables) && s->tables[i]; i++)
        for (const struct option *o = s->tables[i]; o->key; o++)
            put_option(out, s, o);
}

static void put_lines(FILE *out, const char *const *line)
{
    fputs(".PP\n.RS 4\n.nf\n", out);
    for (; *line; line++) {
        put_text(out, *line);
        fputc('\n', out);
    }
    fputs(".fi\n.RE\n", out);
}

void manual_config(FILE *out, const char *date)
{
    static const char *const sensor[] = { "packetbeat.interfaces:",
                                          "- device: any",
                                          "packetbeat.flows: {}",
                                          "packetbeat.protocols:",
                                          "- {type: icmp}",
                                          "- {type: dns, ports: [53]}",
                                          "- {type: http, ports: [80]}",
                                          "output.logstash.hosts: [\"receiver:5044\"]",
                                          NULL };
    static const char *const receiver[] = { "inputs.beats.port: 5044",
                                            "inputs.gelf_udp.port: 12201", NULL };
    put_title(out, "WIRELUME.YML", 5, date);
    fputs(".SH NAME\nwirelume.yml, packetbeat.yml \\- configuration of wirelume\n"
          ".SH EXAMPLES\nA sensor:\n",
          out);
    put_lines(out, sensor);
    fputs(".PP\nA receiver:\n", out);
    put_lines(out, receiver);
    fputs(".SH DESCRIPTION\nThe file is read as Packetbeat reads its own: dotted and nested keys "
          "are the same, \\fB${NAME:default}\\fR takes another setting, an environment variable or "
          "a key of the keystore; several \\fB\\-c\\fR go over each other, \\fB\\-E "
          "key=value\\fR over all.\nProtocols are a list or a dictionary. Exactly one output is "
          "enabled.\nThe file belongs to root or to who runs the program, and only its owner may "
          "write it.\n.PP\n\\fBwirelume test config\\fR checks it; \\fBwirelume config "
          "\\-\\-explain\\fR \\fIKEY\\fR says of one key what stands here.\n.SH KEYS\n",
          out);
    options_each_section(put_section, out);
    fputs(".SH SEE ALSO\n.BR wirelume (1)\n", out);
}
