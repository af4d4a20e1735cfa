// What the service does when nobody wants anything, in bounded steps: leave the seal behind what was synced, send images home, tell the device what it may forget. And the timer that bounds how long an image waits.
//
//   commit ─► images wait ─► more than 128, or one for 64 records, or the timer ─► [flush] ─► seal ─► flush ─► home, 16 a step
//
// What stays true: an image goes home only after a durable record calls its record flushed (docs/crash-contract.md rule 4); nobody is told of anything that is done here, and what fails is tried again later;
// the timer is set only while images wait, so that an idle service that owes nothing sleeps.
import { Timer } from "./disk";
import { LOG_MARGIN_BLOCKS } from "./log";
import { RecordKind } from "./log-record";
import { Volume } from "./volume";

/** How long an image waits at most while there is time to send it home. */
const AGE_MICROSECONDS: u32 = 5_000_000;
/** Images that go home in one step. */
const HOMES_A_STEP: u32 = 16;

export class Background {
  private isTimerSet: bool = false;

  constructor(readonly volume: Volume, private timer: Timer) {}

  /** Images may have begun to wait: all that do are due when the timer fires. */
  watch(): void {
    if (this.isTimerSet || !this.volume.cache.committedCount || this.volume.refusal) return;
    this.isTimerSet = true;
    this.timer.set(AGE_MICROSECONDS);
  }

  /** The timer fired. */
  tick(): void {
    this.isTimerSet = false;
    this.volume.cache.expire();
  }

  /** One step: first the seal that the next `sync` without work would leave, without which only the diagnosis of later damage is poorer. True if there is more to do. */
  step(): bool {
    const volume = this.volume;
    if (!volume.writable() && volume.wantsSeal) volume.appendEmpty(RecordKind.seal);
    if (!volume.writable() && (this.writeBack() || volume.discards.step())) return true;
    this.watch(); // what could not go home is tried again then
    return false;
  }

  /** Images that have become many or old go home. One whose place cannot be written now stays here and in the log. True if there is more to do. */
  private writeBack(): bool {
    const log = this.volume.log, cache = this.volume.cache;
    for (let written: u32 = 0; written < HOMES_A_STEP; written++) {
      if (!cache.isDue(log.sequence)) return false;
      if (cache.oldestSequence > log.sealed && (log.freeBlocks <= LOG_MARGIN_BLOCKS || this.volume.sealCommitted())) return false;
      if (cache.sendOldestHome(this.volume.disk)) return false;
    }
    return true;
  }
}
