import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { laz } from '../src/laz';
import { Unreadable } from '../src/zip';
import { reading } from './geotiff';
import { type Point, lazFile } from './lazwriter';

const FOLDER = '../samples/ellipsoid';
const tile = (name: string) => new Uint8Array(readFileSync(`${FOLDER}/ept-data/${name}`));

async function whole(file: Uint8Array) {
  const cloud = await laz(reading(file).read);
  const all: number[][] = [];
  const colours: number[][] = [];
  for (const chunk of cloud.chunks) {
    // oxlint-disable-next-line no-await-in-loop
    const { count, xyz, rgb } = await cloud.points(file.subarray(chunk.at, chunk.at + chunk.bytes), chunk);
    for (let n = 0; n < count; n++) {
      all.push([0, 1, 2].map((axis) => xyz[3 * n + axis]! * cloud.scale[axis]! + cloud.offset[axis]!));
      if (rgb) colours.push([...rgb.subarray(3 * n, 3 * n + 3)]);
    }
  }
  return { cloud, all, colours };
}

describe('a LAZ file', () => {
  it('of the samples has the points that it says it has', async () => {
    let sum = 0;
    for (const name of readdirSync(`${FOLDER}/ept-data`)) {
      // oxlint-disable-next-line no-await-in-loop
      const { cloud, all } = await whole(tile(name));
      sum += all.length;
      expect(all).toHaveLength(cloud.count);
      for (const axis of [0, 1, 2]) {
        expect(Math.min(...all.map((point) => point[axis]!))).toBeCloseTo(cloud.low[axis]!, 6);
        expect(Math.max(...all.map((point) => point[axis]!))).toBeCloseTo(cloud.high[axis]!, 6);
      }
    }
    expect(sum).toBe(100_000);
  });
  it('of the samples is an ellipsoid, blue at its top and red at its ends', async () => {
    const { all, colours } = await whole(tile('0-0-0-0.laz'));
    for (const [x, y, z] of all as [number, number, number][])
      expect(((x + 8_242_596) / 150) ** 2 + ((y - 4_966_606) / 100) ** 2 + (z / 50) ** 2).toBeCloseTo(1, 1);
    expect(all[0]!.map((value) => value.toFixed(2))).toEqual(['-8242591.28', '4966609.95', '49.94']);
    expect(colours.slice(0, 3)).toEqual([
      [10, 8, 254],
      [0, 10, 254],
      [13, 0, 254],
    ]);
  });
  it('in layers has the points that were written', async () => {
    const some = (n: number): Point => {
      const noise = (salt: number) => ((n * 7919 + salt * 104_729) ^ (n >> 3)) % 1000;
      const of = 1 + (noise(1) % 5 > 2 ? noise(2) % 6 : 0);
      const shade = 180 * 256 + noise(9);
      return {
        x: n * 31 + noise(3),
        y: -n * 7 + noise(4) * (n % 97 === 0 ? 100_000 : 1),
        z: 5000 + noise(5) - (n % 53 === 0 ? 2_000_000 : 0),
        which: 1 + (noise(6) % of),
        of,
        channel: n % 11 < 8 ? 0 : noise(7) % 4,
        time: 4_700_000_000 + Math.floor(n / 3) * 40 + (noise(8) % 3),
        rgb: n % 4 === 0 ? [shade, shade, shade] : [noise(10) * 65, (noise(11) * 65) & 0xff00, 255 - (noise(12) % 256)],
      };
    };
    const points = Array.from({ length: 5000 }, (_, n) => some(n));
    const { cloud, all, colours } = await whole(
      lazFile([points.slice(0, 3000), points.slice(3000, 3001), points.slice(3001)]),
    );
    expect(cloud.count).toBe(5000);
    expect(cloud.chunks.map((chunk) => chunk.points)).toEqual([3000, 1, 1999]);
    points.forEach(({ x, y, z, rgb }, n) => {
      const [east, north, up] = all[n] as [number, number, number];
      expect([east - 500_000, north - 5_000_000, up - 100].map((value) => Math.round(value * 100))).toEqual([x, y, z]);
      expect(colours[n]).toEqual(rgb);
    });
  });
  it('is thinned evenly, and lets others work meanwhile', async () => {
    const file = tile('1-1-1-1.laz');
    const cloud = await laz(reading(file).read);
    const [chunk] = cloud.chunks;
    const bytes = file.subarray(chunk!.at, chunk!.at + chunk!.bytes);
    const every = await cloud.points(bytes, chunk!);
    const tenth = await cloud.points(bytes, chunk!, 10);
    expect(tenth.count).toBe(Math.ceil(cloud.count / 10));
    expect([...tenth.xyz.subarray(3, 6)]).toEqual([...every.xyz.subarray(30, 33)]);
    let pauses = 0;
    const large = lazFile([
      Array.from({ length: 45_000 }, (_, n) => ({
        x: n,
        y: n,
        z: 1,
        which: 1,
        of: 1,
        channel: 0,
        time: 1,
        rgb: [1, 2, 3],
      })),
    ]);
    const many = await laz(reading(large).read);
    const one = many.chunks[0]!;
    await many.points(large.subarray(one.at, one.at + one.bytes), one, 1, async () => void pauses++);
    expect(pauses).toBe(2);
  });
  it('that is not packed is read too', async () => {
    const [head, size, count] = [227, 26, 60_001];
    const view = new DataView(new ArrayBuffer(head + size * count));
    view.setUint32(0, 0x4c415346);
    view.setUint16(94, head, true);
    view.setUint32(96, head, true);
    view.setUint8(104, 2);
    view.setUint16(105, size, true);
    view.setUint32(107, count, true);
    [0.5, 0.5, 0.5, 10, 20, 30].forEach((value, n) => view.setFloat64(131 + 8 * n, value, true));
    for (let n = 0; n < count; n++) {
      view.setInt32(head + n * size, n, true);
      view.setUint16(head + n * size + 24, n, true);
    }
    const { cloud, all, colours } = await whole(new Uint8Array(view.buffer));
    expect([cloud.chunks.length, all.length]).toEqual([2, count]);
    expect([all[60_000], colours[60_000]]).toEqual([
      [30_010, 20, 30],
      [0, 0, 60_000],
    ]);
  });
  it('that is damaged says so, and never hangs', async () => {
    const layers = lazFile([
      Array.from({ length: 300 }, (_, n) => ({
        x: n * n,
        y: -n,
        z: n % 7,
        which: 1,
        of: 1,
        channel: 0,
        time: n,
        rgb: [n, 0, 9],
      })),
    ]);
    await expect(laz(reading(new Uint8Array(400)).read)).rejects.toThrow('this is no LAZ file');
    for (const whole of [tile('0-0-0-0.laz'), layers]) {
      const cut = await laz(reading(whole).read);
      const chunk = cut.chunks[0]!;
      await expect(cut.points(whole.subarray(chunk.at, chunk.at + Math.floor(chunk.bytes / 2)), chunk)).rejects.toThrow(
        Unreadable,
      );
      await expect(laz(reading(whole.subarray(0, whole.length - 20)).read)).rejects.toThrow(Error);
      for (let n = 0; n < 120; n++) {
        const broken = whole.slice();
        for (let hit = 0; hit < 3; hit++)
          broken[(n * 61 + hit * 7919) % (n % 2 ? 1200 : broken.length)] = (n * 37 + hit) % 256;
        // oxlint-disable-next-line no-await-in-loop
        await laz(reading(broken).read).then(
          async (cloud) => {
            const first = cloud.chunks[0];
            if (first && first.points < 1e6)
              await cloud
                .points(broken.subarray(first.at, first.at + first.bytes), first, 100)
                .catch((fault: unknown) => expect(fault).toBeInstanceOf(Error));
          },
          (fault: unknown) => expect(fault).toBeInstanceOf(Unreadable),
        );
      }
    }
  });
  it('of another version of the coder says so', async () => {
    const file = tile('0-0-0-0.laz');
    file[524] = 1; // of its first part
    await expect(laz(reading(file).read)).rejects.toThrow('older or newer version');
  });
});
