#include "app.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

struct destination destination(const char *address, int port)
{
	struct destination to = {0};
	struct sockaddr_in *in = (void *)&to.address;
	struct sockaddr_in6 *in6 = (void *)&to.address;

	if (strchr(address, ':')) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		inet_pton(AF_INET6, address, &in6->sin6_addr);
		to.length = sizeof(*in6);
	} else {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		inet_pton(AF_INET, address, &in->sin_addr);
		to.length = sizeof(*in);
	}
	to.family = to.address.ss_family;
	return to;
}

int stream_socket(const struct destination *to, int flags)
{
	return socket(to->family, SOCK_STREAM | flags, 0);
}

/* Return: 0 or errno */
int connect_to(int fd, const struct destination *to)
{
	return connect(fd, (const struct sockaddr *)&to->address, to->length) == 0 ? 0 : errno;
}

int socket_error(int fd)
{
	int error = -1;
	socklen_t length = sizeof(error);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	return error;
}

short wait_for(int fd, short events)
{
	struct pollfd poll_fd = {fd, events, 0};

	while (poll(&poll_fd, 1, -1) < 0 && errno == EINTR)
		;
	return poll_fd.revents;
}

short look_at(int fd, short events)
{
	struct pollfd poll_fd = {fd, events, 0};

	return poll(&poll_fd, 1, 0) > 0 ? poll_fd.revents : 0;
}

bool echoes(int fd)
{
	char back[5] = "";

	if (send(fd, "ping", 4, MSG_NOSIGNAL) != 4)
		return false;
	wait_for(fd, POLLIN);
	return recv(fd, back, 4, MSG_WAITALL) == 4 && strcmp(back, "ping") == 0;
}

bool shows_peer(int fd, const struct destination *peer)
{
	struct sockaddr_storage shown;
	socklen_t length = sizeof(shown);

	memset(&shown, 0, sizeof(shown));
	return getpeername(fd, (struct sockaddr *)&shown, &length) == 0 && length == peer->length &&
	       memcmp(&shown, &peer->address, length) == 0;
}

const char *broker(const char *command)
{
	static char reply[64];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ssize_t got = -1;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/test", getenv("TELELAUNCH_SESSION"));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    send(fd, command, strlen(command), MSG_NOSIGNAL) > 0)
		got = recv(fd, reply, sizeof(reply) - 1, 0);
	close(fd);
	reply[got > 0 ? got : 0] = '\0';
	return reply;
}

long broker_count(void)
{
	return strtol(broker("count"), NULL, 10);
}
