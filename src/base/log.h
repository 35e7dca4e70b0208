/* Log lines for people: rare (state changes), never per packet. Any thread. */
#pragma once

#include "base/attr.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Receives every line that passes the level, from any thread, under log.c's own mutex. `area` is
 * the selector (a room or protocol), `text` one line without newline, both only for the call. */
typedef void log_sink(void *ctx, enum log_level level, const char *area, const char *text);

/* Boot only. Without it lines go to stderr as "level area: text". NULL gives that default back. */
void log_set_sink(log_sink *sink, void *ctx);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* The members of a JSON object that stand beside the text of a line: {"monitoring":{...}} without
 * its outer braces. As log_sink; data lives for the call. Without such a sink it follows the text.
 */
typedef void log_data_sink(void *ctx, enum log_level level, const char *area, const char *text,
                           const char *data);
void log_set_data_sink(log_data_sink *sink); /* gets the ctx of log_set_sink, which comes first */
void log_data(enum log_level level, const char *area, const char *text, const char *data);

void log_line(enum log_level level, const char *area, const char *fmt, ...) PRINTF(3);

#define log_error(area, ...) log_line(LOG_ERROR, area, __VA_ARGS__)
#define log_warn(area, ...)  log_line(LOG_WARN, area, __VA_ARGS__)
#define log_info(area, ...)  log_line(LOG_INFO, area, __VA_ARGS__)
#define log_debug(area, ...)                                                                       \
    do {                                                                                           \
        if (UNLIKELY(log_get_level() >= LOG_DEBUG))                                                \
            log_line(LOG_DEBUG, area, __VA_ARGS__);                                                \
    } while (0)
