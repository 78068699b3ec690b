#include "mount-tools/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The leak checker of the sanitizers looks into the process with ptrace(2). */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DUMPABLE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DUMPABLE 1
#endif
#endif
#ifndef DUMPABLE
#define DUMPABLE 0
#endif

/* Capabilities 0 to 31 are all that is ever kept; the second half of the sets is cleared. */
#define BIT(capability) (UINT32_C(1) << (capability))
#define KEPT (BIT(CAP_DAC_OVERRIDE) | BIT(CAP_SYS_ADMIN))
#define LAST_POSSIBLE 63

static struct __user_cap_header_struct header(void)
{
	return (struct __user_cap_header_struct){ .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 };
}

/* glibc has no wrappers: libcap has, and is not needed for two calls. */
static int get(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct h = header();
	return syscall(SYS_capget, &h, data) == 0 ? 0 : gfs_err_from_errno(errno);
}

static int put(uint32_t permitted, uint32_t effective)
{
	struct __user_cap_header_struct h = header();
	struct __user_cap_data_struct data[2] = { { .permitted = permitted, .effective = effective } };
	return syscall(SYS_capset, &h, data) == 0 ? 0 : gfs_err_from_errno(errno);
}

static void empty_bounding_set(void)
{
	for (unsigned long c = 0; c <= LAST_POSSIBLE; c++)
		(void)prctl(
			PR_CAPBSET_DROP, c, 0UL, 0UL, 0UL); /* fails for numbers the kernel has not, and without CAP_SETPCAP */
}

int gfs_privileges_limit(void)
{
	struct __user_cap_data_struct have[2] = { { 0 } };
	if (prctl(PR_SET_DUMPABLE, DUMPABLE, 0UL, 0UL, 0UL) != 0)
		return gfs_err_from_errno(errno);
	if (geteuid() != 0)
		return 0;
	empty_bounding_set();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0)
		return gfs_err_from_errno(errno);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0UL, 0UL, 0UL); /* an old kernel has no such set */
	int err = get(have);
	return err ? err : put(have[0].permitted & KEPT, have[0].permitted & BIT(CAP_DAC_OVERRIDE));
}

int gfs_privileges_admin(bool up)
{
	struct __user_cap_data_struct have[2] = { { 0 } };
	if (geteuid() != 0)
		return 0;
	int err = get(have);
	if (err)
		return err;
	uint32_t effective = have[0].effective & ~BIT(CAP_SYS_ADMIN);
	if (up)
		effective |= have[0].permitted & BIT(CAP_SYS_ADMIN);
	return put(have[0].permitted, effective);
}
