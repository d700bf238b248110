#include "tools/event.h"

const struct event_type event_types[1 << RT_TYPE_BITS] = {
	[RT_TIME] = {"time", 2, EVENT_PLAIN},
	[RT_LOSS] = {"loss", 2, EVENT_PLAIN},
	[RT_THREAD_BEGIN] = {"thread-begin", 3, EVENT_PLAIN},
	[RT_THREAD_END] = {"thread-end", 1, EVENT_PLAIN},
	[RT_THREAD_NAME] = {"thread-name", 4, EVENT_PLAIN},

	[RT_MALLOC] = {"malloc", 2, EVENT_ALLOC},
	[RT_CALLOC] = {"calloc", 2, EVENT_ALLOC},
	[RT_MEMALIGN] = {"memalign", 2, EVENT_ALLOC},
	[RT_POSIX_MEMALIGN] = {"posix_memalign", 2, EVENT_ALLOC},
	[RT_ALIGNED_ALLOC] = {"aligned_alloc", 2, EVENT_ALLOC},
	[RT_VALLOC] = {"valloc", 2, EVENT_ALLOC},
	[RT_PVALLOC] = {"pvalloc", 2, EVENT_ALLOC},
	[RT_OPERATOR_NEW] = {"new", 2, EVENT_ALLOC},
	[RT_OPERATOR_NEW_ARRAY] = {"new[]", 2, EVENT_ALLOC},
	[RT_REALLOC_BEGIN] = {"realloc-begin", 2, EVENT_PLAIN},
	[RT_REALLOC_END] = {"realloc", 2, EVENT_ALLOC},
	[RT_ALLOC_FAILED] = {"alloc-failed", 3, EVENT_SIZED},
	[RT_FREE] = {"free", 2, EVENT_PLAIN},
	[RT_OPERATOR_DELETE] = {"delete", 2, EVENT_PLAIN},
	[RT_OPERATOR_DELETE_ARRAY] = {"delete[]", 2, EVENT_PLAIN},

	[RT_WAIT] = {"wait", 2, EVENT_SYNC},
	[RT_ACQUIRE] = {"acquire", 2, EVENT_SYNC},
	[RT_RELEASE] = {"release", 2, EVENT_SYNC},
	[RT_FAILED] = {"failed", 2, EVENT_SYNC},
	[RT_INIT] = {"init", 3, EVENT_SYNC},
	[RT_DESTROY] = {"destroy", 2, EVENT_SYNC},
	[RT_COND_WAIT] = {"cond-wait", 3, EVENT_SYNC},
	[RT_COND_WAKE] = {"cond-wake", 3, EVENT_SYNC},
	[RT_SIGNAL] = {"signal", 2, EVENT_SYNC},
	[RT_BROADCAST] = {"broadcast", 2, EVENT_SYNC},
	[RT_MUTEX_CONSISTENT] = {"consistent", 2, EVENT_SYNC},

	[RT_THREAD_CREATE] = {"thread-create", 3, EVENT_PLAIN},
	[RT_THREAD_CREATED] = {"thread-created", 3, EVENT_PLAIN},
	[RT_JOINED] = {"joined", 2, EVENT_PLAIN},
	[RT_DETACH] = {"detach", 2, EVENT_PLAIN},
	[RT_CANCEL] = {"cancel", 2, EVENT_PLAIN},
	[RT_THREAD_EXIT] = {"thread-exit", 1, EVENT_PLAIN},

	[RT_FORK] = {"fork", 2, EVENT_PLAIN},
	[RT_EXEC] = {"exec", 1, EVENT_PLAIN},
	[RT_EXEC_FAILED] = {"exec-failed", 2, EVENT_PLAIN},
	[RT_EXIT] = {"exit", 2, EVENT_PLAIN},

	[RT_MAP] = {"map", 3, EVENT_SIZED},
	[RT_UNMAP] = {"unmap", 3, EVENT_SIZED},
};

static const char *const kind_names[] = {
	[RT_KIND_NONE] = "none", [RT_KIND_MUTEX] = "mutex", [RT_KIND_RWLOCK] = "rwlock",
	[RT_KIND_SPIN] = "spin", [RT_KIND_COND] = "cond",   [RT_KIND_SEM] = "sem",
	[RT_KIND_BARRIER] = "barrier", [RT_KIND_ONCE] = "once", [RT_KIND_THREAD] = "thread",
	[RT_KIND_FUTEX] = "futex",
};

const char *event_type_name(unsigned type)
{
	const char *name = type < 1u << RT_TYPE_BITS ? event_types[type].name : NULL;
	return name ? name : "unknown";
}

const char *event_kind_name(unsigned kind)
{
	return kind < sizeof kind_names / sizeof *kind_names ? kind_names[kind] : "unknown";
}
