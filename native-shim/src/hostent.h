/* struct hostent in a caller's buffer, as the …_r functions want it */
#ifndef TELELAUNCH_HOSTENT_H
#define TELELAUNCH_HOSTENT_H

#include "lookup.h"

#include <netdb.h>

/* Holds the longest packet's answer: 3,276 addresses of 16 bytes with their pointers */
#define HOSTENT_BUFFER_SIZE (96 * 1024)

int hostent_of_addresses(const struct tl_lookup_reply *reply, const char *name, int family,
			 struct hostent *host, char *buffer, size_t size);
int hostent_of_names(const struct tl_reverse_reply *reply, const void *address, socklen_t length, int family,
		     struct hostent *host, char *buffer, size_t size);
int hostent_result(enum lookup_result result, struct hostent **host, int *error);

#endif
