/* A shim that was loaded into a running process, on the launcher's order. */
#ifndef TELELAUNCH_ATTACH_H
#define TELELAUNCH_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Both take an attached process out of its session, once. They return true where the process was attached at
 * all: what the application asks for is then libc's to do, as if nothing had been there.
 */

/* Nobody listens where the broker of this turn was, see struct session_place */
bool attach_broker_is_gone(uint32_t turn);
/* The session was found not to be served: its table says so, or its broker was gone */
bool attach_is_over(void);

#endif
