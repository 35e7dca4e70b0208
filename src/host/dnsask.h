/* One question to a name server over UDP (RFC 1035), answered as texts. Blocks: on a thread of its
 * own. */
#pragma once

#include "base/addr.h"
#include "base/arena.h"
#include "base/err.h"

enum dns_question { DNS_A, DNS_AAAA, DNS_TXT, DNS_PTR };

struct name_server {
    struct addr addr;
    uint16_t port;
};

#define DNS_ANSWERS_MAX 32
struct dns_answers {
    struct slice v[DNS_ANSWERS_MAX];
    unsigned n;
    uint32_t ttl; /* the least of theirs, in seconds */
};

/* "8.8.8.8", "8.8.8.8:53", "[2001:db8::1]:53" */
bool name_server_parse(struct slice text, struct name_server *out);

/* The servers of resolv.conf(5), at most max; how many there are. */
unsigned name_servers_of_system(struct name_server *out, unsigned max);

/* Bytes of a question into out[512]; 0: the name is none. For DNS_PTR it is an address. */
size_t dns_write_question(enum dns_question type, struct slice name, uint16_t id, uint8_t out[512]);

/* The answers in a message; texts in a. False: it is not the answer to that question. */
bool dns_read_answers(struct slice message, struct slice question, struct arena *a,
                      struct dns_answers *out);

struct dns_request {
    const struct name_server *server;
    struct slice question;
    int64_t timeout_ns;
};

/* Asks one server. out->n == 0: there is no such name. ERR_IO with why: no answer. */
MUST_CHECK err dns_ask(const struct dns_request *r, struct arena *a, struct dns_answers *out,
                       struct why *w);
