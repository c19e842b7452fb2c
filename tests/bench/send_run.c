/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/send_run.h"

#include <arpa/inet.h>
#include <glib.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

void send_run(int fd, in_addr_t host, uint16_t port, void *bytes, size_t len, size_t one)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = host, .sin_port = htons(port) };
    struct iovec iov = { bytes, len };
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(2)];
    } control = { .align = { .cmsg_len = CMSG_LEN(2), .cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT } };
    uint16_t size = (uint16_t)one;
    memcpy(CMSG_DATA(&control.align), &size, 2);
    struct msghdr m = { .msg_name = &to,
                        .msg_namelen = sizeof(to),
                        .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = len > one ? control.bytes : NULL,
                        .msg_controllen = len > one ? sizeof(control.bytes) : 0 };
    g_assert_cmpint(sendmsg(fd, &m, 0), ==, (int)len);
}
