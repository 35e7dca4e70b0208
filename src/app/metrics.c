/* Numbers in the log. */
#include "app/metrics.h"

#include "base/buf.h"
#include "base/bug.h"
#include "base/log.h"
#include "os/clock.h"

#define SECOND_NS  INT64_C(1000000000)
#define TEXT_BYTES ((size_t)48 * 1024)

void metrics_begin(struct metrics *m, const struct logging_conf *logging, bool wanted,
                   const struct stats_facts *facts)
{
    *m = (struct metrics){ .facts = facts };
    m->period_ns = wanted && logging->metrics_enabled ? logging->metrics_period_ns : 0;
    m->next_ns = clock_mono_ns() + m->period_ns;
    if (!m->period_ns)
        return;
    m->logged = xcalloc(1, sizeof *m->logged);
    m->now = xcalloc(1, sizeof *m->now);
    m->changed = xcalloc(1, sizeof *m->changed);
}

bool metrics_are_due(const struct metrics *m)
{
    return m->period_ns && clock_mono_ns() >= m->next_ns;
}

static void print(const struct metrics *m, const char *text)
{
    char *data = xmalloc(TEXT_BYTES);
    struct buf b = buf_of(data, TEXT_BYTES - 1);
    buf_lit(&b, "\"monitoring\":{\"metrics\":{");
    stats_json(&b, m->changed, false);
    buf_lit(&b, "}}");
    data[b.n] = '\0';
    if (!b.full)
        log_data(LOG_INFO, "monitoring", text, data);
    xfree(data);
}

void metrics_log(struct metrics *m, const struct tally *now)
{
    char text[80];
    stats_collect(m->facts, now, m->now);
    bool changed = stats_changes(m->now, m->any ? m->logged : NULL, m->changed);
    snprintf(text, sizeof text, "%s metrics in the last %llds",
             changed ? "Non-zero" : "No non-zero", (long long)(m->period_ns / SECOND_NS));
    print(m, text);
    struct stat_list *old = m->logged;
    m->logged = m->now;
    m->now = old;
    m->any = true;
    m->next_ns = clock_mono_ns() + m->period_ns;
}

void metrics_end(struct metrics *m, const struct tally *now)
{
    if (!m->period_ns)
        return;
    stats_collect(m->facts, now, m->now);
    stats_changes(m->now, NULL, m->changed);
    print(m, "Total metrics");
    log_info("monitoring", "Uptime: %.1fs",
             (double)(clock_mono_ns() - m->facts->started_ns) / (double)SECOND_NS);
    xfree(m->logged);
    xfree(m->now);
    xfree(m->changed);
}
