/* fopen(3), freopen(3): libc opens the file itself, so that it is handed the path of what the broker has. */
#include "libc.h"
#include "pod_path.h"
#include "runtimeconfig.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define MODE_SIZE 16

/**
 * access_of() - What a mode of fopen(3) asks for
 * @mode:	"r", "w+x"…
 *
 * Return: what the broker is told
 */
static struct pod_access access_of(const char *mode)
{
	struct pod_access access = {TL_FILE_OPEN, 0, 0666};

	if (mode[0] == 'r' && !strchr(mode, '+'))
		return access;
	access.purpose = TL_FILE_WRITE;
	if (mode[0] != 'r')
		access.flags |= TL_FILE_CREATE;
	if (mode[0] == 'w')
		access.flags |= TL_FILE_TRUNCATE;
	if (strchr(mode, 'x'))
		access.flags |= TL_FILE_EXCLUSIVE;
	return access;
}

/* The broker has made sure of "x": the file exists by now */
static const char *without_exclusive(const char *mode, char *copy)
{
	size_t length = 0;

	for (; *mode && length < MODE_SIZE - 1; mode++)
		if (*mode != 'x')
			copy[length++] = *mode;
	copy[length] = '\0';
	return copy;
}

typedef FILE *fopen_function(const char *, const char *);

static FILE *shim_fopen(const char *path, const char *mode, fopen_function *fopen_of_libc)
{
	struct pod_path at;
	char copy[MODE_SIZE];

	if (!pod_path_find(&at, AT_FDCWD, path, access_of(mode)))
		return NULL;
	return fopen_of_libc(at.path, at.is_pods ? without_exclusive(mode, copy) : mode);
}

/* Nothing of the file is in the stream yet */
static FILE *checked(FILE *stream, const char *path, const char *mode)
{
	if (stream && mode[0] == 'r' && !strchr(mode, '+'))
		runtimeconfig_checked(fileno(stream), path, strchr(mode, 'e') ? O_CLOEXEC : 0);
	return stream;
}

EXPORT FILE *fopen(const char *restrict path, const char *restrict mode)
{
	if (!session_get()->mounts)
		return checked(libc_fopen(path, mode), path, mode);
	return checked(shim_fopen(path, mode, libc_fopen), path, mode);
}

EXPORT FILE *fopen64(const char *restrict path, const char *restrict mode)
{
	if (!session_get()->mounts)
		return checked(libc_fopen64(path, mode), path, mode);
	return checked(shim_fopen(path, mode, libc_fopen64), path, mode);
}

typedef FILE *freopen_function(const char *, const char *, FILE *);

/* The stream is closed also where the new file can't be opened, as freopen(3) does */
static FILE *shim_freopen(const char *path, const char *mode, FILE *stream, freopen_function *freopen_of_libc)
{
	struct pod_path at;
	char copy[MODE_SIZE];
	int error;

	if (pod_path_find(&at, AT_FDCWD, path, access_of(mode)))
		return freopen_of_libc(at.path, at.is_pods ? without_exclusive(mode, copy) : mode, stream);
	error = errno;
	freopen_of_libc("", "r", stream);
	errno = error;
	return NULL;
}

EXPORT FILE *freopen(const char *restrict path, const char *restrict mode, FILE *restrict stream)
{
	if (!session_get()->mounts || !path)
		return libc_freopen(path, mode, stream);
	return shim_freopen(path, mode, stream, libc_freopen);
}

EXPORT FILE *freopen64(const char *restrict path, const char *restrict mode, FILE *restrict stream)
{
	if (!session_get()->mounts || !path)
		return libc_freopen64(path, mode, stream);
	return shim_freopen(path, mode, stream, libc_freopen64);
}
