/* The rows of the errno table, blocking and not, for IPv4, IPv6 and v4-mapped destinations. */
#include "app.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const char *const addresses[] = {HELLO_4, HELLO_6, HELLO_MAPPED};
static const int errors[] = {ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH};

#define EACH_ADDRESS(to, port)                                                                        \
	for (int each = 0; each < 3; each++)                                                          \
		for (struct destination to = destination(addresses[each], (port)), *once = &to; once; \
		     once = NULL)

TEST(blocking_success_connects_and_shows_the_asked_peer)
{
	EACH_ADDRESS(to, PORT_ECHO)
	{
		int fd = stream_socket(&to, 0);

		CHECK_EQUAL(connect_to(fd, &to), 0);
		CHECK(echoes(fd));
		CHECK(shows_peer(fd, &to));
		CHECK_EQUAL(socket_error(fd), 0);
		close(fd);
	}
}

TEST(blocking_failure_gives_the_far_errno)
{
	for (int i = 0; i < 4; i++)
		EACH_ADDRESS(to, PORT_FAIL(errors[i]))
		{
			int fd = stream_socket(&to, 0);

			CHECK_EQUAL(connect_to(fd, &to), errors[i]);
			CHECK_EQUAL(socket_error(fd), 0);
			close(fd);
		}
}

TEST(nonblocking_success_is_writable_only_after_the_far_dial)
{
	EACH_ADDRESS(to, PORT_LATE)
	{
		int fd = stream_socket(&to, SOCK_NONBLOCK);

		CHECK_EQUAL(connect_to(fd, &to), EINPROGRESS);
		CHECK_EQUAL(look_at(fd, POLLOUT), 0);
		CHECK_EQUAL(socket_error(fd), 0);
		CHECK_EQUAL(connect_to(fd, &to), EALREADY);
		broker("release");
		CHECK_EQUAL(wait_for(fd, POLLOUT), POLLOUT);
		CHECK_EQUAL(socket_error(fd), 0);
		CHECK(shows_peer(fd, &to));
		CHECK(echoes(fd));
		close(fd);
	}
}

TEST(nonblocking_failure_is_told_by_so_error_once)
{
	for (int i = 0; i < 4; i++)
		EACH_ADDRESS(to, PORT_LATE_FAIL(errors[i]))
		{
			int fd = stream_socket(&to, SOCK_NONBLOCK);

			CHECK_EQUAL(connect_to(fd, &to), EINPROGRESS);
			CHECK_EQUAL(look_at(fd, POLLOUT), 0);
			broker("release");
			CHECK_EQUAL(wait_for(fd, POLLOUT) & (POLLOUT | POLLERR | POLLHUP),
				    POLLOUT | POLLERR | POLLHUP);
			CHECK_EQUAL(socket_error(fd), errors[i]);
			CHECK_EQUAL(socket_error(fd), 0);
			close(fd);
		}
}

TEST(second_connect_speaks_the_kernels_words)
{
	struct destination to = destination(HELLO_4, PORT_ECHO);
	int fd = stream_socket(&to, SOCK_NONBLOCK);

	CHECK_EQUAL(connect_to(fd, &to), EINPROGRESS);
	wait_for(fd, POLLOUT);
	CHECK_EQUAL(connect_to(fd, &to), 0);
	CHECK_EQUAL(connect_to(fd, &to), EISCONN);
	close(fd);
}

TEST(connect_after_failure_gives_the_pending_error_first)
{
	struct destination refused = destination(HELLO_4, PORT_FAIL(ECONNREFUSED));
	struct destination to = destination(HELLO_4, PORT_ECHO);
	int fd = stream_socket(&to, SOCK_NONBLOCK);

	CHECK_EQUAL(connect_to(fd, &refused), EINPROGRESS);
	wait_for(fd, POLLOUT);
	CHECK_EQUAL(connect_to(fd, &to), ECONNREFUSED);
	CHECK_EQUAL(connect_to(fd, &to), EINPROGRESS);
	CHECK_EQUAL(wait_for(fd, POLLOUT), POLLOUT);
	CHECK(echoes(fd));
	close(fd);
}

TEST(blocking_socket_can_be_used_again_after_failure)
{
	struct destination refused = destination(HELLO_4, PORT_FAIL(ECONNREFUSED));
	struct destination to = destination(HELLO_4, PORT_ECHO);
	int fd = stream_socket(&to, 0);

	CHECK_EQUAL(connect_to(fd, &refused), ECONNREFUSED);
	CHECK_EQUAL(connect_to(fd, &to), 0);
	CHECK(echoes(fd));
	close(fd);
}

TEST(unspec_dissolves_and_asks_nobody)
{
	struct destination to = destination(HELLO_4, PORT_ECHO);
	struct sockaddr unspecified = {.sa_family = AF_UNSPEC};
	int fd = stream_socket(&to, 0);
	long before;

	CHECK_EQUAL(connect_to(fd, &to), 0);
	before = broker_count();
	CHECK_EQUAL(connect(fd, &unspecified, sizeof(unspecified)), 0);
	CHECK_EQUAL(broker_count(), before);
	CHECK_EQUAL(connect_to(fd, &to), 0);
	close(fd);
}

TEST(later_reset_stays_a_reset)
{
	struct destination to = destination(HELLO_4, PORT_RESET);
	int fd = stream_socket(&to, 0);
	long before;

	CHECK_EQUAL(connect_to(fd, &to), 0);
	before = broker_count();
	broker("release");
	CHECK(wait_for(fd, POLLIN) & POLLERR);
	CHECK_EQUAL(socket_error(fd), ECONNRESET);
	CHECK_EQUAL(broker_count(), before);
	close(fd);
}

TEST(bound_socket_keeps_its_port)
{
	struct destination to = destination(HELLO_4, PORT_ECHO), any = destination("0.0.0.0", 0);
	int fd = stream_socket(&to, 0);
	struct sockaddr_in before, after;
	socklen_t length = sizeof(before);

	CHECK_EQUAL(bind(fd, (struct sockaddr *)&any.address, any.length), 0);
	CHECK_EQUAL(getsockname(fd, (struct sockaddr *)&before, &length), 0);
	CHECK_EQUAL(connect_to(fd, &to), 0);
	CHECK_EQUAL(getsockname(fd, (struct sockaddr *)&after, &length), 0);
	CHECK_EQUAL(after.sin_port, before.sin_port);
	CHECK(echoes(fd));
	close(fd);
}

TEST(own_address_is_the_pods)
{
	static const char *const own[] = {"10.244.7.7", "fd00:244::7", "::ffff:10.244.7.7"};

	EACH_ADDRESS(to, PORT_ECHO)
	{
		struct destination wanted = destination(own[each], 0);
		struct sockaddr_storage shown;
		socklen_t length = sizeof(shown);
		int fd = stream_socket(&to, 0);

		memset(&shown, 0, sizeof(shown));
		CHECK_EQUAL(connect_to(fd, &to), 0);
		CHECK_EQUAL(getsockname(fd, (struct sockaddr *)&shown, &length), 0);
		CHECK_EQUAL(length, wanted.length);
		CHECK(((struct sockaddr_in *)&shown)->sin_port != 0);
		((struct sockaddr_in *)&shown)->sin_port = 0;
		CHECK(memcmp(&shown, &wanted.address, length) == 0);
		close(fd);
	}
}

TEST(short_buffer_gets_a_cut_name_and_the_true_length)
{
	struct destination to = destination(HELLO_4, PORT_ECHO);
	struct sockaddr_in peer = {0};
	socklen_t length = 4;
	int fd = stream_socket(&to, 0);

	CHECK_EQUAL(connect_to(fd, &to), 0);
	CHECK_EQUAL(getpeername(fd, (struct sockaddr *)&peer, &length), 0);
	CHECK_EQUAL(length, sizeof(peer));
	CHECK_EQUAL(ntohs(peer.sin_port), PORT_ECHO);
	CHECK_EQUAL(peer.sin_addr.s_addr, 0);
	close(fd);
}

TEST(send_timeout_is_the_kernels)
{
	struct destination to = destination(HELLO_4, PORT_LATE);
	struct timeval soon = {0, 10000};
	int fd = stream_socket(&to, 0);

	CHECK_EQUAL(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon)), 0);
	CHECK_EQUAL(connect_to(fd, &to), EINPROGRESS);
	broker("release");
	CHECK_EQUAL(wait_for(fd, POLLOUT), POLLOUT);
	CHECK(echoes(fd));
	close(fd);
}

static void ignore(int number)
{
	(void)number;
}

TEST(signal_interrupts_a_blocking_connect)
{
	struct destination to = destination(HELLO_4, PORT_LATE);
	struct sigaction action = {.sa_handler = ignore}, before;
	struct itimerspec often = {{0, 5000000}, {0, 5000000}}, never = {{0, 0}, {0, 0}};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	int fd = stream_socket(&to, 0);
	timer_t timer;

	sigaction(SIGUSR1, &action, &before);
	CHECK_EQUAL(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	timer_settime(timer, 0, &often, NULL);
	CHECK_EQUAL(connect_to(fd, &to), EINTR);
	timer_settime(timer, 0, &never, NULL);
	timer_delete(timer);
	sigaction(SIGUSR1, &before, NULL);
	broker("release");
	CHECK_EQUAL(wait_for(fd, POLLOUT), POLLOUT);
	CHECK(echoes(fd));
	close(fd);
}

TEST(fast_open_send_connects_and_sends)
{
	struct destination to = destination(HELLO_4, PORT_ECHO);
	int fd = stream_socket(&to, 0);
	char back[5] = "";

	CHECK_EQUAL(sendto(fd, "data", 4, MSG_FASTOPEN, (struct sockaddr *)&to.address, to.length), 4);
	CHECK_EQUAL(recv(fd, back, 4, MSG_WAITALL), 4);
	CHECK_TEXT(back, "data");
	CHECK(shows_peer(fd, &to));
	close(fd);
}

TEST(fast_open_send_fails_with_the_far_errno)
{
	struct destination to = destination(HELLO_4, PORT_FAIL(EHOSTUNREACH));
	int fd = stream_socket(&to, 0);
	struct iovec vector = {"data", 4};
	struct msghdr message = {
		.msg_name = &to.address, .msg_namelen = to.length, .msg_iov = &vector, .msg_iovlen = 1};

	CHECK_EQUAL(sendmsg(fd, &message, MSG_FASTOPEN), -1);
	CHECK_EQUAL(errno, EHOSTUNREACH);
	close(fd);
}

TEST(fast_open_send_without_blocking_is_in_progress)
{
	struct destination to = destination(HELLO_4, PORT_LATE);
	int fd = stream_socket(&to, SOCK_NONBLOCK);

	CHECK_EQUAL(sendto(fd, "data", 4, MSG_FASTOPEN, (struct sockaddr *)&to.address, to.length), -1);
	CHECK_EQUAL(errno, EINPROGRESS);
	broker("release");
	CHECK_EQUAL(wait_for(fd, POLLOUT), POLLOUT);
	CHECK(echoes(fd));
	close(fd);
}

TEST(fast_open_connect_waits_for_the_far_dial)
{
	struct destination to = destination(HELLO_4, PORT_FAIL(ECONNREFUSED));
	int fd = stream_socket(&to, 0), on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on));
	CHECK_EQUAL(connect_to(fd, &to), ECONNREFUSED);
	close(fd);
}

#define MPTCP 262

TEST(multipath_tcp_becomes_tcp)
{
	struct destination to = destination(HELLO_4, PORT_ECHO);
	int real = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, MPTCP), error = errno, protocol = 0;
	int fd = socket(AF_INET, SOCK_STREAM, MPTCP);
	socklen_t length = sizeof(protocol);

	if (real < 0) {
		/* built or switched off here: refused as without us */
		CHECK_EQUAL(fd, -1);
		CHECK_EQUAL(errno, error);
		return;
	}
	close(real);
	CHECK_EQUAL(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length), 0);
	CHECK_EQUAL(protocol, IPPROTO_TCP);
	CHECK_EQUAL(connect_to(fd, &to), 0);
	CHECK(echoes(fd));
	close(fd);
}

TEST(multipath_tcp_is_refused_in_the_kernels_words)
{
	int real = (int)syscall(SYS_socket, AF_INET, SOCK_DGRAM, MPTCP), error = errno;

	CHECK_EQUAL(real, -1);
	CHECK_EQUAL(socket(AF_INET, SOCK_DGRAM, MPTCP), -1);
	CHECK_EQUAL(errno, error);
}

TEST(learnt_single_address_is_dialled)
{
	struct destination to = destination("203.0.113.7", PORT_ECHO);
	int fd = stream_socket(&to, 0);

	CHECK_EQUAL(connect_to(fd, &to), 0);
	CHECK(shows_peer(fd, &to));
	close(fd);
}

TEST(dup_and_full_descriptor_range_close_keep_the_connection)
{
	struct destination to = destination(HELLO_4, PORT_LATE);
	int fd = stream_socket(&to, SOCK_NONBLOCK), copy;

	CHECK_EQUAL(connect_to(fd, &to), EINPROGRESS);
	copy = dup(fd);
	close(fd);
	broker("release");
	CHECK_EQUAL(wait_for(copy, POLLOUT), POLLOUT);
	CHECK(shows_peer(copy, &to));
	CHECK(echoes(copy));
	close(copy);
}

TEST(no_descriptor_stays_open)
{
	struct destination to = destination(HELLO_4, PORT_ECHO);
	int before = dup(0), fd, after;

	close(before);
	fd = stream_socket(&to, 0);
	CHECK_EQUAL(connect_to(fd, &to), 0);
	CHECK(shows_peer(fd, &to));
	close(fd);
	after = dup(0);
	close(after);
	CHECK_EQUAL(after, before);
}

TEST(where_syn_cannot_be_held_the_dial_is_awaited)
{
	broker("held 0");
	EACH_ADDRESS(to, PORT_ECHO)
	{
		struct destination refused = destination(addresses[each], PORT_FAIL(ECONNREFUSED));
		int fd = stream_socket(&to, 0);

		CHECK_EQUAL(connect_to(fd, &to), 0);
		CHECK(echoes(fd));
		CHECK(shows_peer(fd, &to));
		close(fd);
		fd = stream_socket(&to, 0);
		CHECK_EQUAL(connect_to(fd, &refused), ECONNREFUSED);
		close(fd);
		fd = stream_socket(&to, SOCK_NONBLOCK);
		CHECK_EQUAL(connect_to(fd, &refused), ECONNREFUSED);
		close(fd);
		fd = stream_socket(&to, SOCK_NONBLOCK);
		CHECK_EQUAL(connect_to(fd, &to), EINPROGRESS);
		CHECK_EQUAL(wait_for(fd, POLLOUT), POLLOUT);
		CHECK(echoes(fd));
		close(fd);
	}
	broker("held 1");
}

TEST(inactive_session_is_unreachable)
{
	struct destination to = destination(HELLO_4, PORT_ECHO);
	int fd = stream_socket(&to, 0);
	long before = broker_count();

	broker("active 0");
	CHECK_EQUAL(connect_to(fd, &to), ENETUNREACH);
	CHECK_EQUAL(broker_count(), before);
	broker("active 1");
	CHECK_EQUAL(connect_to(fd, &to), 0);
	close(fd);
}
