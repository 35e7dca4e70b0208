/* A whole message as one line of text: the fields request and response. */
#pragma once

#include "base/buf.h"
#include "proto/dns/message.h"

/* Appends it to out; text is work space for one record (dns_text_room) and is emptied. */
void dns_render(const struct dns_message *m, struct buf *text, struct buf *out);

/* Appends "class IN, type A, www.example.com": also the field query. Returns the name in it. */
struct slice dns_render_question(struct slice bytes, const struct dns_question *q, struct buf *out);
