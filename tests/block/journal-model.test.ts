// Short runs of the journal's model, and services broken on purpose that it finds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Broken, blockModule } from "./harness.ts";
import { runJournalModel } from "./journal-model.ts";

for (const seed of [1, 2, 3]) {
  test(`the journal against a model, seed ${seed}`, (context) => {
    const counts = runJournalModel(20_000, seed);
    context.diagnostic(JSON.stringify(counts));
    assert.ok(counts.cuts > 5 && counts.lostTransactions > 0 && counts.commits > 3000);
  });
}

const broken: Array<Broken & { finds: RegExp }> = [
  { name: "forgets-to-abandon", edits: { "services/block/transaction.ts": (text) => text.replace("    this.cache.abandonOpen();\n", "") }, finds: /is not what was written/ },
  { name: "syncs-without-a-flush", edits: { "services/block/volume.ts": (text) => text.replace("if (this.log.durable < this.log.committed) return this.flush();", "if (this.log.durable < this.log.committed) { this.log.noteFlushed(); return Status.Ok; }") }, finds: /were not synced|mount answers/ },
  { name: "keeps-frees-when-it-abandons", edits: { "services/block/transaction.ts": (text) => text.replace("this.allocator.unfree(items.address, items.runCount);", "continue;") }, finds: /blocks are in use|answers 3|allocate gives|InvalidArgument/ },
];
for (const { finds, ...service } of broken) {
  test(`a service that ${service.name.replaceAll("-", " ")} is found`, async () => {
    const module = await blockModule(service);
    assert.throws(() => runJournalModel(20_000, 1, module), finds);
  });
}
