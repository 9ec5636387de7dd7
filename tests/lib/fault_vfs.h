/* A disk that fails: a layer between SQLite and the system (sqlite.org/vfs.html) that lets the
 * n-th write fail, or the n-th call at all. A write is also a sync, a truncation, or the removal of a
 * file. */
#ifndef TESTS_FAULT_VFS_H
#define TESTS_FAULT_VFS_H

enum fault_kind {
	FAULT_ONCE,    /* this one fails, later ones succeed */
	FAULT_FOREVER, /* this one and all later ones fail */
	FAULT_KILL,    /* the process ends there and then, as by SIGKILL */
};

/* Every database that this process opens from now on is behind the layer. */
void fault_vfs_install(void);
/* The nth write from now on fails (from 0). */
void fault_arm(enum fault_kind kind, int nth);
/* The nth call of any kind: a file that is opened, read, locked, mapped or looked for, too. */
void fault_arm_any(enum fault_kind kind, int nth);
/* None does. Returns whether one did since it was armed. */
int fault_disarm(void);

/* The next sync does not go on before it is released. A file that is closed meanwhile, which
 * nothing may do, ends the process. */
void fault_hold(void);
/* Wait until a sync is held. */
void fault_wait_held(void);
void fault_release(void);

#endif
