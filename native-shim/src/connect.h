#ifndef TELELAUNCH_CONNECT_H
#define TELELAUNCH_CONNECT_H

#include "endpoint.h"

/* What a hook that takes a destination does with it */
enum route {
	ROUTE_HOST,        /* libc's own way */
	ROUTE_DIAL,        /* TCP to the cluster */
	ROUTE_NAME_SERVER, /* UDP to a name server: the broker's listener */
	ROUTE_REFUSE,      /* the cluster's, and can't be carried: ENETUNREACH */
};

enum route classify_connect(int fd, const struct sockaddr *address, socklen_t length,
			    struct tl_endpoint *destination, union socket_address *name_server,
			    socklen_t *name_server_length);
int shim_connect(int fd, const struct sockaddr *address, socklen_t length);

#endif
