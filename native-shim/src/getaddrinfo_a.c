/*
 * getaddrinfo_a(3), glibc only. Its threads call libc's getaddrinfo inside libc, past our hook, so the
 * cluster's names are resolved here, before it is called; the broker answers from its cache. The other
 * requests, and the notification, stay glibc's.
 */
#include "classify.h"
#include "getaddrinfo.h"
#include "libc.h"
#include "session.h"

#include <signal.h>
#include <stddef.h>

/* A request that ends at once and allocates nothing: carries the notification when no other one is left */
static struct addrinfo numeric_only = {.ai_flags = AI_NUMERICHOST};
static struct gaicb nothing = {.ar_name = "no-address", .ar_request = &numeric_only};

static bool is_clusters(const struct gaicb *request)
{
	const struct addrinfo *hints = request ? request->ar_request : NULL;

	return request && request->ar_name && !(hints && (hints->ai_flags & AI_NUMERICHOST)) &&
	       classify_name(session_table(), request->ar_name) != VERDICT_HOST;
}

/**
 * shim_getaddrinfo_a() - Carry out one intercepted getaddrinfo_a(3)
 * @mode:	GAI_WAIT or GAI_NOWAIT
 * @requests:	Requests; NULL entries are allowed
 * @count:	How many
 * @notify:	How to tell the end of all, or NULL
 *
 * Return: as getaddrinfo_a(3)
 */
static int shim_getaddrinfo_a(int mode, struct gaicb *requests[], int count, struct sigevent *notify)
{
	struct gaicb *rest[count > 0 ? count : 1];
	int left = 0, ours = 0;

	for (int i = 0; i < count; i++) {
		struct gaicb *request = requests[i];

		if (!is_clusters(request)) {
			rest[left++] = request;
			continue;
		}
		ours++;
		request->ar_result = NULL;
		request->__return = shim_getaddrinfo(request->ar_name, request->ar_service,
						     request->ar_request, &request->ar_result);
	}
	if (!ours)
		return libc_getaddrinfo_a(mode, requests, count, notify);
	if (left == 0) {
		if (mode == GAI_WAIT || !notify || notify->sigev_notify == SIGEV_NONE)
			return 0;
		rest[left++] = &nothing;
	}
	return libc_getaddrinfo_a(mode, rest, left, notify);
}

EXPORT int getaddrinfo_a(int mode, struct gaicb *requests[restrict], int count,
			 struct sigevent *restrict notify)
{
	bool intercepts = session_intercepts();

	if (!libc_getaddrinfo_a)
		libc_resolve();
	if (!libc_getaddrinfo_a)
		return EAI_SYSTEM;
	return intercepts ? shim_getaddrinfo_a(mode, requests, count, notify)
			  : libc_getaddrinfo_a(mode, requests, count, notify);
}
