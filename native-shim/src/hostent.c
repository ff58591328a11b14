#include "hostent.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* A caller's buffer, given out from the front; too small once, it stays empty */
struct arena {
	char *next;
	size_t left;
};

static void *take(struct arena *arena, size_t size, size_t alignment)
{
	size_t skip = (alignment - (uintptr_t)arena->next % alignment) % alignment;
	char *taken = NULL;

	if (arena->next && skip <= arena->left && size <= arena->left - skip) {
		taken = arena->next + skip;
		arena->left -= skip + size;
	}
	arena->next = taken ? taken + size : NULL;
	return taken;
}

static char *take_text(struct arena *arena, const char *text, size_t length)
{
	char *copy = take(arena, length + 1, 1);

	if (copy) {
		memcpy(copy, text, length);
		copy[length] = '\0';
	}
	return copy;
}

static char **take_pointers(struct arena *arena, size_t count)
{
	char **list = take(arena, (count + 1) * sizeof(char *), sizeof(char *));

	if (list)
		memset(list, 0, (count + 1) * sizeof(char *));
	return list;
}

/**
 * hostent_of_addresses() - Fill a hostent from a LOOKUP's reply
 * @reply:	Addresses; those of another family are left out
 * @name:	Name that was asked for, where the reply has no canonical one
 * @family:	AF_INET or AF_INET6
 * @host:	Set
 * @buffer:	What @host points into
 * @size:	Its size
 *
 * Return: 0, ERANGE where the buffer is too small, ENODATA where no address is left
 */
int hostent_of_addresses(const struct tl_lookup_reply *reply, const char *name, int family,
			 struct hostent *host, char *buffer, size_t size)
{
	struct arena arena = {buffer, size};
	size_t length = family == AF_INET ? 4 : 16, used = 0;
	char **list = take_pointers(&arena, reply->count);

	*host = (struct hostent){.h_addrtype = family, .h_length = (int)length, .h_addr_list = list};
	host->h_aliases = take_pointers(&arena, 0);
	host->h_name = reply->canonical_length ? take_text(&arena, reply->canonical, reply->canonical_length)
					       : take_text(&arena, name, strlen(name));
	for (unsigned int i = 0; i < reply->count && arena.next; i++) {
		struct tl_endpoint address;
		char *copy;

		tl_lookup_address(reply, i, &address);
		if (address.family != (family == AF_INET ? TL_FAMILY_4 : TL_FAMILY_6))
			continue;
		copy = take(&arena, length, 4);
		if (copy)
			list[used++] = memcpy(copy, address.address, length);
	}
	if (!arena.next)
		return ERANGE;
	return used ? 0 : ENODATA;
}

/**
 * hostent_of_names() - Fill a hostent from a REVERSE's reply
 * @reply:	Names, best first; the others become aliases
 * @address:	Address that was asked for
 * @length:	Its length
 * @family:	Its family
 * @host:	Set
 * @buffer:	What @host points into
 * @size:	Its size
 *
 * Return: 0, ERANGE where the buffer is too small, ENODATA for a reply without a name
 */
int hostent_of_names(const struct tl_reverse_reply *reply, const void *address, socklen_t length, int family,
		     struct hostent *host, char *buffer, size_t size)
{
	struct arena arena = {buffer, size};
	char **aliases = take_pointers(&arena, reply->count);
	char **addresses = take_pointers(&arena, 1);
	char *copy = take(&arena, length, 4);
	char name[TL_NAME_SIZE];

	*host = (struct hostent){.h_addrtype = family, .h_length = (int)length};
	host->h_aliases = aliases;
	host->h_addr_list = addresses;
	for (unsigned int i = 0; i < reply->count && arena.next; i++) {
		if (tl_reverse_name(reply, i, name) < 0)
			break;
		if (i == 0)
			host->h_name = take_text(&arena, name, strlen(name));
		else
			aliases[i - 1] = take_text(&arena, name, strlen(name));
	}
	if (!arena.next)
		return ERANGE;
	addresses[0] = memcpy(copy, address, length);
	return host->h_name ? 0 : ENODATA;
}

/**
 * hostent_result() - What a …_r function returns for a lookup that found nothing
 * @result:	How it ended
 * @host:	Set to NULL
 * @error:	Set to h_errno's value
 *
 * Return: 0 or EAGAIN, as glibc does
 */
int hostent_result(enum lookup_result result, struct hostent **host, int *error)
{
	*host = NULL;
	*error = lookup_h_errno(result);
	return result == LOOKUP_TRY_AGAIN ? EAGAIN : 0;
}
