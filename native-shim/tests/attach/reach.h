/* What a program in the cluster reaches, and what one outside does. */
#ifndef TELELAUNCH_TESTS_REACH_H
#define TELELAUNCH_TESTS_REACH_H

#include "app.h"
#include "session.h"

#include <errno.h>
#include <stdbool.h>

/*
 * A listener of this machine on a port that the table says is the pod's, so that the two can be told apart:
 * through the broker it can't be reached, because the port is a script that fails. 0: it isn't there.
 */
extern int own_listener;
extern struct destination own_destination;
#define SCRIPTED_ERROR EHOSTDOWN

/* Makes the listener, where it isn't there */
void listen_here(void);
/* Has the session's table say that its port is the pod's */
void list_own_port(const struct own_session *session);
/* Return: errno of a connect to the listener */
int reach_own(int flags);
bool finds(const char *name);
bool reaches_cluster(int flags);

#endif
