/* The types that the rows of hooks.def use. */
#ifndef RINGTAIL_HOOKED_H
#define RINGTAIL_HOOKED_H

#include <dirent.h>
#include <dlfcn.h>
#include <getopt.h>
#include <grp.h>
#include <locale.h>
#include <mntent.h>
#include <netdb.h>
#include <netinet/ether.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <search.h>
#include <semaphore.h>
#include <shadow.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>
#include <utmpx.h>
#include <wchar.h>

typedef void *(*start_routine)(void *);
typedef struct {
	char tag;
} nothrow_t; /* std::nothrow_t, passed by reference */

#endif
