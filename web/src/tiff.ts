/** Reads GeoTIFF files in place, by ranges: what they are, and the blocks of pixels that are looked at. */

import { Pages } from './bytes';
import { type Packing, type Samples, unpack } from './pixels';
import { type Read, Unreadable } from './zip';

/** The same picture at one size. */
export interface Level {
  readonly width: number;
  readonly height: number;
  /** Of the blocks that are read at once. */
  readonly block: { readonly width: number; readonly height: number };
}

/** Pixels, row by row, the samples of each side by side. */
export interface Block {
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  readonly data: Samples;
}

/** Where its upper left corner lies, and how large a pixel is, in the units of its coordinates. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly system: string;
  readonly isMetric: boolean;
  /** How long one unit is; null where that is not known, or not a length. */
  readonly metres: number | null;
  readonly inDegrees: boolean;
}

export interface Tiff {
  /** The finest first. */
  readonly levels: readonly Level[];
  readonly bits: number;
  readonly samples: number;
  readonly isFloat: boolean;
  readonly photometric: number;
  readonly packing: string;
  readonly isLarge: boolean;
  /** Which sample says how opaque a pixel is; -1 where none does. */
  readonly alpha: number;
  readonly nodata: number | null;
  readonly palette: readonly number[] | null;
  readonly place: Place | null;
  block(level: number, column: number, row: number, signal?: AbortSignal): Promise<Block>;
}

interface Field {
  readonly type: number;
  readonly count: number;
  readonly at: number;
}
type Fields = ReadonlyMap<number, Field>;

interface Stored extends Level {
  readonly fields: Fields;
  /** Rows of a strip; 0 where there are tiles. */
  readonly strip: number;
}

const SIZES: Record<number, number> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 11: 4, 12: 8, 16: 8 };
const MOST_LEVELS = 32;
const MOST_FIELDS = 1000;
const LARGEST_BLOCK = 64 << 20;
const LARGEST_PACKED = 64 << 20;
const LARGEST_TABLE = 1 << 20;
/** Strips are often a row high: so many rows are read at once. */
const ROWS_AT_ONCE = 256;
const PALETTE = 3;

const PACKINGS: Record<number, [Packing, string]> = {
  1: ['none', 'not compressed'],
  5: ['lzw', 'LZW'],
  7: ['jpeg', 'JPEG'],
  8: ['deflate', 'Deflate'],
  32773: ['packbits', 'PackBits'],
  32946: ['deflate', 'Deflate'],
  50001: ['webp', 'WebP'],
};
const UNUSUAL: Record<number, string> = {
  6: 'old JPEG',
  34712: 'JPEG 2000',
  34887: 'LERC',
  34925: 'LZMA',
  50000: 'Zstandard',
  50002: 'JPEG XL',
};

export async function tiff(read: Read): Promise<Tiff> {
  const pages = new Pages(read);
  const { little, isLarge, directories } = await directoriesOf(pages);
  const numbers = async (fields: Fields, tag: number, from = 0, most = Infinity): Promise<number[]> => {
    const field = fields.get(tag);
    if (!field) return [];
    const count = Math.max(0, Math.min(field.count - from, most));
    const size = SIZES[field.type];
    if (!size || count * size > LARGEST_TABLE) throw damaged();
    const view = await pages.view(field.at + from * size, count * size);
    return Array.from({ length: count }, (_, n) => value(view, n * size, field.type, little));
  };
  const one = async (fields: Fields, tag: number, otherwise: number) =>
    (await numbers(fields, tag, 0, 1))[0] ?? otherwise;

  const first = directories[0];
  if (!first) throw damaged();
  const samples = await one(first, 277, 1);
  const bits = await one(first, 258, 1);
  const format = await one(first, 339, 1);
  const method = await one(first, 259, 1);
  const predictor = await one(first, 317, 1);
  const photometric = await one(first, 262, 1);
  const isPlanar = samples > 1 && (await one(first, 284, 1)) === 2;
  const [packing, word] = PACKINGS[method] ?? [];
  if (!packing || !word)
    throw new Unreadable(`it is compressed with ${UNUSUAL[method] ?? `method ${method}`}, which browsers cannot undo`);
  const isDrawn = packing === 'jpeg' || packing === 'webp';
  if (isDrawn && (bits !== 8 || isPlanar || (packing === 'jpeg' && samples !== 1 && samples !== 3)))
    throw new Unreadable(`its ${samples} bands are compressed together in a way that browsers cannot undo`);
  if (new Set(await numbers(first, 258)).size > 1) throw new Unreadable('its bands have different depths');
  if (![8, 16, 32, 64].includes(bits) || (format === 3 && bits < 32) || ![1, 2, 3].includes(format))
    throw new Unreadable(`its pixels, of ${bits} bits, cannot be shown here`);
  if (![1, 2, 3].includes(predictor)) throw new Unreadable(`its predictor ${predictor} is unknown`);
  if (samples < 1 || samples > 64) throw damaged();

  const levels: Stored[] = [];
  for (const fields of directories) {
    // oxlint-disable-next-line no-await-in-loop
    const [kind, width, height, tiles, tall, strip, same] = await Promise.all([
      one(fields, 254, 0),
      one(fields, 256, 0),
      one(fields, 257, 0),
      one(fields, 322, 0),
      one(fields, 323, 0),
      one(fields, 278, 0),
      one(fields, 277, 1),
    ]);
    const isFirst = levels.length === 0;
    // masks, and pages that are no smaller copies, are left out
    if (!isFirst && ((kind & 1) === 0 || (kind & 4) !== 0 || same !== samples)) continue;
    if (width < 1 || height < 1 || width > 2 ** 31 || height > 2 ** 31) throw damaged();
    if (tiles > 0 && tall > 0) levels.push({ width, height, fields, strip: 0, block: { width: tiles, height: tall } });
    else {
      const rows = Math.min(height, strip || height);
      const group = Math.max(1, Math.floor(ROWS_AT_ONCE / rows)) * rows;
      levels.push({ width, height, fields, strip: rows, block: { width, height: Math.min(height, group) } });
    }
  }
  levels.sort((a, b) => b.width - a.width);
  const each = samples * (bits / 8);
  if (levels.some(({ block }) => block.width * block.height * each > LARGEST_BLOCK))
    throw new Unreadable('it is stored in pieces that are too large to be read one by one');
  const extras = await numbers(first, 338);
  const alpha = extras.findIndex((extra) => extra === 1 || extra === 2);
  const tables =
    packing === 'jpeg' && first.get(347) ? (await pages.bytes(first.get(347)!, LARGEST_TABLE)).slice() : null;

  /** The bytes of some blocks in a row, which mostly lie behind each other and are then read at once. */
  const stored = async (fields: Fields, from: number, count: number, signal?: AbortSignal) => {
    const isTiled = fields.has(324);
    const [offsets, lengths] = await Promise.all([
      numbers(fields, isTiled ? 324 : 273, from, count),
      numbers(fields, isTiled ? 325 : 279, from, count),
    ]);
    if (offsets.length !== count || lengths.length !== count) throw damaged();
    const start = Math.min(...offsets);
    const end = Math.max(...offsets.map((at, n) => at + lengths[n]!));
    const sum = lengths.reduce((all, length) => all + length, 0);
    if (sum > LARGEST_PACKED) throw damaged();
    if (count > 1 && end - start < 2 * sum + 65_536) {
      const { bytes } = await read(start, end, signal);
      return offsets.map((at, n) => bytes.subarray(at - start, at - start + lengths[n]!));
    }
    const parts: Uint8Array[] = [];
    for (let n = 0; n < count; n++)
      // oxlint-disable-next-line no-await-in-loop
      parts.push(
        lengths[n]! > 0 ? (await read(offsets[n]!, offsets[n]! + lengths[n]!, signal)).bytes : new Uint8Array(),
      );
    return parts;
  };

  const how = { packing, predictor, bits, format, little, tables, isRgb: photometric === 2 };
  const nodata = first.get(42113)
    ? Number(new TextDecoder().decode(await pages.bytes(first.get(42113)!, 64)).replace(/\0.*$/s, ''))
    : NaN;
  const palette = photometric === PALETTE && bits === 8 ? await numbers(first, 320) : null;
  return {
    levels,
    bits,
    samples,
    isFloat: format === 3,
    photometric,
    packing: word,
    isLarge,
    alpha: alpha < 0 ? -1 : samples - extras.length + alpha,
    nodata: Number.isNaN(nodata) ? null : nodata,
    palette: palette && palette.length >= 768 ? palette : null,
    place: await placeOf(
      (tag) => numbers(first, tag),
      first.has(34737) ? await pages.bytes(first.get(34737)!, 4096) : null,
    ),
    async block(level, column, row, signal) {
      const { width, height, block, strip, fields } = levels[level]!;
      const across = strip > 0 ? 1 : Math.ceil(width / block.width);
      const down = strip > 0 ? Math.ceil(height / strip) : Math.ceil(height / block.height);
      const group = strip > 0 ? block.height / strip : 1;
      const from = strip > 0 ? Math.floor(row * group) : row * across + column;
      const count = strip > 0 ? Math.min(Math.ceil(group), down - from) : 1;
      const tall = strip > 0 ? Math.min(block.height, height - row * block.height) : block.height;
      const planes = isPlanar ? samples : 1;
      const inEach = isPlanar ? 1 : samples;
      let whole: Block | null = null;
      for (let plane = 0; plane < planes; plane++) {
        // oxlint-disable-next-line no-await-in-loop
        const parts = await stored(fields, plane * across * down + from, count, signal);
        let at = 0;
        for (const part of parts) {
          const rows = strip > 0 ? Math.min(strip, tall - at) : tall;
          // oxlint-disable-next-line no-await-in-loop
          const { data, samples: found } = await unpack(part, block.width, rows, inEach, how, nodata);
          const seen = isPlanar ? samples : found;
          whole ??= {
            width: block.width,
            height: tall,
            samples: seen,
            data: new (data.constructor as new (length: number) => Samples)(block.width * tall * seen),
          };
          const start = at * block.width * seen;
          if (!isPlanar) whole.data.set(data as never, start);
          else for (let n = 0; n < data.length; n++) whole.data[start + n * seen + plane] = data[n]!;
          at += rows;
        }
      }
      if (!whole) throw damaged();
      return cropped(whole, width - column * block.width, height - row * block.height);
    },
  };
}

/** Tiles reach over the edge of the picture, and hold anything there. */
function cropped(block: Block, most: number, rows: number): Block {
  const [width, height] = [Math.min(block.width, most), Math.min(block.height, rows)];
  if (width < 1 || height < 1) throw damaged();
  if (width === block.width) return { ...block, height, data: block.data.subarray(0, width * height * block.samples) };
  const { samples } = block;
  const data = block.data.slice(0, width * height * samples);
  for (let y = 0; y < height; y++) {
    const start = y * block.width * samples;
    data.set(block.data.subarray(start, start + width * samples) as never, y * width * samples);
  }
  return { width, height, samples, data };
}

async function directoriesOf(pages: Pages) {
  const head = await pages.view(0, 16);
  const order = head.getUint16(0, false);
  const little = order === 0x4949;
  const version = head.getUint16(2, little);
  if ((!little && order !== 0x4d4d) || (version !== 42 && version !== 43)) throw new Unreadable('this is no TIFF file');
  const isLarge = version === 43;
  const directories: Fields[] = [];
  const seen = new Set<number>();
  let at = isLarge ? Number(head.getBigUint64(8, little)) : head.getUint32(4, little);
  while (at > 0 && !seen.has(at) && directories.length < MOST_LEVELS) {
    seen.add(at);
    // oxlint-disable-next-line no-await-in-loop
    const top = await pages.view(at, isLarge ? 8 : 2);
    const count = isLarge ? Number(top.getBigUint64(0, little)) : top.getUint16(0, little);
    if (count > MOST_FIELDS) throw damaged();
    const [each, start] = isLarge ? [20, at + 8] : [12, at + 2];
    // oxlint-disable-next-line no-await-in-loop
    const view = await pages.view(start, count * each + (isLarge ? 8 : 4));
    const fields = new Map<number, Field>();
    for (let n = 0; n < count; n++) {
      const place = n * each;
      const type = view.getUint16(place + 2, little);
      const many = isLarge ? Number(view.getBigUint64(place + 4, little)) : view.getUint32(place + 4, little);
      const held = place + (isLarge ? 12 : 8);
      const fits = many * (SIZES[type] ?? 1) <= (isLarge ? 8 : 4);
      const far = isLarge ? Number(view.getBigUint64(held, little)) : view.getUint32(held, little);
      fields.set(view.getUint16(place, little), { type, count: many, at: fits ? start + held : far });
    }
    directories.push(fields);
    at = isLarge ? Number(view.getBigUint64(count * each, little)) : view.getUint32(count * each, little);
  }
  return { little, isLarge, directories };
}

function value(view: DataView, at: number, type: number, little: boolean): number {
  switch (type) {
    case 3:
      return view.getUint16(at, little);
    case 4:
      return view.getUint32(at, little);
    case 5:
      return view.getUint32(at, little) / view.getUint32(at + 4, little);
    case 8:
      return view.getInt16(at, little);
    case 9:
      return view.getInt32(at, little);
    case 11:
      return view.getFloat32(at, little);
    case 12:
      return view.getFloat64(at, little);
    case 16:
      return Number(view.getBigUint64(at, little));
    default:
      return view.getUint8(at);
  }
}

/** Null where it has none, or lies turned. */
async function placeOf(numbers: (tag: number) => Promise<number[]>, texts: Uint8Array | null): Promise<Place | null> {
  const [scale, tie, matrix, keys] = await Promise.all([33550, 33922, 34264, 34735].map(numbers));
  const found = new Map<number, number>();
  let name = '';
  for (let at = 4; at + 3 < (keys?.length ?? 0); at += 4) {
    const [key, where, count, held] = keys!.slice(at, at + 4) as [number, number, number, number];
    if (where === 0) found.set(key, held);
    else if (where === 34737 && key === 1026 && texts)
      name = new TextDecoder().decode(texts.subarray(held, held + count)).replace(/[|\0]+$/, '');
  }
  const half = found.get(1025) === 2 ? 0.5 : 0; // places are those of the middles of pixels
  const code = found.get(3072) ?? found.get(2048) ?? 0;
  const known = code > 0 && code < 32767;
  const system = known ? `EPSG:${code}${zone(code)}` : name || 'unknown coordinates';
  const isProjected = found.get(1024) === 1;
  const isMetric = isProjected && (found.get(3076) ?? 9001) === 9001;
  const metres = isProjected ? (METRES.get(found.get(3076) ?? 9001) ?? null) : null;
  const inDegrees = found.get(1024) === 2 && (found.get(2054) ?? 9102) === 9102;
  let corner: [x: number, y: number, dx: number, dy: number] | null = null;
  if (scale && tie && scale.length >= 2 && tie.length >= 6)
    corner = [tie[3]! - tie[0]! * scale[0]!, tie[4]! + tie[1]! * scale[1]!, scale[0]!, scale[1]!];
  else if (matrix && matrix.length >= 8 && matrix[1] === 0 && matrix[4] === 0)
    corner = [matrix[3]!, matrix[7]!, matrix[0]!, -matrix[5]!];
  if (!corner || !corner.every(Number.isFinite) || corner[2] <= 0) return null;
  const [x, y, dx, dy] = corner;
  return { x: x - half * dx, y: y + half * dy, dx, dy, system, isMetric, metres, inDegrees };
}

/** Of the units of projected coordinates: metres, feet, and feet of American surveys. */
const METRES = new Map([
  [9001, 1],
  [9002, 0.3048],
  [9003, 1200 / 3937],
]);

const zone = (code: number) =>
  code > 32600 && code <= 32660
    ? `, UTM zone ${code - 32600} north`
    : code > 32700 && code <= 32760
      ? `, UTM zone ${code - 32700} south`
      : '';

const damaged = () => new Unreadable('this file is damaged, or cut off');
