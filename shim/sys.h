/*
 * System calls of the shim's own.  Not libc's: those set errno, are cancellation
 * points, and some of them are hooked.  Each returns what the kernel returned:
 * -errno on failure.  Any thread, any signal handler.
 */
#ifndef RINGTAIL_SYS_H
#define RINGTAIL_SYS_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#define MADV_KEEPONFORK 19
#endif

/* The program has given up system calls (seccomp): a call that it does not make itself may kill it.  The shim makes no
 * call any more that a hook can do without. */
extern __attribute__((visibility("hidden"))) bool sys_restricted;

/* The program was started with a filter of system calls: a call that debuggers use may kill it. */
extern __attribute__((visibility("hidden"))) bool sys_filtered;

static inline long sys_call6(long number, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall"
	                 : "=a"(result)
	                 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
	                 : "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
#else
#error "ringtail's shim knows x86-64 and aarch64"
#endif
}

#define sys_call3(n, a, b, c) sys_call6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)

static inline long sys_open(const char *path, int flags, int mode)
{
	return sys_call6(SYS_openat, AT_FDCWD, (long)path, flags, mode, 0, 0);
}

static inline long sys_close(int fd) { return sys_call3(SYS_close, fd, 0, 0); }

static inline long sys_read(int fd, void *to, size_t bytes) { return sys_call3(SYS_read, fd, to, bytes); }

static inline long sys_pread(int fd, void *to, size_t bytes, uint64_t offset)
{
	return sys_call6(SYS_pread64, fd, (long)to, (long)bytes, (long)offset, 0, 0);
}

static inline long sys_write(int fd, const void *from, size_t bytes) { return sys_call3(SYS_write, fd, from, bytes); }

static inline long sys_pwrite(int fd, const void *from, size_t bytes, uint64_t offset)
{
	return sys_call6(SYS_pwrite64, fd, (long)from, (long)bytes, (long)offset, 0, 0);
}

static inline long sys_pwritev(int fd, const struct iovec *from, unsigned count, uint64_t offset)
{
	return sys_call6(SYS_pwritev, fd, (long)from, count, (long)offset, 0, 0);
}

static inline long sys_fstat(int fd, struct stat *status)
{
	return sys_call6(SYS_newfstatat, fd, (long)"", (long)status, AT_EMPTY_PATH, 0, 0);
}

/* Identifies a file, independently of its name and descriptor. */
struct file_identity {
	uint64_t device, inode;
};

/* False: the descriptor is not open. */
static inline bool sys_identify(int fd, struct file_identity *identity)
{
	struct stat status;
	if (sys_fstat(fd, &status) < 0)
		return false;
	*identity = (struct file_identity){status.st_dev, status.st_ino};
	return true;
}

/* True if the descriptor refers to that file. */
static inline bool sys_is_file(int fd, const struct file_identity *identity)
{
	struct file_identity found;
	return sys_identify(fd, &found) && found.device == identity->device && found.inode == identity->inode;
}

static inline long sys_mkdir(const char *path, int mode) { return sys_call3(SYS_mkdirat, AT_FDCWD, path, mode); }

static inline long sys_unlink(const char *path) { return sys_call3(SYS_unlinkat, AT_FDCWD, path, 0); }

static inline long sys_ftruncate(int fd, uint64_t bytes) { return sys_call3(SYS_ftruncate, fd, bytes, 0); }

static inline long sys_readlink(const char *path, char *to, size_t bytes)
{
	return sys_call6(SYS_readlinkat, AT_FDCWD, (long)path, (long)to, (long)bytes, 0, 0);
}

static inline long sys_getcwd(char *to, size_t bytes) { return sys_call3(SYS_getcwd, to, bytes, 0); }

/* NULL on failure. */
static inline void *sys_mmap(void *at, size_t bytes, int protection, int flags, int fd)
{
	long result = sys_call6(SYS_mmap, (long)at, (long)bytes, protection, flags, fd, 0);
	return result < 0 && result > -4096 ? NULL : (void *)result;
}

static inline long sys_munmap(void *at, size_t bytes) { return sys_call3(SYS_munmap, at, bytes, 0); }

static inline long sys_madvise(void *at, size_t bytes, int advice) { return sys_call3(SYS_madvise, at, bytes, advice); }

/* Gives memory of a file its pages now, so that a full disk is an error here and not a SIGBUS later. */
static inline bool sys_populate(void *at, size_t bytes)
{
	long result = sys_restricted ? 0 : sys_madvise(at, bytes, MADV_POPULATE_WRITE);
	return result == 0 || result == -EINVAL; /* EINVAL: a kernel before 5.14 */
}

static inline int sys_getpid(void) { return (int)sys_call3(SYS_getpid, 0, 0, 0); }
static inline int sys_getppid(void) { return (int)sys_call3(SYS_getppid, 0, 0, 0); }
static inline int sys_gettid(void) { return (int)sys_call3(SYS_gettid, 0, 0, 0); }

static inline long sys_tgkill(int pid, int tid, int signal) { return sys_call3(SYS_tgkill, pid, tid, signal); }

static inline long sys_kill(int pid, int signal) { return sys_call3(SYS_kill, pid, signal, 0); }

static inline long sys_getrlimit(int what, struct rlimit *limit)
{
	return sys_call6(SYS_prlimit64, 0, what, 0, (long)limit, 0, 0);
}

/* All signals of the calling thread, until sys_let_signals. */
static inline void sys_hold_signals(uint64_t *before)
{
	uint64_t all = ~UINT64_C(0);
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)before, sizeof all, 0, 0);
}

static inline void sys_let_signals(const uint64_t *before)
{
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)before, 0, sizeof *before, 0, 0);
}

static inline void sys_sleep_ns(long ns)
{
	struct timespec t = {0, ns};
	sys_call3(SYS_nanosleep, &t, NULL, 0);
}

static inline void sys_yield(void) { sys_call3(SYS_sched_yield, 0, 0, 0); }

/* True if the 8 bytes at an address, a multiple of 8, can be read.  Asks the kernel for an invalid change of the signal
 * mask: it reads the mask before it rejects the call. */
static inline bool sys_readable(uintptr_t at)
{
	return sys_call6(SYS_rt_sigprocmask, -1, (long)at, 0, 8, 0, 0) == -EINVAL;
}

/* The number of readable bytes from `from` on, up to `bytes`. */
static inline size_t sys_readable_bytes(uintptr_t from, size_t bytes)
{
	uintptr_t at = from;
	while (at < from + bytes && sys_readable(at & ~UINT64_C(7)))
		at = (at | 4095) + 1;
	return at < from + bytes ? at - from : bytes;
}

/* Reads the program's own memory without faulting: returns the number of bytes, or -errno.  If a filter allows only
 * common calls, no other thread may unmap the memory meanwhile. */
static inline long sys_peek(const void *from, void *to, size_t bytes)
{
	if (sys_restricted)
		return -EPERM;
	if (sys_filtered) {
		bytes = sys_readable_bytes((uintptr_t)from, bytes);
		memcpy(to, from, bytes);
		return (long)bytes;
	}
	struct iovec local = {to, bytes}, remote = {(void *)(uintptr_t)from, bytes};
	return sys_call6(SYS_process_vm_readv, sys_gettid(), (long)&local, 1, (long)&remote, 1, 0);
}

/* Copies within the program's own memory by way of the kernel: from[i] to to[i], one after the other.  Pages that are
 * new are made and written there and never mapped by a page fault of the shim's; a full disk is an error.  tid: of the
 * calling thread.  Returns the number of bytes, or -errno. */
static inline long sys_copy(int tid, const struct iovec *from, const struct iovec *to, unsigned count)
{
	if (sys_filtered)
		return -EPERM;
	return sys_call6(SYS_process_vm_writev, tid, (long)from, count, (long)to, count, 0);
}

#endif
