/* Lists of lines, compared with a short explanation. */
#include "lib/lines.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bug.h"

#define SHOWN 3 /* differences printed of one comparison */

void lines_add(struct lines *l, struct slice text)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 64;
        l->v = xrealloc(l->v, l->cap * sizeof *l->v);
    }
    char *s = xmalloc(text.n + 1);
    if (text.n)
        memcpy(s, text.p, text.n);
    s[text.n] = '\0';
    l->v[l->n++] = s;
}

bool lines_read(struct lines *l, const char *path)
{
    FILE *in = fopen(path, "r");
    if (!in)
        return false;
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    while ((n = getline(&line, &cap, in)) > 0)
        lines_add(l, slice_of(line, (size_t)n - (line[n - 1] == '\n')));
    free(line);
    fclose(in);
    return true;
}

bool lines_write(const struct lines *l, const char *path)
{
    FILE *out = fopen(path, "w");
    if (!out)
        return false;
    for (size_t i = 0; i < l->n; i++)
        fprintf(out, "%s\n", l->v[i]);
    bool good = !ferror(out);
    return fclose(out) == 0 && good;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void lines_sort(struct lines *l)
{
    if (l->n)
        qsort(l->v, l->n, sizeof *l->v, by_text);
}

void lines_drop(struct lines *l, const char *text)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (strstr(l->v[i], text))
            xfree(l->v[i]);
        else
            l->v[kept++] = l->v[i];
    }
    l->n = kept;
}

/* Both texts from a little before the place where they part. */
static void show(size_t number, const char *want, const char *got)
{
    size_t same = 0;
    while (want[same] && want[same] == got[same])
        same++;
    size_t from = same > 60 ? same - 60 : 0;
    printf("    line %zu, byte %zu\n      want %.200s\n      got  %.200s\n", number + 1, same,
           want + from, got + from);
}

bool lines_equal(const struct lines *want, const struct lines *got, const char *title)
{
    size_t n = want->n > got->n ? want->n : got->n, differ = 0;
    for (size_t i = 0; i < n; i++) {
        const char *w = i < want->n ? want->v[i] : "(nothing)";
        const char *g = i < got->n ? got->v[i] : "(nothing)";
        if (strcmp(w, g) == 0)
            continue;
        if (differ == 0)
            printf("  %s: %zu lines wanted, %zu there\n", title, want->n, got->n);
        if (differ++ < SHOWN)
            show(i, w, g);
    }
    return differ == 0;
}

void lines_free(struct lines *l)
{
    for (size_t i = 0; i < l->n; i++)
        xfree(l->v[i]);
    xfree(l->v);
    *l = (struct lines){ 0 };
}
