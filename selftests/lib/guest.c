// SPDX-License-Identifier: GPL-2.0-only
/* Guests of /dev/kvm. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

/*
 * Page tables: the first GiB in 2 MiB pages, and the one with the APIC's page.
 * SDM vol. 3, "4-Level Paging".
 */
#define PML4	 0x1000ul
#define PDPT	 0x2000ul
#define PD	 0x3000ul
#define PD_APIC	 0x6000ul
#define PTE_P_RW 0x3ul
#define PTE_PS	 0x80ul

#define CR0_PE	 (1ul << 0)
#define CR0_PG	 (1ul << 31)
#define CR4_PAE	 (1ul << 5)
#define EFER_LME (1ul << 8)
#define EFER_LMA (1ul << 10)

/* The descriptors of the segments that set_long_mode() loads: flat 64-bit code and data. */
#define GDT_CODE      0x00af9b000000ffffull
#define GDT_DATA      0x00cf93000000ffffull
#define CODE_SELECTOR 8
#define DATA_SELECTOR 16
#define GATE_PRESENT  0x8e00ull /* a 64-bit interrupt gate */

#define CPUID_1_ECX_TSC_DEADLINE (1u << 24)
#define CPUID_80000001_EDX_LM	 (1u << 29)
#define DR7_FIXED		 0x400

extern const char guest_code_start[], guest_code_end[];

static int dev_kvm(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		bail_out("/dev/kvm");
	return fd;
}

static uint64_t guest_address(const char *routine)
{
	return GUEST_CODE + (routine - guest_code_start);
}

static void map_gib(unsigned char *mem, uint64_t gib, uint64_t pd)
{
	uint64_t *entry = (uint64_t *)(mem + pd);

	((uint64_t *)(mem + PDPT))[gib] = pd | PTE_P_RW;
	for (uint64_t i = 0; i < 512; i++)
		entry[i] = gib << 30 | i << 21 | PTE_P_RW | PTE_PS;
}

static void map_pages(unsigned char *mem)
{
	*(uint64_t *)(mem + PML4) = PDPT | PTE_P_RW;
	map_gib(mem, 0, PD);
	map_gib(mem, 3, PD_APIC);
}

/*
 * Each page is populated, so that KVM maps it writable at the first access. No page is part
 * of a huge page, so that each makes an EPT violation of its own.
 */
static unsigned char *map_memory(void)
{
	void *mem =
		mmap(NULL, GUEST_MEM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED || madvise(mem, GUEST_MEM, MADV_NOHUGEPAGE) ||
	    madvise(mem, GUEST_MEM, MADV_POPULATE_WRITE))
		bail_out("guest memory");
	return mem;
}

static void create_vm(struct vm *vm, int nr_vcpus, bool irqchip)
{
	struct kvm_userspace_memory_region region = { .memory_size = GUEST_MEM };

	memset(vm, 0, sizeof(*vm));
	vm->fd = ioctl(dev_kvm(), KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		bail_out("KVM_CREATE_VM");
	snprintf(vm->dir, sizeof(vm->dir), "/sys/kernel/debug/kvm/%d-%d", gettid(), vm->fd);

	vm->mem = map_memory();
	region.userspace_addr = (uintptr_t)vm->mem;
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
		bail_out("KVM_SET_USER_MEMORY_REGION");
	if (ioctl(vm->fd, KVM_SET_TSS_ADDR, 0xfffbd000ul))
		bail_out("KVM_SET_TSS_ADDR");
	map_pages(vm->mem);
	memcpy(vm->mem + GUEST_CODE, guest_code_start, guest_code_end - guest_code_start);
	vm->irqchip = irqchip;
	if (irqchip && ioctl(vm->fd, KVM_CREATE_IRQCHIP))
		bail_out("KVM_CREATE_IRQCHIP");
	while (nr_vcpus--)
		vcpu_create(vm);
}

void vm_create(struct vm *vm, int nr_vcpus)
{
	create_vm(vm, nr_vcpus, false);
}

void vm_create_irqchip(struct vm *vm, int nr_vcpus)
{
	create_vm(vm, nr_vcpus, true);
}

void vm_destroy(struct vm *vm)
{
	for (int i = 0; i < vm->nr_vcpus; i++) {
		munmap(vm->vcpu[i].run, vm->vcpu[i].run_size);
		close(vm->vcpu[i].fd);
	}
	close(vm->fd);
	munmap(vm->mem, GUEST_MEM);
}

/* KVM_GET_SUPPORTED_CPUID leaves it out: it depends on an APIC in the kernel. */
static void offer_tsc_deadline(struct kvm_cpuid2 *cpuid)
{
	for (unsigned int i = 0; i < cpuid->nent; i++) {
		if (cpuid->entries[i].function == 1)
			cpuid->entries[i].ecx |= CPUID_1_ECX_TSC_DEADLINE;
	}
}

static void set_supported_cpuid(const struct vm *vm, int fd)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entry[256];
	} cpuid = { .head.nent = 256 };

	if (ioctl(dev_kvm(), KVM_GET_SUPPORTED_CPUID, &cpuid))
		bail_out("KVM_GET_SUPPORTED_CPUID");
	if (vm->irqchip)
		offer_tsc_deadline(&cpuid.head);
	if (ioctl(fd, KVM_SET_CPUID2, &cpuid))
		bail_out("KVM_SET_CPUID2");
}

/* With APICs in the kernel each vCPU but the first waits for an INIT. */
static void make_runnable(int fd)
{
	struct kvm_mp_state state = { KVM_MP_STATE_RUNNABLE };

	if (ioctl(fd, KVM_SET_MP_STATE, &state))
		bail_out("KVM_SET_MP_STATE");
}

void vcpu_create(struct vm *vm)
{
	struct vcpu *vcpu = &vm->vcpu[vm->nr_vcpus];

	if (vm->nr_vcpus == MAX_VCPUS)
		bail_out("there is room for %d vCPUs", MAX_VCPUS);
	vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, vm->nr_vcpus);
	if (vcpu->fd < 0)
		bail_out("KVM_CREATE_VCPU");
	vm->nr_vcpus++;
	vcpu->run_size = ioctl(dev_kvm(), KVM_GET_VCPU_MMAP_SIZE, 0);
	vcpu->run = mmap(NULL, vcpu->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED)
		bail_out("mmap of a vCPU");
	set_supported_cpuid(vm, vcpu->fd);
	if (vm->irqchip)
		make_runnable(vcpu->fd);
}

/* 7.2 refuses 64-bit mode if the vCPU's CPUID lacks it. */
void vcpu_set_cpuid(struct vm *vm, int n, struct kvm_cpuid_entry2 entry)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entry[3];
	} cpuid = {
		.head.nent = 3,
		.entry = {
			{ .function = 0, .eax = 0x16 },
			{ .function = 0x80000001, .edx = CPUID_80000001_EDX_LM },
			entry,
		},
	};

	if (ioctl(vm->vcpu[n].fd, KVM_SET_CPUID2, &cpuid))
		bail_out("KVM_SET_CPUID2");
}

void vcpu_get_sregs(struct vm *vm, int n, struct kvm_sregs *sregs)
{
	if (ioctl(vm->vcpu[n].fd, KVM_GET_SREGS, sregs))
		bail_out("KVM_GET_SREGS");
}

void vcpu_set_sregs(struct vm *vm, int n, const struct kvm_sregs *sregs)
{
	if (ioctl(vm->vcpu[n].fd, KVM_SET_SREGS, sregs))
		bail_out("KVM_SET_SREGS");
}

void vm_set_gate(struct vm *vm, int vector, const char *routine)
{
	uint64_t *gate = (uint64_t *)(vm->mem + GUEST_IDT) + 2 * vector;
	uint64_t to = guest_address(routine);

	gate[0] = (to & 0xffff) | CODE_SELECTOR << 16 | GATE_PRESENT << 32 | (to >> 16) << 48;
	gate[1] = to >> 32;
}

void vcpu_set_tables(struct vm *vm, int n)
{
	static const uint64_t gdt[] = { 0, GDT_CODE, GDT_DATA };
	struct kvm_sregs sregs;

	memcpy(vm->mem + GUEST_GDT, gdt, sizeof(gdt));
	vcpu_get_sregs(vm, n, &sregs);
	sregs.gdt.base = GUEST_GDT;
	sregs.gdt.limit = sizeof(gdt) - 1;
	sregs.idt.base = GUEST_IDT;
	sregs.idt.limit = 256 * 16 - 1;
	vcpu_set_sregs(vm, n, &sregs);
}

static void set_long_mode(struct vm *vm, int n)
{
	struct kvm_segment code = {
		.limit = 0xffffffff,
		.selector = CODE_SELECTOR,
		.type = 11,
		.present = 1,
		.s = 1,
		.l = 1,
		.g = 1,
	};
	struct kvm_segment data = {
		.limit = 0xffffffff,
		.selector = DATA_SELECTOR,
		.type = 3,
		.present = 1,
		.s = 1,
		.db = 1,
		.g = 1,
	};
	struct kvm_sregs sregs;

	vcpu_get_sregs(vm, n, &sregs);
	sregs.cs = code;
	sregs.ds = data;
	sregs.es = data;
	sregs.ss = data;
	sregs.cr3 = PML4;
	sregs.cr4 |= CR4_PAE;
	sregs.cr0 |= CR0_PE | CR0_PG;
	sregs.efer |= EFER_LME | EFER_LMA;
	vcpu_set_sregs(vm, n, &sregs);
}

void vcpu_debug(struct vm *vm, int n, uint32_t control)
{
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | control,
		.arch.debugreg[7] = DR7_FIXED,
	};

	if (ioctl(vm->vcpu[n].fd, KVM_SET_GUEST_DEBUG, &debug))
		bail_out("KVM_SET_GUEST_DEBUG");
}

void vcpu_call(struct vm *vm, int n, const char *routine, uint64_t rdi, uint64_t rsi, uint64_t rdx)
{
	struct kvm_regs regs = {
		.rip = guest_address(routine),
		.rsp = GUEST_DATA - n * 0x1000,
		.rflags = 2,
		.rdi = rdi,
		.rsi = rsi,
		.rdx = rdx,
	};

	set_long_mode(vm, n);
	if (ioctl(vm->vcpu[n].fd, KVM_SET_REGS, &regs))
		bail_out("KVM_SET_REGS");
}

/* VMX: the task register is unusable. SVM: the code segment is both 64-bit and 32-bit. */
void vcpu_invalid_state(struct vm *vm, int n)
{
	struct kvm_sregs sregs;

	vcpu_get_sregs(vm, n, &sregs);
	if (on_svm())
		sregs.cs.db = 1;
	else
		sregs.tr.unusable = 1;
	vcpu_set_sregs(vm, n, &sregs);
}

/* Enter once. Returns true if the guest halted; it may do nothing else but port I/O. */
static bool run_to_hlt(struct vcpu *vcpu)
{
	if (ioctl(vcpu->fd, KVM_RUN, 0) && errno != EINTR)
		bail_out("KVM_RUN");
	if (vcpu->run->exit_reason != KVM_EXIT_HLT && vcpu->run->exit_reason != KVM_EXIT_IO &&
	    vcpu->run->exit_reason != KVM_EXIT_INTR)
		bail_out("KVM_RUN: exit reason %u", vcpu->run->exit_reason);
	return vcpu->run->exit_reason == KVM_EXIT_HLT;
}

void vcpu_run(struct vm *vm, int n, uint64_t hlts)
{
	while (hlts)
		hlts -= run_to_hlt(&vm->vcpu[n]);
}

void vcpu_run_to_done(struct vm *vm, int n)
{
	struct kvm_run *run = vm->vcpu[n].run;

	do {
		if (run_to_hlt(&vm->vcpu[n]))
			bail_out("KVM_RUN: HLT");
	} while (run->exit_reason != KVM_EXIT_IO || run->io.port != PORT_DONE);
}

void guest_cpuid(struct vm *vm, int n, uint64_t times, uint32_t leaf, uint32_t subleaf)
{
	vcpu_call(vm, n, guest_cpuid_loop, times, leaf, subleaf);
	vcpu_run(vm, n, 1);
}

void guest_out(struct vm *vm, int n, uint64_t times)
{
	vcpu_call(vm, n, guest_out_loop, times, PORT_POST, 0);
	vcpu_run(vm, n, 1);
}

void guest_hlt(struct vm *vm, int n, uint64_t times)
{
	vcpu_call(vm, n, guest_hlt_loop, times, 0, 0);
	vcpu_run(vm, n, times + 1);
}

void guest_cpuid_calls(struct vm *vm, int n, struct cpuid_call *calls, size_t nr)
{
	unsigned char *list = vm->mem + GUEST_DATA;

	memcpy(list, calls, nr * sizeof(*calls));
	vcpu_call(vm, n, guest_cpuid_list, nr, GUEST_DATA, 0);
	vcpu_run(vm, n, 1);
	memcpy(calls, list, nr * sizeof(*calls));
}

struct cpuid_call guest_cpuid_call(struct vm *vm, int n, uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_call call = { leaf, subleaf };

	guest_cpuid_calls(vm, n, &call, 1);
	return call;
}
