/* Decisions from the golden table, and what a reader sees while the broker writes. */
#include "classify.h"
#include "harness.h"
#include "vectors.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct tl_table *table;
static int cases;

static void load_region(const struct block *block)
{
	size_t offset = (size_t)block_number(block, "offset");

	if (!block_text(block, "region"))
		return;
	CHECK(offset + block->length <= sizeof(*table));
	memcpy((uint8_t *)table + offset, block->bytes, block->length);
}

static void load_table(void)
{
	free(table);
	table = calloc(1, sizeof(*table));
	vectors_read("table.txt", load_region);
}

static const char *verdict_text(enum verdict verdict)
{
	static const char *const texts[] = {"host", "cluster", "unreachable"};

	return texts[verdict];
}

/* Names the case in the message, so that a failure says which one */
static void check_case(const char *what, enum verdict verdict, const char *decision)
{
	char actual[400], wanted[400];

	snprintf(actual, sizeof(actual), "%s: %s", what, verdict_text(verdict));
	snprintf(wanted, sizeof(wanted), "%s: %s", what, decision);
	CHECK_TEXT(actual, wanted);
	cases++;
}

static void check_decision(const struct block *block)
{
	const char *address = block_text(block, "address"), *host = block_text(block, "host");
	const char *decision = block_text(block, "decision"), *pod = block_text(block, "pod");
	uint32_t flags = table->flags;

	if (block_number(block, "ask_dotted"))
		table->flags |= TL_TABLE_ASK_DOTTED;
	if (!(flags & TL_TABLE_ACTIVE) && decision && strcmp(decision, "cluster") == 0)
		decision = "unreachable";
	if (address) {
		struct tl_endpoint endpoint = parse_address(address);

		check_case(address, classify_address(table, &endpoint), decision);
	} else if (pod) {
		struct tl_endpoint endpoint = parse_endpoint(pod);

		check_case(pod, classify_pod_port(table, &endpoint), decision);
	} else if (host) {
		check_case(host, classify_name(table, host), decision);
	}
	table->flags = flags;
}

static void check_server(const struct block *block)
{
	const char *server = block_text(block, "server"), *wanted = block_text(block, "loopback");
	struct tl_endpoint endpoint, back;
	char text[INET_ADDRSTRLEN];
	uint8_t loopback[4];

	if (!server)
		return;
	endpoint = parse_address(server);
	if (!classify_name_server(table, &endpoint, loopback)) {
		CHECK_TEXT("none", wanted);
		return;
	}
	CHECK_TEXT(inet_ntop(AF_INET, loopback, text, sizeof(text)), wanted);
	CHECK(classify_name_server_loopback(table, loopback, &back));
	endpoint_unmap(&endpoint);
	CHECK(memcmp(&back, &endpoint, sizeof(back)) == 0);
}

TEST(golden_table_decides_addresses_and_names)
{
	load_table();
	cases = 0;
	vectors_read("table.txt", check_decision);
	CHECK(cases > 60);
}

TEST(golden_table_header_is_where_the_contract_says)
{
	char text[INET6_ADDRSTRLEN];

	load_table();
	CHECK(memcmp(table->magic, TL_TABLE_MAGIC, 8) == 0);
	CHECK_EQUAL(table->version, TL_VERSION);
	CHECK_EQUAL(table->sequence, 6);
	CHECK_EQUAL(ntohs(table->relay_port_4), 40004);
	CHECK_EQUAL(ntohs(table->relay_port_6), 40006);
	CHECK_TEXT(inet_ntop(AF_INET, table->pod_address_4, text, sizeof(text)), "10.244.7.7");
	CHECK_TEXT(inet_ntop(AF_INET6, table->pod_address_6, text, sizeof(text)), "fd00:244::7");
}

TEST(inactive_table_makes_the_clusters_unreachable)
{
	load_table();
	table->flags &= ~TL_TABLE_ACTIVE;
	vectors_read("table.txt", check_decision);
}

TEST(name_servers_map_both_ways)
{
	load_table();
	vectors_read("table.txt", check_server);
}

TEST(missing_table_leaves_everything_to_the_host)
{
	struct tl_endpoint address = parse_address("10.96.0.1"),
			   loopback_port = parse_endpoint("127.0.0.1:5432");
	uint8_t loopback[4];

	CHECK_EQUAL(classify_address(NULL, &address), VERDICT_HOST);
	CHECK_EQUAL(classify_name(NULL, "hello"), VERDICT_HOST);
	CHECK_EQUAL(classify_pod_port(NULL, &loopback_port), VERDICT_HOST);
	CHECK(!classify_name_server(NULL, &address, loopback));
}

TEST(nonsense_in_the_table_stays_inside_it)
{
	struct tl_endpoint address = parse_address("10.96.0.1");

	load_table();
	memset(&table->range_count, 0xff, 5 * sizeof(uint32_t));
	memset(table->ranges, 0x7f, sizeof(table->ranges));
	memset(table->names, 'S', sizeof(table->names));
	memset(table->singles, 0x55, sizeof(table->singles));
	memset(&table->pod_port_count, 0xff, sizeof(table->pod_port_count));
	memset(table->pod_ports, 0x55, sizeof(table->pod_ports));
	CHECK_EQUAL(classify_address(table, &address), VERDICT_HOST);
	CHECK_EQUAL(classify_name(table, "a.b"), VERDICT_HOST);
	address = parse_endpoint("127.0.0.1:80");
	CHECK_EQUAL(classify_pod_port(table, &address), VERDICT_HOST);
}

static bool stop;

/* In both settled states 10.96.0.1 is the cluster's; between them no range is there at all */
static void *rewrite(void *unused)
{
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		uint32_t sequence = table->sequence;

		__atomic_store_n(&table->sequence, sequence + 1, __ATOMIC_RELEASE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		__atomic_store_n(&table->range_count, 0, __ATOMIC_RELAXED);
		for (int i = 0; i < 7; i++) {
			uint8_t first = table->ranges[0].address[1];

			__atomic_store_n(&table->ranges[0].address[1], table->ranges[1].address[1],
					 __ATOMIC_RELAXED);
			__atomic_store_n(&table->ranges[0].address[1], first, __ATOMIC_RELAXED);
		}
		__atomic_store_n(&table->range_count, 7, __ATOMIC_RELAXED);
		__atomic_store_n(&table->sequence, sequence + 2, __ATOMIC_RELEASE);
	}
	return unused;
}

TEST(reader_never_sees_a_half_written_table)
{
	struct tl_endpoint address = parse_address("10.96.0.1");
	pthread_t writer;
	int torn = 0;

	load_table();
	stop = false;
	CHECK_EQUAL(pthread_create(&writer, NULL, rewrite, NULL), 0);
	for (int i = 0; i < 20000; i++)
		torn += classify_address(table, &address) != VERDICT_CLUSTER;
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	pthread_join(writer, NULL);
	CHECK_EQUAL(torn, 0);
}

TEST(writer_that_died_half_way_does_not_hang_the_reader)
{
	struct tl_endpoint address = parse_address("10.96.0.1");

	load_table();
	table->sequence = 7;
	CHECK_EQUAL(classify_address(table, &address), VERDICT_CLUSTER);
	CHECK_EQUAL(classify_name(table, "hello"), VERDICT_CLUSTER);
}
