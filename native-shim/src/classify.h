/* Deciding, apart from acting: what goes to the cluster, by the verdict table alone. */
#ifndef TELELAUNCH_CLASSIFY_H
#define TELELAUNCH_CLASSIFY_H

#include "protocol.h"

#include <stdbool.h>

enum verdict {
	VERDICT_HOST,        /* not ours: exactly what happens without the shim */
	VERDICT_CLUSTER,     /* the broker carries it */
	VERDICT_UNREACHABLE, /* the cluster's, but the broker doesn't serve */
};

/* table may be NULL where it couldn't be mapped: then everything is the host's */
enum verdict classify_address(const struct tl_table *table, const struct tl_endpoint *address);
/* loopback with a port of the pod's other containers */
enum verdict classify_pod_port(const struct tl_table *table, const struct tl_endpoint *address);
enum verdict classify_name(const struct tl_table *table, const char *name);
bool classify_name_server(const struct tl_table *table, const struct tl_endpoint *server,
			  uint8_t loopback[4]);
bool classify_name_server_loopback(const struct tl_table *table, const uint8_t loopback[4],
				   struct tl_endpoint *server);
bool name_is_numeric(const char *name);

/* v4-mapped (::ffff:a.b.c.d) becomes IPv4; true if it was */
bool endpoint_unmap(struct tl_endpoint *endpoint);

/* Seqlock: do { s = table_read_begin(t); …read… } while (table_read_retry(t, s)); */
struct table_read {
	uint32_t sequence;
	unsigned int tries;
};
void table_read_begin(const struct tl_table *table, struct table_read *read);
bool table_read_retry(const struct tl_table *table, struct table_read *read);

#endif
