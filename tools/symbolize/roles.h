/* What a function does for its caller.  Reports name a place by the innermost frame that acts for itself. */
#ifndef RINGTAIL_SYMBOLIZE_ROLES_H
#define RINGTAIL_SYMBOLIZE_ROLES_H

enum role {
	ROLE_OWN,       /* it acts for itself */
	ROLE_RUNTIME,   /* of the C, C++ or Rust runtime: it acts for the code that called it */
	ROLE_MAIN,      /* main: its callers belong to the runtime */
	ROLE_ALLOCATES, /* the memory that it allocates is its caller's: xmalloc */
	ROLE_LOCKS,     /* the lock that it makes, takes or waits for is its caller's: g_mutex_lock */
	ROLES
};

/* The role by names alone (roles.def, names.h).  All arguments may be NULL; module and file are paths. */
enum role role_of(const char *module, const char *function, const char *file);

/* The role's word in the database (frame.role); NULL for ROLE_OWN. */
const char *role_word(enum role role);
/* ROLE_OWN for NULL and for words that are not known. */
enum role role_from_word(const char *word);

#endif
