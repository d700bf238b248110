/* Waiting for what another process does, by what the kernel says of it. */
#ifndef TESTS_E2E_BLOCKED_H
#define TESTS_E2E_BLOCKED_H

#include <sys/types.h>

/* Until all threads of the process wait in futex calls at one time, so that none of them will ever go on by itself; fails
 * the test where that does not come. */
void wait_until_blocked(pid_t pid);

#endif
