/* Sessions of a test's own, and orders to the shim. */
#ifndef TELELAUNCH_TESTS_SESSION_H
#define TELELAUNCH_TESTS_SESSION_H

#include <stdbool.h>
#include <sys/types.h>

struct own_session {
	char directory[64];
	pid_t broker;
	int stdin_fd; /* the broker ends with it */
};

/* What HELLO said last */
struct said {
	int process, source, status, count;
};

void session_start(struct own_session *session);
void session_kill(struct own_session *session);
void session_end(struct own_session *session);
/* broker() and broker_count() speak to this one from now on */
void session_choose(const struct own_session *session);

/* Loads the shim, where it isn't preloaded */
void shim_load(void);
/* Gives an order, and waits for the HELLO that follows it */
struct said shim_order(const char *verb, const struct own_session *session);
/* Gives whatever text as an order; nothing follows it */
void shim_order_text(const char *text);

#endif
