// Path completer: what tab offers. The first word is a command name, later words are paths; a word with quotes is left alone.
// Stays true: offers come from one listing of one directory and are bounded by CANDIDATE_LIMIT; nothing is inserted that a
// candidate does not have, and characters that the parser would take apart are escaped.
import { Attributes, FileKind } from "../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { COMMAND_NAMES } from "./command-names";
import { DirectoryListing } from "./directory-listing";
import { FileTree } from "./file-tree";
import { writeName } from "./format";
import { LINE_BYTES } from "./history";
import { Completer } from "./line-editor";
import { Output } from "./output";
import { PathResolver } from "./path-resolver";

const CANDIDATE_LIMIT: u32 = 200;
const ARENA_BYTES: u32 = CANDIDATE_LIMIT * 256;

export class PathCompleter extends Completer {
  private readonly listing: DirectoryListing;
  /** The word before the cursor, its escapes undone. */
  private readonly word: usize = heap.alloc(LINE_BYTES);
  private wordBytes: u32 = 0;
  private readonly insertion: usize = heap.alloc(LINE_BYTES);
  /** Candidates: a length byte, then the name. */
  private readonly arena: usize = heap.alloc(ARENA_BYTES);
  private used: u32 = 0;
  private count: u32 = 0;
  private onlyIsDirectory: bool = false;
  private prefixBytes: u32 = 0;

  constructor(private readonly tree: FileTree, private readonly resolver: PathResolver) {
    super();
    this.listing = new DirectoryListing(tree);
  }

  complete(address: usize, lengthBytes: u32): bool {
    this.used = 0;
    this.count = 0;
    this.insertBytes = 0;
    const isFirst = this.findWord(address, lengthBytes);
    if (isFirst < 0) return false;
    if (isFirst == 1) this.findCommands();
    else this.findNames();
    if (this.count == 0) return false;
    this.chooseInsertion(isFirst == 1);
    return true;
  }

  list(output: Output): void {
    let position: u32 = 0;
    for (let index: u32 = 0; index < this.count; index++) {
      const size: u32 = load<u8>(this.arena + position);
      writeName(output, this.arena + position + 1, size);
      output.text(index + 1 < this.count ? "  " : "\n");
      position += size + 1;
    }
  }

  /** 1: the word is a command's name, 0: it is a path, −1: it cannot be completed. Safety: both buffers hold LINE_BYTES. */
  private findWord(address: usize, lengthBytes: u32): i32 {
    let isFirst = true;
    this.wordBytes = 0;
    for (let index: u32 = 0; index < lengthBytes; index++) {
      let byte = load<u8>(address + index);
      if (byte == 0x22 || byte == 0x27) return -1;
      if (byte == 0x3b) {
        isFirst = true;
        this.wordBytes = 0;
        continue;
      }
      if (byte == 0x20) {
        if (this.wordBytes > 0) isFirst = false;
        this.wordBytes = 0;
        continue;
      }
      if (byte == 0x5c && index + 1 < lengthBytes) byte = load<u8>(address + ++index);
      store<u8>(this.word + this.wordBytes++, byte);
    }
    return isFirst ? 1 : 0;
  }

  private findCommands(): void {
    this.prefixBytes = this.wordBytes;
    for (let index = 0; index < COMMAND_NAMES.length; index++) {
      const name = COMMAND_NAMES[index];
      const length = <u32>name.length;
      for (let position: u32 = 0; position < length; position++) store<u8>(this.insertion + position, <u8>name.charCodeAt(position));
      this.offer(this.insertion, length, this.word, false);
    }
  }

  private findNames(): void {
    let directoryBytes = this.wordBytes;
    while (directoryBytes > 0 && load<u8>(this.word + directoryBytes - 1) != 0x2f) directoryBytes--;
    this.prefixBytes = this.wordBytes - directoryBytes;
    if (this.resolver.resolve(this.word, directoryBytes, true) != Status.Ok || this.tree.foundKind() != FileKind.directory) return;
    this.listing.begin(0, 0);
    while (this.count < CANDIDATE_LIMIT && this.listing.next(this.resolver.path)) {
      const isDirectory = Attributes.kind(this.listing.attributes()) == FileKind.directory;
      this.offer(this.listing.name(), this.listing.nameBytes(), this.word + directoryBytes, isDirectory);
    }
  }

  /** Safety: a name has at most 255 bytes, and CANDIDATE_LIMIT × 256 bytes are there. */
  private offer(name: usize, nameBytes: u32, prefix: usize, isDirectory: bool): void {
    if (this.count == CANDIDATE_LIMIT || nameBytes < this.prefixBytes || memory.compare(name, prefix, this.prefixBytes) != 0) return;
    store<u8>(this.arena + this.used, <u8>nameBytes);
    memory.copy(this.arena + this.used + 1, name, nameBytes);
    this.used += nameBytes + 1;
    this.count++;
    this.onlyIsDirectory = isDirectory;
  }

  /** What all candidates have in common after the prefix, and a slash or blank after the only one. */
  private chooseInsertion(isCommand: bool): void {
    const first = this.arena + 1;
    let common: u32 = load<u8>(this.arena);
    let position: u32 = common + 1;
    for (let index: u32 = 1; index < this.count; index++) {
      const size: u32 = load<u8>(this.arena + position);
      let same: u32 = 0;
      while (same < common && same < size && load<u8>(first + same) == load<u8>(this.arena + position + 1 + same)) same++;
      common = same;
      position += size + 1;
    }
    let used: u32 = 0;
    for (let index = this.prefixBytes; index < common; index++) {
      const byte = load<u8>(first + index);
      if (needsEscape(byte)) store<u8>(this.insertion + used++, 0x5c);
      store<u8>(this.insertion + used++, byte);
    }
    if (this.count == 1) store<u8>(this.insertion + used++, this.onlyIsDirectory && !isCommand ? 0x2f : 0x20);
    this.insertAddress = this.insertion;
    this.insertBytes = used;
  }
}

/** Blank, quotes, semicolon, backslash, number sign: what the parser would not take as it stands. */
function needsEscape(byte: u8): bool {
  return byte == 0x20 || byte == 0x22 || byte == 0x27 || byte == 0x3b || byte == 0x5c || byte == 0x23;
}
