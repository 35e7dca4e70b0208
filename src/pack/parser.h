/* The text of a rule into a tree: syntax only. Types and names are compile.h's work. */
#pragma once

#include "pack/ast.h"
#include "pack/lexer.h"

/* Reads one rule; what follows its `end` is ignored. The rule and its texts live in a (texts may
 * point into `text`, which must live as long). NULL with an error in e: reading ends at the first
 * one. */
struct rule *parser_rule(struct arena *a, struct slice text, struct rule_errors *e);

/* Reads the rule that begins at *at, of several in one text, and moves *at behind its `end` (also
 * when it is refused, then to somewhere inside). */
struct rule *parser_next(struct arena *a, struct lexer *at, struct rule_errors *e);
