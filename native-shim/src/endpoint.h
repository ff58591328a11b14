/* Between the kernel's socket addresses and the contract's endpoints. */
#ifndef TELELAUNCH_ENDPOINT_H
#define TELELAUNCH_ENDPOINT_H

#include "protocol.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#define ENDPOINT_TEXT_SIZE 46 /* INET6_ADDRSTRLEN */

union socket_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage storage;
};

bool endpoint_from_address(struct tl_endpoint *endpoint, const struct sockaddr *address, socklen_t length);
socklen_t endpoint_to_address(const struct tl_endpoint *endpoint, int family, union socket_address *address);
socklen_t endpoint_relay(const struct tl_table *table, const struct tl_endpoint *destination, uint16_t port,
			 int family, union socket_address *relay);
bool endpoint_is_relay(const struct tl_table *table, const struct tl_endpoint *endpoint);
bool endpoint_is_loopback(const struct tl_endpoint *endpoint);
void endpoint_text(const struct tl_endpoint *endpoint, char text[ENDPOINT_TEXT_SIZE]);
void address_copy_out(const union socket_address *from, socklen_t length, struct sockaddr *to,
		      socklen_t *room);

#endif
