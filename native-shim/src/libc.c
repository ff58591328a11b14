/* The table of original functions. Resolved in one go, so that a vfork(2) child never has to look one up. */
#include "libc.h"
#include "elf_symbol.h"

#include <stddef.h>

int (*libc_socket)(int, int, int);
int (*libc_connect)(int, const struct sockaddr *, socklen_t);
int (*libc_getsockopt)(int, int, int, void *, socklen_t *);
int (*libc_getpeername)(int, struct sockaddr *, socklen_t *);
int (*libc_getsockname)(int, struct sockaddr *, socklen_t *);
ssize_t (*libc_sendto)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
ssize_t (*libc_sendmsg)(int, const struct msghdr *, int);
int (*libc_sendmmsg)(int, struct mmsghdr *, unsigned int, int);
ssize_t (*libc_recvfrom)(int, void *, size_t, int, struct sockaddr *, socklen_t *);
ssize_t (*libc_recvfrom_chk)(int, void *, size_t, size_t, int, struct sockaddr *, socklen_t *);
ssize_t (*libc_recvmsg)(int, struct msghdr *, int);
int (*libc_recvmmsg)(int, struct mmsghdr *, unsigned int, int, struct timespec *);
int (*libc_getaddrinfo)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
void (*libc_freeaddrinfo)(struct addrinfo *);
int (*libc_getaddrinfo_a)(int, struct gaicb **, int, struct sigevent *);
int (*libc_getnameinfo)(const struct sockaddr *, socklen_t, char *, socklen_t, char *, socklen_t, int);
struct hostent *(*libc_gethostbyname)(const char *);
struct hostent *(*libc_gethostbyname2)(const char *, int);
int (*libc_gethostbyname_r)(const char *, struct hostent *, char *, size_t, struct hostent **, int *);
int (*libc_gethostbyname2_r)(const char *, int, struct hostent *, char *, size_t, struct hostent **, int *);
struct hostent *(*libc_gethostbyaddr)(const void *, socklen_t, int);
int (*libc_gethostbyaddr_r)(const void *, socklen_t, int, struct hostent *, char *, size_t, struct hostent **,
			    int *);
int (*libc_res_query)(const char *, int, int, unsigned char *, int);
int (*libc_res_search)(const char *, int, int, unsigned char *, int);
int (*libc_res_send)(const unsigned char *, int, unsigned char *, int);
int (*libc_res_nquery)(void *, const char *, int, int, unsigned char *, int);
int (*libc_res_nsearch)(void *, const char *, int, int, unsigned char *, int);
int (*libc_res_nsend)(void *, const unsigned char *, int, unsigned char *, int);
int (*libc_execve)(const char *, char *const[], char *const[]);
int (*libc_execvpe)(const char *, char *const[], char *const[]);
int (*libc_fexecve)(int, char *const[], char *const[]);
int (*libc_posix_spawn)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
			char *const[], char *const[]);
int (*libc_posix_spawnp)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
			 char *const[], char *const[]);
int (*libc_system)(const char *);
FILE *(*libc_popen)(const char *, const char *);

/* Only glibc has it; the reference stays NULL elsewhere. */
extern const char *gnu_get_libc_version(void) __attribute__((weak));

int libc_is_musl(void)
{
	return gnu_get_libc_version == NULL;
}

/* What the slots are filled with; a name may have a second spelling in an older libc. */
static const struct {
	void *slot;
	const char *name, *other_name;
} originals[] = {
	{&libc_socket, "socket", NULL},
	{&libc_connect, "connect", NULL},
	{&libc_getsockopt, "getsockopt", NULL},
	{&libc_getpeername, "getpeername", NULL},
	{&libc_getsockname, "getsockname", NULL},
	{&libc_sendto, "sendto", NULL},
	{&libc_sendmsg, "sendmsg", NULL},
	{&libc_sendmmsg, "sendmmsg", NULL},
	{&libc_recvfrom, "recvfrom", NULL},
	{&libc_recvfrom_chk, "__recvfrom_chk", NULL},
	{&libc_recvmsg, "recvmsg", NULL},
	{&libc_recvmmsg, "recvmmsg", NULL},
	{&libc_getaddrinfo, "getaddrinfo", NULL},
	{&libc_freeaddrinfo, "freeaddrinfo", NULL},
	{&libc_getaddrinfo_a, "getaddrinfo_a", NULL},
	{&libc_getnameinfo, "getnameinfo", NULL},
	{&libc_gethostbyname, "gethostbyname", NULL},
	{&libc_gethostbyname2, "gethostbyname2", NULL},
	{&libc_gethostbyname_r, "gethostbyname_r", NULL},
	{&libc_gethostbyname2_r, "gethostbyname2_r", NULL},
	{&libc_gethostbyaddr, "gethostbyaddr", NULL},
	{&libc_gethostbyaddr_r, "gethostbyaddr_r", NULL},
	{&libc_res_query, "res_query", "__res_query"},
	{&libc_res_search, "res_search", "__res_search"},
	{&libc_res_send, "res_send", "__res_send"},
	{&libc_res_nquery, "res_nquery", "__res_nquery"},
	{&libc_res_nsearch, "res_nsearch", "__res_nsearch"},
	{&libc_res_nsend, "res_nsend", "__res_nsend"},
	{&libc_execve, "execve", NULL},
	{&libc_execvpe, "execvpe", NULL},
	{&libc_fexecve, "fexecve", NULL},
	{&libc_posix_spawn, "posix_spawn", NULL},
	{&libc_posix_spawnp, "posix_spawnp", NULL},
	{&libc_system, "system", NULL},
	{&libc_popen, "popen", NULL},
};

/**
 * libc_resolve() - Fill the slots that are still empty
 *
 * Called again when a hook finds its slot empty: libresolv and libanl of an older glibc may have been
 * loaded after our constructor.
 */
void libc_resolve(void)
{
	for (size_t i = 0; i < sizeof(originals) / sizeof(originals[0]); i++) {
		void **slot = originals[i].slot;
		void *found;

		if (*slot)
			continue;
		found = elf_next_symbol(originals[i].name);
		if (!found && originals[i].other_name)
			found = elf_next_symbol(originals[i].other_name);
		*slot = found;
	}
}
