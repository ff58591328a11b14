/* The shim's own few lines: each kind once a process, to TELELAUNCH_LOG or stderr. */
#ifndef TELELAUNCH_LOG_H
#define TELELAUNCH_LOG_H

#include <stdbool.h>

enum log_kind {
	LOG_TABLE,
	LOG_BROKER_GONE,
	LOG_DATAGRAM,
	LOG_PROTOCOL,
	LOG_WAITING,
	LOG_CHDIR,
	LOG_WATCH,
	LOG_LEFT,
	LOG_SLOTS,
	LOG_HOOK,
	LOG_KINDS,
};

void log_start(bool preloaded);
void log_once(enum log_kind kind, const char *text);

#endif
