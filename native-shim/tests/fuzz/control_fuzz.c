/*
 * The shim's side of the control socket against a broker that answers anything: every question ends, in a
 * result that its caller knows, and leaves no descriptor behind.
 *
 * Input: QUESTION 1 | SIZE 1 of the application's buffer | the broker's packet (none: it hangs up)
 */
#include "attach.h"
#include "control.h"
#include "fuzz.h"
#include "libc.h"
#include "log.h"
#include "lookup.h"
#include "session.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <resolv.h>
#include <semaphore.h>
#include <sys/un.h>
#include <unistd.h>

#undef res_query
#undef res_send
int res_query(const char *name, int class, int type, unsigned char *answer, int size);
int res_send(const unsigned char *message, int length, unsigned char *answer, int size);

/* What the shim's other files would give, without hooks of libc's own functions */
static struct session session = {.present = true, .intercepts = true};
static struct session_place place;
static struct tl_table *table;

const struct session *session_get(void)
{
	return &session;
}

const struct tl_table *session_table(void)
{
	return table;
}

bool session_intercepts(void)
{
	return true;
}

void session_place(struct session_place *where)
{
	*where = place;
}

bool session_was_attached(void)
{
	return false;
}

bool session_is_attached(void)
{
	return false;
}

bool attach_broker_is_gone(uint32_t turn)
{
	(void)turn;
	return false;
}

bool attach_is_over(void)
{
	return false;
}

void log_once(enum log_kind kind, const char *text)
{
	(void)kind;
	(void)text;
}

void libc_resolve(void)
{
}

int (*libc_res_query)(const char *, int, int, unsigned char *, int);
int (*libc_res_search)(const char *, int, int, unsigned char *, int);
int (*libc_res_send)(const unsigned char *, int, unsigned char *, int);
int (*libc_res_nquery)(void *, const char *, int, int, unsigned char *, int);
int (*libc_res_nsearch)(void *, const char *, int, int, unsigned char *, int);
int (*libc_res_nsend)(void *, const unsigned char *, int, unsigned char *, int);

/* ---- the broker ---- */

static const uint8_t *reply;
static size_t reply_length;
static int listener = -1;
static sem_t served; /* connections that are over */

static void *serve(void *unused)
{
	static uint8_t request[TL_PACKET_SIZE];

	for (;;) {
		struct pollfd coming = {.fd = listener, .events = POLLIN};
		int fd;

		/* accept(2) takes its descriptor's number before it waits, which would look like a leak */
		MUST(poll(&coming, 1, -1) == 1);
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		MUST(fd >= 0);
		MUST(recv(fd, request, sizeof(request), 0) >= 4);
		if (reply_length)
			send(fd, reply, reply_length, MSG_NOSIGNAL);
		close(fd);
		sem_post(&served);
	}
	return unused;
}

static void remove_session(void)
{
	char path[sizeof(place.directory) + 16];

	snprintf(path, sizeof(path), "%s/control", place.directory);
	unlink(path);
	rmdir(place.directory);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct tl_range range = {.family = TL_FAMILY_4, .prefix = 12, .kind = 1, .address = {10, 96}};
	pthread_t thread;

	(void)argc;
	(void)argv;
	strcpy(place.directory, "/tmp/telelaunch-fuzz-XXXXXX");
	MUST(mkdtemp(place.directory));
	atexit(remove_session);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/control", place.directory);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	MUST(bind(listener, (void *)&address, sizeof(address)) == 0 && listen(listener, 16) == 0);
	table = calloc(1, sizeof(*table));
	table->flags = TL_TABLE_ACTIVE;
	table->ranges[0] = range;
	table->range_count = 1;
	session.table = table;
	MUST(sem_init(&served, 0, 0) == 0);
	MUST(pthread_create(&thread, NULL, serve, NULL) == 0);
	return 0;
}

/* ---- the questions ---- */

static void ask_address(unsigned char *buffer, int size)
{
	struct tl_endpoint address = {.family = TL_FAMILY_4, .address = {10, 96, 0, 1}};
	char name[TL_NAME_SIZE];
	struct lookup lookup;

	(void)buffer;
	(void)size;
	if (lookup_address(&address, &lookup) == LOOKUP_FOUND)
		tl_reverse_name(&lookup.names, 0, name);
	lookup_end(&lookup);
}

static void ask_name(unsigned char *buffer, int size)
{
	struct lookup lookup;
	enum lookup_result result = lookup_name("hello", TL_LOOKUP_A, &lookup);

	(void)buffer;
	(void)size;
	MUST(result != LOOKUP_HOST);
	if (result == LOOKUP_FOUND)
		MUST(lookup.addresses.count > 0);
	lookup_end(&lookup);
}

static void ask_socket(unsigned char *buffer, int size)
{
	struct tl_endpoint destination = {.family = TL_FAMILY_4, .address = {10, 96, 0, 1}};
	struct tl_flow_reply flow;
	struct tl_dial_reply dial;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(fd >= 0);
	if (control_flow(fd, &flow) == 0)
		MUST(flow.error < 4096);
	if (size & 1) {
		if (control_dial_wait(fd, 0, &destination, &dial) == 0)
			MUST(dial.error < 4096);
	} else {
		MUST(control_dial(fd, 0, &destination) == 0);
	}
	(void)buffer;
	close(fd);
}

static void check_answer(int length, int size)
{
	MUST(length == -1 || (length >= 12 && length <= size));
}

static void ask_query(unsigned char *buffer, int size)
{
	/* "no such name" goes on to libc, which isn't there: -1 */
	check_answer(res_query("hello", 1, 1, buffer, size), size);
}

static void ask_send(unsigned char *buffer, int size)
{
	static const unsigned char query[] = {0x12, 0x34, 1,   0,   0,   1,   0, 0, 0, 0, 0, 0,
					      5,    'h',  'e', 'l', 'l', 'o', 0, 0, 1, 0, 1};

	check_answer(res_send(query, sizeof(query), buffer, size), size);
}

static int lowest_free_descriptor(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static const struct {
	void (*ask)(unsigned char *buffer, int size);
	int connections;
} questions[] = {{ask_address, 1}, {ask_name, 1}, {ask_socket, 2}, {ask_query, 1}, {ask_send, 1}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int free_before = lowest_free_descriptor();
	unsigned char *buffer;
	size_t question;

	if (size < 2)
		return 0;
	question = data[0] % (sizeof(questions) / sizeof(questions[0]));
	reply = data + 2;
	reply_length = size - 2;
	buffer = malloc(data[1] ? data[1] : 1);
	MUST(buffer);
	questions[question].ask(buffer, data[1]);
	for (int i = 0; i < questions[question].connections; i++)
		while (sem_wait(&served) != 0)
			;
	free(buffer);
	MUST(lowest_free_descriptor() == free_before);
	return 0;
}
