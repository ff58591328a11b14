/*
 * Loads an echo server with connections: load HOST PORT
 *
 * Does what each line of standard input says and answers with a line, so that whoever started it can look at
 * the other processes in between:
 *   open N      N connections at once; answered when each has echoed and all are still open
 *   close       ends them, each by FIN both ways
 *   sequence N  N connections one after another, each of which echoes and ends;
 *               answered with how many there have been in all
 * Any error ends the program with a line that says which.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct addrinfo *server;

static void fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	exit(1);
}

/* What a connection says: its own number, so that an answer of another one shows. */
static int text_of(char *text, size_t size, int number)
{
	return snprintf(text, size, "connection %d\n", number);
}

static void send_text(int fd, int number)
{
	char text[32];
	int length = text_of(text, sizeof(text), number);
	if (send(fd, text, length, MSG_NOSIGNAL) != length)
		fail("send of connection %d: %s", number, strerror(errno));
}

static void receive_text(int fd, int number)
{
	char text[32], answer[32];
	int length = text_of(text, sizeof(text), number);
	ssize_t count = recv(fd, answer, length, MSG_WAITALL);
	if (count != length || memcmp(text, answer, length) != 0)
		fail("echo of connection %d: %zd bytes, %s", number, count,
		     count < 0 ? strerror(errno) : "not its own");
}

static void end_sending(int fd, int number)
{
	if (shutdown(fd, SHUT_WR) != 0)
		fail("shutdown of connection %d: %s", number, strerror(errno));
}

static void receive_end(int fd, int number)
{
	char byte;
	ssize_t count = recv(fd, &byte, 1, 0);
	if (count != 0)
		fail("end of connection %d: %zd bytes, %s", number, count,
		     count < 0 ? strerror(errno) : "after everything");
	close(fd);
}

static int new_socket(int number, int flags)
{
	int fd = socket(server->ai_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	if (fd < 0)
		fail("socket of connection %d: %s", number, strerror(errno));
	return fd;
}

static int *open_at_once(int count)
{
	int *fds = calloc(count, sizeof(*fds));
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < count; i++) {
		fds[i] = new_socket(i, SOCK_NONBLOCK);
		if (connect(fds[i], server->ai_addr, server->ai_addrlen) == 0 || errno != EINPROGRESS)
			fail("connect of connection %d: %s", i, strerror(errno));
		struct epoll_event event = {.events = EPOLLOUT | EPOLLONESHOT, .data.u32 = i};
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event) != 0)
			fail("epoll_ctl of connection %d: %s", i, strerror(errno));
	}
	for (int established = 0; established < count; established++) {
		struct epoll_event event;
		if (epoll_wait(epoll, &event, 1, -1) != 1)
			fail("epoll_wait: %s", strerror(errno));
		int error = 0, number = event.data.u32;
		socklen_t length = sizeof(error);
		if (getsockopt(fds[number], SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0)
			fail("connection %d after %d others: %s", number, established, strerror(error));
		/* From here on as an ordinary program reads. */
		fcntl(fds[number], F_SETFL, fcntl(fds[number], F_GETFL) & ~O_NONBLOCK);
	}
	close(epoll);
	for (int i = 0; i < count; i++)
		send_text(fds[i], i);
	for (int i = 0; i < count; i++)
		receive_text(fds[i], i);
	return fds;
}

static void close_all(int *fds, int count)
{
	for (int i = 0; i < count; i++)
		end_sending(fds[i], i);
	for (int i = 0; i < count; i++)
		receive_end(fds[i], i);
	free(fds);
}

static void open_in_sequence(int count)
{
	for (int i = 0; i < count; i++) {
		int fd = new_socket(i, 0);
		if (connect(fd, server->ai_addr, server->ai_addrlen) != 0)
			fail("connect of connection %d: %s", i, strerror(errno));
		send_text(fd, i);
		receive_text(fd, i);
		end_sending(fd, i);
		receive_end(fd, i);
	}
}

int main(int argc, char **argv)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	int error = argc == 3 ? getaddrinfo(argv[1], argv[2], &hints, &server) : EAI_NONAME;
	if (error != 0)
		fail("usage: load HOST PORT (%s)", gai_strerror(error));
	struct rlimit descriptors;
	getrlimit(RLIMIT_NOFILE, &descriptors);
	descriptors.rlim_cur = descriptors.rlim_max;
	setrlimit(RLIMIT_NOFILE, &descriptors);

	char line[64];
	int *fds = NULL;
	int count = 0, opened = 0, in_sequence = 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("ready\n");
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "open %d", &count) == 1) {
			fds = open_at_once(opened = count);
			printf("open: %d\n", opened);
		} else if (strcmp(line, "close\n") == 0) {
			close_all(fds, opened);
			printf("closed: %d\n", opened);
		} else if (sscanf(line, "sequence %d", &count) == 1) {
			open_in_sequence(count);
			printf("sequence: %d\n", in_sequence += count);
		} else {
			fail("unknown: %s", line);
		}
	}
	return 0;
}
