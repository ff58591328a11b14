/*
 * The verdict table: who goes to the cluster. Pure functions of the mapped table and an address or a name.
 *
 * The broker writes while we read. Counts are read once and clamped, so that a torn read can be wrong but
 * never outside the table; the sequence tells afterwards whether to read again.
 */
#include "classify.h"

#include <sched.h>
#include <string.h>

/*
 * A writer that lost its processor is waited for by giving up ours. One that was killed in the middle of a
 * change leaves the sequence odd for ever: after about half a second what is there is taken as it is, and
 * from then on at once.
 */
#define SPINS      1000
#define MOST_TRIES 1000000

static uint32_t stuck_sequence; /* odd where a dead writer left it, else 0 */

void table_read_begin(const struct tl_table *table, struct table_read *read)
{
	for (;;) {
		read->sequence = __atomic_load_n(&table->sequence, __ATOMIC_ACQUIRE);
		if (!(read->sequence & 1))
			return;
		if (read->sequence == __atomic_load_n(&stuck_sequence, __ATOMIC_RELAXED))
			return;
		if (++read->tries > SPINS)
			sched_yield();
		if (read->tries >= MOST_TRIES)
			__atomic_store_n(&stuck_sequence, read->sequence, __ATOMIC_RELAXED);
	}
}

bool table_read_retry(const struct tl_table *table, struct table_read *read)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&table->sequence, __ATOMIC_RELAXED) != read->sequence;
}

static uint32_t clamp_count(const uint32_t *count, uint32_t most)
{
	uint32_t value = __atomic_load_n(count, __ATOMIC_RELAXED);

	return value < most ? value : most;
}

bool endpoint_unmap(struct tl_endpoint *endpoint)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	if (endpoint->family != TL_FAMILY_6 || memcmp(endpoint->address, mapped, sizeof(mapped)) != 0)
		return false;
	endpoint->family = TL_FAMILY_4;
	memcpy(endpoint->address, endpoint->address + 12, 4);
	memset(endpoint->address + 4, 0, 12);
	return true;
}

/**
 * never_goes() - Loopback, unspecified, link-local, multicast, broadcast
 * @address:	An unmapped address
 *
 * Return: true for what stays on this machine or link whatever the table says
 */
static bool never_goes(const struct tl_endpoint *address)
{
	static const uint8_t zeros[15];
	const uint8_t *a = address->address;

	if (address->family == TL_FAMILY_4)
		return a[0] == 0 || a[0] == 127 || (a[0] == 169 && a[1] == 254) || (a[0] & 0xf0) == 0xe0 ||
		       (a[0] == 255 && a[1] == 255 && a[2] == 255 && a[3] == 255);
	return a[0] == 0xff || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80) ||
	       (memcmp(a, zeros, sizeof(zeros)) == 0 && a[15] <= 1);
}

static bool prefix_matches(const uint8_t *address, const uint8_t *range, unsigned int bits)
{
	unsigned int bytes = bits / 8, rest = bits % 8;

	if (memcmp(address, range, bytes) != 0)
		return false;
	return rest == 0 || ((address[bytes] ^ range[bytes]) & (0xff00u >> rest) & 0xff) == 0;
}

/**
 * longest_range() - Find the most specific range around an address
 * @table:	The table
 * @address:	An unmapped address
 *
 * Return: KIND of the range, -1 where none matches
 */
static int longest_range(const struct tl_table *table, const struct tl_endpoint *address)
{
	uint32_t count = clamp_count(&table->range_count, TL_TABLE_RANGES);
	unsigned int width = address->family == TL_FAMILY_4 ? 32 : 128;
	int best = -1, kind = -1;

	for (uint32_t i = 0; i < count; i++) {
		const struct tl_range *range = &table->ranges[i];
		unsigned int prefix = range->prefix;

		if (range->family != address->family || prefix > width || (int)prefix <= best)
			continue;
		if (prefix_matches(address->address, range->address, prefix)) {
			best = (int)prefix;
			kind = range->kind == 1;
		}
	}
	return kind;
}

static bool is_single(const struct tl_table *table, const struct tl_endpoint *address)
{
	static const uint8_t zeros[16];
	uint8_t key[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a, 64 bits */

	if (address->family == TL_FAMILY_4)
		memcpy(key + 12, address->address, 4);
	else
		memcpy(key, address->address, 16);
	for (unsigned int i = 0; i < sizeof(key); i++)
		hash = (hash ^ key[i]) * 0x100000001b3u;
	for (uint32_t i = 0; i < TL_TABLE_SINGLES; i++) {
		const uint8_t *entry = table->singles[(hash + i) % TL_TABLE_SINGLES];

		if (memcmp(entry, key, sizeof(key)) == 0)
			return true;
		if (memcmp(entry, zeros, sizeof(zeros)) == 0)
			return false;
	}
	return false;
}

/**
 * classify_address() - Decide where an address leads
 * @table:	The table, or NULL
 * @address:	Any address; port doesn't matter
 *
 * Return: the verdict
 */
enum verdict classify_address(const struct tl_table *table, const struct tl_endpoint *address)
{
	struct tl_endpoint plain = *address;
	struct table_read read = {0};
	enum verdict verdict;

	endpoint_unmap(&plain);
	if (!table || (plain.family != TL_FAMILY_4 && plain.family != TL_FAMILY_6) || never_goes(&plain))
		return VERDICT_HOST;
	do {
		int kind;

		table_read_begin(table, &read);
		kind = longest_range(table, &plain);
		if (kind == 0 || (kind < 0 && !is_single(table, &plain)))
			verdict = VERDICT_HOST;
		else if (__atomic_load_n(&table->flags, __ATOMIC_RELAXED) & TL_TABLE_ACTIVE)
			verdict = VERDICT_CLUSTER;
		else
			verdict = VERDICT_UNREACHABLE;
	} while (table_read_retry(table, &read));
	return verdict;
}

static bool is_loopback(const struct tl_endpoint *address)
{
	static const uint8_t loopback_6[16] = {[15] = 1};

	if (address->family == TL_FAMILY_4)
		return address->address[0] == 127;
	return address->family == TL_FAMILY_6 &&
	       memcmp(address->address, loopback_6, sizeof(loopback_6)) == 0;
}

/**
 * classify_pod_port() - Is this loopback address the pod's rather than this machine's?
 * @table:	The table, or NULL
 * @address:	Address and port
 *
 * Return: VERDICT_HOST for anything but loopback with a listed port
 */
enum verdict classify_pod_port(const struct tl_table *table, const struct tl_endpoint *address)
{
	struct tl_endpoint plain = *address;
	struct table_read read = {0};
	enum verdict verdict;

	endpoint_unmap(&plain);
	if (!table || !is_loopback(&plain))
		return VERDICT_HOST;
	do {
		uint32_t count;
		bool found = false;

		table_read_begin(table, &read);
		count = clamp_count(&table->pod_port_count, TL_TABLE_POD_PORTS);
		for (uint32_t i = 0; i < count && !found; i++)
			found = __atomic_load_n(&table->pod_ports[i], __ATOMIC_RELAXED) == plain.port;
		if (!found)
			verdict = VERDICT_HOST;
		else if (__atomic_load_n(&table->flags, __ATOMIC_RELAXED) & TL_TABLE_ACTIVE)
			verdict = VERDICT_CLUSTER;
		else
			verdict = VERDICT_UNREACHABLE;
	} while (table_read_retry(table, &read));
	return verdict;
}

/**
 * classify_name_server() - Is this address a name server the broker stands in for?
 * @table:	The table, or NULL
 * @server:	An address
 * @loopback:	Set to the IPv4 loopback address where the broker answers for it
 *
 * Return: true if it is
 */
bool classify_name_server(const struct tl_table *table, const struct tl_endpoint *server, uint8_t loopback[4])
{
	struct tl_endpoint plain = *server;
	struct table_read read = {0};
	bool found;

	if (!table || !(__atomic_load_n(&table->flags, __ATOMIC_RELAXED) & TL_TABLE_ACTIVE))
		return false;
	endpoint_unmap(&plain);
	do {
		uint32_t count;

		table_read_begin(table, &read);
		found = false;
		count = clamp_count(&table->name_server_count, TL_TABLE_NAME_SERVERS);
		for (uint32_t i = 0; i < count && !found; i++) {
			const struct tl_name_server *entry = &table->name_servers[i];
			size_t length = plain.family == TL_FAMILY_4 ? 4 : 16;

			found = entry->family == plain.family &&
				memcmp(entry->address, plain.address, length) == 0;
			if (found)
				memcpy(loopback, entry->loopback, 4);
		}
	} while (table_read_retry(table, &read));
	return found;
}

/**
 * classify_name_server_loopback() - Whose place does this loopback address take?
 * @table:	The table, or NULL
 * @loopback:	IPv4 address
 * @server:	Set to the listed name server, port 0
 *
 * Return: true if it stands for one
 */
bool classify_name_server_loopback(const struct tl_table *table, const uint8_t loopback[4],
				   struct tl_endpoint *server)
{
	struct table_read read = {0};
	bool found;

	if (!table)
		return false;
	do {
		uint32_t count;

		table_read_begin(table, &read);
		found = false;
		count = clamp_count(&table->name_server_count, TL_TABLE_NAME_SERVERS);
		for (uint32_t i = 0; i < count && !found; i++) {
			const struct tl_name_server *entry = &table->name_servers[i];

			found = memcmp(entry->loopback, loopback, 4) == 0;
			if (found) {
				*server = (struct tl_endpoint){.family = entry->family};
				memcpy(server->address, entry->address,
				       entry->family == TL_FAMILY_4 ? 4 : 16);
			}
		}
	} while (table_read_retry(table, &read));
	return found;
}
