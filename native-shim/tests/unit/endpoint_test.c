#include "classify.h"
#include "endpoint.h"
#include "harness.h"
#include "vectors.h"

#include <arpa/inet.h>
#include <string.h>

TEST(socket_addresses_survive_the_round_trip)
{
	static const char *const texts[] = {"10.96.0.10:80", "[fd00:96::a]:443", "[::ffff:10.96.0.10]:1"};

	for (int i = 0; i < 3; i++) {
		struct tl_endpoint endpoint = parse_endpoint(texts[i]), back;
		union socket_address address;
		socklen_t length = endpoint_to_address(&endpoint, i ? AF_INET6 : AF_INET, &address);

		CHECK(endpoint_from_address(&back, &address.any, length));
		CHECK(memcmp(&back, &endpoint, sizeof(back)) == 0);
		CHECK(!endpoint_from_address(&back, &address.any, 15));
		CHECK(!endpoint_from_address(&back, NULL, length));
	}
}

TEST(ipv4_is_mapped_into_an_ipv6_socket_and_back)
{
	struct tl_endpoint plain = parse_endpoint("10.96.0.10:80"), six = parse_endpoint("[fd00::1]:80"),
			   back;
	union socket_address address;
	socklen_t length = endpoint_to_address(&plain, AF_INET6, &address);

	CHECK_EQUAL(length, sizeof(struct sockaddr_in6));
	CHECK(endpoint_from_address(&back, &address.any, length));
	CHECK(endpoint_unmap(&back));
	CHECK(memcmp(&back, &plain, sizeof(back)) == 0);
	CHECK_EQUAL(endpoint_to_address(&six, AF_INET, &address), 0);
	CHECK(!endpoint_unmap(&six));
}

TEST(relay_is_loopback_of_the_destinations_family)
{
	static struct tl_table storage, *table = &storage;
	struct tl_endpoint mapped = parse_endpoint("[::ffff:10.96.0.10]:80"),
			   six = parse_endpoint("[fd00::1]:80");
	struct tl_endpoint seen, wanted = parse_endpoint("[::ffff:127.0.0.1]:40004");
	union socket_address relay;
	socklen_t length;

	table->relay_port_4 = htons(40004);
	table->relay_port_6 = htons(40006);
	length = endpoint_relay(table, &mapped, 0, AF_INET6, &relay);
	CHECK(endpoint_from_address(&seen, &relay.any, length));
	CHECK(memcmp(&seen, &wanted, sizeof(seen)) == 0);
	CHECK(endpoint_is_relay(table, &seen));
	length = endpoint_relay(table, &six, 0, AF_INET6, &relay);
	CHECK(endpoint_from_address(&seen, &relay.any, length));
	wanted = parse_endpoint("[::1]:40006");
	CHECK(memcmp(&seen, &wanted, sizeof(seen)) == 0);
	seen.port = htons(40004);
	CHECK(!endpoint_is_relay(table, &seen));
}

TEST(addresses_become_text)
{
	static const char *const texts[] = {"0.0.0.0", "255.10.96.1", "fd00:96::a",
					    "::", "ffff:ffff:1:20:300:4000:5:6"};

	for (int i = 0; i < 5; i++) {
		struct tl_endpoint address = parse_address(texts[i]), back;
		char text[ENDPOINT_TEXT_SIZE];

		endpoint_text(&address, text);
		back = parse_address(text);
		CHECK(memcmp(&address, &back, sizeof(back)) == 0);
	}
}
