/* A plugin of QEMU's emulator that counts how often each instruction of the guest runs. Arguments: `mark=ADDRESS` (hexadecimal) and `out=PATH`. Each time
   the guest is about to run the instruction at the mark, the counts since the last time go to the file as lines `ADDRESS COUNT`, then an empty line.
   Debian packages no header for plugins, so the few declarations that are used stand here (QEMU 7.2, include/qemu/qemu-plugin.h, version 1). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*translated)(uint64_t id, struct qemu_plugin_tb *block));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *instruction, void (*run)(unsigned cpu, void *data), int registers, void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *instruction, int operation, void *place, uint64_t value);

int qemu_plugin_version = 1;

enum { slot_count = 1 << 20, inline_add = 0, no_registers = 0 };
static struct { uint64_t address, count; } slots[slot_count]; /* open addressing; address 0 is free */
static uint64_t mark;
static FILE *out;

static uint64_t *counter_of(uint64_t address) {
  size_t at = address * 0x9e3779b97f4a7c15 >> 44;
  for (size_t tries = 0; tries < slot_count; tries++, at = (at + 1) % slot_count) {
    if (slots[at].address == 0) slots[at].address = address;
    if (slots[at].address == address) return &slots[at].count;
  }
  fprintf(stderr, "instruction counter: more instructions than places\n");
  exit(1);
}

static void report(unsigned cpu, void *data) {
  for (size_t at = 0; at < slot_count; at++) {
    if (slots[at].count == 0) continue;
    fprintf(out, "%lx %lu\n", slots[at].address, slots[at].count);
    slots[at].count = 0;
  }
  fprintf(out, "\n");
  fflush(out);
}

static void translated(uint64_t id, struct qemu_plugin_tb *block) {
  size_t count = qemu_plugin_tb_n_insns(block);
  for (size_t index = 0; index < count; index++) {
    struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, index);
    uint64_t address = qemu_plugin_insn_vaddr(instruction);
    if (address == mark) qemu_plugin_register_vcpu_insn_exec_cb(instruction, report, no_registers, NULL);
    qemu_plugin_register_vcpu_insn_exec_inline(instruction, inline_add, counter_of(address), 1);
  }
}

int qemu_plugin_install(uint64_t id, const void *info, int count, char **words) {
  for (int index = 0; index < count; index++) {
    if (strncmp(words[index], "mark=", 5) == 0) mark = strtoull(words[index] + 5, NULL, 16);
    else if (strncmp(words[index], "out=", 4) == 0) out = fopen(words[index] + 4, "w");
  }
  if (mark == 0 || out == NULL) return 1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  return 0;
}
