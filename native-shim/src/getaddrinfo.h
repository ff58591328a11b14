#ifndef TELELAUNCH_GETADDRINFO_H
#define TELELAUNCH_GETADDRINFO_H

#include <netdb.h>

int shim_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		     struct addrinfo **result);

#endif
