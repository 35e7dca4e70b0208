/* Names to addresses without waiting: each lookup has a thread of its own for as long as the
 * system's resolver takes. Rare: connections are made seldom. */
#pragma once

#include <netdb.h>

#include "base/err.h"

struct lookup;

/* Looks up TCP addresses. The descriptor of lookup_fd becomes readable when they are there. NULL:
 * no thread could be started. */
struct lookup *lookup_start(const char *host, const char *port);
int lookup_fd(const struct lookup *l);

/* After the descriptor was readable: the addresses (freeaddrinfo is the caller's) or NULL and why.
 * Ends the lookup. */
struct addrinfo *lookup_take(struct lookup *l, struct why *w);

/* Not wanted any more; NULL is accepted. */
void lookup_cancel(struct lookup *l);

/* The same for an address in digits, at once; NULL when it is none. */
struct addrinfo *lookup_digits(const char *host, const char *port);
