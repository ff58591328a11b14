/*
 * The lowest of the three layers: the functions that ours stand in front of. Found by walking the loaded
 * objects (elf_symbol.c) before the first hook does anything: those behind us, or libc's own where we were
 * loaded late. NULL where this libc has none.
 */
#ifndef TELELAUNCH_LIBC_H
#define TELELAUNCH_LIBC_H

#include <dirent.h>
#include <netdb.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>

struct gaicb;
struct mmsghdr;
struct sigevent;
struct stat;
struct stat64;
struct statx;
struct timespec;
struct utsname;

extern int (*libc_socket)(int, int, int);
extern int (*libc_connect)(int, const struct sockaddr *, socklen_t);
extern int (*libc_listen)(int, int);
extern int (*libc_getsockopt)(int, int, int, void *, socklen_t *);
extern int (*libc_getpeername)(int, struct sockaddr *, socklen_t *);
extern int (*libc_getsockname)(int, struct sockaddr *, socklen_t *);
extern ssize_t (*libc_sendto)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
extern ssize_t (*libc_sendmsg)(int, const struct msghdr *, int);
extern int (*libc_sendmmsg)(int, struct mmsghdr *, unsigned int, int);
extern ssize_t (*libc_recvfrom)(int, void *, size_t, int, struct sockaddr *, socklen_t *);
extern ssize_t (*libc_recvfrom_chk)(int, void *, size_t, size_t, int, struct sockaddr *, socklen_t *);
extern ssize_t (*libc_recvmsg)(int, struct msghdr *, int);
extern int (*libc_recvmmsg)(int, struct mmsghdr *, unsigned int, int, struct timespec *);

extern int (*libc_getaddrinfo)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
extern void (*libc_freeaddrinfo)(struct addrinfo *);
extern int (*libc_getaddrinfo_a)(int, struct gaicb **, int, struct sigevent *);
extern int (*libc_getnameinfo)(const struct sockaddr *, socklen_t, char *, socklen_t, char *, socklen_t, int);
extern struct hostent *(*libc_gethostbyname)(const char *);
extern struct hostent *(*libc_gethostbyname2)(const char *, int);
extern int (*libc_gethostbyname_r)(const char *, struct hostent *, char *, size_t, struct hostent **, int *);
extern int (*libc_gethostbyname2_r)(const char *, int, struct hostent *, char *, size_t, struct hostent **,
				    int *);
extern struct hostent *(*libc_gethostbyaddr)(const void *, socklen_t, int);
extern int (*libc_gethostbyaddr_r)(const void *, socklen_t, int, struct hostent *, char *, size_t,
				   struct hostent **, int *);

extern int (*libc_res_query)(const char *, int, int, unsigned char *, int);
extern int (*libc_res_search)(const char *, int, int, unsigned char *, int);
extern int (*libc_res_send)(const unsigned char *, int, unsigned char *, int);
extern int (*libc_res_nquery)(void *, const char *, int, int, unsigned char *, int);
extern int (*libc_res_nsearch)(void *, const char *, int, int, unsigned char *, int);
extern int (*libc_res_nsend)(void *, const unsigned char *, int, unsigned char *, int);

extern int (*libc_execve)(const char *, char *const[], char *const[]);
extern int (*libc_execvpe)(const char *, char *const[], char *const[]);
extern int (*libc_fexecve)(int, char *const[], char *const[]);
extern int (*libc_posix_spawn)(pid_t *, const char *, const posix_spawn_file_actions_t *,
			       const posix_spawnattr_t *, char *const[], char *const[]);
extern int (*libc_posix_spawnp)(pid_t *, const char *, const posix_spawn_file_actions_t *,
				const posix_spawnattr_t *, char *const[], char *const[]);
extern int (*libc_system)(const char *);
extern FILE *(*libc_popen)(const char *, const char *);

extern int (*libc_gethostname)(char *, size_t);
extern int (*libc_gethostname_chk)(char *, size_t, size_t);
extern int (*libc_uname)(struct utsname *);
extern int (*libc_open)(const char *, int, ...);
extern int (*libc_open64)(const char *, int, ...);
extern int (*libc_openat)(int, const char *, int, ...);
extern int (*libc_openat64)(int, const char *, int, ...);
extern int (*libc_open_2)(const char *, int);
extern int (*libc_open64_2)(const char *, int);
extern int (*libc_openat_2)(int, const char *, int);
extern int (*libc_openat64_2)(int, const char *, int);
extern FILE *(*libc_fopen)(const char *, const char *);
extern FILE *(*libc_fopen64)(const char *, const char *);
extern FILE *(*libc_freopen)(const char *, const char *, FILE *);
extern FILE *(*libc_freopen64)(const char *, const char *, FILE *);
extern int (*libc_stat)(const char *, struct stat *);
extern int (*libc_stat64)(const char *, struct stat64 *);
extern int (*libc_lstat)(const char *, struct stat *);
extern int (*libc_lstat64)(const char *, struct stat64 *);
extern int (*libc_fstatat)(int, const char *, struct stat *, int);
extern int (*libc_fstatat64)(int, const char *, struct stat64 *, int);
extern int (*libc_xstat)(int, const char *, struct stat *);
extern int (*libc_xstat64)(int, const char *, struct stat64 *);
extern int (*libc_lxstat)(int, const char *, struct stat *);
extern int (*libc_lxstat64)(int, const char *, struct stat64 *);
extern int (*libc_fxstatat)(int, int, const char *, struct stat *, int);
extern int (*libc_fxstatat64)(int, int, const char *, struct stat64 *, int);
extern int (*libc_statx)(int, const char *, int, unsigned int, struct statx *);
extern ssize_t (*libc_getxattr)(const char *, const char *, void *, size_t);
extern ssize_t (*libc_lgetxattr)(const char *, const char *, void *, size_t);
extern ssize_t (*libc_listxattr)(const char *, char *, size_t);
extern ssize_t (*libc_llistxattr)(const char *, char *, size_t);
extern int (*libc_access)(const char *, int);
extern int (*libc_faccessat)(int, const char *, int, int);
extern int (*libc_euidaccess)(const char *, int);
extern ssize_t (*libc_readlink)(const char *, char *, size_t);
extern ssize_t (*libc_readlinkat)(int, const char *, char *, size_t);
extern ssize_t (*libc_readlink_chk)(const char *, char *, size_t, size_t);
extern ssize_t (*libc_readlinkat_chk)(int, const char *, char *, size_t, size_t);
extern char *(*libc_realpath)(const char *, char *);
extern char *(*libc_realpath_chk)(const char *, char *, size_t);
extern char *(*libc_strdup)(const char *);
extern DIR *(*libc_opendir)(const char *);
extern int (*libc_scandir)(const char *, struct dirent ***, int (*)(const struct dirent *),
			   int (*)(const struct dirent **, const struct dirent **));
extern int (*libc_scandir64)(const char *, struct dirent64 ***, int (*)(const struct dirent64 *),
			     int (*)(const struct dirent64 **, const struct dirent64 **));
extern int (*libc_chdir)(const char *);
extern int (*libc_fchdir)(int);
extern int (*libc_inotify_add_watch)(int, const char *, uint32_t);
extern int (*libc_unlink)(const char *);
extern int (*libc_unlinkat)(int, const char *, int);
extern int (*libc_rmdir)(const char *);
extern int (*libc_remove)(const char *);
extern int (*libc_mkdir)(const char *, mode_t);
extern int (*libc_mkdirat)(int, const char *, mode_t);
extern int (*libc_rename)(const char *, const char *);
extern int (*libc_renameat)(int, const char *, int, const char *);
extern int (*libc_renameat2)(int, const char *, int, const char *, unsigned int);
extern int (*libc_symlink)(const char *, const char *);
extern int (*libc_link)(const char *, const char *);
extern int (*libc_chmod)(const char *, mode_t);
extern int (*libc_fchmodat)(int, const char *, mode_t, int);
extern int (*libc_truncate)(const char *, off_t);
extern int (*libc_truncate64)(const char *, off64_t);
extern int (*libc_utimensat)(int, const char *, const struct timespec *, int);

/* only_libc: not what others preloaded behind us, see elf_libc_symbol() */
void libc_start(bool only_libc);
void libc_resolve(void);

/* glibc and musl differ in whom an addrinfo belongs to (see addrinfo_list.c) */
int libc_is_musl(void);

#endif
