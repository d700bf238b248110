/* Tells whether an executable contains or loads a sanitizer (shim/sanitizers.def), before it is run. */
#ifndef RINGTAIL_SANITIZED_H
#define RINGTAIL_SANITIZED_H

/*
 * The sanitizer's name, or NULL.  A runtime that is part of the executable shows in its dynamic symbols.  A runtime
 * that is a library is found by asking the executable's own loader for all that it would load, preloaded libraries of
 * this environment included; the loader runs no code of the program for that.
 */
const char *sanitized_by(const char *executable, const char *loader);

#endif
