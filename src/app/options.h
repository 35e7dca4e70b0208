/* The option tables that belong to no other room, and the list of all sections: what loading, the
 * check for unknown keys, config --explain and the reference are made from. */
#pragma once

#include "in/capture.h"
#include "net/net.h"

/* Top-level settings. */
struct general_conf {
    const char *name, *keystore_path;
    struct texts tags;
    const struct node *fields, *processors;
    bool fields_under_root, ignore_outgoing;
    int precision;   /* enum time_precision */
    int64_t workers; /* 0: by the machine */
    int64_t shutdown_timeout_ns;
};

/* fields, tags, processors and index of a protocol or of flows. */
struct meta_conf {
    const struct node *fields, *processors;
    bool fields_under_root;
    struct texts tags;
    const char *index;
};

struct flows_conf {
    bool enabled, delta_reports, keep_null;
    int64_t timeout_ns, period_ns;
};

struct procs_section {
    bool enabled;
    const struct node *monitored;
};

struct limits_conf {
    int64_t flows, memory_bytes, defrag_bytes, message_bytes, reorder_bytes, batch_bytes;
    struct texts tunnels;
};

struct health_conf {
    bool enabled;
    int64_t period_ns;
};

struct logging_conf {
    int level; /* index into level_names */
    struct texts selectors;
    bool to_stderr, to_files, metrics_enabled, rotate_on_startup;
    const char *path, *name;
    int64_t rotate_bytes, keep_files, permissions, metrics_period_ns;
};

extern const char *const level_names[]; /* error warning info debug critical */

extern const struct option general_options[], meta_options[], flows_options[], procs_options[],
    limits_options[], health_options[], decode_options[], logging_options[],
    common_output_options[], inert_options[];

/* A section of the configuration and the tables that its keys are in. */
struct section {
    const char *path;  /* "" at the root; lists are shown as their items */
    const char *title; /* of its chapter in the reference */
    const struct option *tables[3];
    bool is_item; /* of a list: checked item by item, not from the root */
};

/* Ends with a row without title. Sections of protocols and outputs follow from their own tables. */
extern const struct section sections[];

/* Calls each for every section: the fixed ones, then packetbeat.protocols.NAME and output.NAME. */
void options_each_section(void (*each)(void *ctx, const struct section *s), void *ctx);

/* Protocols and outputs that Packetbeat knows and this program does not yet; NULL-terminated. */
extern const char *const later_protocols[], *const later_outputs[];
