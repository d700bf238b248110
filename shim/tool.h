/*
 * Starting one of ringtail's own tools, so that the program does not see it.
 *
 * The tool is a grandchild of the program.  Its parent, the process between, runs in the program's memory on a stack of
 * its own and has no exit signal, so neither SIGCHLD nor wait() shows it to the program.  A fork would copy the page
 * tables, and make all memory shared by copy-on-write.  The tool gets all signals blocked, no descriptor of the program
 * and no environment.
 */
#ifndef RINGTAIL_SHIM_TOOL_H
#define RINGTAIL_SHIM_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/options.h"

#pragma GCC visibility push(hidden)

#define TOOL_STACK_BYTES 4096u

/* A tool to start.  Static: the process between and the tool use it after tool_start has returned. */
struct tool {
	const char *name;         /* of its file, beside the library */
	const char *argument;     /* its only one */
	bool stays;               /* the process between lives as long as the tool */
	int pid;                  /* of the tool, once it is known; -1: it could not be started */
	char path[SHIM_PATH_MAX]; /* as tool_find found it */
	_Alignas(16) unsigned char between_stack[TOOL_STACK_BYTES], tool_stack[TOOL_STACK_BYTES];
};

/* Finds the tool's file.  False: there is no such file that can be run. */
bool tool_find(struct tool *tool);
/* Starts it.  Returns the process between, which the caller waits for with __WCLONE, or -errno.  If it does not stay,
 * it has ended by then, 0 is returned, and tool->pid is known; else tool_await_pid waits for that. */
long tool_start(struct tool *tool);
/* False: there is no tool. */
bool tool_await_pid(struct tool *tool, long between);
/* True under valgrind, which ends a program that makes a process as tool_start does. */
bool tool_under_valgrind(void);
/* After unshare or setns.  True then: the first child would be the new namespace's init, and after its end no other
 * child could be made. */
bool tool_children_are_elsewhere(void);

/* Allows this process and its descendants to trace the program: Yama allows only ancestors, and a tool is none. */
void tool_allow(long pid);
/* Takes that back: the process that the program itself has allowed, if any, is allowed again. */
void tool_disallow(void);
/* The program has allowed this process, as it gave the number to prctl; 0: no process. */
void tool_program_allows(unsigned long pid);

#pragma GCC visibility pop

#endif
