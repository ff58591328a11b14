/*
 * getaddrinfo(3) and freeaddrinfo(3).
 *
 * The list is made of what libc's own getaddrinfo(AI_NUMERICHOST) gives for each address, joined in the
 * broker's order: ports, socket types and the memory are libc's. glibc frees a list node by node, so a joined
 * one is like any other. musl allocates one block per call and counts how many of its nodes are freed in one
 * go: there our freeaddrinfo gives the nodes back one at a time (musl 1.1.20 and later).
 */
#include "getaddrinfo.h"

#include "endpoint.h"
#include "libc.h"
#include "lookup.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

#ifndef EAI_NODATA
#define EAI_NODATA (-5)
#endif

/* Stands before a canonical name of ours on musl, where ai_canonname otherwise points into libc's block */
#define CANONICAL_MARK 0x74656c656c61756eu

struct canonical {
	uint64_t mark;
	char name[];
};

static const struct addrinfo default_hints = {.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG};

/**
 * wanted_families() - Which addresses to ask for
 * @hints:	Application's hints
 *
 * AI_ADDRCONFIG means the families of the pod, because that is where the connection will leave from.
 *
 * Return: TL_LOOKUP_A and TL_LOOKUP_AAAA; 0: the pod has no address of the wanted family
 */
static uint16_t wanted_families(const struct addrinfo *hints)
{
	static const uint8_t none[16];
	const struct tl_table *table = session_get()->table;
	uint16_t wanted = TL_LOOKUP_A | TL_LOOKUP_AAAA, present = 0;

	if (hints->ai_family == AF_INET)
		wanted = TL_LOOKUP_A;
	else if (hints->ai_family == AF_INET6 && !(hints->ai_flags & AI_V4MAPPED))
		wanted = TL_LOOKUP_AAAA;
	if (!(hints->ai_flags & AI_ADDRCONFIG) || !table)
		return wanted;
	if (memcmp(table->pod_address_4, none, 4) != 0)
		present |= TL_LOOKUP_A;
	if (memcmp(table->pod_address_6, none, 16) != 0)
		present |= TL_LOOKUP_AAAA;
	return present ? wanted & present : wanted;
}

/**
 * append() - Add libc's entries for one address
 * @tail:	End of the list; moved on
 * @address:	Address
 * @service:	Application's service
 * @hints:	Application's hints
 *
 * Return: 0 or libc's EAI_ value
 */
static int append(struct addrinfo ***tail, const struct tl_endpoint *address, const char *service,
		  const struct addrinfo *hints)
{
	struct addrinfo numeric = *hints;
	char text[ENDPOINT_TEXT_SIZE];
	int result;

	/* what the flags left out mean was settled when the addresses were asked for */
	numeric.ai_flags &= ~(AI_ADDRCONFIG | AI_CANONNAME | AI_ALL);
	numeric.ai_flags |= AI_NUMERICHOST;
	endpoint_text(address, text);
	result = libc_getaddrinfo(text, service, &numeric, *tail);
	if (result != 0) {
		**tail = NULL;
		return result;
	}
	while (**tail) {
		if (libc_is_musl())
			(**tail)->ai_canonname = NULL;
		*tail = &(**tail)->ai_next;
	}
	return 0;
}

/**
 * check_hints() - Let libc judge service and hints before anybody is asked
 * @service:	Application's service
 * @hints:	Application's hints
 *
 * Return: 0, or the EAI_ value with which libc refuses them
 */
static int check_hints(const char *service, const struct addrinfo *hints)
{
	struct tl_endpoint loopback = {.family = TL_FAMILY_4, .address = {127, 0, 0, 1}};
	struct addrinfo *list = NULL, **tail = &list;
	int result;

	if (hints->ai_family == AF_INET6)
		loopback = (struct tl_endpoint){.family = TL_FAMILY_6, .address = {[15] = 1}};
	result = append(&tail, &loopback, service, hints);
	freeaddrinfo(list);
	return result;
}

/**
 * set_canonical() - Fill the first entry's ai_canonname
 * @first:	First entry
 * @name:	Name, not terminated
 * @length:	Its length
 *
 * This memory is freed by freeaddrinfo(3), so it has to come from malloc(3).
 *
 * Return: 0, or EAI_MEMORY
 */
static int set_canonical(struct addrinfo *first, const char *name, size_t length)
{
	char *text;

	if (libc_is_musl()) {
		struct canonical *block = malloc(sizeof(*block) + length + 1);

		if (!block)
			return EAI_MEMORY;
		block->mark = CANONICAL_MARK;
		text = block->name;
	} else {
		text = malloc(length + 1);
		if (!text)
			return EAI_MEMORY;
	}
	memcpy(text, name, length);
	text[length] = '\0';
	first->ai_canonname = text;
	return 0;
}

static bool has_family(const struct tl_lookup_reply *reply, uint16_t family)
{
	struct tl_endpoint address;

	for (unsigned int i = 0; i < reply->count; i++) {
		tl_lookup_address(reply, i, &address);
		if (address.family == family)
			return true;
	}
	return false;
}

/**
 * build() - Turn the broker's answer into a list
 * @reply:	Answer
 * @node:	Name that was asked for
 * @service:	Application's service
 * @hints:	Application's hints
 * @list:	Set to the list
 *
 * Return: 0, or an EAI_ value with nothing allocated
 */
static int build(const struct tl_lookup_reply *reply, const char *node, const char *service,
		 const struct addrinfo *hints, struct addrinfo **list)
{
	/* IPv4 is mapped for AF_INET6 only where there is no IPv6 or AI_ALL says so, as getaddrinfo(3) has it
	 */
	bool drop_mapped =
		hints->ai_family == AF_INET6 && !(hints->ai_flags & AI_ALL) && has_family(reply, TL_FAMILY_6);
	struct addrinfo **tail = list;
	struct tl_endpoint address;
	int result = 0;

	*list = NULL;
	for (unsigned int i = 0; i < reply->count && result == 0; i++) {
		tl_lookup_address(reply, i, &address);
		if ((address.family == TL_FAMILY_4 && drop_mapped) ||
		    (address.family == TL_FAMILY_6 && hints->ai_family == AF_INET))
			continue;
		result = append(&tail, &address, service, hints);
	}
	if (result == 0 && !*list)
		result = EAI_NODATA;
	if (result == 0 && (hints->ai_flags & AI_CANONNAME))
		result = reply->canonical_length
				 ? set_canonical(*list, reply->canonical, reply->canonical_length)
				 : set_canonical(*list, node, strlen(node));
	if (result != 0 && *list) {
		freeaddrinfo(*list);
		*list = NULL;
	}
	return result;
}

/**
 * shim_getaddrinfo() - Carry out one intercepted getaddrinfo(3)
 * @node:	Name, or NULL
 * @service:	Service, or NULL
 * @hints:	Hints, or NULL
 * @list:	Set to the result
 *
 * Return: 0 or an EAI_ value
 */
int shim_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		     struct addrinfo **list)
{
	const struct addrinfo *wishes = hints ? hints : &default_hints;
	struct lookup lookup;
	uint16_t families;
	int result;

	if (!node || (wishes->ai_flags & AI_NUMERICHOST) ||
	    classify_name(session_table(), node) == VERDICT_HOST)
		return libc_getaddrinfo(node, service, hints, list);
	result = check_hints(service, wishes);
	if (result != 0)
		return result;
	families = wanted_families(wishes);
	if (families == 0)
		return EAI_NONAME;
	switch (lookup_name(node, families, &lookup)) {
	case LOOKUP_FOUND:
		result = build(&lookup.addresses, node, service, wishes, list);
		break;
	case LOOKUP_NO_DATA:
		result = EAI_NODATA;
		break;
	case LOOKUP_TRY_AGAIN:
		result = EAI_AGAIN;
		break;
	case LOOKUP_NO_NAME:
	case LOOKUP_HOST:
		lookup_end(&lookup);
		return libc_getaddrinfo(node, service, hints, list);
	}
	lookup_end(&lookup);
	return result;
}

EXPORT int getaddrinfo(const char *restrict node, const char *restrict service,
		       const struct addrinfo *restrict hints, struct addrinfo **restrict list)
{
	return session_intercepts() ? shim_getaddrinfo(node, service, hints, list)
				    : libc_getaddrinfo(node, service, hints, list);
}

EXPORT void freeaddrinfo(struct addrinfo *list)
{
	session_get();
	if (!libc_is_musl()) {
		libc_freeaddrinfo(list);
		return;
	}
	while (list) {
		struct addrinfo *next = list->ai_next;
		struct canonical *block = NULL;

		if (list->ai_canonname)
			block = (void *)(list->ai_canonname - offsetof(struct canonical, name));
		if (block && block->mark == CANONICAL_MARK)
			free(block);
		list->ai_next = NULL;
		libc_freeaddrinfo(list);
		list = next;
	}
}
