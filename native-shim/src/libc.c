/* The table of original functions. Resolved in one go, so that a vfork(2) child never has to look one up. */
#include "libc.h"
#include "elf_symbol.h"

#include <stddef.h>

int (*libc_socket)(int, int, int);
int (*libc_connect)(int, const struct sockaddr *, socklen_t);
int (*libc_listen)(int, int);
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

int (*libc_gethostname)(char *, size_t);
int (*libc_gethostname_chk)(char *, size_t, size_t);
int (*libc_uname)(struct utsname *);
int (*libc_open)(const char *, int, ...);
int (*libc_open64)(const char *, int, ...);
int (*libc_openat)(int, const char *, int, ...);
int (*libc_openat64)(int, const char *, int, ...);
int (*libc_open_2)(const char *, int);
int (*libc_open64_2)(const char *, int);
int (*libc_openat_2)(int, const char *, int);
int (*libc_openat64_2)(int, const char *, int);
FILE *(*libc_fopen)(const char *, const char *);
FILE *(*libc_fopen64)(const char *, const char *);
FILE *(*libc_freopen)(const char *, const char *, FILE *);
FILE *(*libc_freopen64)(const char *, const char *, FILE *);
int (*libc_stat)(const char *, struct stat *);
int (*libc_stat64)(const char *, struct stat64 *);
int (*libc_lstat)(const char *, struct stat *);
int (*libc_lstat64)(const char *, struct stat64 *);
int (*libc_fstatat)(int, const char *, struct stat *, int);
int (*libc_fstatat64)(int, const char *, struct stat64 *, int);
int (*libc_xstat)(int, const char *, struct stat *);
int (*libc_xstat64)(int, const char *, struct stat64 *);
int (*libc_lxstat)(int, const char *, struct stat *);
int (*libc_lxstat64)(int, const char *, struct stat64 *);
int (*libc_fxstatat)(int, int, const char *, struct stat *, int);
int (*libc_fxstatat64)(int, int, const char *, struct stat64 *, int);
int (*libc_statx)(int, const char *, int, unsigned int, struct statx *);
ssize_t (*libc_getxattr)(const char *, const char *, void *, size_t);
ssize_t (*libc_lgetxattr)(const char *, const char *, void *, size_t);
ssize_t (*libc_listxattr)(const char *, char *, size_t);
ssize_t (*libc_llistxattr)(const char *, char *, size_t);
int (*libc_access)(const char *, int);
int (*libc_faccessat)(int, const char *, int, int);
int (*libc_euidaccess)(const char *, int);
ssize_t (*libc_readlink)(const char *, char *, size_t);
ssize_t (*libc_readlinkat)(int, const char *, char *, size_t);
ssize_t (*libc_readlink_chk)(const char *, char *, size_t, size_t);
ssize_t (*libc_readlinkat_chk)(int, const char *, char *, size_t, size_t);
char *(*libc_realpath)(const char *, char *);
char *(*libc_realpath_chk)(const char *, char *, size_t);
char *(*libc_strdup)(const char *);
DIR *(*libc_opendir)(const char *);
int (*libc_scandir)(const char *, struct dirent ***, int (*)(const struct dirent *),
		    int (*)(const struct dirent **, const struct dirent **));
int (*libc_scandir64)(const char *, struct dirent64 ***, int (*)(const struct dirent64 *),
		      int (*)(const struct dirent64 **, const struct dirent64 **));
int (*libc_chdir)(const char *);
int (*libc_fchdir)(int);
int (*libc_inotify_add_watch)(int, const char *, uint32_t);
int (*libc_unlink)(const char *);
int (*libc_unlinkat)(int, const char *, int);
int (*libc_rmdir)(const char *);
int (*libc_remove)(const char *);
int (*libc_mkdir)(const char *, mode_t);
int (*libc_mkdirat)(int, const char *, mode_t);
int (*libc_rename)(const char *, const char *);
int (*libc_renameat)(int, const char *, int, const char *);
int (*libc_renameat2)(int, const char *, int, const char *, unsigned int);
int (*libc_symlink)(const char *, const char *);
int (*libc_link)(const char *, const char *);
int (*libc_chmod)(const char *, mode_t);
int (*libc_fchmodat)(int, const char *, mode_t, int);
int (*libc_truncate)(const char *, off_t);
int (*libc_truncate64)(const char *, off64_t);
int (*libc_utimensat)(int, const char *, const struct timespec *, int);

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
	{&libc_listen, "listen", NULL},
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
	{&libc_gethostname, "gethostname", NULL},
	{&libc_gethostname_chk, "__gethostname_chk", NULL},
	{&libc_uname, "uname", NULL},
	{&libc_open, "open", NULL},
	{&libc_open64, "open64", "open"},
	{&libc_openat, "openat", NULL},
	{&libc_openat64, "openat64", "openat"},
	{&libc_open_2, "__open_2", NULL},
	{&libc_open64_2, "__open64_2", NULL},
	{&libc_openat_2, "__openat_2", NULL},
	{&libc_openat64_2, "__openat64_2", NULL},
	{&libc_fopen, "fopen", NULL},
	{&libc_fopen64, "fopen64", "fopen"},
	{&libc_freopen, "freopen", NULL},
	{&libc_freopen64, "freopen64", "freopen"},
	{&libc_stat, "stat", NULL},
	{&libc_stat64, "stat64", "stat"},
	{&libc_lstat, "lstat", NULL},
	{&libc_lstat64, "lstat64", "lstat"},
	{&libc_fstatat, "fstatat", NULL},
	{&libc_fstatat64, "fstatat64", "fstatat"},
	{&libc_xstat, "__xstat", NULL},
	{&libc_xstat64, "__xstat64", NULL},
	{&libc_lxstat, "__lxstat", NULL},
	{&libc_lxstat64, "__lxstat64", NULL},
	{&libc_fxstatat, "__fxstatat", NULL},
	{&libc_fxstatat64, "__fxstatat64", NULL},
	{&libc_statx, "statx", NULL},
	{&libc_getxattr, "getxattr", NULL},
	{&libc_lgetxattr, "lgetxattr", NULL},
	{&libc_listxattr, "listxattr", NULL},
	{&libc_llistxattr, "llistxattr", NULL},
	{&libc_access, "access", NULL},
	{&libc_faccessat, "faccessat", NULL},
	{&libc_euidaccess, "euidaccess", "eaccess"},
	{&libc_readlink, "readlink", NULL},
	{&libc_readlinkat, "readlinkat", NULL},
	{&libc_readlink_chk, "__readlink_chk", NULL},
	{&libc_readlinkat_chk, "__readlinkat_chk", NULL},
	{&libc_realpath, "realpath", NULL},
	{&libc_realpath_chk, "__realpath_chk", NULL},
	{&libc_strdup, "strdup", NULL},
	{&libc_opendir, "opendir", NULL},
	{&libc_scandir, "scandir", NULL},
	{&libc_scandir64, "scandir64", "scandir"},
	{&libc_chdir, "chdir", NULL},
	{&libc_fchdir, "fchdir", NULL},
	{&libc_inotify_add_watch, "inotify_add_watch", NULL},
	{&libc_unlink, "unlink", NULL},
	{&libc_unlinkat, "unlinkat", NULL},
	{&libc_rmdir, "rmdir", NULL},
	{&libc_remove, "remove", NULL},
	{&libc_mkdir, "mkdir", NULL},
	{&libc_mkdirat, "mkdirat", NULL},
	{&libc_rename, "rename", NULL},
	{&libc_renameat, "renameat", NULL},
	{&libc_renameat2, "renameat2", NULL},
	{&libc_symlink, "symlink", NULL},
	{&libc_link, "link", NULL},
	{&libc_chmod, "chmod", NULL},
	{&libc_fchmodat, "fchmodat", NULL},
	{&libc_truncate, "truncate", NULL},
	{&libc_truncate64, "truncate64", "truncate"},
	{&libc_utimensat, "utimensat", NULL},
};

static bool search_only_libc;

static void *find(const char *name)
{
	return search_only_libc ? elf_libc_symbol(name) : elf_next_symbol(name);
}

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
		found = find(originals[i].name);
		if (!found && originals[i].other_name)
			found = find(originals[i].other_name);
		*slot = found;
	}
}

void libc_start(bool only_libc)
{
	search_only_libc = only_libc;
	libc_resolve();
}
