// SPDX-License-Identifier: GPL-2.0-only
//
// The hooks into KVM's own files, for every series at once. scripts/hooks makes
// kernel/hooks/SERIES.patch of it. What a hook is for is said in
// kernel/exit_stats/hooks.h; here is only where it goes, and why there.

// ---- The start of an exit: where the processor is back in host state

// Beside the tracepoint: behind the return for an entry that failed altogether, before
// that for a guest state that was refused, and before the fast path. The expression for
// the exit reason is the one that KVM gives a made-up reason with.
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

// The tracepoint is in the handler in 6.1, which the fast path does not come to.
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

// ---- Its end: whichever comes first

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

// The guest is entered again at once.
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

// ---- Where a record is pointed to

// First in both: a TDX guest's structures, which begin alike, have a NULL there.
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

// The hooks in kvm.ko and the offsets that vmx_init() registers are for both.
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

// ---- vCPUs come and go

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

// Before the vCPU's APIC page is where AVIC finds it: nothing takes it out again, and if
// this fails the page is freed.
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

// ---- VMs come and go

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

// ---- The vendor module comes and goes

// Nested set-up, which edits the table of handlers, is done by then.
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

// Where there is TDX, vt_init() calls it, and kvm_init() next.
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

// No VM is left, or none ever was.
@@
@@
+kvm_exit_stats_unregister();
 kvm_x86_vendor_exit();

// ---- What users see

// An entry that user space made wins.
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

// ---- Their declarations

@@
@@
 #include "mmu.h"
+#include "exit_stats/hooks.h"
