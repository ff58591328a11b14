#include "reach.h"

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

int own_listener;
struct destination own_destination;

void listen_here(void)
{
	if (own_listener)
		return;
	own_destination = destination("127.0.0.1", PORT_FAIL(SCRIPTED_ERROR));
	own_listener = stream_socket(&own_destination, SOCK_CLOEXEC);
	CHECK_EQUAL(setsockopt(own_listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)), 0);
	CHECK_EQUAL(bind(own_listener, (struct sockaddr *)&own_destination.address, own_destination.length),
		    0);
	CHECK_EQUAL(listen(own_listener, 128), 0);
}

void list_own_port(const struct own_session *session)
{
	char command[32];

	listen_here();
	session_choose(session);
	snprintf(command, sizeof(command), "pod-port %d", PORT_FAIL(SCRIPTED_ERROR));
	CHECK_TEXT(broker(command), "ok");
}

int reach_own(int flags)
{
	int fd = stream_socket(&own_destination, flags | SOCK_CLOEXEC);
	int error = connect_to(fd, &own_destination), accepted;

	if (error == EINPROGRESS) {
		wait_for(fd, POLLOUT);
		error = socket_error(fd);
	}
	if (error == 0) {
		accepted = accept(own_listener, NULL, NULL);
		CHECK(accepted >= 0);
		close(accepted);
	}
	close(fd);
	return error;
}

bool finds(const char *name)
{
	struct addrinfo *list = NULL;
	bool found = getaddrinfo(name, "80", NULL, &list) == 0;

	if (found)
		freeaddrinfo(list);
	return found;
}

bool reaches_cluster(int flags)
{
	struct destination to = destination(HELLO_4, PORT_ECHO);
	int fd = stream_socket(&to, flags | SOCK_CLOEXEC);
	int error = connect_to(fd, &to);
	bool reached;

	if (error == EINPROGRESS) {
		wait_for(fd, POLLOUT);
		error = socket_error(fd);
	}
	reached = error == 0 && shows_peer(fd, &to) && echoes(fd);
	close(fd);
	return reached;
}
