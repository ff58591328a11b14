/* When a dialled socket becomes writable: never before the far dial is over, and many at the same time. */
#include "app.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

/* edge: EPOLLET or 0; early: registered before connect */
static void check_epoll(uint32_t edge, bool early)
{
	struct destination to = destination(HELLO_4, PORT_LATE);
	int fd = stream_socket(&to, SOCK_NONBLOCK), epoll = epoll_create1(0);
	struct epoll_event event = {.events = EPOLLOUT | edge, .data.fd = fd}, got = {0};

	if (early) {
		CHECK_EQUAL(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
		epoll_wait(epoll, &got, 1, 0); /* a fresh socket reports HUP: not of the connection */
	}
	CHECK_EQUAL(connect_to(fd, &to), EINPROGRESS);
	if (!early)
		CHECK_EQUAL(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
	CHECK_EQUAL(epoll_wait(epoll, &got, 1, 0), 0);
	broker("release");
	CHECK_EQUAL(epoll_wait(epoll, &got, 1, -1), 1);
	CHECK_EQUAL(got.events, EPOLLOUT);
	CHECK_EQUAL(socket_error(fd), 0);
	close(epoll);
	close(fd);
}

TEST(epoll_level_registered_before_connect)
{
	check_epoll(0, true);
}

TEST(epoll_level_registered_after_connect)
{
	check_epoll(0, false);
}

TEST(epoll_edge_registered_before_connect)
{
	check_epoll(EPOLLET, true);
}

TEST(epoll_edge_registered_after_connect)
{
	check_epoll(EPOLLET, false);
}

TEST(select_is_writable_only_after_the_far_dial)
{
	struct destination to = destination(HELLO_4, PORT_LATE);
	int fd = stream_socket(&to, SOCK_NONBLOCK);
	struct timeval now = {0, 0};
	fd_set set;

	CHECK_EQUAL(connect_to(fd, &to), EINPROGRESS);
	FD_ZERO(&set);
	FD_SET(fd, &set);
	CHECK_EQUAL(select(fd + 1, NULL, &set, NULL, &now), 0);
	broker("release");
	FD_SET(fd, &set);
	CHECK_EQUAL(select(fd + 1, NULL, &set, NULL, NULL), 1);
	CHECK_EQUAL(socket_error(fd), 0);
	close(fd);
}

/* The broker answers none of them before all twenty wait: dials that came one after the other would hang */
TEST(twenty_nonblocking_dials_run_at_the_same_time)
{
	struct destination to = destination(HELLO_4, PORT_TOGETHER(20));
	int fds[20];

	for (int i = 0; i < 20; i++) {
		fds[i] = stream_socket(&to, SOCK_NONBLOCK);
		CHECK_EQUAL(connect_to(fds[i], &to), EINPROGRESS);
	}
	for (int i = 0; i < 20; i++) {
		CHECK_EQUAL(wait_for(fds[i], POLLOUT), POLLOUT);
		CHECK_EQUAL(socket_error(fds[i]), 0);
		close(fds[i]);
	}
}

static void *connect_in_thread(void *result)
{
	struct destination to = destination(HELLO_4, PORT_TOGETHER(21));
	int fd = stream_socket(&to, 0);

	*(int *)result = connect_to(fd, &to);
	close(fd);
	return NULL;
}

TEST(blocking_dials_of_many_threads_run_at_the_same_time)
{
	pthread_t threads[21];
	int results[21];

	for (int i = 0; i < 21; i++)
		CHECK_EQUAL(pthread_create(&threads[i], NULL, connect_in_thread, &results[i]), 0);
	for (int i = 0; i < 21; i++) {
		pthread_join(threads[i], NULL);
		CHECK_EQUAL(results[i], 0);
	}
}
