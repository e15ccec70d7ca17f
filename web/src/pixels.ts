/** Undoes what GeoTIFF files do to their blocks: compression, predictors, the order of bytes. */

import { Unreadable } from './zip';

export type Packing = 'none' | 'lzw' | 'jpeg' | 'deflate' | 'packbits' | 'webp';
export type Samples = Uint8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

export interface How {
  readonly packing: Packing;
  readonly predictor: number;
  readonly bits: number;
  /** 1 whole numbers, 2 those with a sign, 3 with a point. */
  readonly format: number;
  readonly little: boolean;
  /** Of JPEG, which all blocks share. */
  readonly tables: Uint8Array | null;
  readonly isRgb: boolean;
}

/** A block's samples. One that is empty was left out on purpose, and has no data. */
export async function unpack(
  packed: Uint8Array,
  width: number,
  height: number,
  samples: number,
  how: How,
  nodata: number,
): Promise<{ data: Samples; samples: number }> {
  if ((how.packing === 'jpeg' || how.packing === 'webp') && packed.length > 0)
    return { data: await drawn(packed, width, height, how), samples: 4 };
  const size = how.bits / 8;
  const row = width * samples;
  if (packed.length === 0) {
    const none = typed(new Uint8Array(row * height * size), how);
    return { data: Number.isNaN(nodata) ? none : none.fill(nodata), samples };
  }
  const bytes = new Uint8Array(row * height * size);
  if (how.packing === 'none') bytes.set(packed.subarray(0, bytes.length));
  else if (how.packing === 'lzw') lzw(packed, bytes);
  else if (how.packing === 'packbits') packBits(packed, bytes);
  else await inflate(packed, bytes);
  if (how.predictor === 3) floats(bytes, row, samples, size);
  else if (!how.little && size > 1) swap(bytes, size);
  if (how.predictor === 2) differences(bytes, row, samples, size);
  return { data: typed(bytes, how), samples };
}

function typed(bytes: Uint8Array, { bits, format }: How): Samples {
  const { buffer } = bytes as Uint8Array<ArrayBuffer>;
  if (bits === 8) return bytes;
  if (bits === 16) return format === 2 ? new Int16Array(buffer) : new Uint16Array(buffer);
  if (bits === 64) {
    if (format === 3) return new Float64Array(buffer);
    throw new Unreadable('its whole numbers of 64 bits cannot be shown here');
  }
  return format === 3 ? new Float32Array(buffer) : format === 2 ? new Int32Array(buffer) : new Uint32Array(buffer);
}

/** Of what is cut off, the rest stays empty; of what says nothing at all, that is said. */
async function inflate(packed: Uint8Array, into: Uint8Array): Promise<void> {
  const reader = new Blob([packed as BlobPart]).stream().pipeThrough(new DecompressionStream('deflate')).getReader();
  let at = 0;
  try {
    while (at < into.length) {
      // oxlint-disable-next-line no-await-in-loop
      const { done, value } = await reader.read();
      if (done) break;
      into.set(value.subarray(0, into.length - at), at);
      at += value.length;
    }
  } catch {
    if (at === 0) throw new Unreadable('a part of it is damaged');
  }
  void reader.cancel().catch(() => {});
}

const CLEAR = 256;
const END = 257;

/** TIFF's: the highest bit first, and codes get longer one early. */
export function lzw(packed: Uint8Array, into: Uint8Array): void {
  if (packed[0] === 0 && (packed[1]! & 1) === 1) throw new Unreadable('it is compressed with an old form of LZW');
  // where the text of a code begins in what was written, and its length
  const starts = new Int32Array(4097);
  const lengths = new Int32Array(4097);
  let [next, width, bits, held, at, before, size] = [258, 9, 0, 0, 0, -1, 0];
  for (const byte of packed) {
    held = ((held << 8) | byte) & 0xffffff;
    bits += 8;
    if (bits < width) continue;
    bits -= width;
    const code = (held >> bits) & ((1 << width) - 1);
    if (code === END) return;
    if (code === CLEAR) {
      [next, width, before] = [258, 9, -1];
      continue;
    }
    const start = at;
    if (code < CLEAR) into[at++] = code;
    else if (code < next) {
      const from = starts[code]!;
      for (let n = 0; n < lengths[code]!; n++) into[at++] = into[from + n]!;
    } else if (code === next && before >= 0) {
      for (let n = 0; n < size; n++) into[at++] = into[before + n]!;
      into[at++] = into[before]!;
    } else throw new Unreadable('a part of it is damaged');
    if (before >= 0 && next < 4096) {
      starts[next] = before;
      lengths[next] = size + 1;
      next++;
    }
    [before, size] = [start, at - start];
    if (next >= (1 << width) - 1 && width < 12) width++;
    if (at >= into.length) return;
  }
}

export function packBits(packed: Uint8Array, into: Uint8Array): void {
  for (let from = 0, at = 0; from < packed.length && at < into.length; ) {
    const head = packed[from++]!;
    if (head < 128) {
      const part = packed.subarray(from, from + Math.min(head + 1, into.length - at));
      into.set(part, at);
      from += head + 1;
      at += head + 1;
    } else if (head > 128) {
      into.fill(packed[from++] ?? 0, at, at + 257 - head);
      at += 257 - head;
    }
  }
}

function swap(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

/** Each sample was stored as the difference from the one at its left. */
function differences(bytes: Uint8Array, row: number, samples: number, size: number): void {
  if (size > 4) throw new Unreadable('its predictor cannot be undone here');
  const { buffer } = bytes as Uint8Array<ArrayBuffer>;
  const all = size === 1 ? bytes : size === 2 ? new Uint16Array(buffer) : new Uint32Array(buffer);
  for (let start = 0; start < all.length; start += row)
    for (let n = start + samples; n < start + row; n++) all[n] = all[n]! + all[n - samples]!;
}

/** Of the numbers of a row, first all highest bytes were stored, then all second ones, each as differences. */
function floats(bytes: Uint8Array, row: number, samples: number, size: number): void {
  const line = new Uint8Array(row * size);
  for (let start = 0; start < bytes.length; start += line.length) {
    line.set(bytes.subarray(start, start + line.length));
    for (let n = samples; n < line.length; n++) line[n] = line[n]! + line[n - samples]!;
    for (let n = 0; n < row; n++)
      for (let part = 0; part < size; part++) bytes[start + n * size + part] = line[(size - 1 - part) * row + n]!;
  }
}

/** By the browser itself, so that the result is always red, green, blue and opacity. */
async function drawn(packed: Uint8Array, width: number, height: number, how: How): Promise<Uint8Array> {
  const type = how.packing === 'jpeg' ? 'image/jpeg' : 'image/webp';
  const file = how.packing === 'jpeg' ? jpeg(packed, how) : [packed];
  const picture = await createImageBitmap(new Blob(file as BlobPart[], { type })).catch(() => null);
  if (!picture) throw new Unreadable('a part of it is damaged');
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.drawImage(picture, 0, 0);
  picture.close();
  return new Uint8Array(context.getImageData(0, 0, width, height).data.buffer);
}

/** The tables that all blocks share, put in front; where colours are red, green, blue, that is said in its own way. */
export function jpeg(packed: Uint8Array, { tables, isRgb }: Pick<How, 'tables' | 'isRgb'>): Uint8Array[] {
  const adobe = [0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, 0];
  return [
    new Uint8Array([0xff, 0xd8, ...(isRgb ? adobe : [])]),
    ...(tables ? [tables.subarray(2, tables.length - 2)] : []),
    packed.subarray(2),
  ];
}
