/* Counters in the log. */
#include "app/metrics.h"

#include "base/buf.h"
#include "base/log.h"
#include "os/clock.h"

#define SECOND_NS INT64_C(1000000000)

void metrics_begin(struct metrics *m, const struct logging_conf *logging, bool wanted)
{
    *m = (struct metrics){ .started_ns = clock_mono_ns() };
    m->period_ns = wanted && logging->metrics_enabled ? logging->metrics_period_ns : 0;
    m->next_ns = m->started_ns + m->period_ns;
}

bool metrics_are_due(const struct metrics *m)
{
    return m->period_ns && clock_mono_ns() >= m->next_ns;
}

/* False when nothing changed since `before`. */
static bool print(char *text, size_t n, const struct tally *now, const struct tally *before)
{
    struct buf b = buf_of(text, n - 1);
    bool changed = tally_json(&b, now, before);
    text[b.n] = '\0';
    return changed;
}

void metrics_log(struct metrics *m, const struct tally *now)
{
    char text[4096];
    long long seconds = (long long)(m->period_ns / SECOND_NS);
    if (print(text, sizeof text, now, &m->logged))
        log_info("monitoring", "Non-zero metrics in the last %llds %s", seconds, text);
    else
        log_info("monitoring", "No non-zero metrics in the last %llds", seconds);
    m->logged = *now;
    m->next_ns = clock_mono_ns() + m->period_ns;
}

void metrics_end(struct metrics *m, const struct tally *now)
{
    char text[4096];
    if (!m->period_ns)
        return;
    print(text, sizeof text, now, NULL);
    log_info("monitoring", "Total metrics %s", text);
    log_info("monitoring", "Uptime: %.1fs",
             (double)(clock_mono_ns() - m->started_ns) / (double)SECOND_NS);
}
