/** Writes GeoTIFF files, of all the kinds that the reader is to read. */

import type { Read } from '../src/zip';

export interface Plan {
  width: number;
  height: number;
  samples: number;
  bits: 8 | 16 | 32 | 64;
  /** 1 whole numbers, 2 those with a sign, 3 with a point. */
  format: 1 | 2 | 3;
  /** Of a tile; none: strips of so many rows. */
  tile?: number;
  rows?: number;
  packing: 'none' | 'deflate' | 'lzw' | 'packbits';
  predictor?: 1 | 2 | 3;
  large?: boolean;
  big?: boolean;
  planar?: boolean;
  overviews?: number;
  alpha?: boolean;
  nodata?: string;
  method?: number;
  geo?: boolean;
}

/** The value of a sample. */
export type At = (x: number, y: number, sample: number) => number;

const METHODS = { none: 1, lzw: 5, deflate: 8, packbits: 32773 };

export async function geotiff(plan: Plan, at: At): Promise<Uint8Array> {
  const little = !plan.big;
  const parts: Uint8Array[] = [];
  let end = plan.large ? 16 : 8;
  const put = (bytes: Uint8Array) => {
    parts.push(bytes);
    end += bytes.length;
    return end - bytes.length;
  };
  const number = (size: number, values: readonly number[], floating = false) => {
    const view = new DataView(new ArrayBuffer(size * values.length));
    values.forEach((value, n) => {
      if (floating) view.setFloat64(n * 8, value, little);
      else if (size === 2) view.setUint16(n * 2, value, little);
      else if (size === 4) view.setUint32(n * 4, value, little);
      else view.setBigUint64(n * 8, BigInt(value), little);
    });
    return new Uint8Array(view.buffer);
  };
  const directories: { fields: [tag: number, type: number, count: number, bytes: Uint8Array][] }[] = [];
  for (let level = 0; level <= (plan.overviews ?? 0); level++) {
    const shrunk = 2 ** level;
    const [width, height] = [Math.ceil(plan.width / shrunk), Math.ceil(plan.height / shrunk)];
    const [wide, tall] = plan.tile ? [plan.tile, plan.tile] : [width, plan.rows ?? height];
    const [offsets, lengths]: [number[], number[]] = [[], []];
    for (let plane = 0; plane < (plan.planar ? plan.samples : 1); plane++)
      for (let top = 0; top < height; top += tall)
        for (let left = 0; left < width; left += wide) {
          const rows = plan.tile ? tall : Math.min(tall, height - top);
          const raw = block(plan, wide, rows, (x, y, sample) =>
            left + x < width && top + y < height ? at((left + x) * shrunk, (top + y) * shrunk, sample + plane) : 0,
          );
          // oxlint-disable-next-line no-await-in-loop
          const packed = await pack(raw, plan.packing);
          offsets.push(put(packed));
          lengths.push(packed.length);
        }
    const offset = plan.large ? 16 : 4;
    const many = (values: number[]): [number, number, Uint8Array] => [
      offset,
      values.length,
      number(plan.large ? 8 : 4, values),
    ];
    const short = (...values: number[]): [number, number, Uint8Array] => [3, values.length, number(2, values)];
    const fields: [number, number, number, Uint8Array][] = [
      [254, ...([4, 1, number(4, [level > 0 ? 1 : 0])] as [number, number, Uint8Array])],
      [256, ...short(width)],
      [257, ...short(height)],
      [258, ...short(...Array.from({ length: plan.samples }, () => plan.bits))],
      [259, ...short(plan.method ?? METHODS[plan.packing])],
      [262, ...short(plan.samples >= 3 && plan.bits === 8 ? 2 : 1)],
      [277, ...short(plan.samples)],
      [284, ...short(plan.planar ? 2 : 1)],
      [317, ...short(plan.predictor ?? 1)],
      [339, ...short(...Array.from({ length: plan.samples }, () => plan.format))],
      ...(plan.tile
        ? ([
            [322, ...short(wide)],
            [323, ...short(tall)],
            [324, ...many(offsets)],
            [325, ...many(lengths)],
          ] as [number, number, number, Uint8Array][])
        : ([
            [273, ...many(offsets)],
            [278, ...short(tall)],
            [279, ...many(lengths)],
          ] as [number, number, number, Uint8Array][])),
      ...(plan.alpha ? [[338, ...short(2)] as [number, number, number, Uint8Array]] : []),
      ...(plan.nodata
        ? [
            [42113, 2, plan.nodata.length + 1, new TextEncoder().encode(`${plan.nodata}\0`)] as [
              number,
              number,
              number,
              Uint8Array,
            ],
          ]
        : []),
    ];
    if (plan.geo && level === 0)
      fields.push(
        [33550, 12, 3, number(8, [0.05, 0.05, 0], true)],
        [33922, 12, 6, number(8, [0, 0, 0, 576_000, 5_188_000, 0], true)],
        [34735, ...short(1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32632)],
      );
    directories.push({ fields: fields.toSorted((a, b) => a[0] - b[0]) });
  }
  let first = 0;
  const links: { at: Uint8Array; place: number }[] = [];
  for (const { fields } of directories) {
    const held = plan.large ? 8 : 4;
    const far = fields.map(([, , , bytes]) => (bytes.length > held ? put(bytes) : -1));
    const [each, head] = plan.large ? [20, 8] : [12, 2];
    const bytes = new Uint8Array(head + fields.length * each + held);
    const view = new DataView(bytes.buffer);
    if (plan.large) view.setBigUint64(0, BigInt(fields.length), little);
    else view.setUint16(0, fields.length, little);
    fields.forEach(([tag, type, count, value], n) => {
      const place = head + n * each;
      view.setUint16(place, tag, little);
      view.setUint16(place + 2, type, little);
      bytes.set(number(held, [count]), place + 4);
      bytes.set(far[n]! < 0 ? value : number(held, [far[n]!]), place + 4 + held);
    });
    const start = put(bytes);
    const before = links.at(-1);
    if (before) before.at.set(number(held, [start]), before.place);
    else first = start;
    links.push({ at: bytes, place: bytes.length - held });
  }
  const order = plan.big ? 0x4d4d : 0x4949;
  const top = plan.large
    ? [number(2, [order, 43, 8, 0]), number(8, [first])]
    : [number(2, [order, 42]), number(4, [first])];
  return joined([...top, ...parts]);
}

function block(plan: Plan, width: number, height: number, at: At): Uint8Array {
  const each = plan.planar ? 1 : plan.samples;
  const size = plan.bits / 8;
  const bytes = new Uint8Array(width * height * each * size);
  const view = new DataView(bytes.buffer);
  const little = !plan.big;
  const set = (n: number, value: number) => {
    const place = n * size;
    if (plan.format === 3 && size === 4) view.setFloat32(place, value, little && plan.predictor !== 3);
    else if (plan.format === 3) view.setFloat64(place, value, little && plan.predictor !== 3);
    else if (size === 1) view.setUint8(place, value);
    else if (size === 2) view.setUint16(place, value, little);
    else view.setUint32(place, value, little);
  };
  const values = Array.from({ length: width * height * each }, (_, n) =>
    at(Math.floor(n / each) % width, Math.floor(n / each / width), n % each),
  );
  const row = width * each;
  values.forEach((value, n) => set(n, plan.predictor === 2 && n % row >= each ? value - values[n - each]! : value));
  if (plan.predictor !== 3) return bytes;
  // first all highest bytes of a row, then all second ones; of these the differences
  const turned = new Uint8Array(bytes.length);
  for (let start = 0; start < bytes.length; start += row * size)
    for (let n = 0; n < row; n++)
      for (let part = 0; part < size; part++) turned[start + part * row + n] = bytes[start + n * size + part]!;
  for (let start = 0; start < turned.length; start += row * size)
    for (let n = row * size - 1; n >= each; n--) turned[start + n] = turned[start + n]! - turned[start + n - each]!;
  return turned;
}

async function pack(raw: Uint8Array, packing: Plan['packing']): Promise<Uint8Array> {
  if (packing === 'deflate')
    return new Uint8Array(
      await new Response(
        new Blob([raw as BlobPart]).stream().pipeThrough(new CompressionStream('deflate')),
      ).arrayBuffer(),
    );
  if (packing === 'lzw') return lzw(raw);
  if (packing === 'packbits') return packBits(raw);
  return raw;
}

function lzw(raw: Uint8Array): Uint8Array {
  const out: number[] = [];
  let [held, bits, width] = [0, 0, 9];
  let known = new Map<string, number>();
  const write = (code: number) => {
    held = (held << width) | code;
    bits += width;
    while (bits >= 8) {
      bits -= 8;
      out.push((held >> bits) & 255);
    }
    held &= (1 << bits) - 1;
  };
  const clear = () => {
    write(256);
    width = 9;
    known = new Map(Array.from({ length: 256 }, (_, n) => [String.fromCharCode(n), n]));
    known.set('clear', 256).set('end', 257);
  };
  clear();
  let text = '';
  for (const byte of raw) {
    const longer = text + String.fromCharCode(byte);
    if (known.has(longer)) {
      text = longer;
      continue;
    }
    write(known.get(text)!);
    known.set(longer, known.size);
    if (known.size === 4095) clear();
    else if (known.size >= 1 << width) width++;
    text = String.fromCharCode(byte);
  }
  write(known.get(text)!);
  write(257);
  if (bits > 0) out.push((held << (8 - bits)) & 255);
  return new Uint8Array(out);
}

function packBits(raw: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (let at = 0; at < raw.length; ) {
    let same = 1;
    while (same < 128 && raw[at + same] === raw[at]) same++;
    if (same > 2) out.push(257 - same, raw[at]!);
    else {
      same = Math.min(100, raw.length - at);
      out.push(same - 1, ...raw.subarray(at, at + same));
    }
    at += same;
  }
  return new Uint8Array(out);
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A file that counts what is read of it. */
export function reading(file: Uint8Array): { read: Read; asked: number; times: number } {
  const told = {
    asked: 0,
    times: 0,
    read: (async (from, to) => {
      const bytes = file.slice(from < 0 ? Math.max(0, file.length + from) : from, to ?? file.length);
      told.asked += bytes.length;
      told.times++;
      return { bytes, size: file.length };
    }) as Read,
  };
  return told;
}
