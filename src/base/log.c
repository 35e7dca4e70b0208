/* Log lines: formats, cuts to one line, hands them to the sink one at a time. */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#define LINE_MAX_BYTES 2048

static pthread_mutex_t sink_mutex = PTHREAD_MUTEX_INITIALIZER; /* guards the sink's calls */
static log_sink *sink;                                         /* NULL: stderr */
static log_data_sink *data_sink;                               /* NULL: as text */
static void *sink_ctx;
static atomic_int level_now = LOG_INFO;

void log_set_sink(log_sink *new_sink, void *ctx)
{
    pthread_mutex_lock(&sink_mutex);
    sink = new_sink;
    sink_ctx = ctx;
    data_sink = NULL;
    pthread_mutex_unlock(&sink_mutex);
}

void log_set_data_sink(log_data_sink *new_sink)
{
    pthread_mutex_lock(&sink_mutex);
    data_sink = new_sink;
    pthread_mutex_unlock(&sink_mutex);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&level_now, (int)level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
    return (enum log_level)atomic_load_explicit(&level_now, memory_order_relaxed);
}

static void to_stderr(enum log_level level, const char *area, const char *text)
{
    static const char *const names[] = {
        [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"
    };
    fprintf(stderr, "%s %s: %s\n", names[level], area, text);
}

/* Texts may quote what came from outside: control characters must not forge a second line. */
static void make_one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = ' ';
}

void log_line(enum log_level level, const char *area, const char *fmt, ...)
{
    if (level > log_get_level())
        return;
    char text[LINE_MAX_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    make_one_line(text);

    pthread_mutex_lock(&sink_mutex);
    if (sink)
        sink(sink_ctx, level, area, text);
    else
        to_stderr(level, area, text);
    pthread_mutex_unlock(&sink_mutex);
}

/* False: there is no sink for lines with data. */
static bool give_data(enum log_level level, const char *area, const char *text, const char *data)
{
    pthread_mutex_lock(&sink_mutex);
    bool given = data_sink != NULL;
    if (given)
        data_sink(sink_ctx, level, area, text, data);
    pthread_mutex_unlock(&sink_mutex);
    return given;
}

void log_data(enum log_level level, const char *area, const char *text, const char *data)
{
    if (level <= log_get_level() && !give_data(level, area, text, data))
        log_line(level, area, "%s %s", text, data);
}
