/* The option tables that belong to no other room (packetbeat-core.md 2.2 to 2.13). */
#include "app/options.h"

#include "app/doors.h"
#include "app/inputs.h"
#include "app/monitoring.h"
#include "app/packs.h"
#include "app/queueconf.h"
#include "pipe/pipe.h"
#include "proto/proto.h"
#include "web/web.h"

static const char *const precision_names[] = { "millisecond", "microsecond", "nanosecond", NULL };
const char *const level_names[] = { "error", "warning", "info", "debug", "critical", NULL };

const char *const later_protocols[] = { "amqp",  "cassandra", "dhcpv4", "memcache", "mysql",
                                        "pgsql", "redis",     "thrift", "mongodb",  "nfs",
                                        "tls",   "sip",       NULL };
const char *const later_outputs[] = {
    "elasticsearch", "kafka", "redis", "discard", "shipper", NULL
};

/* A key that is accepted without effect; it has no member. */
#define INERT(key, doc)                                                                            \
    {                                                                                              \
        key, OPT_NODE, 0, NULL, 0, 0, OPT_INERT, NULL, doc                                         \
    }

#define KIB    INT64_C(1024)
#define MIB    (1024 * KIB)
#define GIB    (1024 * MIB)
#define SECOND INT64_C(1000000000)
#define DAY    (86400 * SECOND)

/* clang-format off */
const struct option general_options[] = {
    OPT(general_conf, name,              TEXT,   "name",                         NULL, 0, 0, OPT_RELOAD, "agent.name and host.name of events (default: this machine's name)."),
    OPT(general_conf, tags,              TEXTS,  "tags",                         NULL, 0, 0, OPT_RELOAD, "Tags added to every event."),
    OPT(general_conf, fields,            NODE,   "fields",                       NULL, 0, 0, OPT_RELOAD, "Fields added to every event, below \"fields\"."),
    OPT(general_conf, fields_under_root, BOOL,   "fields_under_root",            "false", 0, 0, OPT_RELOAD, "Put them at the top level instead."),
    OPT(general_conf, processors,        NODE,   "processors",                   NULL, 0, 0, OPT_RELOAD, "Processors that every event goes through, in order."),
    OPT_NAMES(general_conf, precision,           "timestamp.precision",          "millisecond", precision_names, 0, "Precision of times in events."),
    OPT(general_conf, workers,           INT,    "workers",                      "0", 0, 64, 0,
        "Threads that share the packets, each with tables of its own; 0: a processor one for live capture, one for files."),
    OPT(general_conf, ignore_outgoing,   BOOL,   "packetbeat.ignore_outgoing",   "false", 0, 0, OPT_RELOAD, "Drop transactions whose network.direction is egress; flows stay."),
    OPT(general_conf, shutdown_timeout_ns, DURATION, "packetbeat.shutdown_timeout", "5s", 0, DAY, 0,
        "How long to wait for acknowledgements when a signal ends the program; a capture's end waits for all."),
    OPT(general_conf, keystore_path,     TEXT,   "keystore.path",                NULL, 0, 0, 0, "The keystore's file, below path.data (default packetbeat.keystore)."),
    { 0 }
};

const struct option meta_options[] = {
    OPT(meta_conf, fields,            NODE,  "fields",            NULL, 0, 0, OPT_RELOAD, "Fields added to these events."),
    OPT(meta_conf, fields_under_root, BOOL,  "fields_under_root", "false", 0, 0, OPT_RELOAD, "Put them at the top level."),
    OPT(meta_conf, tags,              TEXTS, "tags",              NULL, 0, 0, OPT_RELOAD, "Tags added to these events."),
    OPT(meta_conf, processors,        NODE,  "processors",        NULL, 0, 0, OPT_RELOAD, "Processors that only these events go through, before the general ones."),
    OPT(meta_conf, index,             TEXT,  "index",             NULL, 0, 0, OPT_RELOAD, "Sets @metadata.raw_index of these events."),
    { 0 }
};

const struct option flows_options[] = {
    OPT(flows_conf, enabled,       BOOL,     "enabled",                   "true",  0, 0, 0, "Report flows. Without the section they are not reported."),
    OPT(flows_conf, timeout_ns,    DURATION, "timeout",                   "30s",   SECOND, DAY, 0, "A flow without packets for this long has ended."),
    OPT(flows_conf, period_ns,     DURATION, "period",                    "10s",   0, 0, 0, "Time between two reports of a flow that goes on; 0 or less: only a last report."),
    OPT(flows_conf, delta_reports, BOOL,     "enable_delta_flow_reports", "false", 0, 0, 0, "Count since the last report instead of since the start of the flow."),
    OPT(flows_conf, keep_null,     BOOL,     "keep_null",                 "false", 0, 0, 0, "Write fields without a value as null."),
    { 0 }
};

const struct option procs_options[] = {
    OPT(procs_section, enabled,   BOOL, "enabled",   "false", 0, 0, 0, "Name the processes of connections that begin or end on this machine."),
    OPT(procs_section, monitored, NODE, "monitored", NULL, 0, 0, 0, "Maps with process and cmdline_grep: a process whose command line holds that text is called so."),
    INERT("max_proc_read_freq", "How often processes are looked for."),
    INERT("refresh_pids_freq", "How often processes are looked for."),
    { 0 }
};

const struct option limits_options[] = {
    OPT(limits_conf, flows,         INT,  "flows",          "1000000", 16, 100000000, 0, "Flows at a time, as far as memory goes; beyond it the least recently used ends early."),
    OPT(limits_conf, memory_bytes,  SIZE, "memory",         "256MiB", 32 * MIB, 1024 * GIB, 0, "Memory of the whole sensor: rings, tables of all workers, events on their way."),
    OPT(limits_conf, defrag_bytes,  SIZE, "defrag",         "32MiB", 64 * KIB, 16 * GIB, 0, "Memory of IP datagrams that are not whole yet, of one worker, as far as memory goes."),
    OPT(limits_conf, message_bytes, SIZE, "message",        "16MiB", 64 * KIB, GIB, 0, "Largest message that a parser may see whole."),
    OPT(limits_conf, reorder_bytes, SIZE, "reorder",        "1MiB",  0, GIB, 0, "Bytes out of order kept for one direction of a stream."),
    OPT(limits_conf, batch_bytes,   SIZE, "batch",          "16MiB", MIB, GIB, 0, "Memory of up to 256 events that travel together, as far as memory goes."),
    { 0 }
};

const struct option health_options[] = {
    OPT(health_conf, enabled,   BOOL,     "enabled", "true", 0, 0, 0, "Events of the sensor itself (type: sensor) while it captures: what it took, what was lost and where."),
    OPT(health_conf, period_ns, DURATION, "period",  "30s", SECOND, DAY, 0, "Time between two of them."),
    { 0 }
};

const struct option decode_options[] = {
    OPT(limits_conf, tunnels, TEXTS, "tunnels", "all", 0, 0, 0, "Tunnels that are opened: names (gre, vxlan, …), all or none."),
    { 0 }
};

const struct option logging_options[] = {
    OPT_NAMES(logging_conf, level,              "level",                  "info", level_names, OPT_RELOAD, "Least important level that is logged: error, warning, info or debug."),
    OPT(logging_conf, selectors,         TEXTS, "selectors",              NULL, 0, 0, OPT_RELOAD, "Areas whose debug lines are logged; none or * is all."),
    OPT(logging_conf, to_stderr,         BOOL,  "to_stderr",              "false", 0, 0, 0, "Log to standard error."),
    OPT(logging_conf, to_files,          BOOL,  "to_files",               "true", 0, 0, 0, "Log to files, when not to standard error."),
    OPT(logging_conf, path,              TEXT,  "files.path",             NULL, 0, 0, 0, "Folder of log files (default path.logs)."),
    OPT(logging_conf, name,              TEXT,  "files.name",             "packetbeat", 0, 0, 0, "Log files are called NAME-YYYYMMDD.ndjson."),
    OPT(logging_conf, rotate_bytes,      SIZE,  "files.rotateeverybytes", "10485760", 1, 1024 * GIB, 0, "A log file that would grow beyond this is followed by another."),
    OPT(logging_conf, keep_files,        INT,   "files.keepfiles",        "7", 2, 1024, 0, "Log files kept beside the present one."),
    OPT(logging_conf, permissions,       INT,   "files.permissions",      "0600", 0, 0777, 0, "Permissions of log files."),
    OPT(logging_conf, rotate_on_startup, BOOL,  "files.rotateonstartup",  "true", 0, 0, 0, "Begin another log file at start."),
    OPT(logging_conf, metrics_enabled,   BOOL,  "metrics.enabled",        "true", 0, 0, 0, "Log the counters that changed."),
    OPT(logging_conf, metrics_period_ns, DURATION, "metrics.period",      "30s", SECOND, DAY, 0, "How often they are logged."),
    INERT("to_syslog", "Logging to syslog."),
    INERT("to_eventlog", "Logging to the Windows event log."),
    INERT("files.interval", "Rotation by time."),
    INERT("files.redirect_stderr", "Standard error into the log file."),
    INERT("metrics.namespaces", "Groups of metrics that are logged."),
    INERT("json", "Log lines are always JSON."),
    INERT("ecs", "Log lines are always in ECS form."),
    { 0 }
};

const struct option common_output_options[] = {
    { "queue", OPT_NODE, 0, NULL, 0, 0, 0, NULL, "The queue of this output: the keys of the section queue, which may not be there then." },
    { "enabled", OPT_BOOL, 0, "true", 0, 0, 0, NULL, "Outputs with enabled: false are passed over." },
    { 0 }
};

const struct option inert_options[] = {
    INERT("max_procs", "Processors to use."),
    INERT("gc_percent", "Garbage collection: there is none."),
    INERT("setup", "Dashboards, templates and lifecycle policies."),
    INERT("monitoring", "Stack monitoring."),
    INERT("cloud", "Elastic Cloud."),
    INERT("features", "Feature flags."),
    INERT("instrumentation", "Tracing of the program itself."),
    INERT("timeseries", "Time series mode."),
    INERT("migration", "Template aliases of old versions."),
    INERT("management", "Central management."),
    INERT("xpack", "Licensed features."),
    INERT("packetbeat.npcap", "Npcap on Windows."),
    INERT("packetbeat.id", "Prefix of metric names."),
    { 0 }
};

static const struct option path_options[] = {
    { "home",   OPT_TEXT, 0, NULL, 0, 0, 0, NULL, "Folder of the other paths: the program's when a configuration lies there, else the present one; see install.md." },
    { "config", OPT_TEXT, 0, NULL, 0, 0, 0, NULL, "Folder of configuration files (default path.home)." },
    { "data",   OPT_TEXT, 0, NULL, 0, 0, 0, NULL, "Folder of the agent's identity and keystore (default path.home/data)." },
    { "logs",   OPT_TEXT, 0, NULL, 0, 0, 0, NULL, "Folder of log files (default path.home/logs)." },
    { 0 }
};

const struct section sections[] = {
    { "",                      "General",    { general_options }, false },
    { "packetbeat.interfaces", "Interfaces", { interface_options }, true },
    { "packetbeat.flows",      "Flows",      { flows_options, meta_options }, false },
    { "packetbeat.procs",      "Processes",  { procs_options }, false },
    { "decode",                "Decoding",   { decode_options }, false },
    { "limits",                "Limits",     { limits_options }, false },
    { "health",                "Health",     { health_options }, false },
    { "queue",                 "Queue of the sensor", { queue_options }, false },
    { "logging",               "Logging",    { logging_options }, false },
    { "http",                  "Numbers of the running program", { http_options }, false },
    { "path",                  "Folders",    { path_options }, false },
    { "security",              "Rights", { security_options }, false },
    { "seccomp",               "System calls", { seccomp_options }, false },
    { "intake",                "Receiver",   { intake_options }, false },
    { "dead_letter",           "Dead letters of the receiver", { dead_letter_options }, false },
    { "pack",                  "Packs of the receiver", { pack_options }, false },
    { "web",                   "API and dashboard of the receiver", { web_options }, false },
    { "",                      "Accepted without effect", { inert_options }, false },
    { 0 },
};
/* clang-format on */

static void each_named(const char *prefix, const char *name, struct section s,
                       void (*each)(void *ctx, const struct section *s), void *ctx)
{
    char path[80], title[80];
    snprintf(path, sizeof path, "%s.%s", prefix, name);
    const char *kind = strcmp(prefix, "output") == 0   ? "Output"
                       : strcmp(prefix, "inputs") == 0 ? "Input"
                                                       : "Protocol";
    snprintf(title, sizeof title, "%s: %s", kind, strcmp(name, "NAME") == 0 ? "every one" : name);
    s.path = path;
    s.title = title;
    s.is_item = true;
    each(ctx, &s);
}

static void each_input(void (*each)(void *ctx, const struct section *s), void *ctx)
{
    for (const struct input *const *i = inputs; *i; i++) {
        struct section s = { .tables = { (*i)->options } };
        each_named("inputs", (*i)->name, s, each, ctx);
    }
}

void options_each_section(void (*each)(void *ctx, const struct section *s), void *ctx)
{
    for (const struct section *s = sections; s->title; s++)
        each(ctx, s);
    struct section all = { .tables = { proto_common_options, meta_options } };
    each_named("packetbeat.protocols", "NAME", all, each, ctx);
    for (unsigned i = 0; i < PROTO_COUNT; i++) {
        if (!protos[i]->options)
            continue;
        struct section s = { .tables = { protos[i]->options } };
        each_named("packetbeat.protocols", protos[i]->name, s, each, ctx);
    }
    each_input(each, ctx);
    for (const struct output *const *o = outputs; *o; o++) {
        struct section s = { .tables = { (*o)->options, common_output_options,
                                         (*o)->encoding ? NULL : pipe_codec_options } };
        each_named("output", (*o)->name, s, each, ctx);
    }
}
