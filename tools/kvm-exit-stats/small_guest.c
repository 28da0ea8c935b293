// SPDX-License-Identifier: GPL-2.0-only
/* A guest that makes a known number of exits. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "small_guest.h"

#define MEMORY	(2ul << 20)
#define PML4	0x1000
#define PDPT	0x2000
#define PD	0x3000
#define CODE	0x4000
#define PRESENT 0x3ull	/* and writable */
#define LARGE	0x80ull /* 2 MiB */

/* SDM volume 3, "Control Registers" and "Extended Feature Enable Register" */
#define CR0  0x80050033ul /* PG, AM, WP, NE, ET, MP, PE */
#define CR4  0x20ul	  /* PAE */
#define EFER 0x500ul	  /* LMA, LME */

struct code {
	unsigned char byte[8];
	size_t len;
};

static const struct code bodies[NR_SMALL_EXITS] = {
	[SMALL_CPUID] = { { 0x31, 0xc0, 0x0f, 0xa2 }, 4 }, /* xor eax, eax; cpuid */
	[SMALL_OUT] = { { 0xe6, 0x80 }, 2 },		   /* out 0x80, al */
	[SMALL_RDMSR] = { { 0xb9, 0x1b, 0x00, 0x00, 0x00, 0x0f, 0x32 },
			  7 },	       /* mov ecx, 0x1b; rdmsr */
	[SMALL_HLT] = { { 0xf4 }, 1 }, /* hlt */
};

static void put(unsigned char **at, const void *bytes, size_t len)
{
	memcpy(*at, bytes, len);
	*at += len;
}

/* mov ebp, times; again: body; dec ebp; jnz again; hlt */
static void write_code(struct small_guest *g, enum small_exit kind, uint32_t times)
{
	const struct code *body = &bodies[kind];
	signed char back = -(signed char)(body->len + 4);
	unsigned char *at = g->memory + CODE;

	put(&at, "\xbd", 1);
	put(&at, &times, 4);
	put(&at, body->byte, body->len);
	put(&at, "\xff\xcd\x75", 3);
	put(&at, &back, 1);
	put(&at, "\xf4", 1);
}

static void write_page_tables(struct small_guest *g)
{
	*(uint64_t *)(g->memory + PML4) = PDPT | PRESENT;
	*(uint64_t *)(g->memory + PDPT) = PD | PRESENT;
	*(uint64_t *)(g->memory + PD) = LARGE | PRESENT;
}

static bool set_cpuid(struct small_guest *g)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + 256 * sizeof(cpuid->entries[0]));
	bool good;

	if (!cpuid)
		return false;
	cpuid->nent = 256;
	good = !ioctl(g->kvm, KVM_GET_SUPPORTED_CPUID, cpuid) &&
	       !ioctl(g->vcpu, KVM_SET_CPUID2, cpuid);
	free(cpuid);
	return good;
}

static bool set_long_mode(struct small_guest *g)
{
	struct kvm_segment code = {
		.limit = ~0u, .selector = 8, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1
	};
	struct kvm_segment data = code;
	struct kvm_sregs sregs;

	data.selector = 16;
	data.type = 3;
	data.l = 0;
	data.db = 1;
	if (ioctl(g->vcpu, KVM_GET_SREGS, &sregs))
		return false;
	sregs.cs = code;
	sregs.ds = data;
	sregs.es = data;
	sregs.ss = data;
	sregs.cr3 = PML4;
	sregs.cr4 = CR4;
	sregs.cr0 = CR0;
	sregs.efer = EFER;
	return !ioctl(g->vcpu, KVM_SET_SREGS, &sregs);
}

static bool set_memory(struct small_guest *g)
{
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY };

	g->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (g->memory == MAP_FAILED) {
		g->memory = NULL;
		return false;
	}
	write_page_tables(g);
	region.userspace_addr = (uintptr_t)g->memory;
	return !ioctl(g->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static bool make_vcpu(struct small_guest *g)
{
	int size = ioctl(g->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	g->vcpu = ioctl(g->vm, KVM_CREATE_VCPU, 0);
	if (g->vcpu < 0 || size < 0)
		return false;
	g->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, g->vcpu, 0);
	if (g->run == MAP_FAILED) {
		g->run = NULL;
		return false;
	}
	g->run_size = size;
	return true;
}

const char *small_guest_create(struct small_guest *g)
{
	memset(g, 0, sizeof(*g));
	g->vm = -1;
	g->vcpu = -1;
	g->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (g->kvm < 0)
		return "/dev/kvm cannot be opened";
	g->vm = ioctl(g->kvm, KVM_CREATE_VM, 0);
	if (g->vm < 0)
		return "no VM can be created";
	snprintf(g->folder, sizeof(g->folder), "%d-%d", gettid(), g->vm);
	if (!set_memory(g))
		return "the VM gets no memory";
	if (!make_vcpu(g))
		return "no vCPU can be created";
	if (!set_cpuid(g) || !set_long_mode(g))
		return "the vCPU's state is refused";
	return NULL;
}

void small_guest_destroy(struct small_guest *g)
{
	if (g->run)
		munmap(g->run, g->run_size);
	if (g->vcpu >= 0)
		close(g->vcpu);
	if (g->vm >= 0)
		close(g->vm);
	if (g->kvm >= 0)
		close(g->kvm);
	if (g->memory)
		munmap(g->memory, MEMORY);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

const char *small_guest_run(struct small_guest *g, enum small_exit kind, uint32_t times,
			    uint64_t *ns)
{
	uint32_t halts = kind == SMALL_HLT ? times + 1 : 1;
	struct kvm_regs regs = { .rip = CODE, .rflags = 2, .rsp = CODE };
	uint64_t began;

	write_code(g, kind, times);
	if (ioctl(g->vcpu, KVM_SET_REGS, &regs))
		return "the vCPU's registers are refused";
	began = now_ns();
	while (halts) {
		if (ioctl(g->vcpu, KVM_RUN, 0)) {
			if (errno == EINTR)
				continue;
			return "KVM_RUN fails";
		}
		if (g->run->exit_reason == KVM_EXIT_HLT)
			halts--;
		else if (g->run->exit_reason != KVM_EXIT_IO)
			return "the guest does something else than it should";
	}
	if (ns)
		*ns = now_ns() - began;
	return NULL;
}
