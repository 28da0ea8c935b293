// SPDX-License-Identifier: GPL-2.0-only
//
// The hooks into KVM's own files, for all series. scripts/hooks applies this file to a
// series' sources to make kernel/hooks/SERIES.patch. kernel/exit_stats/hooks.h says what
// each hook does; this file says where it goes, and why there.

// ---- The start of an exit: the processor is back in host state

// Next to the tracepoint: after the return for a failed VM-entry instruction, before the
// return for a failed VM entry, and before the fast path. To find the expression for the
// exit reason, match KVM's assignment of a synthesized reason.
@vmx_reason@
expression reason;
@@
 vmx_vcpu_run(...)
 {
 <+...
 reason = EXIT_REASON_INVALID_STATE;
 ...+>
 }

@@
expression vmx_reason.reason;
identifier vcpu, vmx;
@@
 vmx_vcpu_run(struct kvm_vcpu *vcpu, ...)
 {
 ...
 struct vcpu_vmx *vmx = to_vmx(vcpu);
 <+...
 trace_kvm_exit(vcpu, KVM_ISA_VMX);
+kvm_exit_stats_start_vmx(&vmx->exit_stats, vcpu, &reason);
 ...+>
 }

// Not next to the tracepoint: 6.1 has it in the handler, which the fast path skips.
@@
identifier vcpu, svm;
@@
 svm_vcpu_run(struct kvm_vcpu *vcpu, ...)
 {
 ...
 struct vcpu_svm *svm = to_svm(vcpu);
 <+...
+kvm_exit_stats_start_svm(&svm->exit_stats, vcpu, &svm->vmcb->control);
 svm_complete_interrupts(vcpu);
 ...+>
 }

// ---- The end of an exit: the first of these hooks that runs counts it

@@
identifier vcpu, fastpath, ret;
@@
 vmx_handle_exit(struct kvm_vcpu *vcpu, fastpath_t fastpath)
 {
 int ret = __vmx_handle_exit(vcpu, fastpath);
+
+ret = kvm_exit_stats_end(&to_vmx(vcpu)->exit_stats, ret);
 ...
 }

@@
identifier vcpu, fastpath;
@@
-static int svm_handle_exit(struct kvm_vcpu *vcpu, fastpath_t fastpath)
+static int __svm_handle_exit(struct kvm_vcpu *vcpu, fastpath_t fastpath)
 {
 ...
 }
+
+static int svm_handle_exit(struct kvm_vcpu *vcpu, fastpath_t fastpath)
+{
+	int ret = __svm_handle_exit(vcpu, fastpath);
+
+	return kvm_exit_stats_end(&to_svm(vcpu)->exit_stats, ret);
+}

// The fast path handled the exit, and KVM enters the guest again.
@@
identifier vcpu;
@@
 vcpu_enter_guest(struct kvm_vcpu *vcpu)
 {
 <+...
 for (;;) {
 <+...
 ++vcpu->stat.exits;
+kvm_exit_stats_end_fastpath(vcpu);
 ...+>
 }
 ...+>
 }

// 6.12 returns to user space without calling the vendor's handler.
@@
identifier vcpu;
expression done;
@@
 vcpu_enter_guest(struct kvm_vcpu *vcpu)
 {
 <...
-if (unlikely(done == EXIT_FASTPATH_EXIT_USERSPACE))
+if (unlikely(done == EXIT_FASTPATH_EXIT_USERSPACE)) {
+	kvm_exit_stats_end_fastpath(vcpu);
 return 0;
+}
 ...>
 }

// ---- User space finishes an exit

@@
identifier vcpu;
symbol r;
@@
 kvm_arch_vcpu_ioctl_run(struct kvm_vcpu *vcpu)
 {
 <+...
 vcpu_load(vcpu);
+kvm_exit_stats_from_user(vcpu);
 ...
+kvm_exit_stats_to_user(vcpu, r);
 vcpu_put(vcpu);
 ...+>
 }

// ---- The pointers to records and to VMs

// Right after the first member. A TDX guest's structures have a NULL at the same offset.
@@
@@
 struct vcpu_vmx {
 struct kvm_vcpu vcpu;
+struct exit_stats_vcpu *exit_stats;
 ...
 };

@@
@@
 struct vcpu_svm {
 struct kvm_vcpu vcpu;
+struct exit_stats_vcpu *exit_stats;
 ...
 };

@@
@@
 struct vcpu_tdx {
 struct kvm_vcpu vcpu;
+struct exit_stats_vcpu *exit_stats;
 ...
 };

@@
@@
 struct kvm_vmx {
 struct kvm kvm;
+struct exit_stats_vm *exit_stats;
 ...
 };

@@
@@
 struct kvm_svm {
 struct kvm kvm;
+struct exit_stats_vm *exit_stats;
 ...
 };

@@
@@
 struct kvm_tdx {
 struct kvm kvm;
+struct exit_stats_vm *exit_stats;
 ...
 };

// vmx_init() registers one pair of offsets, which the hooks in kvm.ko use for TDX guests too.
@@
symbol r;
@@
 vt_init(void)
 {
 ...
+BUILD_BUG_ON(offsetof(struct vcpu_vmx, exit_stats) != offsetof(struct vcpu_tdx, exit_stats));
+BUILD_BUG_ON(offsetof(struct kvm_vmx, exit_stats) != offsetof(struct kvm_tdx, exit_stats));
 r = vmx_init();
 ...
 }

// ---- Creation and destruction of vCPUs

@@
identifier vcpu, vmx;
symbol err, free_vmcs;
@@
 vmx_vcpu_create(struct kvm_vcpu *vcpu)
 {
 <+...
 vmx->loaded_vmcs = &vmx->vmcs01;
+
+err = kvm_exit_stats_vcpu_create(vcpu);
+if (err)
+	goto free_vmcs;
 ...+>
 }

@@
identifier vcpu, vmx;
@@
 vmx_vcpu_create(struct kvm_vcpu *vcpu)
 {
 <+...
+kvm_exit_stats_vcpu_free(vcpu);
 free_loaded_vmcs(vmx->loaded_vmcs);
 ...+>
 }

@@
identifier vcpu;
@@
 vmx_vcpu_free(struct kvm_vcpu *vcpu)
 {
 <+...
+kvm_exit_stats_vcpu_free(vcpu);
 nested_vmx_free_vcpu(vcpu);
 ...+>
 }

@@
identifier vcpu;
@@
 svm_vcpu_free(struct kvm_vcpu *vcpu)
 {
 <+...
+kvm_exit_stats_vcpu_free(vcpu);
 svm_leave_nested(vcpu);
 ...+>
 }

// Before avic_init_vcpu(), which gives AVIC the address of the vCPU's APIC page. KVM does not
// revoke that address, but would free the page if creating the record failed later.
@svm_vcpu@
identifier vcpu, svm, failed;
symbol err;
@@
 svm_vcpu_create(struct kvm_vcpu *vcpu)
 {
 <+...
+err = kvm_exit_stats_vcpu_create(vcpu);
+if (err)
+	goto failed;
 err = avic_init_vcpu(svm);
 if (err)
 	goto failed;
 ...+>
 }

@@
identifier vcpu, svm_vcpu.failed;
statement S;
@@
 svm_vcpu_create(struct kvm_vcpu *vcpu)
 {
 <+...
 failed:
+kvm_exit_stats_vcpu_free(vcpu);
 S
 ...+>
 }

// ---- Creation and destruction of VMs

@@
identifier kvm;
@@
 vmx_vm_init(struct kvm *kvm)
 {
 ...
-return 0;
+return kvm_exit_stats_vm_create(kvm);
 }

@@
identifier kvm;
@@
 svm_vm_init(struct kvm *kvm)
 {
 <+...
 if (enable_apicv) { ... }
+
+if (kvm_exit_stats_vm_create(kvm)) {
+	avic_vm_destroy(kvm);
+	return -ENOMEM;
+}
 ...+>
 }

@@
identifier kvm;
@@
 svm_vm_destroy(struct kvm *kvm)
 {
 <+...
 sev_vm_destroy(kvm);
+kvm_exit_stats_vm_destroy(kvm);
 ...+>
 }

@@
identifier kvm;
@@
 vmx_vm_destroy(struct kvm *kvm)
 {
 <+...
 free_pages(...);
+kvm_exit_stats_vm_destroy(kvm);
 ...+>
 }

// ---- Registration of the vendor module

// Register after nested set-up, which edits the table of exit handlers.
@vmx_inits_kvm@
@@
 vmx_init(void)
 {
 <+...
 kvm_init(...)
 ...+>
 }

@depends on vmx_inits_kvm@
symbol r, err_kvm_init;
@@
 vmx_init(void)
 {
 <+...
 vmx_check_vmcs12_offsets();
+
+r = kvm_exit_stats_register(EXIT_STATS_VENDOR_VMX, offsetof(struct vcpu_vmx, exit_stats), offsetof(struct kvm_vmx, exit_stats), kvm_vmx_exit_handlers, kvm_vmx_max_exit_handlers);
+if (r)
+	goto err_kvm_init;
 ...+>
 }

// In kernels with TDX, vt_init() calls vmx_init() and then kvm_init().
@depends on !vmx_inits_kvm@
symbol r;
@@
 vmx_init(void)
 {
 <+...
 vmx_check_vmcs12_offsets();
-return 0;
+r = kvm_exit_stats_register(EXIT_STATS_VENDOR_VMX, offsetof(struct vcpu_vmx, exit_stats), offsetof(struct kvm_vmx, exit_stats), kvm_vmx_exit_handlers, kvm_vmx_max_exit_handlers);
+if (r)
+	vmx_exit();
+return r;
 ...+>
 }

@@
identifier r;
@@
 svm_init(void)
 {
 <+...
 r = kvm_x86_vendor_init(&svm_init_ops);
 if (r)
 	return r;
+
+r = kvm_exit_stats_register(EXIT_STATS_VENDOR_SVM, offsetof(struct vcpu_svm, exit_stats), offsetof(struct kvm_svm, exit_stats), svm_exit_handlers, ARRAY_SIZE(svm_exit_handlers));
+if (r)
+	goto err_kvm_init;
 ...+>
 }

@@
identifier r;
@@
 r = kvm_init(...);
 if (r)
 	goto err_kvm_init;
+kvm_exit_stats_host_debugfs();
 return 0;

// No VM exists here: the module exits, or its init failed.
@@
@@
+kvm_exit_stats_unregister();
 kvm_x86_vendor_exit();

// ---- What users see

// After KVM's lookup: an entry that user space set takes precedence.
@@
identifier vcpu, eax, ebx, ecx, edx, exact_only, entry;
symbol exact;
@@
 kvm_cpuid(struct kvm_vcpu *vcpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx, bool exact_only)
 {
 <+...
 exact = !!entry;
+
+if (!entry && !exact_only && kvm_exit_stats_cpuid(vcpu, eax, ebx, ecx, edx))
+	return false;
 ...+>
 }

@@
identifier vcpu, dir;
@@
 kvm_arch_create_vcpu_debugfs(struct kvm_vcpu *vcpu, struct dentry *dir)
 {
 <+...
 debugfs_create_file("tsc-offset", ...);
+kvm_exit_stats_vcpu_debugfs(vcpu, dir);
 ...+>
 }

@@
identifier kvm;
@@
 kvm_arch_create_vm_debugfs(struct kvm *kvm)
 {
 <+...
 debugfs_create_file("mmu_rmaps_stat", ...);
+kvm_exit_stats_vm_debugfs(kvm, kvm->debugfs_dentry);
 ...+>
 }

// ---- The declarations of the hooks

@@
@@
 #include "mmu.h"
+#include "exit_stats/hooks.h"
