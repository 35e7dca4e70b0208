/* Text of rules into tokens: the lexical part of Graylog's rule language (graylog.md 4.2). */
#pragma once

#include "base/slice.h"

enum token_kind {
    TK_EOF,
    TK_BAD, /* no token begins here */
    TK_INT,
    TK_FLOAT,
    TK_STRING,
    TK_CHAR, /* 'x': in the grammar, of no use */
    TK_IDENT,
    TK_QUOTED,  /* an identifier in back quotes */
    TK_MESSAGE, /* $message */
    TK_TRUE,
    TK_FALSE,
    TK_RULE,
    TK_WHEN,
    TK_THEN,
    TK_END,
    TK_LET,
    TK_PIPELINE,
    TK_STAGE,
    TK_MATCH,
    TK_ALL,
    TK_EITHER,
    TK_PASS,
    TK_NOT,
    TK_AND,
    TK_OR,
    TK_LT,
    TK_LE,
    TK_GT,
    TK_GE,
    TK_EQ,
    TK_NE,
    TK_PUNCT, /* one of ( ) [ ] { } , ; : . = + - * / % */
};

/* A piece of the text. `text` is as written (quotes and escapes too). */
struct token {
    uint8_t kind;
    uint8_t punct; /* the character of TK_PUNCT */
    unsigned line; /* from 1 */
    unsigned col;  /* from 0, in characters */
    struct slice text;
};

/* Where reading stands. */
struct lexer {
    const uint8_t *p, *end;
    unsigned line, col;
};

/* Starts at 1:0. The text must outlive all tokens. */
struct lexer lexer_of(struct slice text);

/* The next token; after the last one TK_EOF for ever. White space and comments are skipped. */
struct token lexer_next(struct lexer *l);
