/*
 * A C program for tests to run under the shim. Each step it takes is a line on stdout; where it must not go on by itself it waits for a line on stdin.
 *
 *   connector blocking ADDRESS PORT
 *   connector poll     ADDRESS PORT		non-blocking
 *   connector epoll-lt-before|epoll-lt-after|epoll-et-before|epoll-et-after ADDRESS PORT
 *   connector many     ADDRESS PORT COUNT	COUNT non-blocking connects at once
 *   connector abandon  ADDRESS PORT		non-blocking, then closes while the dial runs
 *   connector retry    ADDRESS PORT		blocking, and again on the same descriptor
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_storage destination;
static socklen_t destination_length;

static void say(const char *what, int number)
{
	printf("%s %d\n", what, number);
	fflush(stdout);
}

static void wait_for_line(void)
{
	char line[16];

	if (!fgets(line, sizeof(line), stdin))
		exit(3);
}

static void parse(const char *address, const char *port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&destination;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&destination;

	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)atoi(port));
		destination_length = sizeof(*v4);
	} else if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)atoi(port));
		destination_length = sizeof(*v6);
	} else {
		exit(2);
	}
}

static void say_name(const char *what, int (*ask)(int, struct sockaddr *, socklen_t *), int fd)
{
	struct sockaddr_storage name;
	socklen_t length = sizeof(name);
	char text[INET6_ADDRSTRLEN];

	if (ask(fd, (struct sockaddr *)&name, &length) < 0) {
		say(what, -errno);
		return;
	}
	if (name.ss_family == AF_INET) {
		struct sockaddr_in *v4 = (struct sockaddr_in *)&name;

		printf("%s %s %d\n", what, inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text)), ntohs(v4->sin_port));
	} else {
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&name;

		printf("%s %s %d\n", what, inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text)), ntohs(v6->sin6_port));
	}
	fflush(stdout);
}

static int open_socket(int flags)
{
	int fd = socket(destination.ss_family, SOCK_STREAM | flags, 0);

	if (fd < 0)
		exit(2);
	return fd;
}

static int connect_errno(int fd)
{
	return connect(fd, (struct sockaddr *)&destination, destination_length) < 0 ? errno : 0;
}

static int so_error(int fd)
{
	int error = -1;
	socklen_t length = sizeof(error);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	return error;
}

/* Sends a word, ends its side, and prints what comes back until the other side has ended. */
static void talk(int fd)
{
	char buffer[256];
	ssize_t count;
	size_t total = 0;

	if (send(fd, "hello", 5, MSG_NOSIGNAL) != 5 || shutdown(fd, SHUT_WR) < 0) {
		say("talk", -errno);
		return;
	}
	while ((count = recv(fd, buffer + total, sizeof(buffer) - 1 - total, 0)) > 0)
		total += (size_t)count;
	buffer[total] = 0;
	printf("received %s %d\n", buffer, count < 0 ? errno : 0);
	fflush(stdout);
}

static void finish(int fd)
{
	int error = so_error(fd);

	say("so_error", error);
	say("so_error_again", so_error(fd));
	say_name("peer", getpeername, fd);
	if (error == 0) {
		say_name("own", getsockname, fd);
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
		talk(fd);
	}
}

static void run_blocking(void)
{
	int fd = open_socket(0);
	int error = connect_errno(fd);

	say("connect", error);
	say("so_error", so_error(fd));
	say_name("peer", getpeername, fd);
	if (error == 0)
		talk(fd);
}

static void run_poll(void)
{
	int fd = open_socket(SOCK_NONBLOCK);
	struct pollfd wait = { .fd = fd, .events = POLLIN | POLLOUT };

	say("connect", connect_errno(fd));
	wait_for_line();
	say("early", poll(&wait, 1, 0));
	say("early_so_error", so_error(fd));
	poll(&wait, 1, -1);
	say("revents", wait.revents);
	finish(fd);
}

static void run_epoll(int edge, int before)
{
	int fd = open_socket(SOCK_NONBLOCK);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | (edge ? EPOLLET : 0) };

	if (before) {
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
		/* A socket that was never connected is OUT|HUP: taken here, so that edge-triggered has to tell the change. */
		epoll_wait(epoll, &event, 1, 0);
	}
	say("connect", connect_errno(fd));
	if (!before)
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	wait_for_line();
	say("early", epoll_wait(epoll, &event, 1, 0));
	epoll_wait(epoll, &event, 1, -1);
	say("revents", (int)event.events);
	finish(fd);
}

static void run_many(int count)
{
	struct pollfd *wait = calloc((size_t)count, sizeof(*wait));
	int done = 0;

	for (int i = 0; i < count; i++) {
		wait[i] = (struct pollfd){ .fd = open_socket(SOCK_NONBLOCK), .events = POLLOUT };
		if (connect_errno(wait[i].fd) != EINPROGRESS)
			exit(4);
	}
	say("started", count);
	while (done < count) {
		poll(wait, (nfds_t)count, -1);
		for (int i = 0; i < count; i++) {
			if (wait[i].fd < 0 || !wait[i].revents)
				continue;
			if (so_error(wait[i].fd) != 0)
				exit(5);
			wait[i].fd = -1;
			done++;
		}
	}
	say("connected", done);
}

static void run_abandon(void)
{
	int fd = open_socket(SOCK_NONBLOCK);

	say("connect", connect_errno(fd));
	wait_for_line();
	close(fd);
	say("closed", 0);
	wait_for_line();
}

static void run_retry(void)
{
	int fd = open_socket(0);

	say("connect", connect_errno(fd));
	say("connect", connect_errno(fd));
	say_name("peer", getpeername, fd);
	talk(fd);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	parse(argv[2], argv[3]);
	if (!strcmp(argv[1], "blocking"))
		run_blocking();
	else if (!strcmp(argv[1], "poll"))
		run_poll();
	else if (!strncmp(argv[1], "epoll-", 6))
		run_epoll(argv[1][6] == 'e', !strcmp(argv[1] + 9, "before"));
	else if (!strcmp(argv[1], "many") && argc == 5)
		run_many(atoi(argv[4]));
	else if (!strcmp(argv[1], "abandon"))
		run_abandon();
	else if (!strcmp(argv[1], "retry"))
		run_retry();
	else
		return 2;
	return 0;
}
