/*
 * Theory of operation
 *
 * Every process of the tree finds TELELAUNCH_SESSION in its environment, maps the session's verdict table
 * and from then on decides alone. Nothing is kept open: the mapping survives fork(2), and each message to the
 * broker uses a descriptor of its own for as long as it takes. The first hook or the constructor, whichever
 * comes first, fills `at_start`; afterwards that never changes.
 *
 * A process that is attached while it runs changes from session to session while its threads are in the
 * middle of hooks. So there are three structures that never change, `at_start`, `attached` and `left`, and
 * session_get() says which one counts. The table of all attached sessions lies at one address, which stays
 * mapped for good: another table, or zeros, are mapped over it. A thread may thus read half of each, which
 * spoils that one call, but never what isn't there. The directory's name is copied under a sequence.
 */
#include "session.h"

#include "elf_symbol.h"
#include "environment.h"
#include "libc.h"
#include "log.h"
#include "process_kind.h"
#include "sys.h"

#include <errno.h>
#include <string.h>

static struct session at_start;
static struct session attached = {.intercepts = true};
static struct session left;
static const struct session *current = &at_start;
static struct mounts mounts;

/* Of the current session; .sequence is odd while it changes */
static struct {
	uint32_t sequence;
	char directory[SESSION_PATH_SIZE];
} place;

enum {
	NOT_STARTED,
	STARTING,
	READY
};
static int progress;

/**
 * open_table() - Open a verdict table and look whether it is one
 * @directory:	Session directory
 * @table:	Set to it, mapped read-only
 *
 * Return: descriptor, or a negative errno where it is missing, too short or of another version
 */
static int open_table(const char *directory, const struct tl_table **table)
{
	char path[SESSION_PATH_SIZE + sizeof("/table")];
	struct stat status;
	size_t length = strlen(directory);
	int fd;

	memcpy(path, directory, length);
	memcpy(path + length, "/table", sizeof("/table"));
	fd = sys_open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fd;
	*table = NULL;
	/* a shorter file would end in SIGBUS */
	if (sys_fstat(fd, &status) == 0 && status.st_size >= TL_TABLE_SIZE)
		*table = sys_mmap(TL_TABLE_SIZE, PROT_READ, MAP_SHARED, fd);
	if (*table && memcmp((*table)->magic, TL_TABLE_MAGIC, sizeof((*table)->magic)) == 0 &&
	    (*table)->version == TL_VERSION)
		return fd;
	if (*table)
		sys_munmap((void *)*table, TL_TABLE_SIZE);
	*table = NULL;
	sys_close(fd);
	return -EPROTO;
}

/* What is written before the first command starts, and never changes */
static void read_pod(const struct tl_table *table)
{
	mounts_read(table->mounts, sizeof(table->mounts), &mounts);
	if (mounts.count > 0)
		at_start.mounts = &mounts;
	if (table->host_name[0] && memchr(table->host_name, '\0', sizeof(table->host_name)))
		at_start.host_name = table->host_name;
}

static void set_directory(const char *directory)
{
	__atomic_fetch_add(&place.sequence, 1, __ATOMIC_ACQ_REL);
	strcpy(place.directory, directory);
	__atomic_fetch_add(&place.sequence, 1, __ATOMIC_ACQ_REL);
}

/**
 * session_place() - Where the current session's broker is to be found
 * @where:	Set to it
 */
void session_place(struct session_place *where)
{
	session_get();
	do {
		while ((where->turn = __atomic_load_n(&place.sequence, __ATOMIC_ACQUIRE)) & 1)
			sys_sched_yield();
		memcpy(where->directory, place.directory, sizeof(where->directory));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (__atomic_load_n(&place.sequence, __ATOMIC_RELAXED) != where->turn);
}

static void start_preloaded(void)
{
	const char *directory = environment_start(false);
	enum process_kind kind;
	int fd;

	if (!directory || !*directory)
		return;
	kind = process_kind();
	if (kind == PROCESS_SDK_SERVER) {
		environment_remove_ours();
		return;
	}
	at_start.present = true;
	at_start.strip_servers = kind == PROCESS_SDK_TOOL;
	at_start.intercepts = kind == PROCESS_ORDINARY || kind == PROCESS_DOTNET;
	at_start.is_dotnet = kind == PROCESS_DOTNET && environment_has_hook();
	if (strlen(directory) >= sizeof(place.directory))
		return;
	set_directory(directory);
	if (!at_start.intercepts)
		return;
	fd = open_table(directory, &at_start.table);
	if (fd < 0)
		return;
	sys_close(fd);
	read_pod(at_start.table);
}

/* Another version of the shim may be preloaded here: then this process is in that session */
static void start_late(void)
{
	const char *directory = environment_start(true);

	if (!directory || !environment_names_library() || strlen(directory) >= sizeof(place.directory))
		return;
	at_start.present = true;
	set_directory(directory);
}

static void start(void)
{
	bool preloaded = elf_is_preloaded();

	libc_start(!preloaded);
	log_start(preloaded);
	if (preloaded)
		start_preloaded();
	else
		start_late();
}

/**
 * session_get() - The session; the environment is read at the first call
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
		return __atomic_load_n(&current, __ATOMIC_ACQUIRE);
	if (__atomic_compare_exchange_n(&progress, &expected, STARTING, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE)) {
		start();
		__atomic_store_n(&progress, READY, __ATOMIC_RELEASE);
	}
	while (__atomic_load_n(&progress, __ATOMIC_ACQUIRE) != READY)
		sys_sched_yield();
	return __atomic_load_n(&current, __ATOMIC_ACQUIRE);
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

bool session_was_attached(void)
{
	return session_get() != &at_start;
}

bool session_is_attached(void)
{
	return session_get() == &attached;
}

/* The one place of the tables of attached sessions; zeros until the first one comes */
static void *attached_table(void)
{
	if (!attached.table)
		attached.table = left.table =
			sys_mmap(TL_TABLE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	return (void *)attached.table;
}

/**
 * session_attach() - Be in a session from now on
 * @directory:	Its directory
 *
 * Return: 0, or an errno with nothing changed
 */
int session_attach(const char *directory)
{
	const struct tl_table *table;
	int fd, error;

	if (strlen(directory) >= sizeof(place.directory))
		return ENAMETOOLONG;
	fd = open_table(directory, &table);
	if (fd < 0)
		return -fd;
	sys_munmap((void *)table, TL_TABLE_SIZE);
	error = attached_table() ? -sys_mmap_over(attached_table(), TL_TABLE_SIZE, PROT_READ, MAP_SHARED, fd)
				 : ENOMEM;
	sys_close(fd);
	if (error)
		return error;
	set_directory(directory);
	__atomic_store_n(&current, &attached, __ATOMIC_RELEASE);
	return 0;
}

/**
 * session_leave() - Be in no session
 *
 * The table becomes zeros: nothing is the cluster's for a thread that still reads it.
 */
void session_leave(void)
{
	__atomic_store_n(&current, &left, __ATOMIC_RELEASE);
	set_directory("");
	sys_mmap_over(attached_table(), TL_TABLE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* environ is libc's by now, which it may not be at the first hook */
__attribute__((constructor)) static void construct(void)
{
	const struct session *session = session_get();

	if (!session->present || !elf_is_preloaded())
		return;
	if (session->is_dotnet)
		environment_add_hook();
	else
		environment_remove_hook();
}
