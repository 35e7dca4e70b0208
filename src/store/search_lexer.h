/* Text of a search into tokens: the lexical part of Lucene's classic query parser. */
#pragma once

#include "base/slice.h"

enum search_token_kind {
    ST_END,
    ST_BAD, /* no token begins here, or it does not end */
    ST_AND,
    ST_OR,
    ST_NOT,
    ST_PLUS,
    ST_MINUS,
    ST_OPEN,  /* ( */
    ST_CLOSE, /* ) */
    ST_COLON,
    ST_STAR,
    ST_CARAT,
    ST_BARE, /* + - ! before white space: the word of that one character */
    ST_QUOTED,
    ST_WORD,
    ST_FUZZY,  /* ~ with what follows it */
    ST_PREFIX, /* ends with its only * */
    ST_WILD,
    ST_REGEX,
    ST_NUMBER,      /* behind ^ */
    ST_RANGE_OPEN,  /* [ or { */
    ST_RANGE_CLOSE, /* ] or } */
    ST_RANGE_TO,
    ST_RANGE_QUOTED,
    ST_RANGE_WORD,
};

struct search_token {
    enum search_token_kind kind;
    struct slice text;     /* as written */
    unsigned line, column; /* lines from 1, columns from 0, in characters */
};

enum search_lexer_state { SEARCH_DEFAULT, SEARCH_IN_RANGE, SEARCH_BEHIND_CARAT };

struct search_lexer {
    const uint8_t *p, *end;
    unsigned line, column;
    enum search_lexer_state state;
};

/* Starts at 1:0. The text must outlive all tokens. */
struct search_lexer search_lexer_of(struct slice text);

/* The next token; after the last one ST_END for ever, after a bad one undefined. */
struct search_token search_lexer_next(struct search_lexer *l);
