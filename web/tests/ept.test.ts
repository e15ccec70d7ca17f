import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Tree, ept } from '../src/ept';
import { closeness, home, matrix, moved, nearer, turned } from '../src/eye';
import { laz } from '../src/laz';
import { isWide, middleOf, pack, sizeOf } from '../src/pack';
import { Unreadable } from '../src/zip';
import { reading } from './geotiff';

const FOLDER = '../samples/ellipsoid';
const said = readFileSync(`${FOLDER}/ept.json`, 'utf8');
const page = async (key: string) => readFileSync(`${FOLDER}/ept-hierarchy/${key}.json`, 'utf8');
const frame = { width: 1000, height: 600 };

/** Reads pages until nothing is missing. */
async function seen(tree: Tree, eye = home(sizeOf(tree.of.box)), budget = 1e6) {
  for (;;) {
    const { nodes, pages } = tree.choose(eye, frame, middleOf(tree.of.box), budget);
    if (pages.length === 0) return nodes;
    // oxlint-disable-next-line no-await-in-loop
    await Promise.all(pages.map((one) => tree.open(one)));
  }
}

describe('a cloud in tiles', () => {
  const of = ept(said);
  const size = sizeOf(of.box);
  it('is described', () => {
    expect(of.count).toBe(100_000);
    expect(of.system).toBe('EPSG:3857');
    expect(of.span).toBe(32);
    expect(middleOf(of.cube)).toEqual([-8_242_596, 4_966_606, 0]);
  });
  it('is read from coarse to fine, as far as it is worth it', async () => {
    const tree = new Tree(of, page);
    await tree.open();
    const all = await seen(tree);
    expect(all[0]!.key).toBe('0-0-0-0');
    expect(all.reduce((sum, node) => sum + node.points, 0)).toBe(100_000);
    const few = await seen(tree, home(size), 20_000);
    expect(few.length).toBeGreaterThan(3);
    expect(few.reduce((sum, node) => sum + node.points, 0)).toBeLessThanOrEqual(20_000);
    expect(few.every((node) => node.depth < 2)).toBe(true);
    const far = await seen(tree, { ...home(size), far: size * 40 });
    expect(far.map((node) => node.key)).toEqual(['0-0-0-0']);
  });
  it('is not read where nobody looks', async () => {
    const tree = new Tree(of, page);
    await tree.open();
    const end = await seen(tree, { yaw: 0, pitch: 0, far: 20, centre: [145, 0, 0] });
    const deepest = end.filter((node) => node.depth > 2);
    expect(deepest.length).toBeGreaterThan(0);
    expect(deepest.every((node) => node.at[0] >= 2 ** (node.depth - 1))).toBe(true);
  });
  it('that is damaged says so, and never hangs', async () => {
    expect(() => ept('nothing')).toThrow(Unreadable);
    expect(() => ept('{}')).toThrow(Unreadable);
    expect(() => ept(said.replace('laszip', 'zstandard'))).toThrow('zstandard');
    await expect(new Tree(of, async () => '[').open()).rejects.toThrow('its tree is damaged');
    await expect(new Tree(of, async () => '{"0-0-0-0":"x"}').open()).rejects.toThrow('its tree is damaged');
    await expect(new Tree(of, async () => '{"<img>":1}').open()).rejects.toThrow('its tree is damaged');
    const many = Object.fromEntries(
      Array.from({ length: 30_000 }, (_, n) => [`6-${n % 64}-${Math.floor(n / 64) % 64}-${Math.floor(n / 4096)}`, 1]),
    );
    for (let depth = 0; depth < 6; depth++)
      for (let n = 0; n < 8 ** depth; n++)
        many[`${depth}-${n % 2 ** depth}-${Math.floor(n / 2 ** depth) % 2 ** depth}-${Math.floor(n / 4 ** depth)}`] = 1;
    const wide = new Tree({ ...of, span: 1 }, async () => JSON.stringify(many));
    await wide.open();
    expect(wide.choose(home(size), frame, middleOf(of.box), 1e6).nodes.length).toBeLessThanOrEqual(2000);
  });
  it('is packed for the graphics, up upwards and south to the front', async () => {
    const bytes = readFileSync(`${FOLDER}/ept-data/0-0-0-0.laz`);
    const tile = await laz(reading(new Uint8Array(bytes)).read);
    const chunk = tile.chunks[0]!;
    const points = await tile.points(new Uint8Array(bytes).subarray(chunk.at, chunk.at + chunk.bytes), chunk);
    expect(isWide(points)).toBe(false);
    const { count, low, span, bytes: packed } = pack(points, tile, middleOf(of.box), false);
    expect(count).toBe(1900);
    const places = new Uint16Array(packed.buffer, 0, 3 * count);
    const found = Array.from({ length: count }, (_, n) => {
      const [x, up, south] = [0, 1, 2].map((axis) => low[axis]! + (span[axis]! * places[3 * n + axis]!) / 65_535);
      return [x!, -south!, up!];
    });
    const middle = middleOf(of.box);
    for (let n = 0; n < count; n += 13) {
      const at = [0, 1, 2].map(
        (axis) => points.xyz[3 * n + axis]! * tile.scale[axis]! + tile.offset[axis]! - middle[axis]!,
      );
      const nearest = Math.min(...found.map((one) => Math.hypot(...one.map((value, axis) => value - at[axis]!))));
      expect(nearest).toBeLessThan(0.01);
    }
    expect(pack({ count: 0, xyz: new Int32Array(), rgb: null }, tile, [0, 0, 0], false).span).toEqual([0, 0, 0]);
  });
});

describe('the eye', () => {
  it('sees what lies before it, as large as the graphics draw it', () => {
    const eye = { yaw: 0, pitch: 0, far: 100, centre: [0, 0, 0] as const };
    const m = matrix(eye, 2, 10);
    const at = (x: number, y: number, z: number) => {
      const row = (n: number) => m[n]! * x + m[4 + n]! * y + m[8 + n]! * z + m[12 + n]!;
      return [row(0) / row(3), row(1) / row(3)];
    };
    expect(at(0, 0, 0)).toEqual([0, 0]);
    const [right, up] = [at(1, 0, 0)[0]!, at(0, 1, 0)[1]!];
    expect(right * 1000).toBeCloseTo(up * 500, 6); // the frame is twice as wide as high
    expect(closeness(eye, 2, 600, [0, 0, 0], 0)).toBeCloseTo(up * 300, 3);
    expect(closeness(eye, 2, 600, [0, 0, 200], 1)).toBe(0);
    expect(closeness(eye, 2, 600, [500, 0, 0], 1)).toBe(0);
    expect(closeness(eye, 2, 600, [0, 500, 0], 1)).toBe(0);
  });
  it('turns, moves aside and comes nearer, within bounds', () => {
    const eye = home(10);
    expect(turned(eye, 0, 9).pitch).toBeLessThan(Math.PI / 2);
    expect(nearer(eye, 1e9, 10).far).toBeGreaterThan(0);
    expect(nearer(eye, 1e-9, 10).far).toBe(100);
    const aside = moved({ ...eye, yaw: 0, pitch: 0 }, 100, 0, 600);
    expect(aside.centre[0]).toBeLessThan(0);
    expect(aside.centre.slice(1)).toEqual([0, 0]);
  });
});
