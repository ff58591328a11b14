/*
 * Session, log and control socket on macOS.
 *
 * AF_UNIX has no SOCK_SEQPACKET here: the control socket is a stream, the end of a packet is the end of its
 * direction (one packet each way is all the protocol needs).
 */
#include "darwin_session.h"

#include <string.h>

static char directory[92];
static const struct tl_table *table;
static char log_path[256];

/* Copies a variable where it fits; the environment is read in the constructor only */
static bool copy_variable(const char *name, char *to, size_t size)
{
	const char *value = getenv(name);

	if (!value || strlen(value) >= size)
		return false;
	memcpy(to, value, strlen(value) + 1);
	return true;
}

static void path_in_session(const char *name, char *path)
{
	size_t length = strlen(directory);

	memcpy(path, directory, length);
	memcpy(path + length, name, strlen(name) + 1);
}

__attribute__((constructor)) static void construct(void)
{
	char path[104];
	void *memory;
	int fd;

	copy_variable("TELELAUNCH_LOG", log_path, sizeof(log_path));
	if (!copy_variable("TELELAUNCH_SESSION", directory, sizeof(directory)))
		return;
	path_in_session("/table", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	memory = MAP_FAILED;
	if (fd >= 0 && lseek(fd, 0, SEEK_END) >= TL_TABLE_SIZE)
		memory = mmap(NULL, TL_TABLE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (memory != MAP_FAILED)
		table = memory;
	if (table &&
	    (memcmp(table->magic, TL_TABLE_MAGIC, sizeof(table->magic)) != 0 || table->version != TL_VERSION))
		table = NULL;
	if (!table)
		darwin_log(LOG_TABLE, "telelaunch: the session's table is missing or of another version\n");
}

const struct tl_table *darwin_table(void)
{
	return table;
}

void darwin_log(enum log_kind kind, const char *text)
{
	static int said_by[LOG_KINDS];
	int pid = getpid(), fd, error = errno;

	if (__atomic_exchange_n(&said_by[kind], pid, __ATOMIC_ACQ_REL) == pid)
		return;
	fd = log_path[0] ? open(log_path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
	write(fd >= 0 ? fd : 2, text, strlen(text));
	if (fd >= 0)
		close(fd);
	errno = error;
}

static int open_control(void)
{
	struct sockaddr_un address = {.sun_len = sizeof(address), .sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	path_in_session("/control", address.sun_path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool send_packet(int fd, const uint8_t *packet, size_t length, int app_fd)
{
	struct passed_descriptor passed = {sizeof(passed), SOL_SOCKET, SCM_RIGHTS, app_fd};
	struct iovec vector = {(void *)packet, length};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};

	if (app_fd >= 0) {
		message.msg_control = &passed;
		message.msg_controllen = sizeof(passed);
	}
	return sendmsg(fd, &message, 0) == (ssize_t)length && shutdown(fd, SHUT_WR) == 0;
}

long darwin_ask(const uint8_t *request, size_t length, int app_fd, uint8_t *reply, size_t size)
{
	int fd = length ? open_control() : -1, error = errno;
	ssize_t got = -1;
	size_t used = 0;

	if (fd >= 0 && send_packet(fd, request, length, app_fd)) {
		do {
			got = recv(fd, reply + used, size - used, 0);
			used += got > 0 ? (size_t)got : 0;
		} while ((got > 0 && used < size) || (got < 0 && errno == EINTR && app_fd < 0));
		if (got < 0 && errno == EINTR)
			used = 0;
	}
	if (fd >= 0)
		close(fd);
	if (got < 0 && errno == EINTR && app_fd >= 0)
		return -2;
	errno = error;
	if (got >= 0 && used > 0)
		return (long)used;
	darwin_log(LOG_BROKER_GONE,
		   "telelaunch: the broker is gone; the cluster can't be reached any more\n");
	return -1;
}
