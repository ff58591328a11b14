/*
 * DOTNET_STARTUP_HOOKS is a list of assemblies, separated by ':' on Unix, which run in this order before Main
 * (docs/design/features/host-startup-hook.md in dotnet/runtime). Everybody who adds one leaves the others as
 * they are: dotnet watch's and the user's own stand before ours.
 */
#include "startup_hook.h"

#include <string.h>

#define OURS        "Telelaunch.StartupHook.dll"
#define OURS_LENGTH (sizeof(OURS) - 1)

static bool is_ours(const char *entry, size_t length)
{
	return length >= OURS_LENGTH && memcmp(entry + length - OURS_LENGTH, OURS, OURS_LENGTH) == 0 &&
	       (length == OURS_LENGTH || entry[length - OURS_LENGTH - 1] == '/');
}

bool startup_hooks_hold_ours(const char *list)
{
	for (;;) {
		size_t length = strcspn(list, ":");

		if (is_ours(list, length))
			return true;
		if (!list[length])
			return false;
		list += length + 1;
	}
}

size_t startup_hooks_without_ours(const char *list, char *text)
{
	size_t used = 0;
	bool any = false;

	for (;;) {
		size_t length = strcspn(list, ":");
		bool last = !list[length];

		if (!is_ours(list, length)) {
			if (any)
				text[used++] = ':';
			memmove(text + used, list, length);
			used += length;
			any = true;
		}
		if (last)
			break;
		list += length + 1;
	}
	text[used] = '\0';
	return used;
}
