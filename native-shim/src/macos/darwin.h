/*
 * Darwin's declarations and numbers, as far as the shim needs them: there is no SDK on the machines that
 * build this. Taken from the manual pages and the published headers of xnu (bsd/sys/socket.h, errno.h,
 * fcntl.h) and Libinfo (netdb.h). Structures carry a length byte in front, options and errno values differ
 * from Linux.
 */
#ifndef TELELAUNCH_DARWIN_H
#define TELELAUNCH_DARWIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef long ssize_t;
typedef uint32_t socklen_t;

#define AF_UNSPEC 0
#define AF_UNIX   1
#define AF_INET   2
#define AF_INET6  30

#define SOCK_STREAM 1

#define SOL_SOCKET 0xffff
#define SO_TYPE    0x1008
#define SO_ERROR   0x1007
#define SCM_RIGHTS 1
#define SHUT_WR    1

#define F_SETFD    2
#define F_GETFL    3
#define FD_CLOEXEC 1
#define O_RDONLY   0
#define O_NONBLOCK 4
#define O_WRONLY   1
#define O_APPEND   8
#define O_CLOEXEC  0x1000000
#define SEEK_END   2

#define PROT_READ  1
#define MAP_SHARED 1
#define MAP_FAILED ((void *)-1)

#define EINTR        4
#define EINPROGRESS  36
#define ENETUNREACH  51
#define ECONNRESET   54
#define EISCONN      56
#define ETIMEDOUT    60
#define ECONNREFUSED 61
#define EHOSTUNREACH 65

#define AI_CANONNAME   2
#define AI_NUMERICHOST 4
#define AI_ALL         0x100
#define AI_ADDRCONFIG  0x400
#define AI_V4MAPPED    0x800
#define EAI_AGAIN      2
#define EAI_MEMORY     6
#define EAI_NODATA     7
#define EAI_NONAME     8
#define EAI_OVERFLOW   14
#define NI_NUMERICHOST 2
#define NI_NAMEREQD    4

#define HOST_NOT_FOUND 1
#define TRY_AGAIN      2
#define NO_DATA        4

struct sockaddr {
	uint8_t sa_len, sa_family;
	char sa_data[14];
};

struct sockaddr_in {
	uint8_t sin_len, sin_family;
	uint16_t sin_port;
	uint8_t sin_addr[4];
	char sin_zero[8];
};

struct sockaddr_in6 {
	uint8_t sin6_len, sin6_family;
	uint16_t sin6_port;
	uint32_t sin6_flowinfo;
	uint8_t sin6_addr[16];
	uint32_t sin6_scope_id;
};

struct sockaddr_un {
	uint8_t sun_len, sun_family;
	char sun_path[104];
};

union socket_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	char storage[128];
};

struct iovec {
	void *iov_base;
	size_t iov_len;
};

struct msghdr {
	void *msg_name;
	socklen_t msg_namelen;
	struct iovec *msg_iov;
	int msg_iovlen;
	void *msg_control;
	socklen_t msg_controllen;
	int msg_flags;
};

/* Control data is aligned to four bytes here */
struct passed_descriptor {
	socklen_t length;
	int level, type;
	int descriptor;
};

struct addrinfo {
	int ai_flags, ai_family, ai_socktype, ai_protocol;
	socklen_t ai_addrlen;
	char *ai_canonname;
	struct sockaddr *ai_addr;
	struct addrinfo *ai_next;
};

struct hostent {
	char *h_name;
	char **h_aliases;
	int h_addrtype, h_length;
	char **h_addr_list;
};

struct sa_endpoints {
	unsigned int sae_srcif;
	const struct sockaddr *sae_srcaddr;
	socklen_t sae_srcaddrlen;
	const struct sockaddr *sae_dstaddr;
	socklen_t sae_dstaddrlen;
};

int socket(int domain, int type, int protocol);
int connect(int fd, const struct sockaddr *address, socklen_t length);
int connectx(int fd, const struct sa_endpoints *endpoints, uint32_t association, unsigned int flags,
	     const struct iovec *vector, unsigned int count, size_t *length, uint32_t *connection);
int getsockopt(int fd, int level, int name, void *value, socklen_t *length);
int getpeername(int fd, struct sockaddr *address, socklen_t *length);
int getsockname(int fd, struct sockaddr *address, socklen_t *length);
ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *address,
	       socklen_t length);
ssize_t sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t recv(int fd, void *data, size_t size, int flags);
ssize_t write(int fd, const void *data, size_t size);
ssize_t writev(int fd, const struct iovec *vector, int count);
int shutdown(int fd, int how);
int open(const char *path, int flags, ...);
int close(int fd);
int fcntl(int fd, int command, ...);
int64_t lseek(int fd, int64_t offset, int whence);
void *mmap(void *address, size_t size, int protection, int flags, int fd, int64_t offset);
int munmap(void *address, size_t size);
void *malloc(size_t size);
void free(void *memory);
char *getenv(const char *name);
int getpid(void);
int *__error(void);
extern int h_errno;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list);
void freeaddrinfo(struct addrinfo *list);
int getnameinfo(const struct sockaddr *address, socklen_t length, char *host, socklen_t host_size,
		char *service, socklen_t service_size, int flags);
struct hostent *gethostbyname(const char *name);
struct hostent *gethostbyname2(const char *name, int family);
const char *inet_ntop(int family, const void *address, char *text, socklen_t size);

#define errno (*__error())

/* dyld takes every pair in this section and sends calls of the second to the first, except our own */
#define INTERPOSE(name)                                                            \
	__attribute__((used, section("__DATA,__interpose"))) static const struct { \
		const void *ours, *original;                                       \
	} interpose_##name = {(const void *)shim_##name, (const void *)name}

#endif
