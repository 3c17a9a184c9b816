/* SPDX-License-Identifier: MIT */
#include "tests/harness/line_device.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/file.h"

#define DEVICE "line"

int line_namespace_here(void) {
	int namespace = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	return namespace < 0 ? failed_here(-errno) : namespace;
}

static int write_text(const char *path, const char *text) {
	AUTO(file_descriptor_close) int file = open(path, O_WRONLY | O_CLOEXEC);

	if (file < 0 || write(file, text, strlen(text)) < 0)
		return failed_here(-errno);
	return 0;
}

/* Who is not root is root among their own. */
static int become_root(void) {
	char users[64];
	char groups[64];
	int r;

	snprintf(users, sizeof(users), "0 %u 1", (unsigned)geteuid());
	snprintf(groups, sizeof(groups), "0 %u 1", (unsigned)getegid());
	if (unshare(CLONE_NEWUSER) < 0)
		return failed_here(-errno);
	r = write_text("/proc/self/setgroups", "deny");
	if (r == 0)
		r = write_text("/proc/self/gid_map", groups);
	if (r == 0)
		r = write_text("/proc/self/uid_map", users);
	return r < 0 ? failed_below(r) : 0;
}

int line_namespace_new(void) {
	int r = 0;

	if (unshare(CLONE_NEWNET) == 0)
		return 0;
	if (errno == EPERM)
		r = become_root();
	if (r == 0 && unshare(CLONE_NEWNET) < 0)
		r = failed_here(-errno);
	return r < 0 ? failed_below(r) : 0;
}

static bool set_address(int probe, struct ifreq *request, unsigned long what, const char *text) {
	struct sockaddr_in address = { .sin_family = AF_INET };

	inet_pton(AF_INET, text, &address.sin_addr);
	memcpy(&request->ifr_addr, &address, sizeof(address));
	return ioctl(probe, what, request) == 0;
}

static bool bring_up(int probe, const char *name) {
	struct ifreq request = { .ifr_flags = IFF_UP | IFF_RUNNING };

	strcpy(request.ifr_name, name);
	return ioctl(probe, SIOCSIFFLAGS, &request) == 0;
}

/* What this machine prefers must not change what is measured: cubic as Debian has it, or, where a
 * namespace may not choose that, what is nearest to it. */
static void prefer_plain_tcp(void) {
	static const char *const algorithms[] = { "cubic", "reno" };
	int r = -1;

	for (size_t i = 0; i < LENGTH_OF(algorithms) && r < 0; i++)
		r = write_text("/proc/sys/net/ipv4/tcp_congestion_control", algorithms[i]);
}

int line_device_open(const char *address, const char *other) {
	AUTO(file_descriptor_close) int device = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	AUTO(file_descriptor_close) int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int opened = device;

	strcpy(request.ifr_name, DEVICE);
	if (device < 0 || probe < 0 || ioctl(device, TUNSETIFF, &request) < 0 ||
	    !set_address(probe, &request, SIOCSIFADDR, address) ||
	    !set_address(probe, &request, SIOCSIFDSTADDR, other) || !bring_up(probe, DEVICE) ||
	    !bring_up(probe, "lo"))
		return failed_here(-errno);
	prefer_plain_tcp();
	device = -1;
	return opened;
}
