/*
 * confine_calls.c - seccomp: system calls that no plugin needs and that lead out of its confinement.
 *
 * A short list of what is denied, because what libraries need differs from version to version. The filter is compiled from the
 * table:
 *
 *     another architecture, or x32: EPERM          calls of the table: EPERM, or ENOSYS where libraries have another way then
 *     clone with a new namespace: EPERM            socket: only of the listed families
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "engine/base/memory.h"
#include "engine/plugin/confine.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE

#define X32_BIT 0x40000000u
#define NEW_NAMESPACES                                                                                                         \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

static const struct {
	uint32_t call;
	uint32_t number; /* errno; 0: EPERM */
} denied[] = {
	/* other processes */
	{SYS_ptrace, 0},
	{SYS_process_vm_readv, 0},
	{SYS_process_vm_writev, 0},
	{SYS_kcmp, 0},
	{SYS_pidfd_getfd, 0},
	{SYS_perf_event_open, 0},
	/* out of its session: whoever ends the process ends all of it */
	{SYS_setsid, 0},
	{SYS_setpgid, 0},
	/* another view of the machine */
	{SYS_mount, 0},
	{SYS_umount2, 0},
	{SYS_pivot_root, 0},
	{SYS_chroot, 0},
	{SYS_move_mount, 0},
	{SYS_open_tree, 0},
	{SYS_fsopen, 0},
	{SYS_fsconfig, 0},
	{SYS_fsmount, 0},
	{SYS_fspick, 0},
	{SYS_mount_setattr, 0},
	{SYS_unshare, 0},
	{SYS_setns, 0},
	{SYS_open_by_handle_at, 0},
	{SYS_name_to_handle_at, 0},
	/* the kernel */
	{SYS_kexec_load, 0},
	{SYS_init_module, 0},
	{SYS_finit_module, 0},
	{SYS_delete_module, 0},
	{SYS_bpf, 0},
	{SYS_userfaultfd, 0},
	{SYS_syslog, 0},
	{SYS_reboot, 0},
	{SYS_swapon, 0},
	{SYS_swapoff, 0},
	{SYS_acct, 0},
	{SYS_quotactl, 0},
	{SYS_sethostname, 0},
	{SYS_setdomainname, 0},
	{SYS_settimeofday, 0},
	{SYS_clock_settime, 0},
	{SYS_clock_adjtime, 0},
	{SYS_adjtimex, 0},
	{SYS_lookup_dcookie, 0},
	{SYS_nfsservctl, 0},
#ifdef SYS_kexec_file_load
	{SYS_kexec_file_load, 0},
#endif
#ifdef SYS_iopl
	{SYS_iopl, 0},
	{SYS_ioperm, 0},
#endif
	/* keys of the session */
	{SYS_keyctl, 0},
	{SYS_add_key, 0},
	{SYS_request_key, 0},
	/* ways around this very filter */
	{SYS_io_uring_setup, ENOSYS},
	{SYS_io_uring_enter, ENOSYS},
	{SYS_io_uring_register, ENOSYS},
	{SYS_clone3, ENOSYS}, /* its flags cannot be read from here; libraries go back to clone */
};

/* Of a plugin with `network`: names, addresses, the list of interfaces. Never unix: root's services listen there. */
static const uint32_t families[] = {AF_INET, AF_INET6, AF_NETLINK};

#define FILTER_LIMIT (COUNT_OF(denied) * 2 + COUNT_OF(families) + 32)

struct filter {
	struct sock_filter code[FILTER_LIMIT];
	unsigned short length;
};

static void put(struct filter *filter, struct sock_filter instruction)
{
	filter->code[filter->length++] = instruction;
}

static void load(struct filter *filter, size_t offset)
{
	put(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void leave(struct filter *filter, uint32_t number)
{
	uint32_t verdict = number ? SECCOMP_RET_ERRNO | (number & SECCOMP_RET_DATA) : SECCOMP_RET_ALLOW;
	put(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
}

/* If what was loaded equals value the next `steps` instructions run, else they are skipped. */
static void when_equal(struct filter *filter, uint32_t value, uint8_t steps)
{
	put(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, steps));
}

static void check_architecture(struct filter *filter)
{
	load(filter, offsetof(struct seccomp_data, arch));
	put(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
	leave(filter, EPERM);
	load(filter, offsetof(struct seccomp_data, nr));
	put(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
	leave(filter, EPERM);
}

/* Low half of an argument: both machines are little-endian. */
static size_t argument(unsigned which)
{
	return offsetof(struct seccomp_data, args) + which * sizeof(uint64_t);
}

static void check_clone(struct filter *filter)
{
	when_equal(filter, SYS_clone, 4);
	load(filter, argument(0));
	put(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NEW_NAMESPACES, 0, 1));
	leave(filter, EPERM);
	leave(filter, 0);
}

static void check_socket(struct filter *filter, bool network)
{
	if (!network) {
		when_equal(filter, SYS_socket, 1);
		leave(filter, EACCES);
		return;
	}
	when_equal(filter, SYS_socket, (uint8_t)(2 * COUNT_OF(families) + 2));
	load(filter, argument(0));
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		when_equal(filter, families[i], 1);
		leave(filter, 0);
	}
	leave(filter, EACCES);
}

int confine_calls(const struct confinement *confinement)
{
	struct filter filter = {.length = 0};
	check_architecture(&filter);
	check_clone(&filter);
	check_socket(&filter, confinement->network);
	for (size_t i = 0; i < COUNT_OF(denied); i++) {
		when_equal(&filter, denied[i].call, 1);
		leave(&filter, denied[i].number ? denied[i].number : EPERM);
	}
	leave(&filter, 0);
	struct sock_fprog program = {.len = filter.length, .filter = filter.code};
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0)
		return 0;
	return UNCONFINED_CALLS | (confinement->network ? 0 : UNCONFINED_NETWORK);
}

#else

int confine_calls(const struct confinement *confinement)
{
	return UNCONFINED_CALLS | (confinement->network ? 0 : UNCONFINED_NETWORK);
}

#endif
