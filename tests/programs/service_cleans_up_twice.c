/* A service whose error path cleans up, and whose caller cleans up again: a lock is unlocked twice, and a buffer is
 * freed twice. glibc ends it by SIGABRT. usage: service_cleans_up_twice */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

struct connection {
	pthread_mutex_t lock;
	char *buffer;
};

static __attribute__((noinline)) void give_up(struct connection *connection)
{
	pthread_mutex_unlock(&connection->lock);
	free(connection->buffer);
}

static __attribute__((noinline)) bool read_request(struct connection *connection, const char *text)
{
	pthread_mutex_lock(&connection->lock);
	strcpy(connection->buffer, text);
	if (strncmp(text, "GET ", 4)) {
		give_up(connection);
		return false;
	}
	return true;
}

static __attribute__((noinline)) void serve(struct connection *connection, const char *text)
{
	connection->buffer = malloc(200);
	must(connection->buffer);
	if (read_request(connection, text))
		say("%s\n", connection->buffer);
	pthread_mutex_unlock(&connection->lock);
	free(connection->buffer);
}

int main(void)
{
	struct connection *connection = calloc(1, sizeof *connection);

	must(connection && pthread_mutex_init(&connection->lock, NULL) == 0);
	serve(connection, "GET /");
	serve(connection, "BREW /");
	free(connection);
	return 0;
}
