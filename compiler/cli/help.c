/* help.c - `qcc --help`, `qcc COMMAND --help`. */
#include "compiler/cli/cli.h"

void cli_help(FILE *f, const cli_command *c)
{
    fprintf(f, "usage: %s\n\n%s\n", c->usage, c->what);
    if (!c->name) {
        fputs("\ncommands (`qcc COMMAND --help` tells more):\n", f);
        for (int i = 1; i < cli_n_commands; i++)
            fprintf(f, "  %-10s %s\n", cli_commands[i].name, cli_commands[i].what);
    }
    cli_options_help(f, c->bit);
    fprintf(f, "\nexamples:\n%s", c->examples);
    fputs("\nexit status: 0 done, 1 bad input, 2 wrong usage\n", f);
}
