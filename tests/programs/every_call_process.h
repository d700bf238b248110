/* every_call: fork, exec, spawn and the ways to end. */
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

extern char **environ;
static char *false_argv[] = {"false", NULL};

/* Prints the child's exit status. */
static void ended(const char *what, pid_t child)
{
	int status;

	must(child > 0 && waitpid(child, &status, 0) == child);
	if (WIFEXITED(status))
		say("%s: exit %d\n", what, WEXITSTATUS(status));
	else
		say("%s: signal %d\n", what, WTERMSIG(status));
}

#define in_child(what, ...)                                                                                            \
	do {                                                                                                           \
		pid_t child_ = fork();                                                                                 \
		if (child_ == 0) {                                                                                     \
			__VA_ARGS__;                                                                                   \
			_exit(55);                                                                                     \
		}                                                                                                      \
		ended(what, child_);                                                                                   \
	} while (0)

static void forks(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(21);
	ended("fork", child);
	child = vfork();
	if (child == 0)
		_exit(22);
	ended("vfork", child);
	child = _Fork();
	if (child == 0)
		_exit(23);
	ended("_Fork", child);
}

static void spawns(void)
{
	pid_t child;

	returns(posix_spawn(&child, "/bin/false", NULL, NULL, false_argv, environ));
	ended("posix_spawn", child);
	returns(posix_spawnp(&child, "false", NULL, NULL, false_argv, environ));
	ended("posix_spawnp", child);
	returns(posix_spawn(&child, "/no/such/file", NULL, NULL, false_argv, environ));
	returns(posix_spawnp(&child, "no-such-command", NULL, NULL, false_argv, environ));
}

static void execs(void)
{
	in_child("execve", execve("/bin/false", false_argv, environ));
	in_child("execv", execv("/bin/false", false_argv));
	in_child("execvp", execvp("false", false_argv));
	in_child("execvpe", execvpe("false", false_argv, environ));
	in_child("execl", execl("/bin/sh", "sh", "-c", "exit 31", (char *)NULL));
	in_child("execlp", execlp("sh", "sh", "-c", "exit 32", (char *)NULL));
	in_child("execle", char *env[] = {"CODE=33", NULL};
	         execle("/bin/sh", "sh", "-c", "exit $CODE", (char *)NULL, env));
	in_child("fexecve", fexecve(open("/bin/false", O_RDONLY), false_argv, environ));
	in_child("execveat", execveat(AT_FDCWD, "/bin/false", false_argv, environ, 0));
	in_child("many arguments", execl("/bin/sh", "sh", "-c", "exit $#", "0", "1", "2", "3", "4", "5", "6", "7", "8",
	                                 "9", "10", "11", "12", (char *)NULL));
}

static void failing_execs(void)
{
	char *wrong[] = {"x", NULL};

	sets_errno(execve("/no/such/file", wrong, environ));
	sets_errno(execv("/etc/passwd", wrong));
	sets_errno(execvp("no-such-command", wrong));
	sets_errno(execvpe("no-such-command", wrong, environ));
	sets_errno(execl("/no/such/file", "x", (char *)NULL));
	sets_errno(execlp("no-such-command", "x", (char *)NULL));
	sets_errno(execle("/no/such/file", "x", (char *)NULL, environ));
	sets_errno(fexecve(-1, wrong, environ));
	sets_errno(execveat(AT_FDCWD, "/no/such/file", wrong, environ, 0));
}

static void prctls(void)
{
	returns(prctl(PR_GET_SECCOMP));
	returns(prctl(PR_SET_TSC, PR_TSC_ENABLE));
	sets_errno(prctl(PR_SET_SECCOMP, 77));
	sets_errno(syscall(SYS_seccomp, 77, 0, NULL));
	sets_errno(syscall(SYS_prctl, PR_SET_SECCOMP, 77));
}

static void limits(void)
{
	struct rlimit core, now;
	struct rlimit64 core64;

	must(getrlimit(RLIMIT_CORE, &core) == 0 && getrlimit64(RLIMIT_CORE, &core64) == 0);
	sets_errno(setrlimit(RLIMIT_CORE, &core));
	sets_errno(setrlimit64(RLIMIT_CORE, &core64));
	sets_errno(brk(sbrk(4096)));
	sets_errno(setrlimit((__rlimit_resource_t)99, &core));
	sets_errno(prlimit(0, RLIMIT_CORE, &core, &now));
	sets_errno(prlimit64(getpid(), RLIMIT_CORE, NULL, &core64));
	must(now.rlim_cur == core.rlim_cur && core64.rlim_cur == core.rlim_cur);
}

static void in_atexit(void) { say("atexit\n"); }

static void in_at_quick_exit(void) { say("at_quick_exit\n"); }

static void ends(void)
{
	in_child("exit", atexit(in_atexit); exit(41));
	in_child("_exit", atexit(in_atexit); _exit(42));
	in_child("_Exit", atexit(in_atexit); _Exit(43));
	in_child("quick_exit", at_quick_exit(in_at_quick_exit); quick_exit(44));
	in_child("abort", abort());
	in_child("exit_group", syscall(SYS_exit_group, 45));
	in_child("pthread_exit of the only thread", pthread_exit(NULL));
}

static pid_t child_that_ends(int status)
{
	pid_t child = fork();

	if (child == 0)
		_exit(status);
	must(child > 0);
	return child;
}

static void waits(void)
{
	struct rusage usage;
	siginfo_t info;
	int status = 0;

	must(wait(&status) == -1); /* there is no child */
	sets_errno(waitpid(-1, &status, 0));
	pid_t child = child_that_ends(61);
	must(wait(&status) == child);
	returns(WEXITSTATUS(status));
	child = child_that_ends(62);
	must(wait3(&status, 0, &usage) == child);
	returns(WEXITSTATUS(status));
	child = child_that_ends(63);
	must(wait4(child, &status, 0, &usage) == child);
	returns(WEXITSTATUS(status));
	child = child_that_ends(64);
	must(waitid(P_PID, (id_t)child, &info, WEXITED) == 0 && info.si_pid == child);
	returns(info.si_status);
	child = child_that_ends(65);
	must(waitpid(child, NULL, 0) == child);
	sets_errno(waitid(P_PID, (id_t)child, NULL, WEXITED));
}

static void every_process_call(void)
{
	say("-- processes\n");
	forks();
	spawns();
	execs();
	failing_execs();
	limits();
	prctls();
	ends();
	waits();
}
