/* Process 1 of the Linux guest that measures its disk: loads the driver's modules in the order of their names, waits for the disk, runs fio with the jobs of
   /jobs, and switches off. fio prints one line a job (its terse format). */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what) {
  perror(what);
  reboot(RB_AUTOBOOT);
}

static void load_modules(void) {
  struct dirent **names;
  int count = scandir("/modules", &names, NULL, alphasort);
  if (count < 0 || chdir("/modules")) fail("/modules");
  for (int i = 0; i < count; i++) {
    if (names[i]->d_name[0] == '.') continue;
    int file = open(names[i]->d_name, O_RDONLY);
    if (file < 0 || syscall(SYS_finit_module, file, "", 0)) fail(names[i]->d_name);
    close(file);
  }
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  mkdir("/proc", 0755);
  mkdir("/sys", 0755);
  mkdir("/tmp", 0755);
  if (mount("none", "/dev", "devtmpfs", 0, NULL) || mount("none", "/proc", "proc", 0, NULL) || mount("none", "/sys", "sysfs", 0, NULL)) fail("mount");
  load_modules();
  for (int tries = 0; access("/dev/vda", R_OK) && tries < 100; tries++) usleep(20000);
  if (access("/dev/vda", R_OK)) fail("/dev/vda");
  /* A folder /mnt: the jobs are for a file on the disk's ext4. */
  if (!access("/mnt", F_OK) && mount("/dev/vda", "/mnt", "ext4", 0, NULL)) fail("/mnt");
  printf("linux: up\n");
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    if (chdir("/tmp") == 0) execle("/fio", "fio", "--output-format=terse", "--terse-version=3", "/jobs", (char *)NULL, (char *[]){"LD_LIBRARY_PATH=/lib", NULL});
    fail("/fio");
  }
  int status = 0;
  waitpid(child, &status, 0);
  printf("linux: fio ended with %d\n", status);
  reboot(RB_AUTOBOOT); /* QEMU ends: -no-reboot */
  return 1;
}
