/*
 * What one process knows of the session it is in: from its environment, read once, or by an order to attach
 * (attach.c), which can come, go and come again.
 */
#ifndef TELELAUNCH_SESSION_H
#define TELELAUNCH_SESSION_H

#include "mounts.h"
#include "protocol.h"

#include <stdbool.h>

#define EXPORT __attribute__((visibility("default")))

#define SESSION_PATH_SIZE 100 /* with "/control" it still fits sun_path */

struct session {
	bool present;                 /* TELELAUNCH_SESSION was set */
	bool intercepts;              /* in a session, and this program isn't one to leave alone */
	bool strip_servers;           /* a .NET SDK process: build servers it starts get no shim */
	bool is_dotnet;               /* a .NET application that our startup hook runs in */
	const struct tl_table *table; /* NULL: missing or of another version; mapped for good otherwise */
	const struct mounts *mounts;  /* NULL: no volume of the pod is shown here */
	const char *host_name;        /* NULL: the machine's own */
};

/* Where the broker of a session is to be found */
struct session_place {
	char directory[SESSION_PATH_SIZE]; /* empty: unknown */
	uint32_t turn;                     /* another number after each attaching and leaving */
};

/* Ready at any time: hooks can be called before our constructor ran. */
const struct session *session_get(void);
bool session_intercepts(void);
void session_place(struct session_place *place);

/* The table for deciding; says once what is wrong when there is none */
const struct tl_table *session_table(void);

/* For attach.c, which lets one thread at a time call them */
bool session_was_attached(void); /* now or before */
bool session_is_attached(void);
int session_attach(const char *directory);
void session_leave(void);

#endif
