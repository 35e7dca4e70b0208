/* The time of this machine. */
#include "os/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_real_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* Whole seconds, also before 1970. */
static int64_t seconds_of(int64_t ts_ns)
{
    return ts_ns / 1000000000 - (ts_ns % 1000000000 < 0);
}

static void add_time(struct buf *b, int64_t ts_ns, const char *format)
{
    time_t seconds = (time_t)seconds_of(ts_ns);
    struct tm tm;
    char text[64];
    localtime_r(&seconds, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    size_t n = strftime(text, sizeof text, format, &tm);
#pragma GCC diagnostic pop
    buf_put(b, text, n);
}

void clock_format(struct buf *b, int64_t ts_ns, const char *format)
{
    add_time(b, ts_ns, format);
}

void clock_local(struct buf *b, int64_t ts_ns)
{
    add_time(b, ts_ns, "%Y-%m-%dT%H:%M:%S.");
    buf_dec_pad(b, (uint64_t)(ts_ns - seconds_of(ts_ns) * 1000000000) / 1000000, 3);
    add_time(b, ts_ns, "%z");
}

void clock_sleep_until(int64_t t_ns)
{
    struct timespec t = { .tv_sec = t_ns / 1000000000, .tv_nsec = t_ns % 1000000000 };
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

void clock_utc(struct tm *out, int64_t ts_ns)
{
    time_t seconds = (time_t)seconds_of(ts_ns);
    gmtime_r(&seconds, out);
}
