// The snapshot manager: wires comparing to the services below it. The sizes here fit the 256 pages that services/system.json gives: 5 MiB of nodes and their table, 8 MiB of changes and their order.
export { messageIn, messageOut } from "../../kernel-bindings/assembly/message";
export { processor } from "../base/blake3";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { NodeCache } from "../base/merkle-map";
import { ChangeList } from "./change-list";
import { ContentNodes, FilesystemTrees } from "./kernel-lower";
import { SnapshotService } from "./snapshot-service";
import { TreeDifference } from "./tree-difference";

const NODE_COUNT: u32 = 4096;
const NODE_CHUNKS: u32 = 20;
const CHANGE_BYTES: u32 = 8 << 20;
const CHANGE_COUNT: u32 = 131072;

const cache = new NodeCache(new ContentNodes(), NODE_COUNT, NODE_CHUNKS);
const service = new SnapshotService(new FilesystemTrees(), new TreeDifference(cache, new ChangeList(CHANGE_BYTES, CHANGE_COUNT)));

export function start(): u32 { return Status.Ok; }
export function receive(badge: u32, rights: u32): u32 { return service.dispatch(badge, rights); }
