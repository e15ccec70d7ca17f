/** Reads LAZ and LAS files by ranges: what their header says, and their points, chunk by chunk. */

import { Decoder, Numbers } from './arithmetic';
import { Pages } from './bytes';
import { Layers } from './lazlayers';
import { Colour, Extra, type Part, Place, type Points, Time } from './lazpoints';
import { type Read, Unreadable } from './zip';

export interface Chunk {
  readonly points: number;
  readonly at: number;
  readonly bytes: number;
}

export interface Laz {
  readonly count: number;
  readonly scale: readonly number[];
  readonly offset: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly hasColours: boolean;
  readonly isPacked: boolean;
  readonly chunks: readonly Chunk[];
  /**
   * The points of a chunk.
   * @param every Of so many, one is kept.
   * @param pause Is waited for between pieces of the work.
   */
  points(bytes: Uint8Array, chunk: Chunk, every?: number, pause?: () => Promise<void>): Promise<Points>;
}

interface Item {
  readonly type: number;
  readonly bytes: number;
  readonly version: number;
}
type Next = { readonly x: number; readonly y: number; readonly z: number; readonly colour: readonly number[] | null };

const MOST_CHUNKS = 200_000;
const MOST_POINTS = 20_000_000;
const MOST_RECORDS = 1000;
const PIECE = 20_000;
const PLAIN = 50_000;
const [BYTES, POINT, TIME, RGB, POINT_14, RGB_14, RGB_NIR_14, BYTES_14] = [0, 6, 7, 8, 10, 11, 12, 14] as const;

export async function laz(read: Read): Promise<Laz> {
  const pages = new Pages(read);
  const head = await pages.view(0, 227);
  if (head.getUint32(0, false) !== 0x4c415346) throw new Unreadable('this is no LAZ file');
  const format = head.getUint8(104);
  const [start, records, size] = [head.getUint32(96, true), head.getUint32(100, true), head.getUint16(105, true)];
  const isLarge = head.getUint8(25) >= 4;
  const long = isLarge ? Number((await pages.view(247, 8)).getBigUint64(0, true)) : 0;
  const count = long || head.getUint32(107, true);
  const kind = format & 0x3f;
  if (kind > 8 || kind === 4 || kind === 5) throw new Unreadable(`its points, of format ${kind}, cannot be shown here`);
  if (size < 20 || records > MOST_RECORDS) throw damaged();
  const three = (at: number, step = 8) => [0, 1, 2].map((n) => head.getFloat64(at + n * step, true));
  const colours = ({ 2: 20, 3: 28, 7: 30, 8: 30 } as Record<number, number>)[kind] ?? 0;
  const common = {
    count,
    scale: three(131),
    offset: three(155),
    high: three(179, 16),
    low: three(187, 16),
    hasColours: colours > 0,
    isPacked: (format & 0x80) !== 0,
  };
  if (![...common.scale, ...common.offset, ...common.low, ...common.high].every(Number.isFinite)) throw damaged();
  if (!common.isPacked) {
    const chunks = Array.from({ length: Math.min(MOST_CHUNKS, Math.ceil(count / PLAIN)) }, (_, n) => {
      const points = Math.min(PLAIN, count - n * PLAIN);
      return { points, at: start + n * PLAIN * size, bytes: points * size };
    });
    return {
      ...common,
      chunks,
      points: async (bytes, chunk, ...how) => kept(plain(bytes, size, colours), chunk, ...how),
    };
  }

  const { items, compressor, chunkSize } = await itemsOf(pages, head.getUint16(94, true), records);
  const isLayered = items[0]?.type === POINT_14;
  for (const { type, version } of items)
    if (version !== (isLayered ? 3 : 2) && type !== BYTES)
      throw new Unreadable('it is compressed by an older or newer version of LASzip than is known here');
  if (compressor !== (isLayered ? 3 : 2) || items.reduce((sum, item) => sum + item.bytes, 0) !== size) throw damaged();
  const chunks = await chunksOf(pages, read, start, chunkSize, count);
  const one = isLayered ? layered(items, size) : pointwise(items, size);
  return { ...common, chunks, points: async (bytes, chunk, ...how) => kept(one(bytes), chunk, ...how) };
}

async function itemsOf(pages: Pages, at: number, records: number) {
  for (let n = 0; n < records; n++) {
    // oxlint-disable-next-line no-await-in-loop
    const view = await pages.view(at, 54);
    const length = view.getUint16(20, true);
    const user = new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + 2, 16)).replace(/\0.*$/s, '');
    if (user === 'laszip encoded' && view.getUint16(18, true) === 22204 && length >= 34) {
      // oxlint-disable-next-line no-await-in-loop
      const found = await pages.view(at + 54, length);
      const count = found.getUint16(32, true);
      if (count > 16 || length < 34 + 6 * count) throw damaged();
      const items = Array.from({ length: count }, (_, item): Item => {
        const [type, bytes, version] = [0, 2, 4].map((part) => found.getUint16(34 + 6 * item + part, true));
        return { type: type!, bytes: bytes!, version: version! };
      });
      return { items, compressor: found.getUint16(0, true), chunkSize: found.getUint32(12, true) };
    }
    at += 54 + length;
  }
  throw new Unreadable('it does not say how it is compressed');
}

/** Where its chunks lie, which a table at its end says. */
async function chunksOf(pages: Pages, read: Read, start: number, size: number, count: number): Promise<Chunk[]> {
  let at = Number((await pages.view(start, 8)).getBigInt64(0, true));
  if (at < start) {
    const { bytes } = await read(-8); // it was written without going back
    if (bytes.length < 8) throw damaged();
    at = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true));
  }
  if (at <= start) throw damaged();
  const many = (await pages.view(at, 8)).getUint32(4, true);
  if (many > MOST_CHUNKS || (many === 0 && count > 0)) throw damaged();
  if (many === 0) return [];
  const end = (await read(0, 1)).size;
  if (end < at + 12) throw damaged();
  const isVaried = size === 0xffffffff;
  const table = new Uint8Array((await pages.view(at + 8, Math.min(end - at - 8, 16 * many + 64))).buffer);
  const [decoder, numbers] = [new Decoder(table), new Numbers(32)];
  const chunks: Chunk[] = [];
  let [place, points, bytes, left] = [start + 8, 0, 0, count];
  for (let n = 0; n < many; n++) {
    if (isVaried) points = numbers.next(decoder, points, 0);
    else points = Math.min(size, left);
    bytes = numbers.next(decoder, bytes, 1);
    if (points < 0 || points > MOST_POINTS || bytes < 0 || place + bytes > at || points > left) throw damaged();
    chunks.push({ points, at: place, bytes });
    place += bytes;
    left -= points;
  }
  return chunks;
}

/** One point after the other, each behind the one before. */
function pointwise(items: readonly Item[], size: number) {
  return (bytes: Uint8Array) => {
    if (bytes.length < size) throw damaged();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const [place, colour] = [new Place(), new Colour()];
    const known: Record<number, Part> = { [POINT]: place, [TIME]: new Time(), [RGB]: colour };
    const parts = items.map((item) => {
      const part = item.type === BYTES ? new Extra(item.bytes) : known[item.type];
      if (!part || part.bytes !== item.bytes) throw damaged();
      return part;
    });
    const hasColours = parts.includes(colour);
    let at = 0;
    for (const part of parts) {
      part.first(view, at);
      at += part.bytes;
    }
    let decoder: Decoder | null = null;
    return (isFirst: boolean): Next => {
      if (!isFirst) {
        decoder ??= new Decoder(bytes.subarray(size));
        for (const part of parts) part.next(decoder);
      }
      return { x: place.x, y: place.y, z: place.z, colour: hasColours ? colour.now : null };
    };
  };
}

function layered(items: readonly Item[], size: number) {
  const colours = items[1]?.type === RGB_14 || items[1]?.type === RGB_NIR_14;
  const others = items.slice(1).reduce((sum, { type, bytes }) => {
    const layers = ({ [RGB_14]: 1, [RGB_NIR_14]: 2, [BYTES_14]: bytes } as Record<number, number>)[type];
    if (layers === undefined) throw new Unreadable('its points have parts that are not known here');
    return sum + layers;
  }, 0);
  return (bytes: Uint8Array) => {
    const layers = new Layers(bytes, size, others, colours);
    return (isFirst: boolean): Next => {
      if (!isFirst) layers.next();
      const { x, y, z } = layers.at;
      return { x, y, z, colour: layers.colour };
    };
  };
}

function plain(bytes: Uint8Array, size: number, colours: number) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = -size;
  return (): Next => {
    at += size;
    if (at + size > bytes.length) throw damaged();
    const [x, y, z] = [0, 4, 8].map((n) => view.getInt32(at + n, true)) as [number, number, number];
    return { x, y, z, colour: colours ? [0, 2, 4].map((n) => view.getUint16(at + colours + n, true)) : null };
  };
}

async function kept(
  next: (isFirst: boolean) => Next,
  { points }: Chunk,
  every = 1,
  pause?: () => Promise<void>,
): Promise<Points> {
  const count = Math.ceil(points / every);
  const xyz = new Int32Array(3 * count);
  let rgb: Uint16Array | null = null;
  for (let n = 0, put = 0; n < points; n++) {
    const point = next(n === 0);
    if (n % every === 0) {
      xyz[put] = point.x;
      xyz[put + 1] = point.y;
      xyz[put + 2] = point.z;
      if (point.colour) (rgb ??= new Uint16Array(3 * count)).set(point.colour, put);
      put += 3;
    }
    // oxlint-disable-next-line no-await-in-loop
    if (pause && n % PIECE === PIECE - 1) await pause();
  }
  return { count, xyz, rgb };
}

const damaged = () => new Unreadable('this file is damaged, or cut off');
