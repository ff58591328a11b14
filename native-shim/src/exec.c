/*
 * The exec family. Each variant that libc implements on its own is here, because libc's calls among
 * themselves aren't interposed. A child that would lose the session gets it back (environment.c).
 *
 * May run between vfork(2) and exec in the parent's memory: no allocation, no lock; room lies on the stack.
 */
#include "environment.h"
#include "libc.h"
#include "pod_path.h"
#include "process_kind.h"
#include "session.h"
#include "sys.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum exec_variant {
	EXECVE,
	EXECVPE,
	FEXECVE,
	EXECVEAT
};

struct exec_call {
	enum exec_variant variant;
	const char *path; /* or file name */
	int fd;
	int flags;
	char *const *argv;
	char *const *envp;
};

static int run(const struct exec_call *call, char *const *envp)
{
	long result;

	switch (call->variant) {
	case EXECVE:
		return libc_execve(call->path, call->argv, envp);
	case EXECVPE:
		return libc_execvpe(call->path, call->argv, envp);
	case FEXECVE:
		return libc_fexecve(call->fd, call->argv, envp);
	case EXECVEAT:
		break;
	}
	/* older libcs have no execveat() */
	result = sys_call(SYS_execveat, call->fd, (long)call->path, (long)call->argv, (long)envp, call->flags,
			  0);
	errno = (int)-result;
	return -1;
}

/**
 * exec_with_session() - Execute a program that is on this machine
 * @call:	What was called
 *
 * Return: -1 with errno, if at all
 */
static int exec_with_session(const struct exec_call *call)
{
	const struct session *session = session_get();
	struct environment_needs needs = {0};
	bool strip = session->strip_servers && call->path && dotnet_is_server(call->path, call->argv);

	strip |= session->present && !environment_library_readable();
	if (session->present)
		needs = environment_needs(call->envp, strip);
	if (needs.pointers == 0)
		return run(call, call->envp);

	char *envp[needs.pointers];
	char text[needs.bytes];

	environment_fill(envp, text, call->envp, strip);
	return run(call, envp);
}

/**
 * shim_exec() - Carry out one intercepted exec
 * @call:	What was called
 *
 * A program in a volume of the pod is executed where the broker has it; a script is told that path as its
 * own.
 *
 * Return: -1 with errno, if at all
 */
static int shim_exec(const struct exec_call *call)
{
	const struct pod_access access = {TL_FILE_OPEN, 0, 0};
	struct exec_call found = *call;
	struct pod_path at;

	if (!session_get()->mounts || !call->path || !strchr(call->path, '/'))
		return exec_with_session(call);
	if (!pod_path_find(&at, call->variant == EXECVEAT ? call->fd : AT_FDCWD, call->path, access))
		return -1;
	found.path = at.path;
	if (call->variant == EXECVEAT)
		found.fd = at.dirfd;
	return exec_with_session(&found);
}

EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	const struct exec_call call = {EXECVE, path, -1, 0, argv, envp};

	return shim_exec(&call);
}

EXPORT int execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	const struct exec_call call = {EXECVPE, file, -1, 0, argv, envp};

	return shim_exec(&call);
}

EXPORT int execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	const struct exec_call call = {FEXECVE, NULL, fd, 0, argv, envp};

	return shim_exec(&call);
}

EXPORT int execveat(int fd, const char *path, char *const argv[], char *const envp[], int flags)
{
	const struct exec_call call = {EXECVEAT, path, fd, flags, argv, envp};

	return shim_exec(&call);
}

/* How many arguments stand before the NULL that ends them */
static size_t count_arguments(va_list list)
{
	size_t count = 0;

	while (va_arg(list, char *))
		count++;
	return count;
}

/* Fills argv with the first argument, the others and NULL, and leaves the list behind that */
static void collect_arguments(char **argv, const char *first, size_t count, va_list list)
{
	argv[0] = (char *)first;
	for (size_t i = 1; i <= count + 1; i++)
		argv[i] = va_arg(list, char *);
}

/*
 * The three below share a shape that can't be a function: the array has to live in the frame that calls
 * exec.
 */
EXPORT int execl(const char *path, const char *first, ...)
{
	size_t count;
	va_list list;

	va_start(list, first);
	count = count_arguments(list);
	va_end(list);

	char *argv[count + 2];

	va_start(list, first);
	collect_arguments(argv, first, count, list);
	va_end(list);
	return execve(path, argv, environ);
}

EXPORT int execlp(const char *file, const char *first, ...)
{
	size_t count;
	va_list list;

	va_start(list, first);
	count = count_arguments(list);
	va_end(list);

	char *argv[count + 2];

	va_start(list, first);
	collect_arguments(argv, first, count, list);
	va_end(list);
	return execvpe(file, argv, environ);
}

EXPORT int execle(const char *path, const char *first, ...)
{
	char *const *envp;
	size_t count;
	va_list list;

	va_start(list, first);
	count = count_arguments(list);
	va_end(list);

	char *argv[count + 2];

	va_start(list, first);
	collect_arguments(argv, first, count, list);
	envp = va_arg(list, char *const *);
	va_end(list);
	return execve(path, argv, envp);
}
