#include "lib/fault_vfs.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

/* Touched by one thread at a time: the test waits while the worker writes. */
static struct {
	bool armed, struck;
	bool any; /* not only writes count */
	enum fault_kind kind;
	int left; /* until then */
} fault;

/* A sync that is kept from going on. */
static struct {
	bool wanted;
	atomic_bool here;
	uv_sem_t reached, released;
} hold;

static sqlite3_vfs layer, *below;

struct layer_file {
	sqlite3_file file;
	sqlite3_file *real; /* behind this struct */
};

void fault_arm(enum fault_kind kind, int nth)
{
	fault.armed = true;
	fault.any = false;
	fault.struck = false;
	fault.kind = kind;
	fault.left = nth;
}

void fault_arm_any(enum fault_kind kind, int nth)
{
	fault_arm(kind, nth);
	fault.any = true;
}

int fault_disarm(void)
{
	fault.armed = false;
	return fault.struck;
}

void fault_hold(void)
{
	uv_sem_init(&hold.reached, 0);
	uv_sem_init(&hold.released, 0);
	hold.wanted = true;
}

void fault_wait_held(void)
{
	uv_sem_wait(&hold.reached);
}

void fault_release(void)
{
	uv_sem_post(&hold.released);
}

static bool strikes(void)
{
	if (!fault.armed || (fault.struck && fault.kind == FAULT_ONCE))
		return false;
	if (!fault.struck && fault.left-- > 0)
		return false;
	fault.struck = true;
	if (fault.kind == FAULT_KILL)
		kill(getpid(), SIGKILL);
	return true;
}

static bool strikes_any(void)
{
	return fault.any && strikes();
}

static sqlite3_file *real(sqlite3_file *f)
{
	return ((struct layer_file *)f)->real;
}

/* ---- writes ---- */

/* Half of it reaches the disk: what follows must see through that. */
static int on_write(sqlite3_file *f, const void *data, int len, sqlite3_int64 at)
{
	if (strikes()) {
		real(f)->pMethods->xWrite(real(f), data, len / 2, at);
		return SQLITE_IOERR_WRITE;
	}
	return real(f)->pMethods->xWrite(real(f), data, len, at);
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	if (strikes())
		return SQLITE_IOERR_TRUNCATE;
	return real(f)->pMethods->xTruncate(real(f), size);
}

static void be_held(void)
{
	if (!hold.wanted)
		return;
	hold.wanted = false;
	hold.here = true;
	uv_sem_post(&hold.reached);
	uv_sem_wait(&hold.released);
	hold.here = false;
}

/* Nobody pulls the plug: that it was asked for is enough, and a hundred times as fast. */
static int on_sync(sqlite3_file *f, int flags)
{
	(void)f;
	(void)flags;
	be_held();
	return strikes() ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
	(void)vfs;
	if (strikes())
		return SQLITE_IOERR_DELETE;
	return below->xDelete(below, name, sync_folder);
}

/* ---- the other calls ---- */

static int on_read(sqlite3_file *f, void *data, int len, sqlite3_int64 at)
{
	return strikes_any() ? SQLITE_IOERR_READ
			     : real(f)->pMethods->xRead(real(f), data, len, at);
}

static int on_file_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return strikes_any() ? SQLITE_IOERR_FSTAT
			     : real(f)->pMethods->xFileSize(real(f), size);
}

static int on_lock(sqlite3_file *f, int how)
{
	return strikes_any() ? SQLITE_IOERR_LOCK : real(f)->pMethods->xLock(real(f), how);
}

/* What is given up is given up, whatever is said of it: here and below. */
static int on_unlock(sqlite3_file *f, int how)
{
	int rc = real(f)->pMethods->xUnlock(real(f), how);

	return strikes_any() ? SQLITE_IOERR_UNLOCK : rc;
}

static int on_check_lock(sqlite3_file *f, int *held)
{
	return strikes_any() ? SQLITE_IOERR_CHECKRESERVEDLOCK
			     : real(f)->pMethods->xCheckReservedLock(real(f), held);
}

static int on_shm_map(sqlite3_file *f, int region, int size, int extend,
		      void volatile **out)
{
	return strikes_any()
		       ? SQLITE_IOERR_SHMMAP
		       : real(f)->pMethods->xShmMap(real(f), region, size, extend, out);
}

static int on_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	if (!(flags & SQLITE_SHM_UNLOCK) && strikes_any())
		return SQLITE_IOERR_SHMLOCK;
	return real(f)->pMethods->xShmLock(real(f), at, n, flags);
}

static int on_access(sqlite3_vfs *vfs, const char *name, int what, int *out)
{
	(void)vfs;
	return strikes_any() ? SQLITE_IOERR_ACCESS
			     : below->xAccess(below, name, what, out);
}

static int on_full_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	(void)vfs;
	return strikes_any() ? SQLITE_CANTOPEN
			     : below->xFullPathname(below, name, size, out);
}

/* ---- what cannot fail ---- */

static int on_close(sqlite3_file *f)
{
	if (hold.here)
		abort(); /* a file is closed that is being written */
	return real(f)->pMethods->xClose(real(f));
}

/* Requests that a file may not know; what they lead to are calls of their own. */
static int on_control(sqlite3_file *f, int what, void *arg)
{
	return real(f)->pMethods->xFileControl(real(f), what, arg);
}

static int on_sector_size(sqlite3_file *f)
{
	return real(f)->pMethods->xSectorSize(real(f));
}

static int on_traits(sqlite3_file *f)
{
	return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static void on_shm_barrier(sqlite3_file *f)
{
	real(f)->pMethods->xShmBarrier(real(f));
}

static int on_shm_unmap(sqlite3_file *f, int remove)
{
	return real(f)->pMethods->xShmUnmap(real(f), remove);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = on_close,
	.xRead = on_read,
	.xWrite = on_write,
	.xTruncate = on_truncate,
	.xSync = on_sync,
	.xFileSize = on_file_size,
	.xLock = on_lock,
	.xUnlock = on_unlock,
	.xCheckReservedLock = on_check_lock,
	.xFileControl = on_control,
	.xSectorSize = on_sector_size,
	.xDeviceCharacteristics = on_traits,
	.xShmMap = on_shm_map,
	.xShmLock = on_shm_lock,
	.xShmBarrier = on_shm_barrier,
	.xShmUnmap = on_shm_unmap,
};

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
		   int *out_flags)
{
	struct layer_file *file = (struct layer_file *)f;
	int rc;

	(void)vfs;
	file->real = (sqlite3_file *)(file + 1);
	file->file.pMethods = NULL;
	if (strikes_any())
		return SQLITE_CANTOPEN;
	rc = below->xOpen(below, name, file->real, flags, out_flags);
	if (file->real->pMethods != NULL)
		file->file.pMethods = &methods;
	return rc;
}

void fault_vfs_install(void)
{
	below = sqlite3_vfs_find(NULL);
	layer = *below;
	layer.zName = "fault";
	layer.pNext = NULL;
	layer.szOsFile += (int)sizeof(struct layer_file);
	layer.xOpen = on_open;
	layer.xDelete = on_delete;
	layer.xAccess = on_access;
	layer.xFullPathname = on_full_path;
	sqlite3_vfs_register(&layer, 1);
}
