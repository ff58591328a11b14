/*
 * What the behaviour programs share. A program holds CASE(name) { … } blocks; each runs in a process of its own, so that a crash or a hang is
 * that case's outcome, and writes lines "name what: outcome". None of them has anything to do with a cluster: the lines are the same with and
 * without Telelaunch.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct behaviour_case {
	const char *name;
	void (*run)(void);
	struct behaviour_case *next;
};

static struct behaviour_case *cases, **last_case = &cases;
static const char *running;

#define CASE(id)                                                         \
	static void case_##id(void);                                     \
	static struct behaviour_case entry_##id = { #id, case_##id, 0 }; \
	__attribute__((constructor)) static void register_##id(void)     \
	{                                                                \
		*last_case = &entry_##id;                                \
		last_case = &entry_##id.next;                            \
	}                                                                \
	static void case_##id(void)

/* "case what: …", in one write, because the case may have several processes */
__attribute__((format(printf, 2, 3))) static void tell(const char *what, const char *format, ...)
{
	char line[4096];
	int used = snprintf(line, sizeof(line), "%s %s: ", running, what);
	va_list list;

	va_start(list, format);
	used += vsnprintf(line + used, sizeof(line) - (size_t)used - 1, format, list);
	va_end(list);
	line[used++] = '\n';
	if (write(STDOUT_FILENO, line, (size_t)used) != used)
		_exit(3);
}

/* A system call's value, or the errno it left. errno is set to a mark before, to see that success keeps it. */
#define MARK 4242
#define TELL(what, call)                                                                               \
	do {                                                                                           \
		errno = MARK;                                                                          \
		long result_ = (long)(call);                                                           \
		if (result_ == -1)                                                                     \
			tell(what, "%s", strerror(errno));                                             \
		else                                                                                   \
			tell(what, "%ld%s%s", result_, errno == MARK ? "" : ", errno changed to ",     \
			     errno == MARK ? "" : strerror(errno));                                    \
	} while (0)

/* What must work for the case to mean anything */
#define NEED(call)                                                           \
	do {                                                                 \
		if ((long)(call) == -1) {                                    \
			tell("setup", "%s: %s", #call, strerror(errno));     \
			_exit(2);                                            \
		}                                                            \
	} while (0)

/* The last SIZE bytes before memory that can't be touched */
__attribute__((unused)) static void *before_the_edge(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	NEED(mprotect(pages + page, page, PROT_NONE));
	return pages + page - size;
}

#define NOWHERE ((void *)8)

static int run_cases(int argc, char **argv)
{
	int count = 0;

	for (struct behaviour_case *at = cases; at; at = at->next) {
		int status;
		pid_t child;

		if (argc > 1 && strcmp(argv[1], at->name) != 0)
			continue;
		running = at->name;
		count++;
		child = fork();
		if (child == 0) {
			/* only ends a hang */
			alarm(30);
			at->run();
			_exit(0);
		}
		while (waitpid(child, &status, 0) < 0)
			;
		if (WIFSIGNALED(status))
			tell("end", "signal %d", WTERMSIG(status));
		else
			tell("end", "exit %d", WEXITSTATUS(status));
	}
	return count ? 0 : 2;
}
