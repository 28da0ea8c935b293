// SPDX-License-Identifier: GPL-2.0-only
/*
 * The debugfs files: tables, histograms and resets. open() takes the snapshot. While open() runs,
 * debugfs does not remove the file, so the VM stays alive. After open() the file owns its
 * snapshot and refers to nothing else. Under lockdown debugfs serves only files of mode 0444.
 */
#include <linux/debugfs.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "exit_stats.h"
#include "hooks.h"

/* The scopes of VMs and vCPUs that are not counted; their epoch is 0. */
static struct exit_stats_scope exit_stats_no_vm = { .kind = EXIT_STATS_SCOPE_VM };
static struct exit_stats_scope exit_stats_no_vcpu = { .kind = EXIT_STATS_SCOPE_VCPU };

static int exit_stats_show(struct seq_file *m, void *v)
{
	kvm_exit_stats_show(m, m->private);
	return 0;
}

static int exit_stats_open(struct inode *inode, struct file *file, bool hist)
{
	struct exit_stats_snap *snap = kvm_exit_stats_snapshot(inode->i_private, hist);
	int err;

	if (IS_ERR(snap))
		return PTR_ERR(snap);
	err = single_open(file, exit_stats_show, snap);
	if (err)
		kvfree(snap);
	return err;
}

static int exit_stats_release(struct inode *inode, struct file *file)
{
	kvfree(((struct seq_file *)file->private_data)->private);
	return single_release(inode, file);
}

#define EXIT_STATS_DEFINE_FILE(name, hist) \
static int name##_open(struct inode *inode, struct file *file) \
{ \
	return exit_stats_open(inode, file, hist); \
} \
static const struct file_operations name##_fops = { \
	.owner		= THIS_MODULE, \
	.open		= name##_open, \
	.read		= seq_read, \
	.llseek		= seq_lseek, \
	.release	= exit_stats_release, \
}

EXIT_STATS_DEFINE_FILE(exit_stats_table, false);
EXIT_STATS_DEFINE_FILE(exit_stats_hist, true);

static int exit_stats_reset_set(void *scope, u64 val)
{
	return val == 1 ? kvm_exit_stats_reset(scope) : -EINVAL;
}

DEFINE_SIMPLE_ATTRIBUTE(exit_stats_reset_fops, NULL, exit_stats_reset_set, "%llu\n");

static const struct {
	const char *suffix;
	umode_t mode;
	const struct file_operations *fops;
} exit_stats_files[] = {
	{ "",		0444,	&exit_stats_table_fops },
	{ "_hist",	0444,	&exit_stats_hist_fops },
	{ "_reset",	0200,	&exit_stats_reset_fops },	/* last: not for the host */
};

static void exit_stats_create_files(const char *stem, unsigned int nr, struct dentry *dir,
				    struct exit_stats_scope *scope)
{
	char name[32];
	unsigned int i;

	for (i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "%s%s", stem, exit_stats_files[i].suffix);
		debugfs_create_file(name, exit_stats_files[i].mode, dir, scope,
				    exit_stats_files[i].fops);
	}
}

/*
 * Create a VM's files. Their names differ from the host's, because kvm_stat reads VM/NAME for
 * each NAME at the top and expects a number. Context: kvm_arch_create_vm_debugfs().
 */
void kvm_exit_stats_vm_debugfs(struct kvm *kvm, struct dentry *dir)
{
	struct exit_stats_vm *vm = kvm_exit_stats_vm_of(kvm);

	/* Our kvm.ko also serves a vendor module without hooks (vendor.c). */
	if (!READ_ONCE(kvm_exit_stats_host.table))
		pr_warn_once("no exits are counted: the loaded kvm_intel or kvm_amd was not built with this kvm, see \"Trouble\" in the admin guide\n");
	exit_stats_create_files("vm_exit_stats", ARRAY_SIZE(exit_stats_files), dir,
				vm ? &vm->scope : &exit_stats_no_vm);
}

/* Create a vCPU's files. Context: kvm_arch_create_vcpu_debugfs(). */
void kvm_exit_stats_vcpu_debugfs(struct kvm_vcpu *vcpu, struct dentry *dir)
{
	struct exit_stats_vcpu *v = kvm_exit_stats_vcpu_of(vcpu);

	exit_stats_create_files("exit_stats", ARRAY_SIZE(exit_stats_files), dir,
				v ? &v->scope : &exit_stats_no_vcpu);
}

/*
 * Create the host's files. A module parameter, not a file, resets the host: monitoring agents
 * open every file at the top and expect to read it. Context: the vendor's module init, after
 * kvm_init(), which creates the folder.
 */
void kvm_exit_stats_host_debugfs(void)
{
	struct dentry *dir = debugfs_lookup("kvm", NULL);

	if (IS_ERR_OR_NULL(dir))
		return;
	exit_stats_create_files("exit_stats", ARRAY_SIZE(exit_stats_files) - 1, dir,
				&kvm_exit_stats_host.scope);
	dput(dir);
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_host_debugfs);
