/*
 * The broker dies while a connection is held. These tests run once each, in this order, with a broker of
 * their own.
 */
#include "app.h"

#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

TEST(held_connect_becomes_unreachable_when_the_broker_dies)
{
	struct destination late = destination(HELLO_4, PORT_LATE), late_6 = destination(HELLO_6, PORT_LATE);
	int fd = stream_socket(&late, SOCK_NONBLOCK), fd_6 = stream_socket(&late_6, SOCK_NONBLOCK);

	CHECK_EQUAL(connect_to(fd, &late), EINPROGRESS);
	CHECK_EQUAL(connect_to(fd_6, &late_6), EINPROGRESS);
	CHECK_TEXT(broker("die"), "");
	CHECK(wait_for(fd, POLLOUT) & POLLERR);
	CHECK_EQUAL(socket_error(fd), ENETUNREACH);
	CHECK(wait_for(fd_6, POLLOUT) & POLLERR);
	CHECK_EQUAL(socket_error(fd_6), ENETUNREACH);
	close(fd);
	close(fd_6);
}

TEST(new_connects_are_unreachable)
{
	struct destination to = destination(HELLO_4, PORT_ECHO);
	int fd = stream_socket(&to, 0);

	CHECK_EQUAL(connect_to(fd, &to), ENETUNREACH);
	CHECK_EQUAL(socket_error(fd), 0);
	close(fd);
	fd = stream_socket(&to, SOCK_NONBLOCK);
	CHECK_EQUAL(connect_to(fd, &to), ENETUNREACH);
	CHECK_EQUAL(socket_error(fd), 0);
	close(fd);
}

TEST(clusters_names_say_try_again)
{
	static const unsigned char hello[4] = {10, 96, 0, 10};
	struct addrinfo *list = NULL;

	CHECK_EQUAL(getaddrinfo("hello", "80", NULL, &list), EAI_AGAIN);
	CHECK(!gethostbyname("hello"));
	CHECK_EQUAL(h_errno, TRY_AGAIN);
	CHECK(!gethostbyaddr(hello, 4, AF_INET));
	CHECK_EQUAL(h_errno, TRY_AGAIN);
}

TEST(everything_else_goes_on)
{
	struct destination at = destination("127.0.0.1", 0);
	int listener = stream_socket(&at, 0), fd = stream_socket(&at, 0);
	struct addrinfo *list = NULL;

	CHECK_EQUAL(bind(listener, (struct sockaddr *)&at.address, at.length), 0);
	CHECK_EQUAL(getsockname(listener, (struct sockaddr *)&at.address, &at.length), 0);
	CHECK_EQUAL(listen(listener, 1), 0);
	CHECK_EQUAL(connect_to(fd, &at), 0);
	CHECK(shows_peer(fd, &at));
	close(fd);
	close(listener);
	CHECK_EQUAL(getaddrinfo("localhost", "80", NULL, &list), 0);
	freeaddrinfo(list);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv);
}
