/* What one process knows of the session it was started in. Read from its environment once. */
#ifndef TELELAUNCH_SESSION_H
#define TELELAUNCH_SESSION_H

#include "mounts.h"
#include "protocol.h"

#include <stdbool.h>

#define EXPORT __attribute__((visibility("default")))

#define SESSION_PATH_SIZE 92 /* with "/control" it still fits sun_path */

struct session {
	bool present;       /* TELELAUNCH_SESSION was set */
	bool intercepts;    /* present, and this program isn't one to leave alone */
	bool strip_servers; /* a .NET SDK process: build servers it starts get no shim */
	char directory[SESSION_PATH_SIZE];
	const struct tl_table *table; /* NULL: missing or of another version */
	const struct mounts *mounts;  /* NULL: no volume of the pod is shown here */
	const char *host_name;        /* NULL: the machine's own */
};

/* Ready at any time: hooks can be called before our constructor ran. */
const struct session *session_get(void);
bool session_intercepts(void);

/* The table for deciding; says once what is wrong when there is none */
const struct tl_table *session_table(void);

#endif
