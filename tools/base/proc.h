/*
 * What /proc tells about processes and threads of others.
 *
 * A process can have three numbers: "here", by which this process reaches it with kill and ptrace; the name of its
 * directory in /proc, another one where /proc was mounted in another PID namespace than ours; and "inside", which its
 * own getpid returns, in its own PID namespace.  Numbers here are meant unless a comment says otherwise.
 */
#ifndef RINGTAIL_TOOLS_PROCESS_H
#define RINGTAIL_TOOLS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process_stat {
	char state; /* 'R', 'S', 'T', 'Z', ... */
	unsigned threads;
	uint64_t start; /* field 22: tells a reused pid */
	bool environment; /* its memory has one, if only an empty one; also false where we may not know */
};

/* Identity of our own PID namespace (the inode of /proc/self/ns/pid); 0: not known. */
uint32_t process_namespace(void);
/* False: there is no /proc, or one that does not show us. */
bool process_can_see(void);
/* The name of a process's directory in /proc; -1: it has none there. */
pid_t process_number(pid_t pid);
/* The number here of the process or thread that /proc calls so; 0: none, it cannot be reached. */
pid_t process_here(pid_t number);
/* The number that the thread itself goes by, in its own namespace. */
pid_t process_inside(pid_t pid, pid_t tid);

struct process_sought {
	uint32_t space; /* identity of its PID namespace; 0: not known, as it saw no /proc */
	pid_t inside;
	uint64_t start;   /* as it saw it; 0: not known */
	const char *file; /* name, without directory, of a file that it alone has mapped */
};

/* Finds a process that may be of another PID namespace: its number here, and in *start when it began as /proc has it
 * here.  0: it has ended, or cannot be seen from here. */
pid_t process_find(const struct process_sought *sought, uint64_t *start);

/* Of a process, or with tid of one of its threads.  False: there is no such. */
bool process_stat(pid_t pid, pid_t tid, struct process_stat *stat);
/* 0: not known. */
pid_t process_parent(pid_t pid);
/* Whether it has children, our own parent aside; false too where the kernel does not tell. */
bool process_has_children(pid_t pid);
/* Waits no longer than is needed to see whether a child has ended; *status as from waitpid.  Its stops are left alone. */
bool process_reap(pid_t child, int *status);
/* Who traces the thread (a debugger, strace); 0: nobody, or it cannot be known. */
pid_t process_tracer(pid_t tid);
/* The number of the system call that a thread waits in; -1: none, or it cannot be known. */
long process_system_call(pid_t pid, pid_t tid);

struct process_sched {
	uint64_t exec_start; /* ns of its processor's clock, when it last ran */
	uint64_t voluntary;  /* times that it left its processor by itself */
	int processor;       /* that it last ran on */
};

/* Of a thread that sleeps or is stopped; false for others, and where the kernel does not tell. */
bool process_sched(pid_t pid, pid_t tid, struct process_sched *sched);

struct process_task { /* a thread */
	pid_t inside; /* its number as it is recorded */
	char state;        /* 'R', 'S', ... */
	uint64_t switches; /* times that it was taken from or left its processor: it has not run while that stays */
};

/* Its threads; free() them.  NULL, and *count 0, where it cannot be looked at. */
struct process_task *process_tasks(pid_t pid, size_t *count);
/* 'R', 'S', ... of the thread that is called so inside; 0: there is none. */
char process_thread_state(pid_t pid, pid_t inside);
/* Whether it has a handler for a signal that is not libc's own; true where we may not know. */
bool process_handles_signals(pid_t pid);
/* Whether the process that had started at `start` still runs (a zombie does not). */
bool process_alive(pid_t pid, uint64_t start);
/* Whether the process has a file of this name (without its directory) mapped; true also where we may not
 * know. By name, as device and inode numbers in maps are not those of stat on overlayfs and btrfs. */
bool process_maps(pid_t pid, const char *name);

#endif
