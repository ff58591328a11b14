/* getnameinfo(3): the name comes from the pod, the service part from libc. */
#include "endpoint.h"
#include "libc.h"
#include "lookup.h"
#include "session.h"

#include <string.h>

#ifndef EAI_OVERFLOW
#define EAI_OVERFLOW (-12)
#endif

/**
 * shim_getnameinfo() - Carry out one intercepted getnameinfo(3)
 * @address:	Address
 * @length:	Its length
 * @host:	Room for the name
 * @host_size:	Size there
 * @service:	Room for the service
 * @service_size: Size there
 * @flags:	NI_ flags
 *
 * Return: 0 or an EAI_ value
 */
static int shim_getnameinfo(const struct sockaddr *address, socklen_t length, char *host, socklen_t host_size,
			    char *service, socklen_t service_size, int flags)
{
	int numeric = (flags | NI_NUMERICHOST) & ~NI_NAMEREQD;
	enum lookup_result looked = LOOKUP_HOST;
	struct lookup lookup = {0};
	struct tl_endpoint endpoint;
	char name[TL_NAME_SIZE];
	int result;

	if (host && host_size && !(flags & NI_NUMERICHOST) &&
	    endpoint_from_address(&endpoint, address, length))
		looked = lookup_address(&endpoint, &lookup);
	if (looked == LOOKUP_FOUND && tl_reverse_name(&lookup.names, 0, name) < 0)
		looked = LOOKUP_NO_NAME;
	lookup_end(&lookup);
	if (looked == LOOKUP_HOST)
		return libc_getnameinfo(address, length, host, host_size, service, service_size, flags);
	if (looked == LOOKUP_TRY_AGAIN)
		return EAI_AGAIN;
	if (looked != LOOKUP_FOUND)
		return flags & NI_NAMEREQD ? EAI_NONAME
					   : libc_getnameinfo(address, length, host, host_size, service,
							      service_size, numeric);
	if (service && service_size) {
		result = libc_getnameinfo(address, length, NULL, 0, service, service_size, numeric);
		if (result != 0)
			return result;
	}
	if (strlen(name) >= host_size)
		return EAI_OVERFLOW;
	strcpy(host, name);
	return 0;
}

EXPORT int getnameinfo(const struct sockaddr *restrict address, socklen_t length, char *restrict host,
		       socklen_t host_size, char *restrict service, socklen_t service_size, int flags)
{
	return session_intercepts()
		       ? shim_getnameinfo(address, length, host, host_size, service, service_size, flags)
		       : libc_getnameinfo(address, length, host, host_size, service, service_size, flags);
}
