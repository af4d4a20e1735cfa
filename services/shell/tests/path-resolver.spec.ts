// Paths as people type them against a fake tree of files, directories and links.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { LinkReader, PathResolver } from "../path-resolver";
import { PATH_BYTES, PathBuffer } from "../path-buffer";
import { Bytes, textAt } from "./support";

/** A tree of "path=d", "path=f" and "path=>target" lines. */
class FakeTree extends LinkReader {
  kind: u32 = 0;
  lookups: i32 = 0;
  constructor(private readonly lines: string[]) { super(); }

  private find(path: string): string {
    for (let index = 0; index < this.lines.length; index++) {
      if (this.lines[index].startsWith(path + "=")) return this.lines[index].substring(path.length + 1);
    }
    return "";
  }

  /** As the filesystem does it: a link or file on the way is an error. */
  lookup(path: usize, lengthBytes: u32): u32 {
    this.lookups++;
    const text = textAt(path, lengthBytes);
    this.kind = 2;
    if (text == "") return Status.Ok;
    const parts = text.split("/");
    let prefix = "";
    for (let index = 0; index < parts.length; index++) {
      prefix += (index > 0 ? "/" : "") + parts[index];
      const value = this.find(prefix);
      if (value == "") return Status.NotFound;
      this.kind = value == "d" ? 2 : value == "f" ? 1 : 3;
      if (index + 1 < parts.length && this.kind == 3) return Status.Loop;
      if (index + 1 < parts.length && this.kind == 1) return Status.NotDirectory;
    }
    return Status.Ok;
  }

  foundKind(): u32 { return this.kind; }

  readLink(path: usize, lengthBytes: u32, target: usize): u32 {
    const bytes = new Bytes(this.find(textAt(path, lengthBytes)).substring(1));
    memory.copy(target, bytes.address, bytes.length);
    this.targetBytes = bytes.length;
    return Status.Ok;
  }
}

const tree = new FakeTree(["a=d", "a/b=d", "a/b/file=f", "a/up=>..", "a/here=>b/file", "top=>/a/b", "loop=>loop", "dangling=>a/none", "grow=>grow/" + "x".repeat(1000), "empty=>"]);
const resolver = new PathResolver(tree);

/** "status:path" */
function resolve(text: string, followLast: bool = true): string {
  const bytes = new Bytes(text);
  const status = resolver.resolve(bytes.address, bytes.length, followLast);
  return status.toString() + ":" + textAt(resolver.path.address, resolver.path.length);
}

describe("the path resolver", () => {
  it("takes doubled slashes and dots out, absolute or not, with one lookup", () => {
    tree.lookups = 0;
    expect(resolve("/a//b/./file")).toBe("0:a/b/file");
    expect(tree.lookups).toBe(1);
    expect(resolve("a/b/")).toBe("0:a/b");
    expect(resolve("/")).toBe("0:");
    expect(resolve("")).toBe("0:");
  });

  it("gives the path of what does not exist", () => {
    expect(resolve("/a/new")).toBe("64:a/new");
    expect(resolve("/none/new")).toBe("64:none/new");
    expect(resolve("/dangling")).toBe("64:a/none");
  });

  it("follows links on the way, and at the end if asked", () => {
    expect(resolve("/a/here")).toBe("0:a/b/file");
    expect(resolve("/a/here", false)).toBe("0:a/here");
    expect(resolve("/top/file", false)).toBe("0:a/b/file");
    expect(resolve("/top", false)).toBe("0:top");
    expect(resolve("/top/", false)).toBe("0:a/b", "a slash at the end means the directory");
    expect(resolve("/a/up/a/b")).toBe("0:a/b");
  });

  it("walks .. through what is really there", () => {
    expect(resolve("/a/b/../here")).toBe("0:a/b/file");
    expect(resolve("/top/..")).toBe("0:a", "the parent of the target, not of the link");
    expect(resolve("/../../a")).toBe("0:a", "the root is its own parent");
    expect(resolve("/none/..")).toBe("64:none");
    expect(resolve("/a/b/file/..")).toBe("66:a/b/file");
  });

  it("refuses files used as directories, loops and paths that grow too long", () => {
    expect(resolve("/a/b/file/x").startsWith("66:")).toBe(true);
    expect(resolve("/a/b/file/").startsWith("66:")).toBe(true);
    expect(resolve("/loop").startsWith("71:")).toBe(true);
    expect(resolve("/grow").startsWith("69:")).toBe(true, "a link that grows at every turn");
    expect(resolve("/" + "y".repeat(PATH_BYTES + 1)).startsWith("69:")).toBe(true);
  });

  it("shows the path as it was typed, made absolute", () => {
    resolve("top//file");
    expect(textAt(resolver.shown.address, resolver.shown.length)).toBe("top/file");
  });
});

describe("a path buffer", () => {
  it("pushes and pops components and refuses what does not fit", () => {
    const path = new PathBuffer();
    const name = new Bytes("x".repeat(255));
    for (let index = 0; index < 16; index++) expect(path.push(name.address, name.length)).toBe(true);
    expect(path.length).toBe(16 * 255 + 15);
    expect(path.push(name.address, 1)).toBe(false);
    expect(path.nameOffset()).toBe(15 * 256);
    path.pop();
    expect(path.length).toBe(15 * 255 + 14);
  });
});
