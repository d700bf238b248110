/* Waits for another process to reach a state, as the kernel shows it. */
#ifndef TESTS_E2E_BLOCKED_H
#define TESTS_E2E_BLOCKED_H

#include <sys/types.h>

/* Waits until all threads of the process wait in futex calls at one time, so that none of them will ever go on by
 * itself. Fails the test if that does not happen. */
void wait_until_blocked(pid_t pid);

#endif
