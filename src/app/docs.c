/* wirelume docs: pages of the reference and the example configuration, from the tables. */
#include <stdlib.h>

#include "app/command.h"
#include "app/health.h"
#include "app/reference.h"
#include "app/stats.h"
#include "base/attr.h"
#include "proto/proto.h"
#include "web/route.h"

/* ---- config.md */

static void put_markdown(void *ctx, const struct section *s)
{
    FILE *out = ctx;
    fprintf(out, "\n## %s\n\n", s->title);
    if (*s->path)
        fprintf(out, "Below `%s`%s.\n\n", s->path, s->is_item ? ", each" : "");
    fputs("| key | type | default | meaning |\n|---|---|---|---|\n", out);
    for (size_t i = 0; i < COUNT(s->tables) && s->tables[i]; i++)
        for (const struct option *o = s->tables[i]; o->key; o++) {
            const char *value = option_default(o);
            fprintf(out, "| `%s` | %s | %s%s%s | ", o->key, option_type_names[o->type],
                    *value ? "`" : "", value, *value ? "`" : "");
            option_describe(out, s, o);
            fputs(" |\n", out);
        }
}

static void config_page(FILE *out)
{
    fputs(
        "# Configuration\n\n"
        "Made from the option tables by `make docs`: do not edit. `wirelume config --explain KEY` "
        "says the same.\n\n"
        "The file is `packetbeat.yml`, read as Packetbeat reads it: dotted and nested keys are "
        "the same, `${NAME:default}` takes another\nsetting, an environment variable or a key of "
        "the keystore; several `-c` go over each other, `-E key=value` over all.\n"
        "Protocols are a list (`packetbeat.protocols: [{type: dns, ports: [53]}]`) or a "
        "dictionary. Exactly one output is enabled.\n",
        out);
    options_each_section(put_markdown, out);
}

/* ---- the example configuration */

static void put_comment(FILE *out, const struct option *o, unsigned depth)
{
    fprintf(out, "%*s# %s", (int)depth, "", o->doc);
    for (unsigned i = 0; o->names && o->names[i]; i++)
        fprintf(out, "%s%s", i ? ", " : " One of ", o->names[i]);
    fputc('\n', out);
}

/* Keys stay dotted: each line can be taken alone. */
static void put_example(void *ctx, const struct section *s)
{
    FILE *out = ctx;
    if (s->is_item || s->tables[0] == inert_options)
        return;
    fprintf(out, "\n# ---- %s\n", s->title);
    for (size_t i = 0; i < COUNT(s->tables) && s->tables[i]; i++)
        for (const struct option *o = s->tables[i]; o->key; o++) {
            if (o->flags & OPT_INERT)
                continue;
            put_comment(out, o, 0);
            fprintf(out, "#%s%s%s: %s\n", s->path, *s->path ? "." : "", o->key, option_default(o));
        }
}

static void put_item(FILE *out, const struct option *table, unsigned depth)
{
    for (const struct option *o = table; o && o->key; o++) {
        if (o->flags & OPT_INERT)
            continue;
        put_comment(out, o, depth);
        fprintf(out, "%*s#%s: %s\n", (int)depth, "", o->key, option_default(o));
    }
}

static void put_protocol(FILE *out, const struct proto *p)
{
    fprintf(out, "  # %s\n- type: %s\n", p->doc, p->name);
    if (p->ports[0]) {
        fputs("  ports: [", out);
        for (size_t i = 0; i < COUNT(p->ports) && p->ports[i]; i++)
            fprintf(out, "%s%u", i ? ", " : "", p->ports[i]);
        fputs("]\n", out);
    }
    put_item(out, p->options, 2);
}

static void example_page(FILE *out)
{
    fputs("# Example configuration, made from the option tables by `make docs`: every key with its "
          "default.\n# Lines that begin with # are defaults; the others make a working sensor.\n\n"
          "packetbeat.interfaces:\n- device: any\n  internal_networks: [private]\n",
          out);
    put_item(out, interface_options, 2);
    fputs("\npacketbeat.flows:\n  timeout: 30s\n  period: 10s\n\npacketbeat.protocols:\n", out);
    for (unsigned i = 0; i < PROTO_COUNT; i++)
        put_protocol(out, protos[i]);
    fputs("\n  # Keys that every protocol has, shown once:\n", out);
    put_item(out, proto_common_options, 2);
    put_item(out, meta_options, 2);
    fputs("\noutput.console:\n  pretty: false\n", out);
    options_each_section(put_example, out);
}

/* ---- counters.md and fields.md */

static void counter_table(FILE *out, const struct counter_row *row, unsigned n, bool counts)
{
    char name[STAT_NAME + 32];
    fputs("| name | unit | at Prometheus | meaning |\n|---|---|---|---|\n", out);
    for (unsigned i = 0; i < n; i++) {
        stats_prometheus_name(row[i].name, counts, name);
        fprintf(out, "| `%s` | %s | `%s` | %s |\n", row[i].name, row[i].unit, name, row[i].doc);
    }
}

static void protocol_table(FILE *out)
{
    fputs("| name | unit | at Prometheus | meaning |\n|---|---|---|---|\n", out);
    for (unsigned i = 0; i < PC_COUNT; i++)
        fprintf(out, "| `%s` | %s | `wirelume_protocol_%s_total{protocol=\"…\"}` | %s |\n",
                proto_counter_rows[i].name, proto_counter_rows[i].unit, proto_counter_rows[i].name,
                proto_counter_rows[i].doc);
}

static void counters_page(FILE *out)
{
    fputs("# Counters\n\nMade from the tables by `make docs`: do not edit. They are the same "
          "everywhere: `/stats` and `/metrics` of the running program "
          "([monitoring](../monitoring.md)), the log's metrics line every 30 s (below "
          "`monitoring.metrics.wirelume`), the Health page of the dashboard, and SIGUSR1, which "
          "prints those that are not zero.\n\n## Counts\n\n",
          out);
    counter_table(out, counter_rows, COUNTER_COUNT, true);
    fputs(
        "\n## Of each protocol\n\nWith its name in front (`dns.messages`). Those of missing "
        "answers and requests stand also where Packetbeat has them (`dns.unmatched_requests`).\n\n",
        out);
    protocol_table(out);
    fputs("\n## What stands at a value now\n\n", out);
    counter_table(out, gauge_rows, GAUGE_COUNT, false);
    fputs("\n## Packetbeat's names\n\nWhat `/stats` and the metrics line call them beside the "
          "names above.\n\n| name | meaning |\n|---|---|\n",
          out);
    for (unsigned i = 0; i < stat_rows_n; i++)
        fprintf(out, "| `%s` | %s |\n", stat_rows[i].name, stat_rows[i].doc);
}

static void fields_page(FILE *out)
{
    proto_add_fields();
    health_add_fields();
    schema_freeze();
    fputs("# Fields\n\nMade from the schema by `make docs`: do not edit. `wirelume fields` prints "
          "the same.\n\n",
          out);
    fields_print(out, FIELDS_MARKDOWN, NULL);
}

/* ---- api.md */

static void api_page(FILE *out)
{
    static uint8_t text[65536];
    struct buf b = buf_of(text, sizeof text);
    route_write_markdown(&b);
    fwrite(b.p, 1, b.n, out);
}

/* ---- manual pages */

static void commands_manual(FILE *out)
{
    manual_commands(out, getenv("MANUAL_DATE"));
}

static void config_manual(FILE *out)
{
    manual_config(out, getenv("MANUAL_DATE"));
}

int docs_command(const struct args *a)
{
    static const struct page {
        const char *name;
        void (*print)(FILE *out);
    } pages[] = { { "config", config_page },
                  { "example", example_page },
                  { "fields", fields_page },
                  { "counters", counters_page },
                  { "api", api_page },
                  { "wirelume.1", commands_manual },
                  { "wirelume.yml.5", config_manual } };
    for (size_t i = 0; i < COUNT(pages); i++)
        if (a->rest.n && strcmp(a->rest.v[0], pages[i].name) == 0) {
            pages[i].print(stdout);
            return 0;
        }
    fputs("docs needs a page: config, example, fields, counters, api, wirelume.1 or "
          "wirelume.yml.5\n",
          stderr);
    return 1;
}
