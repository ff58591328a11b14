/* Talking to the broker: one connection a message. */
#ifndef TELELAUNCH_CONTROL_H
#define TELELAUNCH_CONTROL_H

#include "protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What went wrong, as negative values beside the length of a reply */
#define CONTROL_GONE        (-1) /* nobody serves, or not this protocol; said once */
#define CONTROL_INTERRUPTED (-2) /* a signal came, and the caller asked to hear of it */

/* Does anybody listen in that directory? */
bool control_serves(const char *directory);
void control_hello(const char *directory, const struct tl_hello *hello);

int control_dial(int app_fd, uint16_t flags, const struct tl_endpoint *destination);
int control_dial_wait(int app_fd, uint16_t flags, const struct tl_endpoint *destination,
		      struct tl_dial_reply *reply);
void control_listening(int app_fd, const struct tl_endpoint *own);
/* An application's socket met a relay that isn't there */
void control_relay_is_gone(int app_fd);
int control_flow(int app_fd, struct tl_flow_reply *reply);
long control_ask(const uint8_t *request, size_t length, uint8_t *reply, size_t size);

#endif
