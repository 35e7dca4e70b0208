/* Calls that no file may make. The Makefile includes this before everything, so gcc refuses them
 * and says what to use instead. What only some rooms may call is in tools/check-bans. */
#pragma once

#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* clang knows some of these as macros or builtins and may not redeclare them; gcc is the guard. */
#ifdef __clang__
#define BANNED(declaration, instead) _Static_assert(1, instead)
#else
#define BANNED(declaration, instead) extern declaration __attribute__((unavailable(instead)))
#undef alloca
#endif

BANNED(char *strcpy(char *, const char *), "use struct slice, or struct buf (base/buf.h)");
BANNED(char *strcat(char *, const char *), "use struct buf (base/buf.h)");
BANNED(char *strncpy(char *, const char *, size_t), "use struct slice, or struct buf (base/buf.h)");
BANNED(int sprintf(char *, const char *, ...), "use buf_printf (base/buf.h)");
BANNED(int vsprintf(char *, const char *, va_list), "use buf_printf (base/buf.h)");
BANNED(char *strtok(char *, const char *), "use struct cursor: cur_until, cur_line");
BANNED(int sscanf(const char *, const char *, ...), "use struct cursor and slice_to_u64");
BANNED(char *gets(char *), "use os/file.h");
BANNED(int atoi(const char *), "use slice_to_u64 (base/slice.h): it reports bad input");
BANNED(long atol(const char *), "use slice_to_u64 (base/slice.h): it reports bad input");
BANNED(void *alloca(size_t), "use the scratch arena (base/arena.h)");
BANNED(struct tm *gmtime(const time_t *), "use buf_time (base/buf.h)");
BANNED(struct tm *localtime(const time_t *), "use buf_time (base/buf.h)");
BANNED(int rand(void), "use base/rng.h");
BANNED(void srand(unsigned), "use base/rng.h");

#undef BANNED
