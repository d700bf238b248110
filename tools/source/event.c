#include "tools/source/event.h"

#include <string.h>

#define ROW(name, words, shape, ...)                                                                                   \
	{                                                                                                              \
		name, words, shape, EVENT_WORDS_LIMIT - (words), __VA_ARGS__                                           \
	}
#define OWN(name, words)   ROW(name, words, EVENT_PLAIN, .unusual = true)
#define PLAIN(name, words) ROW(name, words, EVENT_PLAIN, )
#define ALLOC(name)        ROW(name, 2, EVENT_ALLOC, .size_mask = 0xffff)
#define SIZED(name, words) ROW(name, words, EVENT_SIZED, .unusual = true)
#define SYNC(name, words)  ROW(name, words, EVENT_SYNC, .sync_mask = 0xffff)

const struct event_type event_types[1 << RT_TYPE_BITS] = {
    [RT_TIME] = {"time", 2, EVENT_PLAIN, .slack = 0},
    [RT_LOSS] = OWN("loss", 2),
    [RT_THREAD_BEGIN] = OWN("thread-begin", 3),
    [RT_THREAD_END] = OWN("thread-end", 1),
    [RT_THREAD_NAME] = OWN("thread-name", 4),

    [RT_MALLOC] = ALLOC("malloc"),
    [RT_CALLOC] = ALLOC("calloc"),
    [RT_MEMALIGN] = ALLOC("memalign"),
    [RT_POSIX_MEMALIGN] = ALLOC("posix_memalign"),
    [RT_ALIGNED_ALLOC] = ALLOC("aligned_alloc"),
    [RT_VALLOC] = ALLOC("valloc"),
    [RT_PVALLOC] = ALLOC("pvalloc"),
    [RT_OPERATOR_NEW] = ALLOC("new"),
    [RT_OPERATOR_NEW_ARRAY] = ALLOC("new[]"),
    [RT_REALLOC_BEGIN] = PLAIN("realloc-begin", 2),
    [RT_REALLOC_END] = ALLOC("realloc"),
    [RT_ALLOC_FAILED] = SIZED("alloc-failed", 3),
    [RT_FREE] = PLAIN("free", 2),
    [RT_OPERATOR_DELETE] = PLAIN("delete", 2),
    [RT_OPERATOR_DELETE_ARRAY] = PLAIN("delete[]", 2),

    [RT_WAIT] = SYNC("wait", 2),
    [RT_ACQUIRE] = SYNC("acquire", 2),
    [RT_RELEASE] = SYNC("release", 2),
    [RT_FAILED] = SYNC("failed", 2),
    [RT_INIT] = SYNC("init", 3),
    [RT_DESTROY] = SYNC("destroy", 2),
    [RT_COND_WAIT] = SYNC("cond-wait", 3),
    [RT_COND_WAKE] = SYNC("cond-wake", 3),
    [RT_SIGNAL] = SYNC("signal", 2),
    [RT_BROADCAST] = SYNC("broadcast", 2),
    [RT_MUTEX_CONSISTENT] = SYNC("consistent", 2),
    [RT_ON_STACK] = PLAIN("on-stack", 3),

    [RT_LIBC_ENTER] = PLAIN("libc-enter", 3),
    [RT_LIBC_LEAVE] = PLAIN("libc-leave", 3),

    [RT_THREAD_CREATE] = PLAIN("thread-create", 3),
    [RT_THREAD_CREATED] = PLAIN("thread-created", 3),
    [RT_JOINED] = PLAIN("joined", 2),
    [RT_DETACH] = PLAIN("detach", 2),
    [RT_CANCEL] = PLAIN("cancel", 2),
    [RT_THREAD_EXIT] = PLAIN("thread-exit", 1),

    [RT_FORK] = PLAIN("fork", 2),
    [RT_EXEC] = PLAIN("exec", 1),
    [RT_EXEC_FAILED] = PLAIN("exec-failed", 2),
    [RT_EXIT] = PLAIN("exit", 2),
    [RT_FORKING] = PLAIN("forking", 2),
    [RT_UNSEEN] = PLAIN("unseen", 2),
    [RT_CHILD_END] = PLAIN("child-end", 2),

    [RT_MAP] = SIZED("map", 3),
    [RT_UNMAP] = SIZED("unmap", 3),
};

static const char *const kind_names[] = {
    [RT_KIND_NONE] = "none",     [RT_KIND_MUTEX] = "mutex", [RT_KIND_RWLOCK] = "rwlock",   [RT_KIND_SPIN] = "spin",
    [RT_KIND_COND] = "cond",     [RT_KIND_SEM] = "sem",     [RT_KIND_BARRIER] = "barrier", [RT_KIND_ONCE] = "once",
    [RT_KIND_THREAD] = "thread", [RT_KIND_FUTEX] = "futex",
};
#define KINDS (sizeof kind_names / sizeof *kind_names)

const char *event_type_name(unsigned type)
{
	const char *name = type < 1u << RT_TYPE_BITS ? event_types[type].name : NULL;
	return name ? name : "unknown";
}

const char *event_kind_name(unsigned kind) { return kind < KINDS ? kind_names[kind] : "unknown"; }

unsigned event_kind_find(const char *name)
{
	unsigned kind = KINDS - 1;

	while (kind != RT_KIND_NONE && strcmp(kind_names[kind], name))
		kind--;
	return kind;
}
