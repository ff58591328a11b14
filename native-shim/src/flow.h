/* What the application sees of a socket that was connected through us. */
#ifndef TELELAUNCH_FLOW_H
#define TELELAUNCH_FLOW_H

#include "protocol.h"

#include <stdbool.h>

bool flow_peer(int fd, struct tl_endpoint *peer);
bool flow_is_ours(int fd);
int flow_true_error(int fd, int error);

#endif
