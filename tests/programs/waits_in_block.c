/*
 * main returns while a thread waits for a mutex 40 bytes into a block from make_session, and another one for a
 * condition that is a variable.
 */
#include <pthread.h>
#include <stdlib.h>

#include "say.h"
#include "thread_state.h"

struct session {
	char name[40];
	pthread_mutex_t busy;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never_signalled = PTHREAD_COND_INITIALIZER;

static __attribute__((noinline)) struct session *make_session(void)
{
	struct session *session = calloc(1, sizeof *session);

	if (!session)
		abort();
	pthread_mutex_init(&session->busy, NULL);
	return session;
}

static void *in_block(void *session)
{
	pthread_mutex_lock(&((struct session *)session)->busy);
	return NULL;
}

static void *in_variable(void *unused)
{
	pthread_mutex_lock(&lock);
	while (!unused)
		pthread_cond_wait(&never_signalled, &lock);
	return NULL;
}

int main(void)
{
	struct session *session = make_session();
	pthread_t threads[2];

	pthread_mutex_lock(&session->busy);
	pthread_create(&threads[0], NULL, in_block, session);
	pthread_create(&threads[1], NULL, in_variable, NULL);
	await_others(2);
	say("two wait\n");
	return 0;
}
