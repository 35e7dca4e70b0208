/* From messages to events (packetbeat-protocols.md 6.5 to 6.9). */
#pragma once

#include "proto/http/message.h"

/* A message with its bytes: the head block and what was kept of its body (still coded). */
struct http_text {
    const struct http_message *m;
    struct slice head, body;
};

/* True when the configuration wants this body in the event, by its content type. */
bool http_body_shown(const struct http_conf *conf, const struct http_message *m, struct slice head);

/* True when the body is needed for the event: shown, or a form whose parameters are. */
bool http_body_wanted(const struct http_conf *conf, const struct http_message *m,
                      struct slice head);

/* Makes and emits the event of a request and its response; either may be NULL (not both).
 * answer_lost: the request's response was lost by the capture. */
void http_report(struct proto_ctx *x, const struct http_text *request,
                 const struct http_text *response, bool answer_lost);
