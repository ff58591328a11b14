#ifndef TELELAUNCH_DARWIN_SESSION_H
#define TELELAUNCH_DARWIN_SESSION_H

#include "darwin.h"
#include "protocol.h"

enum log_kind {
	LOG_TABLE,
	LOG_BROKER_GONE,
	LOG_DATAGRAM,
	LOG_KINDS
};

/* NULL: this process is in no session, or its table can't be used */
const struct tl_table *darwin_table(void);
void darwin_log(enum log_kind kind, const char *text);

/* Return: length of the reply, -1: the broker is gone, -2: a signal came (only with app_fd) */
long darwin_ask(const uint8_t *request, size_t length, int app_fd, uint8_t *reply, size_t size);

#endif
