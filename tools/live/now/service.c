#include "tools/live/now/service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tools/base/child.h"
#include "tools/base/clock.h"
#include "tools/base/format.h"
#include "tools/base/memory.h"
#include "tools/live/now/control.h"
#include "tools/live/now/look.h"
#include "tools/live/presence.h"
#include "tools/base/progress.h"

#define CLIENTS          (NOW_SERVICE_POLLS - 1)
#define SNAPSHOTS_WITHIN UINT64_C(60000000000) /* ns, at the end of the run */

struct client {
	int fd; /* -1: none */
	char line[CONTROL_LINE];
	size_t length;
	bool asks;
	uint32_t pid, space; /* pid 0: all; space: the PID namespace that the pid belongs to */
	uint64_t pause_ns;
};

struct now_service {
	const char *run;
	struct archive *archive;
	const sigset_t *signals;
	int listener;
	struct client clients[CLIENTS];
	pid_t *children;
	size_t child_count, child_room;
};

struct now_service *now_service_open(const char *run, struct archive *archive, const sigset_t *signals)
{
	struct now_service *service = memory_zeroed(1, sizeof *service);

	*service = (struct now_service){.run = run, .archive = archive, .signals = signals};
	service->listener = control_listen(run);
	for (size_t i = 0; i < CLIENTS; i++)
		service->clients[i].fd = -1;
	return service;
}

/* ---- clients ------------------------------------------------------------------------------ */

static void leave(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	*client = (struct client){.fd = -1};
}

static void answer(const struct client *client, const struct error *err, const char *name)
{
	char line[CONTROL_LINE];
	int length = name ? snprintf(line, sizeof line, "kept %s\n", name)
	                  : snprintf(line, sizeof line, "failed %d %s\n", err->code, err->text);

	send(client->fd, line, (size_t)length, MSG_NOSIGNAL);
}

static struct client *free_client(const struct now_service *service)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (service->clients[i].fd < 0)
			return (struct client *)&service->clients[i];
	return NULL;
}

unsigned now_service_polls(const struct now_service *service, struct pollfd polls[NOW_SERVICE_POLLS])
{
	unsigned count = 0;

	if (service->listener >= 0 && free_client(service))
		polls[count++] = (struct pollfd){.fd = service->listener, .events = POLLIN};
	for (size_t i = 0; i < CLIENTS; i++)
		if (service->clients[i].fd >= 0 && !service->clients[i].asks)
			polls[count++] = (struct pollfd){.fd = service->clients[i].fd, .events = POLLIN};
	return count;
}

static void accept_all(struct now_service *service)
{
	struct client *client;

	while (service->listener >= 0 && (client = free_client(service))) {
		int fd = accept4(service->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return;
		*client = (struct client){.fd = fd};
	}
}

static void hear(struct client *client)
{
	int heard = client->fd < 0 || client->asks ? 0 : control_read_line(client->fd, client->line, &client->length);

	if (heard > 0 && sscanf(client->line, "now %" SCNu32 " %" SCNu32 " %" SCNu64, &client->pid, &client->space,
	                        &client->pause_ns) == 3)
		client->asks = true;
	else if (heard)
		leave(client);
}

static void reap(struct now_service *service)
{
	for (size_t i = 0; i < service->child_count; i++)
		if (child_wait(service->children[i], 0))
			service->children[i--] = service->children[--service->child_count];
}

bool now_service_look(struct now_service *service)
{
	bool asks = false;

	reap(service);
	accept_all(service);
	for (size_t i = 0; i < CLIENTS; i++) {
		hear(&service->clients[i]);
		asks |= service->clients[i].asks;
	}
	return asks;
}

/* ---- looking -------------------------------------------------------------------------------- */

/* Runs in the child: the collector's other threads do not exist there, and the child answers no other client. */
static void be_alone(struct now_service *service, const struct client *client)
{
	progress_forked();
	presence_forked();
	if (service->listener >= 0)
		close(service->listener);
	for (size_t i = 0; i < CLIENTS; i++)
		if (&service->clients[i] != client && service->clients[i].fd >= 0)
			close(service->clients[i].fd);
	sigprocmask(SIG_SETMASK, service->signals, NULL);
}

static _Noreturn void write_and_answer(struct now_service *service, const struct client *client, struct now_look *look)
{
	struct error err;
	char *path = NULL;

	be_alone(service, client);
	bool good = now_look_store(look, service->run, &path, &err);
	const char *slash = path ? strrchr(path, '/') : NULL;
	answer(client, &err, good ? slash + 1 : NULL);
	_exit(0);
}

static void note_child(struct now_service *service, pid_t child)
{
	GROW(service->children, service->child_room, service->child_count + 1);
	service->children[service->child_count++] = child;
}

static bool is_asked_for(const struct client *client, const struct rt_header *header)
{
	return header->pid == client->pid && header->pid_space == client->space;
}

static void serve_client(struct now_service *service, struct client *client, struct recording **recordings,
                         size_t count, const struct scan_tick *tick)
{
	struct now_look look = {.pause_ns = client->pause_ns, .tick = tick};
	struct error err;

	for (size_t i = 0; i < count; i++)
		if (!client->pid || is_asked_for(client, &recordings[i]->ring.header))
			now_look_add(&look, recordings[i]);
	pid_t child = now_look_is_good(&look, client->pid, &err) ? fork() : -2;
	if (child == 0)
		write_and_answer(service, client, &look);
	if (child == -1)
		error_set(&err, EXIT_INTERNAL, "`ringtail run` cannot make a process for it: %s", strerror(errno));
	if (child < 0)
		answer(client, &err, NULL);
	else
		note_child(service, child);
	now_look_free(&look);
}

void now_service_serve(struct now_service *service, struct recording **recordings, size_t count,
                       const struct scan_tick *tick)
{
	if (!archive_hold(service->archive))
		return; /* the archive is storing a process: a later round forks */
	for (size_t i = 0; i < CLIENTS; i++) {
		struct client *client = &service->clients[i];
		if (!client->asks)
			continue;
		serve_client(service, client, recordings, count, tick);
		leave(client);
	}
	archive_release(service->archive);
}

/* They write at the same time, so one bound is enough for all. */
static void finish_children(struct now_service *service)
{
	uint64_t until = ring_clock_ns(CLOCK_MONOTONIC) + SNAPSHOTS_WITHIN;
	struct progress progress;
	unsigned ended = 0;

	progress_begin(&progress, "storing what `ringtail leaks --now` asked for", 0);
	for (size_t i = 0; i < service->child_count; i++) {
		uint64_t now = ring_clock_ns(CLOCK_MONOTONIC);
		ended += !child_end_within(service->children[i], now < until ? until - now : 0);
	}
	progress_end(&progress);
	if (ended)
		fprintf(stderr,
		        "ringtail: gave up %u %s that `ringtail leaks --now` asked for: not stored within %u s after "
		        "the end\n",
		        ended, plural(ended, "snapshot", "snapshots"), (unsigned)(SNAPSHOTS_WITHIN / 1000000000u));
}

void now_service_close(struct now_service *service)
{
	if (service->listener >= 0) {
		close(service->listener);
		control_remove(service->run);
	}
	for (size_t i = 0; i < CLIENTS; i++)
		leave(&service->clients[i]);
	finish_children(service);
	free(service->children);
	free(service);
}
