#include "mount-tools/seal.h"

#include "base/checked.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#if defined(ARCHITECTURE) && !defined(SANITIZED)

/* Calls of the other numbering that x86-64 has, x32, begin here; elsewhere no call has such a number. */
#define OTHER_NUMBERING 0x40000000u

static const uint32_t refused[] = {
	SYS_execve,
	SYS_execveat,
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_pidfd_getfd,
	SYS_kcmp,
	SYS_setns,
	SYS_unshare,
	SYS_chroot,
	SYS_pivot_root,
	SYS_mount,
	SYS_move_mount,
	SYS_open_tree,
	SYS_fsopen,
	SYS_fsmount,
	SYS_fspick,
	SYS_open_by_handle_at,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
	SYS_io_uring_setup,
	SYS_init_module,
	SYS_finit_module,
	SYS_delete_module,
	SYS_kexec_load,
	SYS_add_key,
	SYS_request_key,
	SYS_keyctl,
	SYS_socketpair,
	SYS_bind,
	SYS_listen,
	SYS_accept,
	SYS_accept4,
};

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define ANSWER(what) BPF_STMT(BPF_RET | BPF_K, (what))
/* Skips the next `then` or `otherwise` instructions. */
#define IF_EQUAL(value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (then), (otherwise))
#define IF_AT_LEAST(value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (value), (then), (otherwise))
#define REFUSE ANSWER(SECCOMP_RET_ERRNO | EPERM)

static const struct sock_filter head[] = {
	LOAD(arch),
	IF_EQUAL(ARCHITECTURE, 1, 0),
	REFUSE,
	LOAD(nr),
	IF_AT_LEAST(OTHER_NUMBERING, 0, 1),
	REFUSE,
};

static const struct sock_filter tail[] = {
	IF_EQUAL(SYS_socket, 1, 0),
	ANSWER(SECCOMP_RET_ALLOW),
	LOAD(args[0]), /* both machines are little-endian, and a family fits the low half */
	IF_EQUAL(AF_UNIX, 1, 0),
	REFUSE,
	ANSWER(SECCOMP_RET_ALLOW),
};

enum { INSTRUCTIONS_MAX = GFS_COUNT(head) + 2 * GFS_COUNT(refused) + GFS_COUNT(tail) };

static unsigned short write_program(struct sock_filter *program)
{
	unsigned short n = 0;
	for (size_t i = 0; i < GFS_COUNT(head); i++)
		program[n++] = head[i];
	for (size_t i = 0; i < GFS_COUNT(refused); i++) {
		program[n++] = (struct sock_filter)IF_EQUAL(refused[i], 0, 1);
		program[n++] = (struct sock_filter)REFUSE;
	}
	for (size_t i = 0; i < GFS_COUNT(tail); i++)
		program[n++] = tail[i];
	return n;
}

int gfs_seal(void)
{
	struct sock_filter program[INSTRUCTIONS_MAX];
	struct sock_fprog filter = { .len = write_program(program), .filter = program };
	if (geteuid() != 0)
		return 0;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0)
		return 0;
	return errno == ENOSYS || errno == EINVAL ? 0 : gfs_err_from_errno(errno);
}

#else

int gfs_seal(void)
{
	return 0;
}

#endif
