/*
 * Theory of operation
 *
 * Every process of the tree finds TELELAUNCH_SESSION in its environment, maps the session's verdict table
 * and from then on decides alone. Nothing is kept open: the mapping survives fork(2), and each message to the
 * broker uses a descriptor of its own for as long as it takes.
 *
 * The first hook or the constructor, whichever comes first, fills `session`; afterwards it never changes.
 */
#include "session.h"

#include "environment.h"
#include "libc.h"
#include "log.h"
#include "process_kind.h"
#include "sys.h"

#include <string.h>

static struct session session;
static struct mounts mounts;

enum {
	NOT_STARTED,
	STARTING,
	READY
};
static int progress;

/**
 * map_table() - Map the verdict table read-only
 * @directory:	Session directory
 *
 * Return: the table, NULL where it is missing, too short or of another version
 */
static const struct tl_table *map_table(const char *directory)
{
	char path[SESSION_PATH_SIZE + sizeof("/table")];
	const struct tl_table *table;
	struct stat status;
	size_t length = strlen(directory);
	int fd;

	memcpy(path, directory, length);
	memcpy(path + length, "/table", sizeof("/table"));
	fd = sys_open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	/* a shorter file would end in SIGBUS */
	if (sys_fstat(fd, &status) < 0 || status.st_size < TL_TABLE_SIZE)
		table = NULL;
	else
		table = sys_mmap(TL_TABLE_SIZE, PROT_READ, MAP_SHARED, fd);
	sys_close(fd);
	if (table && (memcmp(table->magic, TL_TABLE_MAGIC, sizeof(table->magic)) != 0 ||
		      table->version != TL_VERSION)) {
		sys_munmap((void *)table, TL_TABLE_SIZE);
		table = NULL;
	}
	return table;
}

/* What is written before the first command starts, and never changes */
static void read_pod(const struct tl_table *table)
{
	mounts_read(table->mounts, sizeof(table->mounts), &mounts);
	if (mounts.count > 0)
		session.mounts = &mounts;
	if (table->host_name[0] && memchr(table->host_name, '\0', sizeof(table->host_name)))
		session.host_name = table->host_name;
}

static void start(void)
{
	enum process_kind kind;
	const char *directory;

	libc_resolve();
	log_start();
	directory = environment_start();
	if (!directory || !*directory)
		return;
	kind = process_kind();
	if (kind == PROCESS_SDK_SERVER) {
		environment_remove_ours();
		return;
	}
	session.present = true;
	session.strip_servers = kind == PROCESS_SDK_TOOL;
	session.intercepts = kind == PROCESS_ORDINARY;
	if (strlen(directory) >= sizeof(session.directory))
		return;
	strcpy(session.directory, directory);
	if (!session.intercepts)
		return;
	session.table = map_table(directory);
	if (session.table)
		read_pod(session.table);
}

/**
 * session_get() - The session, read from the environment at the first call
 *
 * A second thread that comes while the first one still reads waits for it: a few system calls, none of
 * which can block on another process.
 *
 * Return: the session; never NULL
 */
const struct session *session_get(void)
{
	int expected = NOT_STARTED;

	if (__builtin_expect(__atomic_load_n(&progress, __ATOMIC_ACQUIRE) == READY, 1))
		return &session;
	if (__atomic_compare_exchange_n(&progress, &expected, STARTING, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE)) {
		start();
		__atomic_store_n(&progress, READY, __ATOMIC_RELEASE);
	}
	while (__atomic_load_n(&progress, __ATOMIC_ACQUIRE) != READY)
		sys_sched_yield();
	return &session;
}

bool session_intercepts(void)
{
	return session_get()->intercepts;
}

const struct tl_table *session_table(void)
{
	const struct session *now = session_get();

	if (!now->table)
		log_once(LOG_TABLE, "the session's table is missing or of another version; "
				    "this program stays outside of the cluster");
	return now->table;
}

__attribute__((constructor)) static void construct(void)
{
	session_get();
}
