/*
 * What shim and broker say to each other: the control protocol and the verdict table, version 1.
 * README.md beside this folder is the contract; tests/vectors/ holds it as bytes.
 */
#ifndef TELELAUNCH_PROTOCOL_H
#define TELELAUNCH_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

#define TL_VERSION     1
#define TL_PACKET_SIZE 65536 /* the longest request or reply, in bytes */
#define TL_NAME_SIZE   256   /* a name of at most 253 characters, dot and NUL */

/* Family numbers of the contract; the kernel's AF_… differ from system to system */
#define TL_FAMILY_4 4
#define TL_FAMILY_6 6

enum tl_kind {
	TL_KIND_DIAL = 1,
	TL_KIND_FLOW = 2,
	TL_KIND_LOOKUP = 3,
	TL_KIND_REVERSE = 4,
	TL_KIND_QUERY = 5,
	TL_KIND_LISTENING = 6,
	TL_KIND_FILE = 7,
	TL_KIND_HELLO = 8,
	TL_KIND_TRACE = 9, /* the startup hook's; the shim sends none */
};

#define TL_DIAL_NONBLOCKING 1
#define TL_DIAL_WAIT        2
#define TL_LOOKUP_A         1
#define TL_LOOKUP_AAAA      2
#define TL_QUERY_SEARCH     1 /* apply the pod's search list, as res_search(3) does */

/* What a FILE request is made for: PURPOSE */
enum tl_file_purpose {
	TL_FILE_STAT = 1,
	TL_FILE_LIST = 2,
	TL_FILE_OPEN = 3,
	TL_FILE_WRITE = 4,
	TL_FILE_UNLINK = 5,
	TL_FILE_MKDIR = 6,
	TL_FILE_RMDIR = 7,
	TL_FILE_RENAME = 8,
};

#define TL_FILE_CREATE    1 /* as O_CREAT */
#define TL_FILE_EXCLUSIVE 2 /* as O_EXCL */
#define TL_FILE_TRUNCATE  4 /* as O_TRUNC */
#define TL_FILE_NO_FOLLOW 8 /* a symbolic link itself, as lstat(2) */

/* Who says HELLO: SOURCE */
enum tl_hello_source {
	TL_HELLO_HOOK = 1,     /* the startup hook, inside the runtime */
	TL_HELLO_ATTACHED = 2, /* the shim, after an order to attach */
	TL_HELLO_DETACHED = 3, /* the shim, after an order to detach */
};

enum tl_status {
	TL_STATUS_FOUND = 0,
	TL_STATUS_NO_NAME = 1,
	TL_STATUS_NO_DATA = 2,
	TL_STATUS_TRY_AGAIN = 3,
};

#define TL_FLOW_KNOWN   0
#define TL_FLOW_UNKNOWN 1

/* ENDPOINT 20 = FAMILY 2 | PORT 2 (network order) | ADDRESS 16 (IPv4 in the first four bytes) */
struct tl_endpoint {
	uint16_t family;
	uint16_t port;
	uint8_t address[16];
};

/* request: VERSION 1 | KIND 1 | FLAGS 2; reply: VERSION 1 | STATUS 1 | ZERO 2 */
struct tl_header {
	uint8_t version;
	uint8_t kind_or_status;
	uint16_t flags;
};

struct tl_dial_reply {
	uint32_t error; /* errno, 0: connect to .port on loopback */
	uint16_t port;  /* network order */
};

struct tl_flow_reply {
	uint32_t error; /* errno kept for a failed dial, told once; 0: none */
	struct tl_endpoint peer;
	struct tl_endpoint own;
};

/* A reply to LOOKUP; the lists lie in the packet it was read from */
struct tl_lookup_reply {
	uint8_t status;
	uint32_t ttl; /* seconds */
	uint16_t count;
	const uint8_t *addresses; /* count times 20 bytes, see tl_lookup_address() */
	const char *canonical;    /* not terminated */
	uint16_t canonical_length;
};

struct tl_reverse_reply {
	uint8_t status;
	uint32_t ttl;
	uint16_t count;
	const uint8_t *names; /* count times LENGTH 2 | name */
	size_t names_length;
};

struct tl_query_reply {
	uint8_t status;
	const uint8_t *answer;
	size_t answer_length;
};

/* A request about a file of the pod; .other is where a rename leads, else NULL */
struct tl_file_request {
	enum tl_file_purpose purpose;
	uint16_t flags;
	uint16_t mode; /* permissions of what is made */
	const char *path;
	const char *other;
};

/* A process tells how it stands to the session; nobody answers */
struct tl_hello {
	enum tl_hello_source source;
	uint32_t status;         /* 0, or an errno: EBUSY, EALREADY, ENOENT… */
	uint32_t count;          /* slots that lead to the shim, or led there */
	const char *runtime;     /* e.g. ".NET 10.0.0"; "" from the shim, as the next */
	const char *application; /* its path */
};

struct tl_file_reply {
	uint32_t error;   /* errno, 0: done */
	const char *host; /* path on this machine; not terminated, in the packet, as the next */
	size_t host_length;
	const char *pod; /* the pod's path without symbolic links */
	size_t pod_length;
};

/* The encoders return the packet's length, 0 where it doesn't fit. */
size_t tl_encode_dial(uint8_t *packet, size_t size, uint16_t flags, const struct tl_endpoint *destination);
size_t tl_encode_flow(uint8_t *packet, size_t size, uint64_t cookie);
size_t tl_encode_lookup(uint8_t *packet, size_t size, uint16_t flags, const char *name);
size_t tl_encode_reverse(uint8_t *packet, size_t size, const struct tl_endpoint *address);
size_t tl_encode_listening(uint8_t *packet, size_t size, const struct tl_endpoint *own, uint64_t cookie);
size_t tl_encode_query(uint8_t *packet, size_t size, uint16_t flags, const uint8_t *message, size_t length);
size_t tl_encode_hello(uint8_t *packet, size_t size, const struct tl_hello *hello);
size_t tl_encode_file(uint8_t *packet, size_t size, const struct tl_file_request *request);

/* The decoders return 0, or -1 for a packet that isn't what the contract says (another version included). */
int tl_decode_dial_reply(const uint8_t *packet, size_t length, struct tl_dial_reply *reply);
int tl_decode_flow_reply(const uint8_t *packet, size_t length, struct tl_flow_reply *reply);
int tl_decode_lookup_reply(const uint8_t *packet, size_t length, struct tl_lookup_reply *reply);
int tl_decode_reverse_reply(const uint8_t *packet, size_t length, struct tl_reverse_reply *reply);
int tl_decode_query_reply(const uint8_t *packet, size_t length, struct tl_query_reply *reply);
int tl_decode_file_reply(const uint8_t *packet, size_t length, struct tl_file_reply *reply);

void tl_lookup_address(const struct tl_lookup_reply *reply, unsigned int index, struct tl_endpoint *address);
int tl_reverse_name(const struct tl_reverse_reply *reply, unsigned int index, char name[TL_NAME_SIZE]);

/* ---- the verdict table ---- */

#define TL_TABLE_SIZE         (1024 * 1024)
#define TL_TABLE_MAGIC        "TLTABLE" /* with its NUL: 8 bytes */
#define TL_TABLE_RANGES       512
#define TL_TABLE_NAME_SERVERS 16
#define TL_TABLE_POD_PORTS    62
#define TL_TABLE_NAMES        49152
#define TL_TABLE_SINGLES      32768
#define TL_TABLE_HOST_NAME    64
#define TL_TABLE_MOUNTS       3456

#define TL_TABLE_ACTIVE     1u
#define TL_TABLE_HELD_SYN_4 2u
#define TL_TABLE_HELD_SYN_6 4u
#define TL_TABLE_ASK_DOTTED 8u
#define TL_TABLE_LISTENERS  32u /* LISTENING is wanted */

struct tl_range {
	uint8_t family;
	uint8_t prefix;
	uint8_t kind; /* 1 = cluster, 0 = never */
	uint8_t zero[5];
	uint8_t address[16];
};

struct tl_name_server {
	uint8_t family;
	uint8_t zero[3];
	uint8_t loopback[4];
	uint8_t address[16];
};

struct tl_table {
	char magic[8];
	uint32_t version;
	uint32_t sequence; /* odd while it changes */
	uint32_t flags;
	uint16_t relay_port_4; /* network order */
	uint16_t relay_port_6;
	uint8_t pod_address_4[4];
	uint8_t pod_address_6[16];
	uint32_t range_count;
	uint32_t single_count;
	uint32_t name_server_count;
	uint32_t names_used;
	uint32_t zero;
	struct tl_range ranges[TL_TABLE_RANGES];
	struct tl_name_server name_servers[TL_TABLE_NAME_SERVERS];
	uint32_t pod_port_count;
	uint16_t pod_ports[TL_TABLE_POD_PORTS]; /* network order */
	char host_name[TL_TABLE_HOST_NAME];     /* padded with NULs; empty: the machine's own */
	char mounts[TL_TABLE_MOUNTS];           /* KIND 1, path, NUL; an empty one ends them */
	char names[TL_TABLE_NAMES];
	uint8_t singles[TL_TABLE_SINGLES][16];
};

_Static_assert(offsetof(struct tl_table, ranges) == 64, "header");
_Static_assert(offsetof(struct tl_table, name_servers) == 12352, "ranges");
_Static_assert(offsetof(struct tl_table, pod_port_count) == 12736, "name servers");
_Static_assert(offsetof(struct tl_table, host_name) == 12864, "host name");
_Static_assert(offsetof(struct tl_table, mounts) == 12928, "mounts");
_Static_assert(offsetof(struct tl_table, names) == 16384, "names");
_Static_assert(offsetof(struct tl_table, singles) == 65536, "singles");
_Static_assert(sizeof(struct tl_table) <= TL_TABLE_SIZE, "table");

#endif
