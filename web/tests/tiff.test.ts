import { describe, expect, it } from 'vitest';
import { kindOf, spread } from '../src/paint';
import { jpeg } from '../src/pixels';
import { levelFor, round, wanted, whole, zoomed } from '../src/sight';
import { type Tiff, tiff } from '../src/tiff';
import { Unreadable } from '../src/zip';
import { type Plan, geotiff, reading } from './geotiff';

const colour = (x: number, y: number, sample: number) => (x * 3 + y * 5 + sample * 40 + ((x * y) % 7)) % 256;
const height = (x: number, y: number) => 412.5 + Math.sin(x / 9) * 3 + y / 16;
const large = (x: number, y: number, sample: number) => (x * 301 + y * 77 + sample * 9000) % 65_536;

const PICTURE: Plan = {
  width: 70,
  height: 45,
  samples: 4,
  bits: 8,
  format: 1,
  packing: 'deflate',
  alpha: true,
  tile: 16,
};
const HEIGHTS: Plan = { width: 70, height: 45, samples: 1, bits: 32, format: 3, packing: 'deflate', nodata: '-9999' };

/** Each pixel of a level, from all its blocks. */
async function all(file: Tiff, level = 0): Promise<(x: number, y: number, sample: number) => number> {
  const { width, height, block } = file.levels[level]!;
  const found = new Map<string, number>();
  for (let row = 0; row * block.height < height; row++)
    for (let column = 0; column * block.width < width; column++) {
      // oxlint-disable-next-line no-await-in-loop
      const one = await file.block(level, column, row);
      for (let n = 0; n < one.data.length; n++) {
        const pixel = Math.floor(n / one.samples);
        const [x, y] = [column * block.width + (pixel % one.width), row * block.height + Math.floor(pixel / one.width)];
        found.set(`${x} ${y} ${n % one.samples}`, one.data[n]!);
      }
    }
  return (x, y, sample) => found.get(`${x} ${y} ${sample}`)!;
}

async function expectSame(plan: Plan, at: (x: number, y: number, sample: number) => number) {
  const { read } = reading(await geotiff(plan, at));
  const file = await tiff(read);
  const value = await all(file);
  const [found, meant]: [number[], number[]] = [[], []];
  for (let y = 0; y < plan.height; y++)
    for (let x = 0; x < plan.width; x++)
      for (let sample = 0; sample < plan.samples; sample++) {
        found.push(value(x, y, sample));
        meant.push(plan.bits === 32 ? Math.fround(at(x, y, sample)) : at(x, y, sample));
      }
  expect(found).toEqual(meant);
  return file;
}

describe('a GeoTIFF', () => {
  it.each<[string, Partial<Plan>]>([
    ['in tiles', {}],
    ['with a predictor', { predictor: 2 }],
    ['in strips', { tile: undefined, rows: 7 }],
    ['in strips of a row', { tile: undefined, rows: 1 }],
    ['whole', { tile: undefined }],
    ['by LZW', { packing: 'lzw', predictor: 2 }],
    ['by PackBits', { packing: 'packbits' }],
    ['as it is', { packing: 'none' }],
    ['band by band', { planar: true }],
    ['band by band, in strips', { planar: true, tile: undefined, rows: 4, packing: 'lzw' }],
    ['larger than 4 GB could be', { large: true, predictor: 2 }],
    ['with its highest bytes first', { big: true }],
  ])('is read %s', async (_, change) => {
    const file = await expectSame({ ...PICTURE, ...change }, colour);
    expect(file.alpha).toBe(3);
    expect(kindOf(file)).toBe('picture');
  });
  it('is unpacked where LZW began anew many times', async () => {
    const noise = (x: number, y: number, sample: number) =>
      (x * 7919 + y * 104_729 + sample * 31 + ((x * y) >> 3)) % 251;
    await expectSame({ ...PICTURE, width: 160, height: 130, tile: 128, packing: 'lzw' }, noise);
  });
  it.each<[string, Partial<Plan>]>([
    ['of 32 bits', {}],
    ['with the predictor of floating points', { predictor: 3, tile: 32 }],
    ['the same with highest bytes first', { predictor: 3, big: true, rows: 9 }],
    ['of 64 bits', { bits: 64, packing: 'lzw' }],
    ['highest bytes first', { big: true, packing: 'none' }],
  ])('has heights %s', async (_, change) => {
    const file = await expectSame({ ...HEIGHTS, ...change }, height);
    expect(file.nodata).toBe(-9999);
    expect(kindOf(file)).toBe('heights');
  });
  it.each<[string, Partial<Plan>]>([
    ['', {}],
    [' and a predictor', { predictor: 2 }],
    [', highest bytes first, and a predictor', { predictor: 2, big: true }],
  ])('has bands of 16 bits%s', async (_, change) => {
    const file = await expectSame({ ...PICTURE, bits: 16, samples: 5, ...change }, large);
    expect(kindOf(file)).toBe('bands');
  });
  it('lies somewhere, has smaller copies, and is not read whole', async () => {
    const told = reading(
      await geotiff({ ...PICTURE, width: 1024, height: 900, tile: 128, overviews: 3, geo: true }, colour),
    );
    const file = await tiff(told.read);
    expect(file.levels.map((level) => level.width)).toEqual([1024, 512, 256, 128]);
    expect(file.place).toEqual({
      x: 576_000,
      y: 5_188_000,
      dx: 0.05,
      dy: 0.05,
      system: 'EPSG:32632, UTM zone 32 north',
      isMetric: true,
      metres: 1,
      inDegrees: false,
    });
    const [before, times] = [told.asked, told.times];
    const copy = await file.block(3, 0, 0);
    expect(copy.data[0]).toBe(colour(0, 0, 0));
    expect(copy.data[4 * 5]).toBe(colour(8 * 5, 0, 0));
    expect(told.asked - before).toBeLessThan(70_000);
    expect(told.times - times).toBeLessThan(4);
  });
  it('of many strips is read in few requests', async () => {
    const told = reading(await geotiff({ ...PICTURE, width: 200, height: 900, tile: undefined, rows: 1 }, colour));
    const file = await tiff(told.read);
    const before = told.times;
    const band = await file.block(0, 0, 3);
    expect(band.height).toBe(900 - 3 * 256);
    expect(told.times - before).toBeLessThan(4);
  });
  it('that is compressed in an unusual way says so', async () => {
    const open = async (change: Partial<Plan>) => tiff(reading(await geotiff({ ...PICTURE, ...change }, colour)).read);
    await expect(open({ method: 34887 })).rejects.toThrow('LERC');
    await expect(open({ method: 50000 })).rejects.toThrow('Zstandard');
    await expect(open({ method: 7 })).rejects.toThrow('its 4 bands are compressed together');
    await expect(open({ method: 12_345 })).rejects.toThrow('method 12345');
  });
  it('that is damaged says so, and never hangs', async () => {
    const whole = await geotiff({ ...PICTURE, overviews: 2, packing: 'lzw', geo: true, nodata: '0' }, colour);
    await expect(tiff(reading(new TextEncoder().encode('no picture at all')).read)).rejects.toThrow(Unreadable);
    await expect(tiff(reading(whole.subarray(0, whole.length - 200)).read)).rejects.toThrow(Unreadable);
    for (let n = 0; n < 300; n++) {
      const broken = whole.slice();
      for (let hit = 0; hit < 6; hit++)
        broken[(broken.length - ((n * 7919 + hit * 131) % 900)) % broken.length] = (n * 31 + hit) % 256;
      // oxlint-disable-next-line no-await-in-loop
      await tiff(reading(broken).read).then(
        async (file) => file.block(0, 1, 1).catch((fault: unknown) => expect(fault).toBeInstanceOf(Error)),
        (fault: unknown) => expect(fault).toBeInstanceOf(Error),
      );
    }
  });
  it('by JPEG gets the tables that its blocks share', () => {
    const tables = new Uint8Array([0xff, 0xd8, 1, 2, 3, 0xff, 0xd9]);
    const block = new Uint8Array([0xff, 0xd8, 4, 5, 0xff, 0xd9]);
    const bytes = (isRgb: boolean) => jpeg(block, { tables, isRgb }).flatMap((part) => [...part]);
    expect(bytes(false)).toEqual([0xff, 0xd8, 1, 2, 3, 4, 5, 0xff, 0xd9]);
    expect(bytes(true).slice(2, 4)).toEqual([0xff, 0xee]);
  });
});

describe('what is in sight', () => {
  const levels = [0, 1, 2, 3].map((n) => ({
    width: 8000 / 2 ** n,
    height: 6000 / 2 ** n,
    block: { width: 256, height: 256 },
  }));
  const frame = { width: 1000, height: 600 };
  it('is read at the size that is needed', () => {
    expect(levelFor(levels, 2)).toBe(0);
    expect(levelFor(levels, 1)).toBe(0);
    expect(levelFor(levels, 0.5)).toBe(1);
    expect(levelFor(levels, 0.1)).toBe(3);
    const at = whole(levels[0]!, frame);
    expect(wanted(levels, levelFor(levels, at.scale), at, frame)).toHaveLength(12);
    const near = wanted(levels, 0, { x: 4000, y: 3000, scale: 1 }, frame)!;
    expect(near.length).toBeLessThan(20);
    expect([near[0]!.column, near[0]!.row]).toEqual([15, 11]);
  });
  it('is not read where it would be too much', () => {
    const alone = [{ width: 40_000, height: 30_000, block: { width: 256, height: 256 } }];
    expect(wanted(alone, 0, whole(alone[0]!, frame), frame)).toBeNull();
    expect(wanted(alone, 0, { x: 9000, y: 9000, scale: 1 }, frame)).not.toBeNull();
  });
  it('stays under the pointer when one comes nearer', () => {
    const now = zoomed({ x: 100, y: 100, scale: 1 }, 2, { x: 0, y: 0 }, frame, 0.01);
    expect(now.scale).toBe(2);
    expect(now.x - 500 / 2).toBe(100 - 500);
  });
  it('has a scale of round lengths', () => expect([0.3, 7, 23, 60, 1000].map(round)).toEqual([0.2, 5, 20, 50, 1000]));
  it('has its colours between which most values lie', () => {
    const data = Float32Array.from({ length: 1000 }, (_, n) => (n === 500 ? 1e9 : n % 100));
    const block = { width: 100, height: 10, samples: 1, data };
    const [low, high] = spread(block, { alpha: -1, nodata: 50 })!;
    expect(low).toBeLessThan(3);
    expect(high).toBeLessThan(100);
    expect(spread({ ...block, data: data.fill(50) }, { alpha: -1, nodata: 50 })).toBeNull();
  });
});
