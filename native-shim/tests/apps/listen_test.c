/* listen() is told to the broker once it has succeeded, and loopback with a port of the pod's goes there. */
#include "app.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

static int bound_socket(const char *address, struct destination *at)
{
	int fd;

	*at = destination(address, 0);
	fd = stream_socket(at, 0);
	CHECK_EQUAL(bind(fd, (struct sockaddr *)&at->address, at->length), 0);
	CHECK_EQUAL(getsockname(fd, (struct sockaddr *)&at->address, &at->length), 0);
	return fd;
}

/* What the broker says of the last listen(): "COUNT FAMILY PORT COOKIE" */
static void check_told(long count, int fd, const struct destination *at)
{
	char wanted[64];
	unsigned long long cookie = 0;
	socklen_t length = sizeof(cookie);
	int port = ntohs(((const struct sockaddr_in *)&at->address)->sin_port);

	CHECK_EQUAL(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length), 0);
	snprintf(wanted, sizeof(wanted), "%ld %d %d %llx", count, at->family == AF_INET ? 4 : 6, port,
		 cookie);
	CHECK_TEXT(broker("listening"), wanted);
}

static long told(void)
{
	return strtol(broker("listening"), NULL, 10);
}

/* The shim sends before listen() returns, and the broker takes packets in their order: no wait is needed */
TEST(listening_socket_is_told_with_its_port_and_cookie)
{
	static const char *const local[] = {"127.0.0.1", "0.0.0.0", "::1", "::"};

	for (int i = 0; i < 4; i++) {
		struct destination at;
		long before = told();
		int fd = bound_socket(local[i], &at);

		CHECK_EQUAL(told(), before);
		errno = EDOM;
		CHECK_EQUAL(listen(fd, 5), 0);
		CHECK_EQUAL(errno, EDOM);
		check_told(before + 1, fd, &at);
		close(fd);
	}
}

TEST(child_that_inherits_the_socket_tells_the_same_cookie)
{
	struct destination at;
	long before = told();
	int fd = bound_socket("127.0.0.1", &at), status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(listen(fd, 5) == 0 ? 0 : 1);
	CHECK_EQUAL(waitpid(child, &status, 0), child);
	CHECK_EQUAL(status, 0);
	check_told(before + 1, fd, &at);
	close(fd);
}

TEST(failed_listen_is_told_to_nobody)
{
	long before = told();
	int datagram = socket(AF_INET, SOCK_DGRAM, 0);

	CHECK_EQUAL(listen(-1, 5), -1);
	CHECK_EQUAL(errno, EBADF);
	CHECK_EQUAL(listen(datagram, 5), -1);
	CHECK_EQUAL(errno, EOPNOTSUPP);
	close(datagram);
	CHECK_EQUAL(told(), before);
}

TEST(unix_listener_is_told_to_nobody)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	long before = told();
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	CHECK_EQUAL(bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
	CHECK_EQUAL(listen(fd, 5), 0);
	close(fd);
	CHECK_EQUAL(told(), before);
}

TEST(listen_is_told_to_nobody_once_the_session_is_over)
{
	struct destination at;
	long before = told();
	int fd = bound_socket("127.0.0.1", &at);

	broker("active 0");
	CHECK_EQUAL(listen(fd, 5), 0);
	broker("active 1");
	CHECK_EQUAL(told(), before);
	close(fd);
}

TEST(listen_is_told_to_nobody_where_no_port_is_exposed)
{
	struct destination at;
	long before = told();
	int fd = bound_socket("127.0.0.1", &at);

	broker("listeners 0");
	CHECK_EQUAL(listen(fd, 5), 0);
	broker("listeners 1");
	CHECK_EQUAL(told(), before);
	close(fd);
}

/* The test broker's script is the port; 7 echoes */
TEST(listed_loopback_port_goes_to_the_pod)
{
	static const char *const pods[] = {"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"};

	broker("pod-port 7");
	for (int i = 0; i < 4; i++) {
		struct destination to = destination(pods[i], PORT_ECHO), own = destination(pods[i], 0);
		int fd = stream_socket(&to, 0);

		CHECK_EQUAL(connect_to(fd, &to), 0);
		CHECK(echoes(fd));
		CHECK(shows_peer(fd, &to));
		CHECK_EQUAL(getsockname(fd, (struct sockaddr *)&own.address, &own.length), 0);
		/* loopback at both ends, as inside the pod; not the pod's address */
		CHECK_EQUAL(((unsigned char *)&own.address)[own.family == AF_INET ? 4 : 8],
			    to.family == AF_INET ? 127 : 0);
		close(fd);
	}
	broker("pod-port 0");
}

TEST(listed_loopback_port_gives_the_far_errno)
{
	struct destination to = destination("127.0.0.1", PORT_FAIL(ECONNREFUSED));
	int fd = stream_socket(&to, 0);

	broker("pod-port 1111");
	CHECK_EQUAL(connect_to(fd, &to), ECONNREFUSED);
	close(fd);
	fd = stream_socket(&to, SOCK_NONBLOCK);
	CHECK_EQUAL(connect_to(fd, &to), EINPROGRESS);
	wait_for(fd, POLLOUT);
	CHECK_EQUAL(socket_error(fd), ECONNREFUSED);
	close(fd);
	broker("pod-port 0");
}

TEST(other_ports_and_datagrams_stay_on_this_machine)
{
	struct destination at, to;
	long before;
	int listener = bound_socket("127.0.0.1", &at), fd;

	CHECK_EQUAL(listen(listener, 5), 0);
	broker("pod-port 7");
	before = broker_count();
	fd = stream_socket(&at, 0);
	CHECK_EQUAL(connect_to(fd, &at), 0);
	close(fd);
	to = destination("127.0.0.1", PORT_ECHO);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK_EQUAL(connect_to(fd, &to), 0);
	close(fd);
	close(listener);
	CHECK_EQUAL(broker_count(), before);
	broker("pod-port 0");
}

TEST(listed_loopback_port_is_unreachable_once_the_session_is_over)
{
	struct destination to = destination("127.0.0.1", PORT_ECHO);
	int fd = stream_socket(&to, 0);

	broker("pod-port 7");
	broker("active 0");
	CHECK_EQUAL(connect_to(fd, &to), ENETUNREACH);
	broker("active 1");
	broker("pod-port 0");
	close(fd);
}
