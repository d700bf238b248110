/*
 * What the shim tells the user: a line on standard error, "ringtail: TEXT: DETAIL".
 */
#ifndef RINGTAIL_MESSAGE_H
#define RINGTAIL_MESSAGE_H

#pragma GCC visibility push(hidden)

/* Notes which file standard error is.  Once, before the program's own code runs. */
void message_start_up(void);

/* Writes the line, unless this text was written before or the program has closed or replaced its standard error since
 * the start.  text: a string literal, by whose address it is known again; after 8 different ones each is written every
 * time.  detail may be NULL.  Any thread, any signal handler. */
void message_once(const char *text, const char *detail);

#pragma GCC visibility pop

#endif
