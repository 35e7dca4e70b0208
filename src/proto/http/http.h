/* HTTP/1.x inside: what its files share. Nothing outside this folder reads it. */
#pragma once

#include "proto/proto.h"

struct http_conf {
    struct proto_conf common;
    bool send_all_headers, split_cookie, redact_authorization, decode_body;
    struct texts send_headers, redact_headers, hide_keywords; /* lower case after prepare */
    struct texts body_for, request_body_for, response_body_for;
    const char *real_ip_header;
    int64_t max_message;
};

enum http_field {
    HTTP_VERSION,
    HTTP_REQUEST_METHOD,
    HTTP_REQUEST_REFERRER,
    HTTP_REQUEST_BYTES,
    HTTP_REQUEST_BODY_BYTES,
    HTTP_REQUEST_BODY_CONTENT,
    HTTP_REQUEST_HEADERS,
    HTTP_RESPONSE_STATUS,
    HTTP_RESPONSE_PHRASE,
    HTTP_RESPONSE_BYTES,
    HTTP_RESPONSE_BODY_BYTES,
    HTTP_RESPONSE_BODY_CONTENT,
    HTTP_RESPONSE_HEADERS,
    HTTP_FIELDS
};
extern struct field http_fields[HTTP_FIELDS];
