/* Recognising DNS by its content, on any port. */
#pragma once

#include "proto/proto.h"

/* struct proto's probe. The bytes are a datagram, or begin a stream with a length prefix. */
int dns_probe(struct slice first, enum dir d);
