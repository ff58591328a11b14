/*
 * LD_PRELOAD with our path in it, and everything called TELELAUNCH_…, saved at the start and put back for
 * children that would lose it: `env -i`, clearenv(3), an explicit envp.
 *
 * environment_needs() and environment_fill() run in vfork(2) children: they neither allocate nor lock, the
 * caller provides the room.
 */
#include "environment.h"

#include "elf_symbol.h"
#include "log.h"
#include "memory.h"
#include "startup_hook.h"
#include "sys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PRELOAD           "LD_PRELOAD="
#define PRELOAD_LENGTH    (sizeof(PRELOAD) - 1)
#define OURS              "TELELAUNCH_"
#define OURS_LENGTH       (sizeof(OURS) - 1)
#define MOST_VARIABLES    16
#define SAVED_SIZE        8192
#define INITIAL_ENV_SIZE  (256 * 1024)
#define LIBRARY_BASE_NAME "libtelelaunch"

extern char **environ __attribute__((weak));

/* Written once, by environment_start() */
static struct {
	char text[SAVED_SIZE];
	size_t used;
	const char *variables[MOST_VARIABLES]; /* "TELELAUNCH_…=…" */
	size_t count;
	const char *library; /* our entry of LD_PRELOAD */
	size_t library_length;
} saved;

static bool starts_with(const char *text, const char *prefix, size_t length)
{
	return strncmp(text, prefix, length) == 0;
}

/* The dynamic linker splits LD_PRELOAD at blanks and colons */
static bool is_separator(char c)
{
	return c == ' ' || c == ':' || c == '\t' || c == '\n';
}

static const char *save_text(const char *text, size_t length)
{
	char *copy = saved.text + saved.used;

	if (length >= SAVED_SIZE - saved.used)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	saved.used += length + 1;
	return copy;
}

/**
 * next_entry() - Step through the value of LD_PRELOAD
 * @at:		Where to look on
 * @length:	Set to the entry's length
 *
 * Return: start of the next entry, NULL at the end
 */
static const char *next_entry(const char *at, size_t *length)
{
	while (is_separator(*at))
		at++;
	for (*length = 0; at[*length] && !is_separator(at[*length]); (*length)++)
		;
	return *length ? at : NULL;
}

static bool names_our_library(const char *entry, size_t length)
{
	const char *base = entry;

	for (size_t i = 0; i < length; i++)
		if (entry[i] == '/')
			base = entry + i + 1;
	length -= (size_t)(base - entry);
	return length >= sizeof(LIBRARY_BASE_NAME) - 1 &&
	       starts_with(base, LIBRARY_BASE_NAME, sizeof(LIBRARY_BASE_NAME) - 1);
}

static void save_library(const char *value)
{
	const char *own = elf_own_path();
	const char *entry;
	size_t length;

	for (entry = next_entry(value, &length); entry; entry = next_entry(entry + length, &length)) {
		if (!names_our_library(entry, length) &&
		    !(own && strlen(own) == length && memcmp(own, entry, length) == 0))
			continue;
		saved.library = save_text(entry, length);
		saved.library_length = saved.library ? length : 0;
		return;
	}
}

static void save_variable(const char *variable)
{
	if (starts_with(variable, PRELOAD, PRELOAD_LENGTH)) {
		save_library(variable + PRELOAD_LENGTH);
	} else if (starts_with(variable, OURS, OURS_LENGTH) && saved.count < MOST_VARIABLES) {
		const char *copy = save_text(variable, strlen(variable));

		if (copy)
			saved.variables[saved.count++] = copy;
	}
}

/* The kernel still has what execve(2) was given. */
static void save_from_kernel(void)
{
	char *text = sys_map_memory(INITIAL_ENV_SIZE);
	int fd = sys_open("/proc/self/environ", O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	long got = 1;

	while (text && fd >= 0 && got > 0 && used < INITIAL_ENV_SIZE - 1) {
		got = sys_read(fd, text + used, INITIAL_ENV_SIZE - 1 - used);
		used += got > 0 ? (size_t)got : 0;
	}
	for (size_t at = 0; text && at < used; at += strlen(text + at) + 1)
		save_variable(text + at);
	if (fd >= 0)
		sys_close(fd);
	if (text)
		sys_munmap(text, INITIAL_ENV_SIZE);
}

static const char *saved_value(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < saved.count; i++)
		if (starts_with(saved.variables[i], name, length) && saved.variables[i][length] == '=')
			return saved.variables[i] + length + 1;
	return NULL;
}

/**
 * environment_start() - Save what belongs to the session
 * @initial:	Read what the process was started with
 *
 * environ isn't set yet where a hook is called before libc's own constructors.
 *
 * Return: value of TELELAUNCH_SESSION, NULL where this process is in none
 */
const char *environment_start(bool initial)
{
	if (!initial && &environ && environ)
		for (char **variable = environ; *variable; variable++)
			save_variable(*variable);
	else
		save_from_kernel();
	return saved_value("TELELAUNCH_SESSION");
}

bool environment_names_library(void)
{
	return saved.library != NULL;
}

const char *environment_log_path(void)
{
	return saved_value("TELELAUNCH_LOG");
}

const char *environment_skip_list(void)
{
	return saved_value("TELELAUNCH_SKIP");
}

/**
 * environment_library_readable() - Look whether a program started now could load the shim
 *
 * After a change of user or of root directory it may be out of reach. The dynamic linker would complain on
 * stderr of every such program, and the session's directory is out of reach then, too.
 *
 * Return: false where it can't be opened for a reason that will be the child's as well
 */
bool environment_library_readable(void)
{
	int fd;

	if (!saved.library)
		return true;
	fd = sys_open(saved.library, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		sys_close(fd);
	return fd != -EACCES && fd != -EPERM && fd != -ENOENT && fd != -ENOTDIR;
}

/* Does this LD_PRELOAD value hold our entry? */
static bool preload_holds_us(const char *value)
{
	size_t length;

	for (value = next_entry(value, &length); value; value = next_entry(value + length, &length))
		if (length == saved.library_length && memcmp(value, saved.library, length) == 0)
			return true;
	return false;
}

/**
 * copy_without_us() - An LD_PRELOAD value without our entry
 * @value:	Value
 * @text:	Room for it; may be @value itself
 *
 * Return: length of the result, without NUL
 */
static size_t copy_without_us(const char *value, char *text)
{
	size_t length, used = 0;

	for (value = next_entry(value, &length); value; value = next_entry(value + length, &length)) {
		if (length == saved.library_length && memcmp(value, saved.library, length) == 0)
			continue;
		if (used)
			text[used++] = ':';
		memmove(text + used, value, length);
		used += length;
	}
	text[used] = '\0';
	return used;
}

static const char *find_variable(char *const *envp, const char *name, size_t length)
{
	for (; envp && *envp; envp++)
		if (starts_with(*envp, name, length))
			return *envp;
	return NULL;
}

static bool holds(char *const *envp, const char *variable)
{
	size_t name_length = (size_t)(strchr(variable, '=') - variable) + 1;

	return find_variable(envp, variable, name_length) != NULL;
}

/**
 * is_readable() - Look whether an environment leads nowhere
 * @envp:	Environment the application gave
 *
 * libc reads environ itself, and what it handed over before is known; a foreign one is looked at once.
 *
 * Return: false where execve(2) would say EFAULT
 */
static bool is_readable(char *const *envp)
{
	if (envp == environ)
		return true;
	for (; envp; envp++) {
		if (!memory_readable(envp, sizeof(*envp)))
			return false;
		if (!*envp)
			return true;
		if (!memory_readable(*envp, 1))
			return false;
	}
	return true;
}

/**
 * environment_needs() - What a right environment for a child needs beside the given one
 * @envp:	Environment the application gave; NULL is an empty one
 * @strip:	The child is one to leave alone: our variables are taken away instead
 *
 * Return: room for environment_fill(); .pointers is 0 where @envp can be used as it is
 */
struct environment_needs environment_needs(char *const *envp, bool strip)
{
	struct environment_needs needs = {0};
	const char *preload, *hooks;
	bool changes;

	if (!saved.library || !is_readable(envp))
		return needs;
	preload = find_variable(envp, PRELOAD, PRELOAD_LENGTH);
	changes = (preload && preload_holds_us(preload + PRELOAD_LENGTH)) == strip;
	for (size_t i = 0; i < saved.count; i++)
		changes |= holds(envp, saved.variables[i]) == strip;
	hooks = strip ? find_variable(envp, STARTUP_HOOKS, STARTUP_HOOKS_LENGTH) : NULL;
	changes |= hooks && startup_hooks_hold_ours(hooks + STARTUP_HOOKS_LENGTH);
	if (!changes)
		return needs;
	for (; envp && envp[needs.pointers]; needs.pointers++)
		;
	needs.pointers += saved.count + 2;
	needs.bytes = PRELOAD_LENGTH + saved.library_length + 2 + (preload ? strlen(preload) : 0);
	needs.bytes += hooks ? strlen(hooks) + 1 : 0;
	return needs;
}

/**
 * fill_preload() - The child's LD_PRELOAD
 * @text:	Room for it
 * @preload:	"LD_PRELOAD=…" of the given environment, or NULL
 * @strip:	Without us instead of with us
 *
 * Return: @text, NULL where nothing would be left of it
 */
static char *fill_preload(char *text, const char *preload, bool strip)
{
	size_t used = PRELOAD_LENGTH;

	memcpy(text, PRELOAD, PRELOAD_LENGTH + 1);
	if (!strip) {
		memcpy(text + used, saved.library, saved.library_length + 1);
		used += saved.library_length;
	}
	if (preload && preload[PRELOAD_LENGTH]) {
		if (!strip)
			text[used++] = ':';
		if (copy_without_us(preload + PRELOAD_LENGTH, text + used) == 0) {
			if (strip)
				return NULL;
			text[used - 1] = '\0';
		}
	} else if (strip) {
		return NULL;
	}
	return text;
}

/**
 * fill_hooks() - A child's DOTNET_STARTUP_HOOKS without ours
 * @text:	Room for it
 * @hooks:	"DOTNET_STARTUP_HOOKS=…" of the given environment
 *
 * Return: @text, NULL where nothing would be left of it
 */
static char *fill_hooks(char *text, const char *hooks)
{
	memcpy(text, STARTUP_HOOKS, STARTUP_HOOKS_LENGTH);
	return startup_hooks_without_ours(hooks + STARTUP_HOOKS_LENGTH, text + STARTUP_HOOKS_LENGTH) ? text
												     : NULL;
}

/**
 * environment_fill() - Write the environment that environment_needs() measured
 * @copy:	Room for .pointers
 * @text:	Room for .bytes
 * @envp:	As there
 * @strip:	As there
 */
void environment_fill(char **copy, char *text, char *const *envp, bool strip)
{
	const char *preload = find_variable(envp, PRELOAD, PRELOAD_LENGTH);
	char *const *given = envp;
	char *ours = fill_preload(text, preload, strip);
	bool hooks_filled = false;

	if (ours)
		*copy++ = ours;
	text += PRELOAD_LENGTH + saved.library_length + 2 + (preload ? strlen(preload) : 0);
	for (; given && *given; given++) {
		char *variable = *given;

		if (starts_with(variable, PRELOAD, PRELOAD_LENGTH) ||
		    (strip && starts_with(variable, OURS, OURS_LENGTH)))
			continue;
		/* the first one counts, and there is room for one */
		if (strip && starts_with(variable, STARTUP_HOOKS, STARTUP_HOOKS_LENGTH)) {
			variable = hooks_filled ? NULL : fill_hooks(text, variable);
			hooks_filled = true;
		}
		if (variable)
			*copy++ = variable;
	}
	for (size_t i = 0; i < saved.count && !strip; i++)
		if (!holds(envp, saved.variables[i]))
			*copy++ = (char *)saved.variables[i];
	*copy = NULL;
}

/**
 * environment_remove_ours() - Make this process forget the session
 *
 * For .NET build servers, which outlive the run. Runs in the constructor, where environ is still the
 * kernel's writable array and nobody else reads it.
 */
void environment_remove_ours(void)
{
	char **to = environ;

	for (char **from = environ; from && *from; from++) {
		if (starts_with(*from, OURS, OURS_LENGTH))
			continue;
		if (saved.library && starts_with(*from, PRELOAD, PRELOAD_LENGTH) &&
		    copy_without_us(*from + PRELOAD_LENGTH, *from + PRELOAD_LENGTH) == 0)
			continue;
		*to++ = *from;
	}
	if (to)
		*to = NULL;
	environment_remove_hook();
}

bool environment_has_hook(void)
{
	return saved_value("TELELAUNCH_HOOK") != NULL;
}

bool environment_wants_trace(void)
{
	return saved_value("TELELAUNCH_TRACE") != NULL;
}

/**
 * environment_remove_hook() - This process isn't one that runs our hook
 *
 * It has it from a parent that is. Runs in the constructor, as environment_remove_ours() does.
 */
void environment_remove_hook(void)
{
	char **to = &environ ? environ : NULL;

	for (char **from = to; from && *from; from++) {
		char *list = *from + STARTUP_HOOKS_LENGTH;

		if (starts_with(*from, STARTUP_HOOKS, STARTUP_HOOKS_LENGTH) &&
		    startup_hooks_hold_ours(list) && startup_hooks_without_ours(list, list) == 0)
			continue;
		*to++ = *from;
	}
	if (to)
		*to = NULL;
}

/* A longer environ, with the variable behind what is there or in the place of @old */
static void set_variable(const char *old, char *variable)
{
	size_t count = 0;
	char **copy;

	while (environ && environ[count] && environ[count] != old)
		count++;
	if (environ && environ[count]) {
		environ[count] = variable;
		return;
	}
	copy = sys_map_memory((count + 2) * sizeof(*copy));
	if (!copy)
		return;
	if (count)
		memcpy(copy, environ, count * sizeof(*copy));
	copy[count] = variable;
	environ = copy;
}

/**
 * environment_add_hook() - Have the .NET runtime of this process run our hook behind the others
 *
 * Runs in the constructor, before the host reads the variable. Nothing is allocated by malloc(3), which may
 * be another library's that isn't ready yet. The memory stays with the process.
 */
void environment_add_hook(void)
{
	const char *path = saved_value("TELELAUNCH_HOOK");
	const char *old;
	size_t length;
	char *text;
	int fd;

	if (!path || !*path || !&environ)
		return;
	old = find_variable(environ, STARTUP_HOOKS, STARTUP_HOOKS_LENGTH);
	if (old && startup_hooks_hold_ours(old + STARTUP_HOOKS_LENGTH))
		return;
	fd = sys_open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		log_once(LOG_HOOK, "the startup hook can't be read; this program runs without it");
		return;
	}
	sys_close(fd);
	length = old ? strlen(old) : STARTUP_HOOKS_LENGTH;
	text = sys_map_memory(length + strlen(path) + 2);
	if (!text)
		return;
	memcpy(text, old ? old : STARTUP_HOOKS, length);
	if (length > STARTUP_HOOKS_LENGTH)
		text[length++] = ':';
	strcpy(text + length, path);
	set_variable(old, text);
}

/**
 * environment_restore_own() - Put lost variables back into this process's own environment
 *
 * For system(3) and popen(3), which hand environ to their child inside libc. Those aren't called between
 * vfork(2) and exec, so that setenv(3) may allocate.
 */
void environment_restore_own(void)
{
	struct environment_needs needs = environment_needs(environ, false);
	const char *preload;

	if (needs.pointers == 0)
		return;
	for (size_t i = 0; i < saved.count; i++)
		if (!holds(environ, saved.variables[i]))
			putenv((char *)saved.variables[i]);
	preload = find_variable(environ, PRELOAD, PRELOAD_LENGTH);
	if (!preload || !preload_holds_us(preload + PRELOAD_LENGTH)) {
		char text[needs.bytes];

		fill_preload(text, preload, false);
		setenv("LD_PRELOAD", text + PRELOAD_LENGTH, 1);
	}
}
