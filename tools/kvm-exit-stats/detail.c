// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of details. Ports and MMIO addresses are those of the machines that QEMU makes
 * (docs/specs of QEMU, and its hw/i386 and hw/acpi), MSRs those of the SDM, volume 4, the APM,
 * volume 2, appendix A, and of KVM and Hyper-V guests (Linux: kvm_para.h, hyperv-tlfs.h).
 */
#include <stdio.h>
#include <string.h>

#include "detail.h"

struct name {
	uint64_t first, last;
	const char *name;
};

static const struct name ports[] = {
	{ 0x20, 0x21, "PIC" },
	{ 0x40, 0x43, "PIT" },
	{ 0x60, 0x60, "keyboard controller" },
	{ 0x61, 0x61, "PIT, speaker" },
	{ 0x64, 0x64, "keyboard controller" },
	{ 0x70, 0x71, "RTC" },
	{ 0x80, 0x80, "delay, POST codes" },
	{ 0x92, 0x92, "A20" },
	{ 0xa0, 0xa1, "PIC" },
	{ 0xb2, 0xb3, "SMI" },
	{ 0x170, 0x177, "IDE" },
	{ 0x1f0, 0x1f7, "IDE" },
	{ 0x2e8, 0x2ef, "serial port COM4" },
	{ 0x2f8, 0x2ff, "serial port COM2" },
	{ 0x3b0, 0x3df, "VGA" },
	{ 0x3e8, 0x3ef, "serial port COM3" },
	{ 0x3f0, 0x3f5, "floppy disk" },
	{ 0x3f8, 0x3ff, "serial port COM1" },
	{ 0x402, 0x402, "debug console" },
	{ 0x510, 0x51b, "fw_cfg" },
	{ 0x600, 0x607, "ACPI power management" },
	{ 0x608, 0x60b, "ACPI PM timer" },
	{ 0xae00, 0xae13, "ACPI hotplug" },
	{ 0xafe0, 0xafe3, "ACPI GPE" },
	{ 0xb000, 0xb007, "ACPI power management" },
	{ 0xb008, 0xb00b, "ACPI PM timer" },
	{ 0xcf8, 0xcff, "PCI configuration" },
	{ 0x5658, 0x5658, "VMware port" },
	{ 0, 0, NULL },
};

static const struct name addresses[] = {
	{ 0xa0000, 0xbffff, "VGA memory" },	  { 0xfec00000, 0xfec00fff, "I/O APIC" },
	{ 0xfed00000, 0xfed003ff, "HPET" },	  { 0xfed40000, 0xfed44fff, "TPM" },
	{ 0xfee00000, 0xfee00fff, "local APIC" }, { 0, 0, NULL },
};

static const struct name msrs[] = {
	{ 0x10, 0x10, "IA32_TSC" },
	{ 0x1b, 0x1b, "IA32_APIC_BASE" },
	{ 0x3a, 0x3a, "IA32_FEATURE_CONTROL" },
	{ 0x3b, 0x3b, "IA32_TSC_ADJUST" },
	{ 0x48, 0x48, "IA32_SPEC_CTRL" },
	{ 0x49, 0x49, "IA32_PRED_CMD" },
	{ 0x8b, 0x8b, "IA32_BIOS_SIGN_ID" },
	{ 0xc1, 0xc8, "IA32_PMC" },
	{ 0xce, 0xce, "MSR_PLATFORM_INFO" },
	{ 0xe7, 0xe7, "IA32_MPERF" },
	{ 0xe8, 0xe8, "IA32_APERF" },
	{ 0xfe, 0xfe, "IA32_MTRRCAP" },
	{ 0x10a, 0x10a, "IA32_ARCH_CAPABILITIES" },
	{ 0x10b, 0x10b, "IA32_FLUSH_CMD" },
	{ 0x140, 0x140, "MISC_FEATURE_ENABLES" },
	{ 0x174, 0x176, "IA32_SYSENTER" },
	{ 0x179, 0x17b, "IA32_MCG" },
	{ 0x186, 0x18d, "IA32_PERFEVTSEL" },
	{ 0x198, 0x198, "IA32_PERF_STATUS" },
	{ 0x199, 0x199, "IA32_PERF_CTL" },
	{ 0x19a, 0x19a, "IA32_CLOCK_MODULATION" },
	{ 0x19c, 0x19c, "IA32_THERM_STATUS" },
	{ 0x1a0, 0x1a0, "IA32_MISC_ENABLE" },
	{ 0x1b0, 0x1b0, "IA32_ENERGY_PERF_BIAS" },
	{ 0x1c8, 0x1c8, "LBR select" },
	{ 0x1d9, 0x1d9, "IA32_DEBUGCTL" },
	{ 0x200, 0x26f, "MTRR" },
	{ 0x277, 0x277, "IA32_PAT" },
	{ 0x2ff, 0x2ff, "IA32_MTRR_DEF_TYPE" },
	{ 0x309, 0x30c, "IA32_FIXED_CTR" },
	{ 0x345, 0x345, "IA32_PERF_CAPABILITIES" },
	{ 0x38d, 0x38d, "IA32_FIXED_CTR_CTRL" },
	{ 0x38e, 0x38e, "IA32_PERF_GLOBAL_STATUS" },
	{ 0x38f, 0x38f, "IA32_PERF_GLOBAL_CTRL" },
	{ 0x390, 0x390, "IA32_PERF_GLOBAL_OVF_CTRL" },
	{ 0x3f1, 0x3f1, "IA32_PEBS_ENABLE" },
	{ 0x400, 0x47f, "machine-check bank" },
	{ 0x480, 0x493, "IA32_VMX capabilities" },
	{ 0x600, 0x600, "IA32_DS_AREA" },
	{ 0x606, 0x606, "RAPL units" },
	{ 0x611, 0x611, "RAPL package energy" },
	{ 0x6e0, 0x6e0, "IA32_TSC_DEADLINE" },
	{ 0x770, 0x777, "IA32_HWP" },
	{ 0x802, 0x802, "x2APIC ID" },
	{ 0x808, 0x808, "x2APIC TPR" },
	{ 0x80b, 0x80b, "x2APIC EOI" },
	{ 0x80f, 0x80f, "x2APIC SVR" },
	{ 0x830, 0x830, "x2APIC ICR: sends an IPI" },
	{ 0x832, 0x832, "x2APIC LVT timer" },
	{ 0x838, 0x838, "x2APIC timer initial count" },
	{ 0x839, 0x839, "x2APIC timer current count" },
	{ 0x83f, 0x83f, "x2APIC self IPI" },
	{ 0x800, 0x8ff, "x2APIC" },
	{ 0xda0, 0xda0, "IA32_XSS" },
	{ 0x40000000, 0x40000001, "Hyper-V hypercall page" },
	{ 0x40000020, 0x40000020, "Hyper-V reference counter" },
	{ 0x40000070, 0x40000073, "Hyper-V APIC" },
	{ 0x40000080, 0x4000009f, "Hyper-V SynIC" },
	{ 0x400000b0, 0x400000b7, "Hyper-V timer" },
	{ 0x40000000, 0x400001ff, "Hyper-V" },
	{ 0x4b564d00, 0x4b564d01, "KVM clock" },
	{ 0x4b564d02, 0x4b564d02, "KVM async page fault" },
	{ 0x4b564d03, 0x4b564d03, "KVM steal time" },
	{ 0x4b564d04, 0x4b564d04, "KVM PV EOI" },
	{ 0x4b564d05, 0x4b564d05, "KVM poll control" },
	{ 0x4b564d06, 0x4b564d07, "KVM async page fault" },
	{ 0xc0000080, 0xc0000080, "EFER" },
	{ 0xc0000081, 0xc0000084, "SYSCALL" },
	{ 0xc0000100, 0xc0000100, "FS base" },
	{ 0xc0000101, 0xc0000101, "GS base" },
	{ 0xc0000102, 0xc0000102, "kernel GS base" },
	{ 0xc0000103, 0xc0000103, "TSC_AUX" },
	{ 0xc0000104, 0xc0000104, "TSC ratio" },
	{ 0xc0010000, 0xc0010007, "AMD performance counters" },
	{ 0xc0010010, 0xc0010010, "AMD SYSCFG" },
	{ 0xc0010015, 0xc0010015, "AMD HWCR" },
	{ 0xc0010061, 0xc0010071, "AMD P-states" },
	{ 0xc0010114, 0xc0010114, "AMD VM_CR" },
	{ 0xc0010117, 0xc0010117, "AMD VM_HSAVE_PA" },
	{ 0xc001011f, 0xc001011f, "AMD VIRT_SPEC_CTRL" },
	{ 0xc0010200, 0xc001020b, "AMD performance counters" },
	{ 0xc0011020, 0xc0011030, "AMD configuration" },
	{ 0, 0, NULL },
};

static const struct name vectors[] = {
	{ 0, 0, "#DE divide" },
	{ 1, 1, "#DB debug" },
	{ 2, 2, "NMI" },
	{ 3, 3, "#BP breakpoint" },
	{ 6, 6, "#UD opcode" },
	{ 7, 7, "#NM no FPU" },
	{ 8, 8, "#DF" },
	{ 12, 12, "#SS stack" },
	{ 13, 13, "#GP" },
	{ 14, 14, "#PF page fault" },
	{ 17, 17, "#AC alignment" },
	{ 18, 18, "#MC machine check" },
	{ 0, 0, NULL },
};

/* Linux: Documentation/virt/kvm/x86/hypercalls.rst */
static const struct name hypercalls[] = {
	{ 1, 1, "VAPIC_POLL_IRQ" },
	{ 5, 5, "KICK_CPU" },
	{ 9, 9, "CLOCK_PAIRING" },
	{ 10, 10, "SEND_IPI" },
	{ 11, 11, "SCHED_YIELD" },
	{ 12, 12, "MAP_GPA_RANGE" },
	{ 0, 0, NULL },
};

static const struct name leaves[] = {
	{ 0, 0, "vendor" },
	{ 1, 1, "features" },
	{ 4, 4, "caches" },
	{ 7, 7, "features" },
	{ 0xb, 0xb, "topology" },
	{ 0xd, 0xd, "XSAVE" },
	{ 0x15, 0x16, "frequencies" },
	{ 0x1f, 0x1f, "topology" },
	{ 0x40000000, 0x400000ff, "hypervisor" },
	{ 0x4ffffff0, 0x4fffffff, "exit counts of kvm-exit-stats" },
	{ 0x80000000, 0x8000ffff, "extended" },
	{ 0, 0, NULL },
};

static const char *find(const struct name *names, uint64_t value)
{
	for (; names->name; names++) {
		if (value >= names->first && value <= names->last)
			return names->name;
	}
	return "";
}

enum {
	VMX_EXTERNAL_INTERRUPT = 1,
	VMX_HLT = 12,
	VMX_INVLPG = 14,
	VMX_CR_ACCESS = 28,
	VMX_DR_ACCESS = 29,
	VMX_PAUSE = 40,
	VMX_APIC_ACCESS = 44,
	VMX_EOI_INDUCED = 45,
	VMX_APIC_WRITE = 56,
	VMX_MSR_READ_IMM = 84,
	VMX_MSR_WRITE_IMM = 85,
};

static enum drill_by by_vmx(int64_t reason)
{
	switch (reason) {
	case 0: /* exception or NMI */
	case VMX_EXTERNAL_INTERRUPT:
		return DRILL_VECTOR;
	case 10:
		return DRILL_LEAF;
	case VMX_INVLPG:
	case VMX_CR_ACCESS:
	case VMX_DR_ACCESS:
	case VMX_APIC_ACCESS:
	case VMX_EOI_INDUCED:
	case VMX_APIC_WRITE:
	case VMX_MSR_READ_IMM:
	case VMX_MSR_WRITE_IMM:
		return DRILL_QUALIFICATION;
	case 18:
		return DRILL_HYPERCALL;
	case 30:
		return DRILL_PORT;
	case 31:
	case 32:
		return DRILL_MSR;
	case 48:
	case 49:
		return DRILL_PAGE;
	default:
		return DRILL_RIP;
	}
}

static enum drill_by by_svm(int64_t reason)
{
	switch (reason) {
	case 0x72:
		return DRILL_LEAF;
	case 0x7b:
		return DRILL_PORT;
	case 0x7c:
		return DRILL_MSR;
	case 0x81:
		return DRILL_HYPERCALL;
	case 0x400:
		return DRILL_PAGE;
	default:
		return DRILL_RIP;
	}
}

enum drill_by detail_by(bool svm, int64_t reason)
{
	return svm ? by_svm(reason) : by_vmx(reason);
}

uint64_t detail_mask(int64_t reason)
{
	switch (reason) {
	case VMX_INVLPG:
		return ~0xfffull;
	case VMX_CR_ACCESS:
		return 0x3f;
	case VMX_DR_ACCESS:
		return 0x17;
	case VMX_APIC_ACCESS:
		return 0x3fff;
	case VMX_EOI_INDUCED:
		return 0xff;
	case VMX_APIC_WRITE:
		return 0xfff;
	default:
		return ~0ull;
	}
}

unsigned int detail_instruction(bool svm, int64_t reason)
{
	if (svm)
		return 0;
	return reason == VMX_HLT ? 1 : reason == VMX_PAUSE ? 2 : 0;
}

const char *detail_by_text(enum drill_by by)
{
	static const char *const texts[] = {
		[DRILL_RIP] = "guest instruction",
		[DRILL_PORT] = "port",
		[DRILL_MSR] = "MSR",
		[DRILL_PAGE] = "guest-physical address",
		[DRILL_LEAF] = "CPUID leaf",
		[DRILL_HYPERCALL] = "hypercall",
		[DRILL_VECTOR] = "vector",
		[DRILL_QUALIFICATION] = "exit qualification",
	};

	return texts[by];
}

static const char *access_text(uint64_t how)
{
	return how & DRILL_WRITE ? "write" : how & DRILL_FETCH ? "fetch" : "read";
}

static void port_text(struct row *row, const struct drill_key *key)
{
	const char *name = find(ports, key->value);

	snprintf(row->id, sizeof(row->id), "0x%llx", key->value);
	snprintf(row->name, sizeof(row->name), "%s%s %d B%s%s", access_text(key->how),
		 key->how & DRILL_STRING ? " string" : "", (int)(key->how & 0xff),
		 *name ? ", " : "", name);
}

static void page_text(struct row *row, const struct drill_key *key, int slot)
{
	const char *name = find(addresses, key->value);

	snprintf(row->id, sizeof(row->id), "0x%llx", key->value);
	if (*name || key->how & DRILL_MMIO)
		snprintf(row->name, sizeof(row->name), "%s MMIO%s%s", access_text(key->how),
			 *name ? ", " : "", name);
	else if (slot >= 0)
		snprintf(row->name, sizeof(row->name), "%s memory, slot %d", access_text(key->how),
			 slot);
	else
		snprintf(row->name, sizeof(row->name), "%s, no memory slot", access_text(key->how));
}

/* SDM volume 3, "Exit Qualification" for each reason */
static void qualification_text(struct row *row, int64_t reason, __u64 value)
{
	static const char *const cr[] = { "MOV to", "MOV from", "CLTS", "LMSW" };
	static const char *const access[] = { "read", "write", "fetch from", "event delivery:" };
	__u64 shown = value;

	switch (reason) {
	case VMX_CR_ACCESS:
		shown = value & 0xf;
		snprintf(row->name, sizeof(row->name), "%s CR%d", cr[value >> 4 & 3], (int)shown);
		break;
	case VMX_DR_ACCESS:
		shown = value & 7;
		snprintf(row->name, sizeof(row->name), "MOV %s DR%d", value & 16 ? "from" : "to",
			 (int)shown);
		break;
	case VMX_APIC_ACCESS:
		shown = value & 0xfff;
		snprintf(row->name, sizeof(row->name), "%s APIC register", access[value >> 12 & 3]);
		break;
	case VMX_EOI_INDUCED:
		snprintf(row->name, sizeof(row->name), "EOI of this vector");
		break;
	case VMX_APIC_WRITE:
		snprintf(row->name, sizeof(row->name), "write APIC register");
		break;
	case VMX_MSR_READ_IMM:
	case VMX_MSR_WRITE_IMM:
		snprintf(row->name, sizeof(row->name), "%s", find(msrs, value));
		break;
	default:
		snprintf(row->name, sizeof(row->name), "guest-virtual address");
	}
	snprintf(row->id, sizeof(row->id), "0x%llx", shown);
}

static void msr_text(struct row *row, bool svm, const struct drill_key *key)
{
	const char *name = find(msrs, key->value);

	snprintf(row->id, sizeof(row->id), "0x%llx", key->value);
	if (svm)
		snprintf(row->name, sizeof(row->name), "%s%s%s", access_text(key->how),
			 *name ? ", " : "", name);
	else
		snprintf(row->name, sizeof(row->name), "%s", *name ? name : "-");
}

static void rip_text(struct row *row, bool svm, int64_t reason, __u64 value)
{
	bool itself = svm || detail_instruction(svm, reason);

	snprintf(row->id, sizeof(row->id), "0x%llx", value);
	snprintf(row->name, sizeof(row->name), "%s",
		 itself ? "at this instruction" : "before this instruction");
}

void detail_text(struct row *row, bool svm, int64_t reason, const struct drill_key *key, int slot)
{
	const char *name = "";
	bool hex = false;

	if (key->how & DRILL_UNKNOWN) {
		snprintf(row->id, sizeof(row->id), "-");
		snprintf(row->name, sizeof(row->name), "not read by KVM");
		return;
	}
	switch (detail_by(svm, reason)) {
	case DRILL_RIP:
		rip_text(row, svm, reason, key->value);
		return;
	case DRILL_PORT:
		port_text(row, key);
		return;
	case DRILL_MSR:
		msr_text(row, svm, key);
		return;
	case DRILL_PAGE:
		page_text(row, key, slot);
		return;
	case DRILL_QUALIFICATION:
		qualification_text(row, reason, key->value);
		return;
	case DRILL_LEAF:
		name = find(leaves, key->value);
		hex = true;
		break;
	case DRILL_HYPERCALL:
		name = find(hypercalls, key->value);
		break;
	case DRILL_VECTOR:
		name = reason ? "interrupt of the host" : find(vectors, key->value);
		break;
	}
	snprintf(row->id, sizeof(row->id), hex ? "0x%llx" : "%llu", key->value);
	snprintf(row->name, sizeof(row->name), "%s", *name ? name : "-");
}
