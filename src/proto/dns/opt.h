/* EDNS: the OPT record of a message as dns.opt (RFC 6891 section 6.1). */
#pragma once

#include "base/buf.h"
#include "model/event.h"
#include "proto/dns/message.h"

#define DNS_OPT_DO_BIT 0x8000 /* in the lower half of the OPT record's TTL */

/* Sets the fields dns.opt.*; m->opt must be there. text is work space and is emptied. */
void dns_opt_report(struct event *e, const struct dns_message *m, struct buf *text);
