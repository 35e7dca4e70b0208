/* wirelume completion bash|zsh|fish: made from the tables of commands and flags. */
#include "app/command.h"
#include "base/attr.h"
#include "base/slice.h"

#define ALL_FLAGS (~0u)

static void put_words(const char *separator)
{
    const char *last = "";
    size_t last_n = 0;
    for (const struct command *c = commands; c->name; c++) {
        size_t n = strcspn(c->name, " ");
        if (c->hidden || (n == last_n && strncmp(c->name, last, n) == 0))
            continue;
        printf("%.*s%s", (int)n, c->name, separator);
        last = c->name;
        last_n = n;
    }
}

/* Second words of "test config" and its like. */
static void put_seconds(const char *first, size_t n)
{
    for (const struct command *c = commands; c->name; c++)
        if (strncmp(c->name, first, n) == 0 && c->name[n] == ' ')
            printf("%s ", c->name + n + 1);
}

static void put_flags(void)
{
    const char *name;
    for (unsigned i = 0; (name = args_flag(ALL_FLAGS, i)); i++)
        printf("%s%s ", strlen(name) == 1 ? "-" : "--", name);
}

static void put_cases(const char *form)
{
    for (const struct command *c = commands; c->name; c++) {
        size_t n = strcspn(c->name, " ");
        if (!c->name[n] || (c > commands && strncmp(c[-1].name, c->name, n + 1) == 0))
            continue;
        printf(form[0] == 'b' ? "    %.*s) words=\"" : "        %.*s) words=(", (int)n, c->name);
        put_seconds(c->name, n);
        puts(form[0] == 'b' ? "\" ;;" : ") ;;");
    }
}

static void bash(void)
{
    fputs("# bash completion of wirelume: source it, or put it into "
          "/usr/share/bash-completion/completions/wirelume\n"
          "_wirelume() {\n  local current=${COMP_WORDS[COMP_CWORD]} words=\n"
          "  if [[ $current == -* ]]; then words=\"",
          stdout);
    put_flags();
    fputs("\"\n  elif [[ $COMP_CWORD -eq 1 ]]; then words=\"", stdout);
    put_words(" ");
    fputs("\"\n  else case ${COMP_WORDS[1]} in\n", stdout);
    put_cases("bash");
    fputs("    completion) words=\"bash zsh fish\" ;;\n  esac; fi\n"
          "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n}\n"
          "complete -o default -F _wirelume wirelume\n",
          stdout);
}

static void zsh(void)
{
    fputs("#compdef wirelume\n# zsh completion: put it as _wirelume into a folder of $fpath\n"
          "_wirelume() {\n    local -a words\n    if [[ $PREFIX == -* ]]; then words=(",
          stdout);
    put_flags();
    fputs(")\n    elif (( CURRENT == 2 )); then words=(", stdout);
    put_words(" ");
    fputs(")\n    else case $words[2] in\n", stdout);
    put_cases("zsh");
    fputs("        completion) words=(bash zsh fish) ;;\n    esac; fi\n"
          "    if (( $#words )); then compadd -a words; else _files; fi\n}\n_wirelume \"$@\"\n",
          stdout);
}

static void fish(void)
{
    puts("# fish completion: put it into ~/.config/fish/completions/wirelume.fish");
    for (const struct command *c = commands; c->name; c++) {
        size_t n = strcspn(c->name, " ");
        if (c->hidden)
            continue;
        if (c->name[n])
            printf(
                "complete -c wirelume -n '__fish_seen_subcommand_from %.*s' -f -a '%s' -d '%s'\n",
                (int)n, c->name, c->name + n + 1, c->doc);
        printf("complete -c wirelume -n __fish_use_subcommand -f -a '%.*s' -d '%s'\n", (int)n,
               c->name, c->name[n] ? "" : c->doc);
    }
    const char *name;
    for (unsigned i = 0; (name = args_flag(ALL_FLAGS, i)); i++)
        printf("complete -c wirelume -%s '%s'\n", strlen(name) == 1 ? "s" : "l", name);
}

int completion_command(const struct args *a)
{
    static const struct shell {
        const char *name;
        void (*print)(void);
    } shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };
    for (size_t i = 0; i < COUNT(shells); i++)
        if (a->rest.n && strcmp(a->rest.v[0], shells[i].name) == 0) {
            shells[i].print();
            return 0;
        }
    puts("completion needs a shell: bash, zsh or fish");
    return 1;
}
