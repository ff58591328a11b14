/* The variables that bind a process to its session, and how its children keep them. */
#ifndef TELELAUNCH_ENVIRONMENT_H
#define TELELAUNCH_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

/* initial: what execve(2) was given, because others may be changing environ by now */
const char *environment_start(bool initial);
/* Did LD_PRELOAD name a shim? */
bool environment_names_library(void);
const char *environment_log_path(void);
const char *environment_skip_list(void);
bool environment_library_readable(void);
void environment_remove_ours(void);
void environment_restore_own(void);

/* The managed startup hook, TELELAUNCH_HOOK: into this process's environment, or out of it again */
bool environment_has_hook(void);
bool environment_wants_trace(void);
void environment_add_hook(void);
void environment_remove_hook(void);

/* For children: how many pointers and bytes a changed copy needs (0: the environment is right as it is) */
struct environment_needs {
	size_t pointers;
	size_t bytes;
};
struct environment_needs environment_needs(char *const *envp, bool strip);
void environment_fill(char **copy, char *text, char *const *envp, bool strip);

#endif
