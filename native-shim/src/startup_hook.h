/* The list of managed startup hooks a .NET process runs: DOTNET_STARTUP_HOOKS. Pure functions of its value.
 */
#ifndef TELELAUNCH_STARTUP_HOOK_H
#define TELELAUNCH_STARTUP_HOOK_H

#include <stdbool.h>
#include <stddef.h>

#define STARTUP_HOOKS        "DOTNET_STARTUP_HOOKS="
#define STARTUP_HOOKS_LENGTH (sizeof(STARTUP_HOOKS) - 1)

/* Does the list hold a hook of ours, of whatever version? */
bool startup_hooks_hold_ours(const char *list);
/* The list without it; text may be list itself. Return: its length */
size_t startup_hooks_without_ours(const char *list, char *text);

#endif
