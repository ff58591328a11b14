/*
 * The lowest of the three layers: the functions that ours stand in front of. Found by walking the loaded
 * objects behind us (elf_symbol.c) before the first hook does anything; NULL where this libc has none.
 */
#ifndef TELELAUNCH_LIBC_H
#define TELELAUNCH_LIBC_H

#include <netdb.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>

struct gaicb;
struct mmsghdr;
struct sigevent;
struct timespec;

extern int (*libc_socket)(int, int, int);
extern int (*libc_connect)(int, const struct sockaddr *, socklen_t);
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

void libc_resolve(void);

/* glibc and musl differ in whom an addrinfo belongs to (see addrinfo_list.c) */
int libc_is_musl(void);

#endif
