/*
 * A pager for what a command prints, as git has it: $RINGTAIL_PAGER, else $PAGER, else less.  A value that is empty or
 * "cat" means none.  There is none either where standard output is no terminal, TERM is unset or dumb, or the program
 * is not installed.  less gets LESS=FRX unless LESS is set: it ends by itself when everything fits, shows colours, and
 * leaves the text on the screen.
 */
#ifndef RINGTAIL_PAGER_H
#define RINGTAIL_PAGER_H

/* Sends standard output through the pager until pager_end.  The interrupt key is the pager's meanwhile. */
void pager_begin(void);
/* From now on there is no pager. */
void pager_forbid(void);
/* Waits until the user has left the pager; standard output is the terminal again.  The caller has flushed stdout.  Does
 * nothing without a pager. */
void pager_end(void);

/* The terminal that shows what is written to fd: fd itself, or the one behind the pager; -1: there is none. */
int pager_terminal(int fd);

#endif
