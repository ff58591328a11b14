/*
 * System calls without libc: no errno touched, no cancellation point, nothing interposed, callable before
 * any constructor and in a vfork(2) child. What the shim does on its own behalf goes through here; what the
 * application asked for goes through libc.h. Each returns the kernel's value, -errno on failure.
 */
#ifndef TELELAUNCH_SYS_H
#define TELELAUNCH_SYS_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#if defined(__x86_64__)
static inline long sys_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
static inline long sys_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#error "system calls of this architecture aren't written down yet"
#endif

static inline int sys_open(const char *path, int flags)
{
	return (int)sys_call(SYS_openat, AT_FDCWD, (long)path, flags, 0, 0, 0);
}

static inline int sys_close(int fd)
{
	return (int)sys_call(SYS_close, fd, 0, 0, 0, 0, 0);
}

static inline long sys_read(int fd, void *data, size_t size)
{
	return sys_call(SYS_read, fd, (long)data, (long)size, 0, 0, 0);
}

static inline long sys_write(int fd, const void *data, size_t size)
{
	return sys_call(SYS_write, fd, (long)data, (long)size, 0, 0, 0);
}

static inline long sys_readlink(const char *path, char *target, size_t size)
{
	return sys_call(SYS_readlinkat, AT_FDCWD, (long)path, (long)target, (long)size, 0, 0);
}

static inline int sys_access(const char *path)
{
	return (int)sys_call(SYS_faccessat, AT_FDCWD, (long)path, F_OK, 0, 0, 0);
}

static inline int sys_fstat(int fd, struct stat *status)
{
	return (int)sys_call(SYS_fstat, fd, (long)status, 0, 0, 0, 0);
}

static inline void *sys_mmap(size_t size, int protection, int flags, int fd)
{
	long address = sys_call(SYS_mmap, 0, (long)size, protection, flags, fd, 0);

	return address < 0 && address > -4096 ? NULL : (void *)address;
}

/* In place of what is there: no other thread sees a gap */
static inline int sys_mmap_over(void *address, size_t size, int protection, int flags, int fd)
{
	long result = sys_call(SYS_mmap, (long)address, (long)size, protection, flags | MAP_FIXED, fd, 0);

	return result < 0 && result > -4096 ? (int)result : 0;
}

static inline int sys_mprotect(void *address, size_t size, int protection)
{
	return (int)sys_call(SYS_mprotect, (long)address, (long)size, protection, 0, 0, 0);
}

static inline void *sys_map_memory(size_t size)
{
	return sys_mmap(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static inline void sys_munmap(void *address, size_t size)
{
	sys_call(SYS_munmap, (long)address, (long)size, 0, 0, 0, 0);
}

static inline int sys_fcntl(int fd, int command, long argument)
{
	return (int)sys_call(SYS_fcntl, fd, command, argument, 0, 0, 0);
}

static inline int sys_socket(int family, int type, int protocol)
{
	return (int)sys_call(SYS_socket, family, type, protocol, 0, 0, 0);
}

static inline int sys_connect(int fd, const void *address, socklen_t length)
{
	return (int)sys_call(SYS_connect, fd, (long)address, length, 0, 0, 0);
}

static inline int sys_shutdown(int fd, int how)
{
	return (int)sys_call(SYS_shutdown, fd, how, 0, 0, 0, 0);
}

static inline long sys_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return sys_call(SYS_sendmsg, fd, (long)message, flags, 0, 0, 0);
}

static inline long sys_recv(int fd, void *data, size_t size, int flags)
{
	return sys_call(SYS_recvfrom, fd, (long)data, (long)size, flags, 0, 0);
}

static inline int sys_getsockname(int fd, void *address, socklen_t *length)
{
	return (int)sys_call(SYS_getsockname, fd, (long)address, (long)length, 0, 0, 0);
}

static inline int sys_getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	return (int)sys_call(SYS_getsockopt, fd, level, name, (long)value, (long)length, 0);
}

static inline int sys_setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	return (int)sys_call(SYS_setsockopt, fd, level, name, (long)value, length, 0);
}

static inline int sys_getpid(void)
{
	return (int)sys_call(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

static inline void sys_sched_yield(void)
{
	sys_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

/* timeout 0: look, don't wait */
static inline int sys_poll_now(int fd, short events)
{
	struct pollfd poll = {.fd = fd, .events = events};
	struct timespec now = {0};
	long result = sys_call(SYS_ppoll, (long)&poll, 1, (long)&now, 0, 0, 0);

	return result == 1 ? poll.revents : 0;
}

/* An int option of a socket, -errno where there is none */
static inline int sys_socket_option(int fd, int level, int name)
{
	int value = 0;
	socklen_t length = sizeof(value);
	int result = sys_getsockopt(fd, level, name, &value, &length);

	return result < 0 ? result : value;
}

#endif
