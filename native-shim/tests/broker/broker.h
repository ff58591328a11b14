#ifndef TELELAUNCH_TESTS_BROKER_H
#define TELELAUNCH_TESTS_BROKER_H

#include "protocol.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>

_Noreturn void die(const char *what);

/* relay.c: the held ports, the accepting ones for WAIT, and the DNS listeners */
void listen_relay(void);
uint16_t held_port(int family);
uint16_t accepting_port(int family);
int connect_back(int app_fd);
nfds_t add_other_sockets(struct pollfd *polls);
void serve_other_sockets(const struct pollfd *polls);

/* table.c */
void table_write(const char *directory);
void table_set_held(bool held);
void table_set_active(bool active);
void table_set_listeners(bool wanted);
void table_set_pod_port(uint16_t port);

/* files.c: the pod's volumes; the table isn't published yet */
void files_make(const char *session, struct tl_table *table);
const char *files_last(void);
size_t answer_file(const uint8_t *packet, size_t length, uint8_t *reply);

/* answers.c: LOOKUP, REVERSE, QUERY */
size_t answer_name(const uint8_t *packet, size_t length, uint8_t *reply);

#endif
