// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's view: tables, histograms and resets in debugfs.
 *
 * open() takes the snapshot while debugfs keeps the file, and so the VM, from
 * going away; afterwards the file owns a copy and nothing else. The readable
 * files have no write bit and the writable ones no read bit: under lockdown
 * debugfs serves 0444 only.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "exit_stats.h"
#include "hooks.h"

/* A VM without a vendor that is hooked, and a TDX guest, have this instead of a record. */
static struct exit_stats_scope no_vm = { .kind = EXIT_STATS_SCOPE_VM };
static struct exit_stats_scope no_vcpu = { .kind = EXIT_STATS_SCOPE_VCPU };

static int table_show(struct seq_file *m, void *v)
{
	exit_stats_show_table(m, m->private);
	return 0;
}

static int hist_show(struct seq_file *m, void *v)
{
	exit_stats_show_hist(m, m->private);
	return 0;
}

static int open_snapshot(struct inode *inode, struct file *file, bool hist)
{
	struct exit_stats_snap *snap = exit_stats_snapshot(inode->i_private, hist);
	int err;

	if (IS_ERR(snap))
		return PTR_ERR(snap);
	err = single_open(file, hist ? hist_show : table_show, snap);
	if (err)
		kvfree(snap);
	return err;
}

static int table_open(struct inode *inode, struct file *file)
{
	return open_snapshot(inode, file, false);
}

static int hist_open(struct inode *inode, struct file *file)
{
	return open_snapshot(inode, file, true);
}

static int snapshot_release(struct inode *inode, struct file *file)
{
	kvfree(((struct seq_file *)file->private_data)->private);
	return single_release(inode, file);
}

static ssize_t reset_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	char val[3];
	int err;

	if (!len || len > sizeof(val) - 1)
		return -EINVAL;
	if (copy_from_user(val, buf, len))
		return -EFAULT;
	val[len] = '\0';
	if (strcmp(val, "1") && strcmp(val, "1\n"))
		return -EINVAL;
	err = exit_stats_reset(file_inode(file)->i_private);
	return err ? err : len;
}

static const struct file_operations table_fops = {
	.owner		= THIS_MODULE,
	.open		= table_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= snapshot_release,
};

static const struct file_operations hist_fops = {
	.owner		= THIS_MODULE,
	.open		= hist_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= snapshot_release,
};

static const struct file_operations reset_fops = {
	.owner		= THIS_MODULE,
	.write		= reset_write,
};

struct stats_file {
	const char *suffix;
	umode_t mode;
	const struct file_operations *fops;
};

static const struct stats_file files[] = {
	{ "",		0444, &table_fops },
	{ "_hist",	0444, &hist_fops },
	{ "_reset",	0200, &reset_fops },
};

static void create_files(const char *stem, struct dentry *dir, struct exit_stats_scope *scope)
{
	char name[32];
	int i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(name, sizeof(name), "%s%s", stem, files[i].suffix);
		debugfs_create_file(name, files[i].mode, dir, scope, files[i].fops);
	}
}

/**
 * kvm_exit_stats_vm_debugfs - a VM's files
 * @kvm: the VM
 * @dir: its folder, or an error pointer where debugfs gave none
 *
 * Not named like the host's: kvm_stat reads VM/NAME for each NAME at the top
 * and takes it for a number.
 *
 * Context: kvm_arch_create_vm_debugfs().
 */
void kvm_exit_stats_vm_debugfs(struct kvm *kvm, struct dentry *dir)
{
	struct exit_stats_vm *vm = exit_stats_vm_of(kvm);

	create_files("vm_exit_stats", dir, vm ? &vm->scope : &no_vm);
}

/**
 * kvm_exit_stats_vcpu_debugfs - a vCPU's files
 * @vcpu: the vCPU
 * @dir: its folder
 *
 * Context: kvm_arch_create_vcpu_debugfs().
 */
void kvm_exit_stats_vcpu_debugfs(struct kvm_vcpu *vcpu, struct dentry *dir)
{
	struct exit_stats_vcpu *v = exit_stats_vcpu_of(vcpu);

	create_files("exit_stats", dir, v ? &v->scope : &no_vcpu);
}

/* The host's files. Context: module init, after kvm_init() made the folder. */
void exit_stats_host_debugfs(void)
{
	struct dentry *dir = debugfs_lookup("kvm", NULL);

	if (dir)
		create_files("exit_stats", dir, &exit_stats_host.scope);
	dput(dir);
}
