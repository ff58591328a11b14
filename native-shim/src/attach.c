/*
 * Theory of operation
 *
 * The launcher asks the .NET runtime of a running process, over its diagnostics socket, to load a profiler:
 * this library. The runtime calls DllGetClassObject() with a GUID under which the launcher left an order in a
 * file beside the library. It is carried out there and then, the session's broker is told by HELLO, and the
 * runtime hears that there is no such profiler.
 *
 * In: the session is made known first, then the slots are changed (got.c). Out: the other way round, also
 * without an order, as soon as a hook finds that the broker is gone; the call it was made for goes to libc.
 * One thread at a time changes anything. A hook never waits for that: it runs in the application's threads,
 * perhaps in a signal handler.
 */
#include "attach.h"

#include "control.h"
#include "elf_symbol.h"
#include "got.h"
#include "log.h"
#include "session.h"
#include "sys.h"

#include <errno.h>
#include <string.h>

#define CLASS_E_CLASSNOTAVAILABLE ((int32_t)0x80040111)
#define S_FALSE                   1
#define GUID_SIZE                 16
#define PATH_SIZE                 4096
#define ORDER_SIZE                (sizeof("attach\n\n") + SESSION_PATH_SIZE)

/* The process that holds it: a fork(2) child finds its parent's number and takes it */
static int lock;

static bool try_lock(void)
{
	int pid = sys_getpid(), holder = __atomic_load_n(&lock, __ATOMIC_RELAXED);

	return holder != pid &&
	       __atomic_compare_exchange_n(&lock, &holder, pid, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void unlock(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

static bool is_served(void)
{
	return __atomic_load_n(&session_get()->table->flags, __ATOMIC_RELAXED) & TL_TABLE_ACTIVE;
}

static size_t leave(void)
{
	session_leave();
	return got_restore();
}

static void leave_without_order(void)
{
	leave();
	log_once(LOG_LEFT, "the session is over; this program is outside of the cluster again");
}

bool attach_broker_is_gone(uint32_t turn)
{
	struct session_place place;

	if (!session_was_attached())
		return false;
	if (!try_lock())
		return true;
	session_place(&place);
	if (session_is_attached() && place.turn == turn)
		leave_without_order();
	unlock();
	return true;
}

bool attach_is_over(void)
{
	if (!session_was_attached())
		return false;
	if (!try_lock())
		return true;
	if (session_is_attached() && !is_served())
		leave_without_order();
	unlock();
	return true;
}

struct order {
	bool attaches; /* or detaches */
	char directory[SESSION_PATH_SIZE];
};

/* The folder of this library and the GUID's bytes in hex */
static bool order_path(const uint8_t guid[GUID_SIZE], char path[PATH_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	const char *own = elf_own_path();
	const char *slash = own ? strrchr(own, '/') : NULL;
	size_t length = slash ? (size_t)(slash + 1 - own) : 0;

	if (!slash || length + 2 * GUID_SIZE + 1 > PATH_SIZE)
		return false;
	memcpy(path, own, length);
	for (size_t i = 0; i < GUID_SIZE; i++) {
		path[length++] = digits[guid[i] >> 4];
		path[length++] = digits[guid[i] & 15];
	}
	path[length] = '\0';
	return true;
}

/**
 * parse_order() - Understand an order
 * @text:	"attach" or "detach", LF, an absolute path, LF; NUL-terminated
 * @order:	Set to it
 *
 * Return: false for anything else
 */
static bool parse_order(const char *text, struct order *order)
{
	const char *path, *end;

	order->attaches = strncmp(text, "attach\n", 7) == 0;
	if (!order->attaches && strncmp(text, "detach\n", 7) != 0)
		return false;
	path = text + 7;
	end = strchr(path, '\n');
	if (!end || *path != '/' || (size_t)(end - path) >= sizeof(order->directory))
		return false;
	memcpy(order->directory, path, (size_t)(end - path));
	order->directory[end - path] = '\0';
	return true;
}

/* Somebody else's file is no order */
static bool read_order(const uint8_t guid[GUID_SIZE], struct order *order)
{
	char path[PATH_SIZE], text[ORDER_SIZE];
	struct stat status;
	long length = -1;
	int fd;

	if (!order_path(guid, path))
		return false;
	fd = sys_open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	if (sys_fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    status.st_uid == (uid_t)sys_call(SYS_geteuid, 0, 0, 0, 0, 0, 0))
		length = sys_read(fd, text, sizeof(text) - 1);
	sys_close(fd);
	if (length < 0)
		return false;
	text[length] = '\0';
	return parse_order(text, order);
}

static bool is_in(const char *directory)
{
	struct session_place place;

	session_place(&place);
	return strcmp(place.directory, directory) == 0;
}

/* Its broker answers, and has not said good-bye */
static bool session_is_alive(void)
{
	struct session_place place;

	session_place(&place);
	return is_served() && control_serves(place.directory);
}

/**
 * attach() - Be in a session
 * @directory:	Its directory
 * @count:	Set to the number of slots that lead to us
 *
 * A process that is in this session already has its slots looked at again: libraries may have come.
 *
 * Return: 0, or the errno for HELLO
 */
static uint32_t attach(const char *directory, size_t *count)
{
	int error;

	if (!session_was_attached() && session_get()->present)
		return is_in(directory) ? EALREADY : EBUSY;
	if (session_is_attached() && is_in(directory)) {
		*count = got_patch();
		return EALREADY;
	}
	if (session_is_attached() && session_is_alive())
		return EBUSY;
	if (session_is_attached())
		leave();
	error = session_attach(directory);
	if (error)
		return (uint32_t)error;
	*count = got_patch();
	if (*count > 0)
		return 0;
	leave();
	return ENOENT;
}

/* A process that isn't in the session is where the order wants it */
static uint32_t detach(const char *directory, size_t *count)
{
	if (!session_is_attached())
		return 0;
	if (!is_in(directory))
		return EBUSY;
	*count = leave();
	return 0;
}

static void carry_out(const struct order *order)
{
	struct tl_hello hello = {.runtime = "", .application = ""};
	size_t count = 0;

	while (!try_lock())
		sys_sched_yield();
	hello.source = order->attaches ? TL_HELLO_ATTACHED : TL_HELLO_DETACHED;
	hello.status = order->attaches ? attach(order->directory, &count) : detach(order->directory, &count);
	hello.count = (uint32_t)count;
	unlock();
	control_hello(order->directory, &hello);
}

int32_t DllGetClassObject(const void *class_id, const void *interface_id, void **object);
int32_t DllCanUnloadNow(void);

/**
 * DllGetClassObject() - The runtime wants a profiler: carry out the order that has its GUID as name
 * @class_id:	CLSID
 * @interface_id: Unused
 * @object:	Set to NULL
 *
 * Return: CLASS_E_CLASSNOTAVAILABLE, always
 */
EXPORT int32_t DllGetClassObject(const void *class_id, const void *interface_id, void **object)
{
	struct order order;

	(void)interface_id;
	session_get();
	if (object)
		*object = NULL;
	if (class_id && read_order(class_id, &order))
		carry_out(&order);
	return CLASS_E_CLASSNOTAVAILABLE;
}

EXPORT int32_t DllCanUnloadNow(void)
{
	return S_FALSE;
}
