/* The whole user space of the Linux guest that benchmarks/linux-guest.ts boots beside our kernel: process 1. It says that it is up, lets two processes pass a
   byte to and fro over two pipes, prints how long a round trip took, and switches off. One processor, so each byte costs a switch of process. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { warm_up_count = 2000, round_trip_count = 20000 };

static long long nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  reboot(RB_AUTOBOOT);
}

static void pass(int from, int to, int count) {
  char byte = 0;
  for (int i = 0; i < count; i++)
    if (read(from, &byte, 1) != 1 || write(to, &byte, 1) != 1) fail("pipe");
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  printf("linux: up\n");
  int there[2], back[2];
  if (pipe(there) || pipe(back)) fail("pipe");
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    pass(there[0], back[1], warm_up_count + round_trip_count);
    _exit(0);
  }
  char byte = 0;
  if (write(there[1], &byte, 1) != 1) fail("pipe");
  pass(back[0], there[1], warm_up_count);
  long long began = nanoseconds();
  pass(back[0], there[1], round_trip_count - 1);
  long long ended = nanoseconds();
  if (read(back[0], &byte, 1) != 1) fail("pipe");
  printf("linux: pipe round trip %lld ns\n", (ended - began) / (round_trip_count - 1));
  waitpid(child, NULL, 0);
  reboot(RB_AUTOBOOT); /* QEMU ends: -no-reboot */
  return 1;
}
