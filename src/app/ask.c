/* Asking for secrets. */
#include "app/ask.h"

#include <stdio.h>
#include <termios.h>
#include <unistd.h>

struct slice ask_secret(char *line, size_t cap, const char *prompt)
{
    struct termios old, quiet;
    bool terminal = tcgetattr(STDIN_FILENO, &old) == 0;
    if (terminal) {
        quiet = old;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        fprintf(stderr, "%s: ", prompt);
        tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
    }
    bool got = fgets(line, (int)cap, stdin) != NULL;
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSANOW, &old);
        fputc('\n', stderr);
    }
    return slice_of(line, got ? strcspn(line, "\r\n") : 0);
}
