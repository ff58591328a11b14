/* Name functions on macOS: getaddrinfo(3), gethostbyname(3), getnameinfo(3). */
#include "classify.h"
#include "darwin_session.h"

#include <string.h>

#define MOST_STATIC 64 /* addresses of a gethostbyname(3) */

/* Return: a decoded reply whose packet the caller frees, NULL with *result set where there is none */
static uint8_t *look_up(const char *name, uint16_t families, struct tl_lookup_reply *reply, int *result)
{
	uint8_t request[4 + TL_NAME_SIZE];
	size_t length = tl_encode_lookup(request, sizeof(request), families, name);
	uint8_t *packet = malloc(TL_PACKET_SIZE);
	long got = -1;

	*result = EAI_AGAIN;
	if (packet && classify_name(darwin_table(), name) == VERDICT_CLUSTER)
		got = darwin_ask(request, length, -1, packet, TL_PACKET_SIZE);
	if (got >= 0 && tl_decode_lookup_reply(packet, (size_t)got, reply) == 0) {
		*result = EAI_NODATA;
		if (reply->status == TL_STATUS_FOUND && reply->count)
			return packet;
		if (reply->status == TL_STATUS_NO_NAME)
			*result = EAI_NONAME;
		else if (reply->status == TL_STATUS_TRY_AGAIN)
			*result = EAI_AGAIN;
	}
	free(packet);
	return NULL;
}

/* Adds libc's entries for one address; its lists are freed node by node, so they may be joined */
static int append(struct addrinfo ***tail, const struct tl_endpoint *address, const char *service,
		  const struct addrinfo *hints)
{
	struct addrinfo numeric = {0};
	char text[64];
	int result;

	if (hints)
		numeric = *hints;
	numeric.ai_flags &= ~(AI_CANONNAME | AI_ADDRCONFIG | AI_ALL);
	numeric.ai_flags |= AI_NUMERICHOST;
	inet_ntop(address->family == TL_FAMILY_4 ? AF_INET : AF_INET6, address->address, text, sizeof(text));
	result = getaddrinfo(text, service, &numeric, *tail);
	if (result != 0)
		**tail = NULL;
	while (**tail)
		*tail = &(**tail)->ai_next;
	return result;
}

static int build(const struct tl_lookup_reply *reply, const char *node, const char *service,
		 const struct addrinfo *hints, struct addrinfo **list)
{
	const char *name = reply->canonical_length ? reply->canonical : node;
	size_t length = reply->canonical_length ? reply->canonical_length : strlen(node);
	struct addrinfo **tail = list;
	int result = 0;

	*list = NULL;
	for (unsigned int i = 0; i < reply->count && result == 0; i++) {
		struct tl_endpoint address;

		tl_lookup_address(reply, i, &address);
		result = append(&tail, &address, service, hints);
	}
	if (result == 0 && hints && (hints->ai_flags & AI_CANONNAME)) {
		char *copy = malloc(length + 1);

		if (copy) {
			memcpy(copy, name, length);
			copy[length] = '\0';
			(*list)->ai_canonname = copy;
		} else {
			result = EAI_MEMORY;
		}
	}
	if (result != 0 && *list) {
		freeaddrinfo(*list);
		*list = NULL;
	}
	return result;
}

static int shim_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
			    struct addrinfo **list)
{
	uint16_t families = TL_LOOKUP_A | TL_LOOKUP_AAAA;
	struct tl_lookup_reply reply;
	uint8_t *packet;
	int result;

	if (!node || (hints && (hints->ai_flags & AI_NUMERICHOST)) ||
	    classify_name(darwin_table(), node) == VERDICT_HOST)
		return getaddrinfo(node, service, hints, list);
	if (hints && hints->ai_family == AF_INET)
		families = TL_LOOKUP_A;
	else if (hints && hints->ai_family == AF_INET6 && !(hints->ai_flags & AI_V4MAPPED))
		families = TL_LOOKUP_AAAA;
	packet = look_up(node, families, &reply, &result);
	if (!packet)
		return result == EAI_NONAME ? getaddrinfo(node, service, hints, list) : result;
	result = build(&reply, node, service, hints, list);
	free(packet);
	return result;
}

static struct hostent *shim_gethostbyname2(const char *name, int family)
{
	static uint8_t addresses[MOST_STATIC][16];
	static char *list[MOST_STATIC + 1], *no_aliases[1], canonical[TL_NAME_SIZE];
	static struct hostent host;
	struct tl_lookup_reply reply;
	uint8_t *packet;
	int result;

	if (!name || (family != AF_INET && family != AF_INET6) ||
	    classify_name(darwin_table(), name) == VERDICT_HOST)
		return gethostbyname2(name, family);
	packet = look_up(name, family == AF_INET ? TL_LOOKUP_A : TL_LOOKUP_AAAA, &reply, &result);
	if (!packet && result == EAI_NONAME)
		return gethostbyname2(name, family);
	if (!packet) {
		h_errno = result == EAI_NODATA ? NO_DATA : TRY_AGAIN;
		return NULL;
	}
	host = (struct hostent){canonical, no_aliases, family, family == AF_INET ? 4 : 16, list};
	memset(list, 0, sizeof(list));
	for (unsigned int i = 0; i < reply.count && i < MOST_STATIC; i++) {
		struct tl_endpoint address;

		tl_lookup_address(&reply, i, &address);
		memcpy(addresses[i], address.address, 16);
		list[i] = (char *)addresses[i];
	}
	memset(canonical, 0, sizeof(canonical));
	if (reply.canonical_length && reply.canonical_length < sizeof(canonical))
		memcpy(canonical, reply.canonical, reply.canonical_length);
	else
		memcpy(canonical, name, strnlen(name, sizeof(canonical) - 1));
	free(packet);
	return &host;
}

static struct hostent *shim_gethostbyname(const char *name)
{
	return shim_gethostbyname2(name, AF_INET);
}

static bool read_plain(struct tl_endpoint *endpoint, const struct sockaddr *address)
{
	memset(endpoint, 0, sizeof(*endpoint));
	if (address->sa_family == AF_INET) {
		endpoint->family = TL_FAMILY_4;
		memcpy(endpoint->address, ((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
	} else if (address->sa_family == AF_INET6) {
		endpoint->family = TL_FAMILY_6;
		memcpy(endpoint->address, ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
		       16);
		endpoint_unmap(endpoint);
	}
	return endpoint->family != 0;
}

static int shim_getnameinfo(const struct sockaddr *address, socklen_t length, char *host, socklen_t host_size,
			    char *service, socklen_t service_size, int flags)
{
	int numeric = (flags | NI_NUMERICHOST) & ~NI_NAMEREQD, result;
	struct tl_reverse_reply reply;
	struct tl_endpoint endpoint;
	char name[TL_NAME_SIZE];
	uint8_t packet[4096];
	long got;

	if (!address || !host || !host_size || (flags & NI_NUMERICHOST) || !read_plain(&endpoint, address) ||
	    classify_address(darwin_table(), &endpoint) == VERDICT_HOST)
		return getnameinfo(address, length, host, host_size, service, service_size, flags);
	got = darwin_ask(packet, tl_encode_reverse(packet, sizeof(packet), &endpoint), -1, packet,
			 sizeof(packet));
	if (got < 0 || tl_decode_reverse_reply(packet, (size_t)got, &reply) < 0 ||
	    reply.status == TL_STATUS_TRY_AGAIN)
		return EAI_AGAIN;
	if (reply.status != TL_STATUS_FOUND || tl_reverse_name(&reply, 0, name) < 0)
		return flags & NI_NAMEREQD ? EAI_NONAME
					   : getnameinfo(address, length, host, host_size, service,
							 service_size, numeric);
	if (service && service_size) {
		result = getnameinfo(address, length, NULL, 0, service, service_size, numeric);
		if (result != 0)
			return result;
	}
	if (strlen(name) >= host_size)
		return EAI_OVERFLOW;
	memcpy(host, name, strlen(name) + 1);
	return 0;
}

INTERPOSE(getaddrinfo);
INTERPOSE(gethostbyname);
INTERPOSE(gethostbyname2);
INTERPOSE(getnameinfo);
