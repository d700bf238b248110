/*
 * What /proc tells about other processes and their threads.
 *
 * A process can have three numbers:
 * - "here": by which this process reaches it with kill and ptrace;
 * - the name of its directory in /proc: differs from "here" where /proc was mounted in another PID namespace;
 * - "inside": which its own getpid returns, in its own PID namespace.
 * A pid or tid in this header is the number "here", unless its comment says otherwise.
 */
#ifndef RINGTAIL_BASE_PROC_H
#define RINGTAIL_BASE_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process_stat {
	char state; /* 'R', 'S', 'T', 'Z', ... */
	unsigned threads;
	uint64_t start;   /* field 22, start time in ticks since boot: tells two processes of one pid apart */
	bool environment; /* its memory holds an environment, be it empty; false too where the tool may not read that */
};

/* Identity of the PID namespace of this process: the inode of /proc/self/ns/pid.  0: not known. */
uint32_t process_namespace(void);
/* False if there is no /proc, or if it does not show this process. */
bool process_can_see(void);
/* The name of the process's directory in /proc; -1: it has no directory there. */
pid_t process_number(pid_t pid);
/* The number "here" of the process or thread with this directory in /proc; 0: it cannot be reached. */
pid_t process_here(pid_t number);
/* The thread's number "inside": in its own PID namespace. */
pid_t process_inside(pid_t pid, pid_t tid);

struct process_sought {
	uint32_t space; /* identity of its PID namespace; 0: not known, as the process saw no /proc */
	pid_t inside;
	uint64_t start; /* its start time as the process read it; 0: not known */
	int file;       /* descriptor of a file that this process alone has mapped */
};

/* Finds a process that may be in another PID namespace.  Returns its number "here", and in *start its start time as
 * /proc gives it here.  0: it has ended, or cannot be seen from here, or it cannot be told from another process. */
pid_t process_find(const struct process_sought *sought, uint64_t *start);

/* tid 0: reads the process; else this thread of it.  False: there is no such process or thread. */
bool process_stat(pid_t pid, pid_t tid, struct process_stat *stat);
/* The pid of its parent; 0: not known. */
pid_t process_parent(pid_t pid);
/* True if the process has children.  The parent of the calling process does not count as one.  False too where the
 * kernel does not tell. */
bool process_has_children(pid_t pid);
/* True if the child has ended; *status is then as from waitpid.  Does not wait, and does not consume stops of the
 * child. */
bool process_reap(pid_t child, int *status);
/* The number behind `name` in the status of a process or thread, in this base; 0: not known. */
uint64_t process_status_number(pid_t tid, const char *name, int base);
/* True if this is the name of the process's program, of which the kernel keeps 15 characters. */
bool process_is_named(pid_t pid, const char *name);
/* The pid of the debugger (gdb, strace) that traces the thread; 0: no process does, or it is not known. */
pid_t process_tracer(pid_t tid);
/* The number of the system call that the thread waits in; -1: it waits in none, or it is not known. */
long process_system_call(pid_t pid, pid_t tid);

struct process_sched {
	uint64_t exec_start; /* when it last ran: ns of its processor's clock */
	uint64_t voluntary;  /* voluntary context switches */
	int processor;       /* the processor that it last ran on */
};

/* For a thread that sleeps or is stopped.  False for other threads, and where the kernel does not tell. */
bool process_sched(pid_t pid, pid_t tid, struct process_sched *sched);

struct process_task {      /* a thread */
	pid_t inside;      /* its number "inside", as the ring records it */
	char state;        /* 'R', 'S', ... */
	uint64_t switches; /* context switches, voluntary or not: while the number stays, the thread has not run */
};

/* The threads of the process; the caller frees them with free().  NULL, and *count 0, where they cannot be read. */
struct process_task *process_tasks(pid_t pid, size_t *count);
/* The state ('R', 'S', ...) of the thread whose number "inside" this is; 0: there is no such thread. */
char process_thread_state(pid_t pid, pid_t inside);
/* True if the process handles a signal that is not one of libc's own; true too where that cannot be read. */
bool process_handles_signals(pid_t pid);
/* True if the process that started at `start` still runs.  A zombie does not. */
bool process_alive(pid_t pid, uint64_t start);
/* True if the process has a file of this name (without directory) mapped; true too where that cannot be read.  Compares
 * names, because on overlayfs and btrfs the device and inode numbers in maps differ from those of stat. */
bool process_maps(pid_t pid, const char *name);

#endif
