// The notes of device requests: what they say, and that there are none without a trace.
import { Transfer } from "../../../kernel-bindings/generated/assembly/block-device";
import { RequestType } from "../virtio";
import { bufferHandle, bufferBytes, grantHandle, World } from "./world";

let world: World = new World();

describe("the notes of requests", () => {
  beforeEach(() => { world = new World(); });

  it("name slot, place, tag and the request that brought it, and the end", () => {
    world.platform.isRecording = true;
    world.disk.engine.trace.open();
    world.start();
    world.disk.grants.attach(grantHandle, bufferBytes);
    world.request(Transfer.write, 0xffff_ffff, 4095, 0, 0, 512);
    world.submit();
    expect(world.platform.lastRecord).toBe("slot 0 ended, status 0");
    expect(world.platform.records).toBe(3);
    world.disk.engine.trace.started(1023, RequestType.writeZeroes, 0xffff_ffff_ffff_ffff, 0xffff_ffff, world.disk.engine.operations, 1023);
    expect(world.platform.lastRecord).toBe("slot 1023 writeZeroes sector 18446744073709551615 bytes 4294967295 tag 0 for request 0");
    world.disk.flush();
    world.disk.transfer(RequestType.read, 9, bufferHandle, 1024);
    expect(world.platform.records).toBe(8);
  });

  it("are not made when nobody records", () => {
    world.disk.engine.trace.open();
    world.start();
    world.disk.transfer(RequestType.read, 9, bufferHandle, 1024);
    expect(world.platform.records).toBe(1);
  });
});
