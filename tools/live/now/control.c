#include "tools/live/now/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define NAME    "control"
#define BACKLOG 16

/* Names the socket through the directory's descriptor, so that the path may have any length: sun_path has room for
 * about a hundred bytes. */
static bool address_in(int directory, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/" NAME, directory);
	return directory >= 0;
}

static int with_socket(const char *run, int (*use)(int fd, const struct sockaddr *address, socklen_t length))
{
	struct sockaddr_un address;
	int directory = open(run, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = address_in(directory, &address) ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;
	int error = errno;

	if (fd >= 0 && use(fd, (const struct sockaddr *)&address, sizeof address)) {
		error = errno;
		close(fd);
		fd = -1;
	}
	if (directory >= 0)
		close(directory);
	errno = error;
	return fd;
}

void control_remove(const char *run)
{
	char *path = NULL;

	if (asprintf(&path, "%s/" NAME, run) > 0)
		unlink(path);
	free(path);
}

static int bind_and_listen(int fd, const struct sockaddr *address, socklen_t length)
{
	mode_t before = umask(0077);
	int result = bind(fd, address, length);

	umask(before);
	return result ? result : listen(fd, BACKLOG);
}

int control_listen(const char *run)
{
	control_remove(run);
	return with_socket(run, bind_and_listen);
}

int control_connect(const char *run) { return with_socket(run, connect); }

int control_read_line(int fd, char line[CONTROL_LINE], size_t *length)
{
	ssize_t got = recv(fd, line + *length, CONTROL_LINE - 1 - *length, MSG_DONTWAIT);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	*length += (size_t)got;
	line[*length] = '\0';
	char *end = strchr(line, '\n');
	if (end)
		*end = '\0';
	return end ? 1 : got == 0 || *length == CONTROL_LINE - 1 ? -1 : 0;
}
