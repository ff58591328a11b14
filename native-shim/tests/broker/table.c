/* The verdict table of the tests: 10.96/12 and 10.244/16 without 10.96.66/24, fd00:96::/112, one single
 * address. */
#include "broker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct tl_table *table;

static void add_range(int family, const char *address, uint8_t prefix, uint8_t kind)
{
	struct tl_range *range = &table->ranges[table->range_count++];

	*range = (struct tl_range){.family = family == AF_INET ? 4 : 6, .prefix = prefix, .kind = kind};
	inet_pton(family, address, range->address);
}

static void add_name(char kind, const char *name)
{
	table->names[table->names_used] = kind;
	strcpy(table->names + table->names_used + 1, name);
	table->names_used += (uint32_t)strlen(name) + 2;
}

static void add_single(const char *mapped)
{
	uint8_t key[16];
	uint64_t hash = 0xcbf29ce484222325u;

	inet_pton(AF_INET6, mapped, key);
	for (int i = 0; i < 16; i++)
		hash = (hash ^ key[i]) * 0x100000001b3u;
	memcpy(table->singles[hash % TL_TABLE_SINGLES], key, sizeof(key));
	table->single_count++;
}

static void add_name_server(int family, const char *address, uint8_t last)
{
	struct tl_name_server *server = &table->name_servers[table->name_server_count++];

	*server =
		(struct tl_name_server){.family = family == AF_INET ? 4 : 6, .loopback = {127, 84, 0, last}};
	inet_pton(family, address, server->address);
}

static void change(uint32_t flags, uint16_t port_4, uint16_t port_6)
{
	__atomic_fetch_add(&table->sequence, 1, __ATOMIC_ACQ_REL);
	table->flags = flags;
	table->relay_port_4 = port_4;
	table->relay_port_6 = port_6;
	__atomic_fetch_add(&table->sequence, 1, __ATOMIC_ACQ_REL);
}

void table_set_held(bool held)
{
	if (held)
		change(table->flags | TL_TABLE_HELD_SYN_4 | TL_TABLE_HELD_SYN_6, held_port(4), held_port(6));
	else
		change(table->flags & ~(TL_TABLE_HELD_SYN_4 | TL_TABLE_HELD_SYN_6), accepting_port(4),
		       accepting_port(6));
}

void table_set_active(bool active)
{
	change(active ? table->flags | TL_TABLE_ACTIVE : table->flags & ~TL_TABLE_ACTIVE, held_port(4),
	       held_port(6));
}

void table_set_listeners(bool wanted)
{
	change(wanted ? table->flags | TL_TABLE_LISTENERS : table->flags & ~TL_TABLE_LISTENERS,
	       table->relay_port_4, table->relay_port_6);
}

/* 0: none */
void table_set_pod_port(uint16_t port)
{
	__atomic_fetch_add(&table->sequence, 1, __ATOMIC_ACQ_REL);
	table->pod_port_count = port != 0;
	table->pod_ports[0] = htons(port);
	__atomic_fetch_add(&table->sequence, 1, __ATOMIC_ACQ_REL);
}

void table_write(const char *directory)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/table", directory);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, TL_TABLE_SIZE) < 0)
		die(path);
	table = mmap(NULL, TL_TABLE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (table == MAP_FAILED)
		die("mmap");
	close(fd);
	memcpy(table->magic, TL_TABLE_MAGIC, sizeof(table->magic));
	table->version = TL_VERSION;
	inet_pton(AF_INET, "10.244.7.7", table->pod_address_4);
	inet_pton(AF_INET6, "fd00:244::7", table->pod_address_6);
	add_range(AF_INET, "10.96.0.0", 12, 1);
	add_range(AF_INET, "10.244.0.0", 16, 1);
	add_range(AF_INET, "10.96.66.0", 24, 0);
	add_range(AF_INET6, "fd00:96::", 112, 1);
	add_single("::ffff:203.0.113.7");
	add_name('S', "cluster.local");
	add_name('L', "svc");
	add_name('N', "db.example.com");
	add_name('X', "never");
	add_name_server(AF_INET, "192.0.2.53", 1);
	add_name_server(AF_INET6, "fd00:53::53", 2);
	files_make(directory, table);
	change(TL_TABLE_ACTIVE | TL_TABLE_HELD_SYN_4 | TL_TABLE_HELD_SYN_6 | TL_TABLE_LISTENERS, held_port(4),
	       held_port(6));
}
