/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/count_calls.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static _Thread_local bool excluded;
static _Atomic bool enabled;
static _Atomic uint64_t calls, waits, kernel_bytes, user_bytes;

void count_calls_exclude_this_thread(void)
{
    excluded = true;
}

void count_calls_enable(bool on)
{
    enabled = on;
}

CallCounts count_calls_now(void)
{
    return (CallCounts){ calls, waits, kernel_bytes, user_bytes };
}

static bool counting(void)
{
    return atomic_load_explicit(&enabled, memory_order_relaxed) && !excluded;
}

static void add(_Atomic uint64_t *what, uint64_t n)
{
    atomic_fetch_add_explicit(what, n, memory_order_relaxed);
}

static void count_call(ssize_t bytes)
{
    if (!counting())
        return;
    add(&calls, 1);
    add(&kernel_bytes, bytes > 0 ? (uint64_t)bytes : 0);
}

int __real_recvmmsg(int fd, struct mmsghdr *v, unsigned n, int flags, struct timespec *timeout);
int __wrap_recvmmsg(int fd, struct mmsghdr *v, unsigned n, int flags, struct timespec *timeout);
int __wrap_recvmmsg(int fd, struct mmsghdr *v, unsigned n, int flags, struct timespec *timeout)
{
    int got = __real_recvmmsg(fd, v, n, flags, timeout);
    ssize_t bytes = 0;
    for (int i = 0; i < got; i++)
        bytes += v[i].msg_len;
    count_call(bytes);
    return got;
}

int __real_sendmmsg(int fd, struct mmsghdr *v, unsigned n, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *v, unsigned n, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *v, unsigned n, int flags)
{
    int sent = __real_sendmmsg(fd, v, n, flags);
    ssize_t bytes = 0;
    for (int i = 0; i < sent; i++)
        bytes += v[i].msg_len;
    count_call(bytes);
    return sent;
}

ssize_t __real_sendmsg(int fd, const struct msghdr *m, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *m, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *m, int flags)
{
    ssize_t n = __real_sendmsg(fd, m, flags);
    count_call(n);
    return n;
}

ssize_t __real_sendto(int fd, const void *p, size_t len, int flags, const struct sockaddr *to, socklen_t to_len);
ssize_t __wrap_sendto(int fd, const void *p, size_t len, int flags, const struct sockaddr *to, socklen_t to_len);
ssize_t __wrap_sendto(int fd, const void *p, size_t len, int flags, const struct sockaddr *to, socklen_t to_len)
{
    ssize_t n = __real_sendto(fd, p, len, flags, to, to_len);
    count_call(n);
    return n;
}

ssize_t __real_recv(int fd, void *p, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *p, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *p, size_t len, int flags)
{
    ssize_t n = __real_recv(fd, p, len, flags);
    count_call(n);
    return n;
}

ssize_t __real_read(int fd, void *p, size_t len);
ssize_t __wrap_read(int fd, void *p, size_t len);
ssize_t __wrap_read(int fd, void *p, size_t len)
{
    ssize_t n = __real_read(fd, p, len);
    count_call(n);
    return n;
}

ssize_t __real_write(int fd, const void *p, size_t len);
ssize_t __wrap_write(int fd, const void *p, size_t len);
ssize_t __wrap_write(int fd, const void *p, size_t len)
{
    ssize_t n = __real_write(fd, p, len);
    count_call(n);
    return n;
}

int __real_epoll_wait(int fd, struct epoll_event *ev, int n, int timeout_ms);
int __wrap_epoll_wait(int fd, struct epoll_event *ev, int n, int timeout_ms);
int __wrap_epoll_wait(int fd, struct epoll_event *ev, int n, int timeout_ms)
{
    int got = __real_epoll_wait(fd, ev, n, timeout_ms);
    count_call(got > 0 ? got * (ssize_t)sizeof(*ev) : 0);
    if (counting())
        add(&waits, 1);
    return got;
}

int __real_clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted, struct timespec *left);
int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted, struct timespec *left);
int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted, struct timespec *left)
{
    int status = __real_clock_nanosleep(clock, flags, wanted, left);
    count_call(0);
    if (counting())
        add(&waits, 1);
    return status;
}

void *__real_memcpy(void *to, const void *from, size_t n);
void *__wrap_memcpy(void *to, const void *from, size_t n);
void *__wrap_memcpy(void *to, const void *from, size_t n)
{
    if (counting())
        add(&user_bytes, n);
    return __real_memcpy(to, from, n);
}

void *__real_memmove(void *to, const void *from, size_t n);
void *__wrap_memmove(void *to, const void *from, size_t n);
void *__wrap_memmove(void *to, const void *from, size_t n)
{
    if (counting())
        add(&user_bytes, n);
    return __real_memmove(to, from, n);
}
