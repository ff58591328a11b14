/* What the tests that run under the shim share: addresses, sockets, and steering the test broker. */
#ifndef TELELAUNCH_TESTS_APP_H
#define TELELAUNCH_TESTS_APP_H

#include "harness.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#define HELLO_4      "10.96.0.10"
#define HELLO_6      "fd00:96::a"
#define HELLO_MAPPED "::ffff:10.96.0.10"

/* Scripts of the broker, see tests/broker/broker.c */
#define PORT_ECHO         7
#define PORT_RESET        8
#define PORT_FAIL(error)  (1000 + (error))
#define PORT_LATE         2007
#define PORT_LATE_FAIL(e) (2000 + (e))
#define PORT_TOGETHER(n)  (3000 + (n))

struct destination {
	struct sockaddr_storage address;
	socklen_t length;
	int family;
};

struct destination destination(const char *address, int port);
int stream_socket(const struct destination *to, int flags);
int connect_to(int fd, const struct destination *to);
int socket_error(int fd);
short wait_for(int fd, short events);
short look_at(int fd, short events);
bool echoes(int fd);
bool shows_peer(int fd, const struct destination *peer);

/* "" where nobody answers */
const char *broker(const char *command);
long broker_count(void);

#endif
