#ifndef TELELAUNCH_GETPEERNAME_H
#define TELELAUNCH_GETPEERNAME_H

#include <sys/socket.h>

int shim_getpeername(int fd, struct sockaddr *address, socklen_t *length);

#endif
