/* The time of this machine. Packets have their own: who parses never looks here. Any thread. */
#pragma once

#include "base/buf.h"

/* ns since 1970 UTC; may jump. */
int64_t clock_real_ns(void);

/* ns since an arbitrary moment; never goes back. */
int64_t clock_mono_ns(void);

/* ts_ns as local time with its zone: 2006-01-02T15:04:05.999+0100. */
void clock_local(struct buf *b, int64_t ts_ns);

/* ts_ns in local time as strftime formats it ("%Y%m%d"); at most 63 bytes, else nothing. */
void clock_format(struct buf *b, int64_t ts_ns, const char *format);

/* Sleeps until clock_mono_ns() reaches t_ns; a signal ends it early. */
void clock_sleep_until(int64_t t_ns);

/* ts_ns in UTC, cut to whole seconds. */
struct tm;
void clock_utc(struct tm *out, int64_t ts_ns);
