/* Stands between SQLite and the C library (LD_PRELOAD), for files whose path contains ".unetproj" (not -shm, -lock).
 *
 * DURABILITY_LOG=FILE    every write, truncation, sync, removal and renaming, in order, with its bytes
 * DURABILITY_FAIL=KIND:FIRST:COUNT   the writes number FIRST to FIRST + COUNT - 1 go wrong:
 *                        ENOSPC or EIO: nothing is written (EIO: syncs fail too); SHORT: half is written, then ENOSPC
 *                        SLOW: they are done, but each takes 3 s and a half, as on a network drive that hangs
 * DURABILITY_FAULTS=FILE what went wrong and when, a line each: seconds (monotonic), what, file, offset, bytes wanted.
 *                        What: failed-write, failed-sync, half-write, slow-write, and rest-write, which is the write
 *                        that goes on just where a half one ended: SQLite tries the rest at once, by itself
 *
 * A record of the log: one byte of kind, then 4 x int64 (length of path, offset, length of data, 0), path, data.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -2, faults_fd = -1;
static int64_t half_end = -1;
static long fail_first = -1, fail_count = 0, writes = 0, begun = 0;
static char fail_kind[16];

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void start(void) {
    if (log_fd != -2) return;
    log_fd = -1;
    const char *path = getenv("DURABILITY_LOG"), *fail = getenv("DURABILITY_FAIL");
    const char *faults = getenv("DURABILITY_FAULTS");
    if (faults) faults_fd = open(faults, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (path) log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fail) sscanf(fail, "%15[^:]:%ld:%ld", fail_kind, &fail_first, &fail_count);
}

static int concerns(const char *path) {
    size_t n = strlen(path);
    return strstr(path, ".unetproj") && !(n > 4 && !strcmp(path + n - 4, "-shm")) && !(n > 5 && !strcmp(path + n - 5, "-lock"));
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, 4095);
    if (n <= 0) return 0;
    path[n] = 0;
    return concerns(path);
}

static void note(char kind, const char *path, int64_t offset, const void *data, int64_t length) {
    if (log_fd < 0) return;
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = REAL(write);
    int64_t head[4] = {(int64_t)strlen(path), offset, length, 0};
    pthread_mutex_lock(&mutex);
    real(log_fd, &kind, 1);
    real(log_fd, head, sizeof head);
    real(log_fd, path, head[0]);
    if (data) real(log_fd, data, length);
    pthread_mutex_unlock(&mutex);
}

static void note_fault(const char *what, const char *path, int64_t offset, int64_t length) {
    if (faults_fd < 0) return;
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = REAL(write);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const char *name = strrchr(path, '/');
    char line[4400];
    int n = snprintf(line, sizeof line, "%lld.%06ld %s %s %lld %lld\n", (long long)now.tv_sec, now.tv_nsec / 1000, what,
                     name ? name + 1 : path, (long long)offset, (long long)length);
    real(faults_fd, line, n);
}

/* 0: go on; 1: fail wholly; 2: write half; 3: go on slowly. Counts writes to the project since the first acknowledgement. */
static int fails(const char *path, int is_write) {
    if (strstr(path, "-acks")) {
        begun = 1;
        return 0;
    }
    if (fail_first < 0 || !begun) return 0;
    if (is_write) writes++;
    if (writes < fail_first || writes >= fail_first + fail_count) return 0;
    if (!strcmp(fail_kind, "SLOW")) return is_write ? 3 : 0;
    if (!is_write) return !strcmp(fail_kind, "EIO");
    return !strcmp(fail_kind, "SHORT") && writes == fail_first ? 2 : 1;
}

static ssize_t broken(void) {
    errno = !strcmp(fail_kind, "EIO") ? EIO : ENOSPC;
    return -1;
}

/* Before a write: 0 if it is to fail; it may be made shorter, or wait. */
static int prepare(const char *path, int64_t offset, size_t *length) {
    int how = fails(path, 1);
    if (how == 1) note_fault("failed-write", path, offset, *length);
    if (how == 3) note_fault("slow-write", path, offset, *length);
    if (how == 3) nanosleep(&(struct timespec){3, 500000000}, NULL);
    if (!how && offset == half_end) note_fault("rest-write", path, offset, *length);
    half_end = -1;
    if (how == 2) {
        note_fault("half-write", path, offset, *length);
        *length = *length / 2 + 1;
        half_end = offset + *length;
    }
    return how != 1;
}

ssize_t write(int fd, const void *data, size_t length) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = REAL(write);
    char path[4096];
    start();
    if (!path_of(fd, path)) return real(fd, data, length);
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (fcntl(fd, F_GETFL) & O_APPEND) at = lseek(fd, 0, SEEK_END);
    if (!prepare(path, at, &length)) return broken();
    ssize_t done = real(fd, data, length);
    if (done > 0) note('w', path, at, data, done);
    return done;
}

static ssize_t write_at(int fd, const void *data, size_t length, int64_t offset) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = (void *)dlsym(RTLD_NEXT, "pwrite64");
    char path[4096];
    start();
    if (!path_of(fd, path)) return real(fd, data, length, offset);
    if (!prepare(path, offset, &length)) return broken();
    ssize_t done = real(fd, data, length, offset);
    if (done > 0) note('w', path, offset, data, done);
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return write_at(fd, data, length, offset); }
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) { return write_at(fd, data, length, offset); }

static int sync_with(int fd, const char *name) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    char path[4096];
    start();
    if (!path_of(fd, path)) return real(fd);
    if (fails(path, 0)) {
        note_fault("failed-sync", path, 0, 0);
        return (int)broken();
    }
    int done = real(fd);
    if (!done) note('s', path, 0, NULL, 0);
    return done;
}

int fsync(int fd) { return sync_with(fd, "fsync"); }
int fdatasync(int fd) { return sync_with(fd, "fdatasync"); }

static int truncate_to(int fd, int64_t length) {
    int (*real)(int, off64_t) = (int (*)(int, off64_t))dlsym(RTLD_NEXT, "ftruncate64");
    char path[4096];
    start();
    int known = path_of(fd, path), done = real(fd, length);
    if (!done && known) note('t', path, length, NULL, 0);
    return done;
}

int ftruncate(int fd, off_t length) { return truncate_to(fd, length); }
int ftruncate64(int fd, off64_t length) { return truncate_to(fd, length); }

int unlink(const char *path) {
    int (*real)(const char *) = REAL(unlink);
    start();
    int done = real(path);
    if (!done && concerns(path)) note('u', path, 0, NULL, 0);
    return done;
}

int rename(const char *from, const char *to) {
    int (*real)(const char *, const char *) = REAL(rename);
    start();
    int done = real(from, to);
    if (!done && concerns(from)) note('r', from, 0, to, strlen(to));
    return done;
}
