/*
 * No stdio, no malloc, no lock. Descriptor 2 belongs to the application: a line is written only while it is
 * still the file it was when the process started, so that a data file or a connection which got the number
 * later isn't corrupted.
 */
#include "log.h"

#include "environment.h"
#include "sys.h"

#include <stdbool.h>
#include <string.h>

#define STDERR 2

static struct {
	bool usable;
	dev_t device;
	ino_t inode;
} stderr_at_start;

/* The process that said it already, by kind; a fork(2) child is a process of its own */
static int said_by[LOG_KINDS];

/* inetd hands a network connection over as 0, 1 and 2: that is data, too */
static bool is_connection(void)
{
	int domain = sys_socket_option(STDERR, SOL_SOCKET, SO_DOMAIN);

	return domain >= 0 && domain != AF_UNIX;
}

/**
 * log_start() - Look what stderr is
 * @preloaded:	From the process's start on; otherwise the number may have gone to a data file long ago
 */
void log_start(bool preloaded)
{
	struct stat status;

	if (sys_fstat(STDERR, &status) < 0 || is_connection() || (!preloaded && S_ISREG(status.st_mode)))
		return;
	stderr_at_start.usable = true;
	stderr_at_start.device = status.st_dev;
	stderr_at_start.inode = status.st_ino;
}

static bool stderr_is_same(void)
{
	struct stat status;

	return stderr_at_start.usable && sys_fstat(STDERR, &status) == 0 &&
	       status.st_dev == stderr_at_start.device && status.st_ino == stderr_at_start.inode;
}

/**
 * write_quietly() - write(2) that neither blocks for a stuck reader nor raises SIGPIPE
 * @fd:		Where to
 * @line:	Text
 * @length:	Its length
 */
static void write_quietly(int fd, const char *line, size_t length)
{
	const uint64_t sigpipe = 1ull << (SIGPIPE - 1);
	const struct timespec now = {0};
	uint64_t before, pending = 0;
	int ready = sys_poll_now(fd, POLLOUT);

	if (!(ready & POLLOUT) || (ready & (POLLERR | POLLHUP)))
		return;
	sys_call(SYS_rt_sigpending, (long)&pending, sizeof(pending), 0, 0, 0, 0);
	sys_call(SYS_rt_sigprocmask, SIG_BLOCK, (long)&sigpipe, (long)&before, sizeof(before), 0, 0);
	/* take back the signal we caused ourselves, not one that was waiting before */
	if (sys_write(fd, line, length) < 0 && !(pending & sigpipe))
		sys_call(SYS_rt_sigtimedwait, (long)&sigpipe, 0, (long)&now, sizeof(sigpipe), 0, 0);
	sys_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, sizeof(before), 0, 0);
}

/**
 * log_once() - Say something, the first time in this process
 * @kind:	What it is about
 * @text:	One sentence, no line end
 */
void log_once(enum log_kind kind, const char *text)
{
	static const char lead[] = "telelaunch: ";
	const char *path = environment_log_path();
	char line[256];
	size_t length = sizeof(lead) - 1, rest = strlen(text);
	int pid = sys_getpid(), fd = -1;

	if (__atomic_exchange_n(&said_by[kind], pid, __ATOMIC_ACQ_REL) == pid)
		return;
	if (rest > sizeof(line) - length - 1)
		rest = sizeof(line) - length - 1;
	memcpy(line, lead, length);
	memcpy(line + length, text, rest);
	length += rest;
	line[length++] = '\n';
	if (path)
		fd = sys_open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd >= 0) {
		write_quietly(fd, line, length);
		sys_close(fd);
	} else if (stderr_is_same()) {
		write_quietly(STDERR, line, length);
	}
}
