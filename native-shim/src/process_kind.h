/* Which programs of the tree the shim leaves alone. */
#ifndef TELELAUNCH_PROCESS_KIND_H
#define TELELAUNCH_PROCESS_KIND_H

#include <stdbool.h>
#include <stddef.h>

enum process_kind {
	PROCESS_ORDINARY,   /* hooks work */
	PROCESS_DOTNET,     /* a .NET application: as ordinary, and the managed startup hook runs in it */
	PROCESS_SKIPPED,    /* compilers, debuggers, what the user named: hooks pass through, children get the
			       shim */
	PROCESS_SDK_TOOL,   /* dotnet build, run, watch…: as skipped, and the build servers it starts get no
			       shim */
	PROCESS_SDK_SERVER, /* outlives the run: no trace of the session stays in it */
};

enum process_kind process_kind(void);

/* program: path of the executable; skip_list: TELELAUNCH_SKIP or NULL; arguments: NUL-separated, ends with
 * NUL NUL */
enum process_kind process_kind_of(const char *program, const char *skip_list, const char *arguments);

/* dotnet_kind.c */
enum process_kind dotnet_kind_of(const char *program, const char *arguments);
/* A program that is neither `dotnet` nor one of the SDK's: an apphost or bundle? */
bool dotnet_is_application(void);
bool dotnet_is_host_image(const void *start, size_t size);
bool dotnet_is_server(const char *path, char *const argv[]);

#endif
