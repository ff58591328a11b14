/*
 * Projects with PublishAot or PublishTrimmed, and file-based programs, have startup hooks switched off in
 * their runtimeconfig.json, also where they run on the shared framework, whose code for hooks is there. The
 * host (hostfxr) reads that file once, before it loads the runtime. What it reads then is a copy in memory
 * (memfd_create(2)) in which the switch is on; the file itself stays as it is.
 *
 * Once the runtime is loaded whoever opens such a file sees what it holds. A self-contained single-file
 * program carries its runtime from the start, and its configuration in itself: nothing is done there.
 */
#include "runtimeconfig.h"

#include "elf_symbol.h"
#include "environment.h"
#include "sys.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define ENDING       ".runtimeconfig.json"
#define LARGEST_FILE (1024 * 1024)
#define STARTUP_HOOK "\"System.StartupHookProvider.IsSupported\""
#define EVENT_SOURCE "\"System.Diagnostics.Tracing.EventSource.IsSupported\""

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char *skip_blanks(char *at)
{
	while (is_blank(*at))
		at++;
	return at;
}

/**
 * runtimeconfig_switch_on() - Change a property of false to true
 * @text:	JSON, NUL-terminated; changed in place, its length stays
 * @key:	The property's name with its quotes
 *
 * The host takes "false" for false, in any case of letters.
 *
 * Return: true if something was changed
 */
bool runtimeconfig_switch_on(char *text, const char *key)
{
	bool changed = false;

	while ((text = strstr(text, key))) {
		text = skip_blanks(text + strlen(key));
		if (*text != ':')
			continue;
		text = skip_blanks(text + 1);
		if (strncmp(text, "false", 5) == 0)
			memcpy(text, "true ", 5);
		else if (strncasecmp(text, "\"false\"", 7) == 0)
			memcpy(text, "\"true\" ", 7);
		else
			continue;
		changed = true;
	}
	return changed;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool read_all(int fd, char *text, size_t size)
{
	for (size_t done = 0; done < size;) {
		long got =
			sys_call(SYS_pread64, fd, (long)(text + done), (long)(size - done), (long)done, 0, 0);

		if (got <= 0 && got != -EINTR)
			return false;
		done += got > 0 ? (size_t)got : 0;
	}
	return true;
}

static bool write_all(int fd, const char *text, size_t size)
{
	for (size_t done = 0; done < size;) {
		long put = sys_write(fd, text + done, size - done);

		if (put <= 0 && put != -EINTR)
			return false;
		done += put > 0 ? (size_t)put : 0;
	}
	return true;
}

/**
 * replace() - Put a file in memory in the place of an open one
 * @fd:		Descriptor; keeps its number
 * @flags:	It was opened with
 * @text:	What the new one holds
 * @size:	How much
 *
 * Where that can't be done the old one stays.
 */
static void replace(int fd, int flags, const char *text, size_t size)
{
	int copy = (int)sys_call(SYS_memfd_create, (long)"runtimeconfig", 1 /* MFD_CLOEXEC */, 0, 0, 0, 0);

	if (copy < 0)
		return;
	if (write_all(copy, text, size) && sys_call(SYS_lseek, copy, 0, 0, 0, 0, 0) == 0)
		sys_call(SYS_dup3, copy, fd, flags & O_CLOEXEC, 0, 0, 0);
	sys_close(copy);
}

static void repair(int fd, int flags)
{
	struct stat status;
	size_t size;
	char *text;
	bool changed;

	if (sys_fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size <= 0 ||
	    status.st_size > LARGEST_FILE)
		return;
	size = (size_t)status.st_size;
	text = sys_map_memory(size + 1);
	if (!text)
		return;
	if (read_all(fd, text, size)) {
		changed = runtimeconfig_switch_on(text, STARTUP_HOOK);
		if (environment_wants_trace())
			changed |= runtimeconfig_switch_on(text, EVENT_SOURCE);
		if (changed)
			replace(fd, flags, text, size);
	}
	sys_munmap(text, size + 1);
}

/**
 * runtimeconfig_opened() - A .NET application's process opened a file
 * @fd:		Descriptor; what it leads to may be replaced
 * @path:	As the caller gave it
 * @flags:	Flags of open(2)
 */
void runtimeconfig_opened(int fd, const char *path, int flags)
{
	if ((flags & O_ACCMODE) != O_RDONLY || flags & (O_PATH | O_DIRECTORY | O_CREAT | O_TRUNC) ||
	    !ends_with(path, ENDING))
		return;
	if (elf_is_loaded("libcoreclr.so") || elf_program_exports("DotNetRuntimeInfo"))
		return;
	repair(fd, flags);
}
