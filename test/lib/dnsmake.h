/* DNS messages for tests, built piece by piece in `dnsmake`. */
#pragma once

#include "lib/parser.h"
#include "proto/dns/names.h"

enum { QUERY = 0x0100, RESPONSE = 0x8180, NXDOMAIN = 0x8183 }; /* header flags and code */
#define WWW         "\3www\7example\3com"
#define TO_QUESTION "\xc0\x0c" /* a pointer to the first question's name */

extern struct buf dnsmake; /* the one that is being built */

void dnsmake_begin(unsigned id, unsigned flags);
void dnsmake_u16(unsigned v);

/* One more in the n-th count of the header: 0 questions, 1 to 3 sections. */
void dnsmake_count(unsigned n);

/* `name` without the root's octet; class IN. */
void dnsmake_question(const char *name, unsigned type);

/* Owned by the first question's name, class IN, TTL 60. */
void dnsmake_record(unsigned section, unsigned type, struct slice rdata);
void dnsmake_opt(unsigned ext_rcode, unsigned flags, struct slice options);

/* The message with its length in front, for TCP. Lives until the next call. */
struct slice dnsmake_framed(void);
