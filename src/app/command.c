/* The table of commands, and their help. */
#include "app/command.h"

#include "base/attr.h"
#include "base/slice.h"

#define REPLAY (FLAG_RUN | FLAG_REPLAY)

/* clang-format off */
const struct command commands[] = {
    { "run", NULL, "Capture, or read a capture file, and send events to the configured output; also without any command.",
      "With -I the file is read at top speed and everything is reported before the end.\n"
      "SIGINT and SIGTERM end it in order, a second one at once; SIGHUP reloads what can be\n"
      "reloaded; SIGUSR1 prints the counters.", REPLAY, false, run_command },
    { "serve", NULL, "Receive events of Beats and GELF messages, run them through packs, and write them to the configured output.",
      "Inputs are configured below inputs (inputs.beats.port: 5044). A client is told that its events\n"
      "are safe only when they are on disk. SIGINT and SIGTERM end it in order, a second one at once;\n"
      "SIGHUP loads the packs anew; SIGUSR1 prints the counters.", 0, false, serve_command },
    { "up", NULL, "The whole product without a configuration: capture, receive, store, and show it on a dashboard.",
      "Captures on the default interface, takes events of Beats on port 5044 and GELF on 12201 (UDP),\n"
      "both of this machine only, and serves the dashboard at http://127.0.0.1:8514/. Everything lies\n"
      "below --path.data (default /var/lib/wirelume where that is, else ./data). What cannot be had is\n"
      "said in a line, and the rest goes on.", FLAG_UP, false, up_command },
    { "dead-letter list", NULL, "List the documents that the receiver could not make messages of.", NULL, 0, false, dead_letter_list_command },
    { "dead-letter show", "ID...", "Print such documents as they came in.", NULL, 0, false, dead_letter_show_command },
    { "dead-letter replay", "[ID...]", "Read them once more, and write those that are messages now to the configured output.",
      "Without IDs all but those that a message was made of already. They stay in the file.", 0, false, dead_letter_replay_command },
    { "pack list", NULL, "List the packs that there are, and which are enabled.", NULL, 0, false, pack_list_command },
    { "pack show", "NAME", "Show what a pack holds: its settings with their values, rules, tables and streams.", NULL, 0, false, pack_show_command },
    { "pack check", "[FOLDER...]", "Load packs and say everything that is wrong with them; without FOLDER those that are enabled.", NULL, 0, false, pack_check_command },
    { "pack test", "FILE", "Run events through the packs and print the messages, one JSON object a line.",
      "Lines of FILE (- is standard input) are events as a Beat sends them, GELF messages, or messages\n"
      "with the names of fields that rules see.", FLAG_PACK, false, pack_test_command },
    { "pack export", "[NAME]", "Write a pack as a content pack that a Graylog 5.2 installs.",
      "NAME is a pack or its folder; without it the one that is enabled. Its settings decide what is in it:\n"
      "-E pack.settings.packetbeat.profile=extended. What a content pack cannot carry (files of lookup\n"
      "tables, index sets) is told beside it and stands in its description.", FLAG_EXPORT, false, pack_export_command },
    { "stream list", NULL, "List the streams that messages are in.", NULL, FLAG_STATE, false, stream_list_command },
    { "stream show", "TITLE|ID", "Show a stream: its rules, its index set, what it does to the default stream.", NULL, FLAG_STATE, false, stream_show_command },
    { "index-set list", NULL, "List the index sets: where messages are kept, and how long.", NULL, FLAG_STATE, false, index_set_list_command },
    { "index-set show", "TITLE|ID", "Show an index set: its settings and its indices.", NULL, FLAG_STATE, false, index_set_show_command },
    { "index-set set", "TITLE|ID KEY=VALUE...", "Change settings of an index set.",
      "A server that runs follows at once. Keys: description, shards, replicas, writable,\n"
      "rotation.strategy (time, count, size), rotation.rotation_period (P1D, PT6H, P1W),\n"
      "rotation.rotate_empty_index_set, rotation.max_docs_per_index, rotation.max_size,\n"
      "retention.strategy (delete, close, none), retention.max_number_of_indices,\n"
      "retention.max_age (2160h) and retention.max_bytes (both 0: no bound).", 0, false, index_set_set_command },
    { "web user", "NAME [reader|admin]", "Ask for a password and print the line that lets its user log in to the dashboard.", NULL, 0, false, web_user_command },
    { "web token", "NAME [reader|admin]", "Print a new token for a program that asks the API, and the line that lets it in.", NULL, 0, false, web_token_command },
    { "store export", "[FOLDER]", "Print all messages of the store, one JSON object a line; no server may run.",
      "With FOLDER: a Parquet file there for each index.", 0, false, store_export_command },
    { "store check", NULL, "Read every file of the store and say which are damaged; no server may run.", NULL, 0, false, store_check_command },
    { "store repair", NULL, "Write damaged files anew with all that can be read of them; no server may run.",
      "The old file is kept as PREFIX_N.duckdb.damaged. A file of which nothing can be read is only\nrenamed.", 0, false, store_repair_command },
    { "store compact", NULL, "Write every file of the store anew, as small as it can be; no server may run.", NULL, 0, false, store_compact_command },
    { "sample remove", NULL, "Take the messages of the sample capture, which `wirelume up` loads on its first run, out of the store.",
      "By the server that runs on --path.data, else in the files. It is not loaded again.", 0, false, sample_remove_command },
    { "query", "[SEARCH]", "Ask about messages in the store: which ones, how many, the most frequent values, over time.",
      "SEARCH is Graylog's search syntax: vendor_subtype:dns AND query_result_code:3. With --ask message it\n"
      "is the id of a message. A server that runs is asked over its socket in path.data; when none runs\n"
      "the files are read, and what is still in the journal.", FLAG_QUERY, false, query_command },
    { "watch", "[FILE...]", "Show traffic as it is understood: one line an event.",
      "Reads the files; without one, the sample capture that ships with the program, and then\n"
      "captures live on the default interface. Needs no configuration.", FLAG_REPLAY, false, watch_command },
    { "top", "[ADDRESS]", "Show what a running program does, on one screen, each second.",
      "Asks over http.host and http.port of the configuration (http.enabled: true there), or at ADDRESS:\n"
      "localhost:5066 or unix:///path. Keys: q ends, p pauses, s sorts the protocols by events, messages,\n"
      "trouble, name. Into a pipe it prints once, what happened within a second.", 0, false, top_command },
    { "import", "FILE...", "Read capture files with progress, and print what they held by protocol.",
      "Events go to --output, or to the output of the configuration when one is named with -c, or to\n"
      "the server that runs on --path.data (`wirelume up`, `wirelume serve`), and are then in its store.\n"
      "With none of these they are only counted. Times are those of the packets, but for --now.", FLAG_IMPORT, false, import_command },
    { "trace", "FILE [FLOW]", "Print every decision taken over a capture file, indented by room.",
      "FLOW keeps only lines that contain this text, for example an address or address:port.", FLAG_REPLAY, false, trace_command },
    { "test config", NULL, "Check the configuration: prints Config OK, or what is wrong and where.", NULL, 0, false, test_config_command },
    { "test output", NULL, "Check the configured output.", NULL, 0, false, test_output_command },
    { "export config", NULL, "Print the merged configuration as YAML, references as written.", NULL, 0, false, export_config_command },
    { "config", NULL, "Explain a configuration key, or show the configuration in force.", NULL, FLAG_CONFIG, false, config_command },
    { "fields", "[NAME]", "List the fields of events, as text, JSON or Markdown.", NULL, FLAG_FIELDS, false, fields_command },
    { "devices", NULL, "List the interfaces that can be captured from.", NULL, 0, false, devices_command },
    { "doctor", NULL, "Look at this machine and this configuration: what works, what does not, and what to do.",
      "The kernel (Landlock, seccomp, AF_PACKET, fanout, BPF), rights, clock, libraries, interfaces, packs,\n"
      "ports, data and disk. A line each: ok, note (something will be missing) or BAD. It ends with status\n"
      "1 when something is BAD.", 0, false, doctor_command },
    { "keystore create", NULL, "Make an empty keystore.", NULL, FLAG_KEYSTORE, false, keystore_create_command },
    { "keystore add", "KEY", "Put a secret into the keystore; settings name it ${KEY}.", NULL, FLAG_KEYSTORE, false, keystore_add_command },
    { "keystore list", NULL, "List the keys of the keystore.", NULL, 0, false, keystore_list_command },
    { "keystore remove", "KEY...", "Take keys out of the keystore.", NULL, 0, false, keystore_remove_command },
    { "completion", "bash|zsh|fish", "Print a completion script for a shell.", NULL, 0, false, completion_command },
    { "version", NULL, "Print the version.", NULL, 0, false, version_command },
    { "help", "[COMMAND]", "Print help.", NULL, 0, false, help_command },
    { "docs", "config|example|fields|counters|api|wirelume.1|wirelume.yml.5", "Print a page of the reference.", NULL, 0, true, docs_command },
    { 0 },
};
/* clang-format on */

static bool is_first_word(const char *name, const char *word)
{
    size_t n = strlen(word);
    return strncmp(name, word, n) == 0 && name[n] == ' ';
}

/* "test" alone: a group without its second word is asked for help. */
static const struct command group = { .name = "", .doc = "", .run = help_command };

const struct command *command_find(const char *const *argv, unsigned n, unsigned *words)
{
    bool is_group = false;
    *words = n ? 1 : 0;
    if (!n)
        return &commands[0];
    for (const struct command *c = commands; c->name; c++) {
        if (strcmp(c->name, argv[0]) == 0)
            return c;
        if (!is_first_word(c->name, argv[0]))
            continue;
        is_group = true;
        if (n > 1 && strcmp(c->name + strlen(argv[0]) + 1, argv[1]) == 0) {
            *words = 2;
            return c;
        }
    }
    *words = 0;
    return is_group ? &group : NULL;
}

const char *command_nearest(const char *name)
{
    static char first[COUNT(commands)][16];
    const char *names[COUNT(commands)];
    size_t n = 0;
    for (const struct command *c = commands; c->name; c++) {
        if (c->hidden)
            continue;
        snprintf(first[n], sizeof first[n], "%.*s", (int)strcspn(c->name, " "), c->name);
        names[n] = first[n];
        n++;
    }
    return nearest_name(name, names, n);
}

static void program_usage(FILE *out)
{
    fputs(
        "wirelume: packets in, events out.\n\nUsage:\n  wirelume [COMMAND] [FLAGS]\n\nCommands:\n",
        out);
    for (const struct command *c = commands; c->name; c++)
        if (!c->hidden)
            fprintf(out, "  %-18s %s\n", c->name, c->doc);
    fputs("\nFlags of every command (a single dash does as well):\n", out);
    args_print_flags(out, FLAG_GLOBAL);
    fputs("\nFlags of run, also without a command:\n", out);
    args_print_flags(out, FLAG_RUN | FLAG_REPLAY);
    fputs("\n\"wirelume help COMMAND\" tells more about one.\n", out);
}

void command_usage(FILE *out, const struct command *c)
{
    if (!c || !c->name[0]) {
        program_usage(out);
        return;
    }
    fprintf(out, "%s\n\nUsage:\n  wirelume %s%s%s [FLAGS]\n", c->doc, c->name, c->params ? " " : "",
            c->params ? c->params : "");
    if (c->more)
        fprintf(out, "\n%s\n", c->more);
    if (c->scope) {
        fputs("\nFlags:\n", out);
        args_print_flags(out, c->scope);
    }
    fputs("\nFlags of every command:\n", out);
    args_print_flags(out, FLAG_GLOBAL);
}
