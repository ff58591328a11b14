/*
 * The sockets a shim's connections meet: a port per family whose accept queue is full (SYNs to it are held),
 * a port that accepts and echoes (WAIT), and UDP listeners that echo (the name servers' stand-ins).
 */
#include "broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_ACCEPTED 32

static uint16_t held[2], accepting[2];
static int accepting_fd[2], dns_fd[2], accepted[MOST_ACCEPTED];

_Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static int is_6(int family)
{
	return family == TL_FAMILY_6 || family == AF_INET6;
}

static socklen_t loopback(int family, uint16_t port, struct sockaddr_storage *address)
{
	struct sockaddr_in *in = (void *)address;
	struct sockaddr_in6 *in6 = (void *)address;

	memset(address, 0, sizeof(*address));
	if (family == AF_INET) {
		*in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(*in);
	}
	*in6 = (struct sockaddr_in6){
		.sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = in6addr_loopback};
	return sizeof(*in6);
}

static int bound_socket(int family, uint16_t *port)
{
	struct sockaddr_storage address;
	socklen_t length = loopback(family, *port, &address);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, length) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		die("bind");
	*port = ((struct sockaddr_in *)&address)->sin_port;
	return fd;
}

/* Two connections that nobody accepts fill a backlog of one: from then on the kernel drops SYNs silently */
static void hold(int family, uint16_t *port)
{
	int listener = bound_socket(family, port);

	if (listen(listener, 1) < 0)
		die("listen");
	for (int i = 0; i < 2; i++) {
		struct sockaddr_storage address;
		socklen_t length = loopback(family, *port, &address);
		int filler = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(filler, (struct sockaddr *)&address, length) < 0)
			die("fill");
	}
}

static int listen_dns(uint32_t host, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = port};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(host);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("dns");
	return fd;
}

void listen_relay(void)
{
	for (int i = 0; i < 2; i++) {
		int family = i ? AF_INET6 : AF_INET;

		hold(family, &held[i]);
		accepting_fd[i] = bound_socket(family, &accepting[i]);
		if (listen(accepting_fd[i], 64) < 0)
			die("listen");
	}
	for (int i = 0; i < MOST_ACCEPTED; i++)
		accepted[i] = -1;
	dns_fd[0] = listen_dns(0x7f540001, held[0]);
	dns_fd[1] = listen_dns(0x7f540002, held[0]);
}

uint16_t held_port(int family)
{
	return held[is_6(family)];
}

uint16_t accepting_port(int family)
{
	return accepting[is_6(family)];
}

/**
 * connect_back() - Simultaneous open: from the held port to the application's socket
 * @app_fd:	Application's socket, in SYN_SENT
 *
 * Return: our end of the connection, -1 where it failed
 */
int connect_back(int app_fd)
{
	struct sockaddr_storage address;
	struct sockaddr_in6 *in6 = (void *)&address;
	struct sockaddr_in plain = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	uint16_t port;
	int fd;

	if (getsockname(app_fd, (struct sockaddr *)&address, &length) < 0)
		return -1;
	if (address.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		plain.sin_port = in6->sin6_port;
		memcpy(&plain.sin_addr, in6->sin6_addr.s6_addr + 12, 4);
		memcpy(&address, &plain, sizeof(plain));
		length = sizeof(plain);
	}
	port = held_port(address.ss_family);
	fd = bound_socket(address.ss_family, &port);
	if (connect(fd, (struct sockaddr *)&address, length) == 0)
		return fd;
	perror("connect back");
	close(fd);
	return -1;
}

nfds_t add_other_sockets(struct pollfd *polls)
{
	nfds_t count = 0;

	/* negative descriptors are skipped by poll(2) */
	for (int i = 0; i < 2; i++) {
		polls[count++] = (struct pollfd){accepting_fd[i], POLLIN, 0};
		polls[count++] = (struct pollfd){dns_fd[i], POLLIN, 0};
	}
	for (int i = 0; i < MOST_ACCEPTED; i++)
		polls[count++] = (struct pollfd){accepted[i], POLLIN, 0};
	return count;
}

static void answer_datagram(int fd)
{
	char data[2048];
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	ssize_t got = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from, &length);

	if (got >= 0)
		sendto(fd, data, (size_t)got, 0, (struct sockaddr *)&from, length);
}

static void accept_one(int listener)
{
	for (int i = 0; i < MOST_ACCEPTED; i++)
		if (accepted[i] < 0) {
			accepted[i] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
			return;
		}
}

void serve_other_sockets(const struct pollfd *polls)
{
	for (int i = 0; i < 2; i++) {
		if (polls[2 * i].revents)
			accept_one(accepting_fd[i]);
		if (polls[2 * i + 1].revents)
			answer_datagram(dns_fd[i]);
	}
	for (int i = 0; i < MOST_ACCEPTED; i++) {
		char data[4096];
		ssize_t got;

		if (accepted[i] < 0 || polls[4 + i].fd != accepted[i] || !polls[4 + i].revents)
			continue;
		got = recv(accepted[i], data, sizeof(data), 0);
		if (got > 0 && send(accepted[i], data, (size_t)got, MSG_NOSIGNAL) > 0)
			continue;
		close(accepted[i]);
		accepted[i] = -1;
	}
}
