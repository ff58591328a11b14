/*
 * Build and debug tools make many short processes that have no business in the cluster: leaving them
 * alone saves the mapping and keeps a debugger's own connections out. `git` isn't among them: it clones over
 * HTTP from cluster services.
 */
#include "process_kind.h"

#include "environment.h"
#include "sys.h"

#include <string.h>

#define ARGUMENTS_SIZE 16384
#define PATH_SIZE      4096

static const char *const skipped[] = {
	/* compilers and linkers proper; the drivers start them */
	"cc1", "cc1plus", "cc1obj", "lto1", "lto-wrapper", "collect2", "as", "ld", "ld.bfd", "ld.gold",
	"ld.lld", "lld", "mold", "link", "ar", "ranlib", "strip", "objcopy", "rustc", "cargo", "rustdoc",
	/* debuggers and their helpers: they talk to an IDE on this machine */
	"gdb", "gdbserver", "lldb", "lldb-server", "strace", "ltrace", "vsdbg", "vsdbg-ui", "netcoredbg",
	"JetBrains.Debugger.Worker", "JetBrains.Debugger.Worker64c", "JetBrains.Debugger.Worker.exe"};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	while (list && *list) {
		const char *end = strchr(list, ',');
		size_t entry = end ? (size_t)(end - list) : strlen(list);

		if (entry == length && memcmp(list, name, length) == 0)
			return true;
		list = end ? end + 1 : NULL;
	}
	return false;
}

/**
 * process_kind_of() - Classify a program
 * @program:	Path of its executable
 * @skip_list:	Names the user wants outside, comma-separated, or NULL
 * @arguments:	Its command line as /proc/PID/cmdline shows it, one NUL more at the end
 *
 * The user's names match argv[0] too, because /proc/self/exe of `python3` says python3.11 and that of an
 * applet says busybox.
 *
 * Return: its kind
 */
enum process_kind process_kind_of(const char *program, const char *skip_list, const char *arguments)
{
	const char *base = base_name(program);

	for (size_t i = 0; i < sizeof(skipped) / sizeof(skipped[0]); i++)
		if (strcmp(base, skipped[i]) == 0)
			return PROCESS_SKIPPED;
	if (is_listed(skip_list, base) || is_listed(skip_list, base_name(arguments)))
		return PROCESS_SKIPPED;
	return dotnet_kind_of(program, arguments);
}

/**
 * process_kind() - Classify this process
 *
 * Return: its kind; PROCESS_ORDINARY where /proc isn't there
 */
enum process_kind process_kind(void)
{
	char program[PATH_SIZE];
	char *arguments = sys_map_memory(ARGUMENTS_SIZE);
	long length = sys_readlink("/proc/self/exe", program, sizeof(program) - 1);
	enum process_kind kind;
	int fd;

	program[length > 0 ? length : 0] = '\0';
	if (!arguments)
		return PROCESS_ORDINARY;
	fd = sys_open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		/* a longer command line is cut; the rest of the mapping is zero */
		sys_read(fd, arguments, ARGUMENTS_SIZE - 2);
		sys_close(fd);
	}
	kind = process_kind_of(program, environment_skip_list(), arguments);
	sys_munmap(arguments, ARGUMENTS_SIZE);
	/* only the hook makes a difference, and looking costs */
	if (kind == PROCESS_ORDINARY && environment_has_hook() && dotnet_is_application())
		kind = PROCESS_DOTNET;
	return kind;
}
