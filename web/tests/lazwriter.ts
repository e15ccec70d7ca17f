/** Writes LAZ files of format 7, in layers, so that all ways through the reader are gone. */

import { BitModel, Median, Model } from '../src/arithmetic';
import { joined } from './geotiff';

export interface Point {
  x: number;
  y: number;
  z: number;
  which: number;
  of: number;
  channel: number;
  /** In steps of the smallest change that a double has there. */
  time: number;
  rgb: [number, number, number];
}

const LEAST = 0x1000000;

/** The other way round of the reader's decoder. */
class Encoder {
  readonly #bytes: number[] = [];
  #base = 0;
  #length = 0xffffffff;
  isUsed = false;

  symbol(model: Model, symbol: number): void {
    this.isUsed = true;
    const length = this.#length >>> 15;
    const low = model.parts[symbol]! * length;
    const high = symbol === model.symbols - 1 ? this.#length : model.parts[symbol + 1]! * length;
    this.#go(low, high - low);
    model.seen(symbol);
  }
  bit(model: BitModel, bit: number): void {
    const part = model.part * (this.#length >>> 13);
    if (bit === 0) this.#go(0, part);
    else this.#go(part, this.#length - part);
    model.seen(bit);
  }
  bits(count: number, value: number): void {
    if (count > 19) {
      this.bits(16, value & 0xffff);
      this.bits(count - 16, Math.floor(value / 65_536));
      return;
    }
    this.#length >>>= count;
    this.#go(value * this.#length, this.#length);
  }
  done(): Uint8Array {
    const isLong = this.#length > 2 * LEAST;
    this.#go(isLong ? LEAST : LEAST >>> 1, isLong ? LEAST >>> 1 : LEAST >>> 9);
    return new Uint8Array([...this.#bytes, 0, 0, ...(isLong ? [0] : [])]);
  }
  #go(step: number, length: number): void {
    this.#base += step;
    this.#length = length;
    if (this.#base >= 2 ** 32) {
      this.#base -= 2 ** 32;
      let at = this.#bytes.length - 1;
      while (this.#bytes[at] === 255) this.#bytes[at--] = 0;
      this.#bytes[at]!++;
    }
    while (this.#length < LEAST) {
      this.#bytes.push(Math.floor(this.#base / LEAST));
      this.#base = (this.#base % LEAST) * 256;
      this.#length *= 256;
    }
  }
}

class Differences {
  size = 0;
  readonly #sizes: Model[] = [];
  readonly #parts: Model[] = [];
  readonly #small = new BitModel();

  put(to: Encoder, expected: number, value: number, context = 0): void {
    let step = (value - expected) | 0;
    this.size = 32 - Math.clz32(step <= 0 ? -step : step - 1);
    to.symbol((this.#sizes[context] ??= new Model(33)), this.size);
    if (this.size === 0) to.bit(this.#small, step);
    else if (this.size < 32) {
      step += step < 0 ? 2 ** this.size - 1 : -1;
      const low = Math.max(0, this.size - 8);
      to.symbol((this.#parts[this.size] ??= new Model(1 << (this.size - low))), Math.floor(step / 2 ** low));
      if (low > 0) to.bits(low, step % 2 ** low);
    }
  }
}

class Channel {
  readonly changed: Model[] = [];
  readonly channel = new Model(3);
  readonly counts: Model[] = [];
  readonly numbers: Model[] = [];
  readonly sameTime = new Model(13);
  readonly dx: Median[] = [];
  readonly dy: Median[] = [];
  readonly xs = new Differences();
  readonly ys = new Differences();
  readonly zs = new Differences();
  readonly still = new Model(5);
  readonly times = new Model(515);
  readonly steps = new Differences();
  readonly heights: number[];
  step = 0;
  isLater = false;
  constructor(
    public last: Point,
    public time: number,
  ) {
    this.heights = Array.from({ length: 8 }, () => last.z);
  }
}

const RETURNS =
  '0123453445555555101333333333333321244444444333333345444444444444' +
  '4344544444444444534445444444444433444454444444444344444544444444' +
  '4344444454444444534444444544444453444444445444445334444444455444' +
  '5334444444455544533444444444555453344444444445555334444444444455';

/** A chunk of points, of which the first lies there as it is. */
export function chunk(points: readonly Point[]): Uint8Array {
  const [places, heights, times, colours] = [new Encoder(), new Encoder(), new Encoder(), new Encoder()];
  const first = new DataView(new ArrayBuffer(36));
  const start = points[0]!;
  [start.x, start.y, start.z].forEach((value, n) => first.setInt32(4 * n, value, true));
  first.setUint8(14, start.which | (start.of << 4));
  first.setUint8(15, start.channel << 4);
  first.setBigInt64(22, BigInt(start.time), true);
  start.rgb.forEach((value, n) => first.setUint16(30 + 2 * n, value, true));
  const channels: (Channel | undefined)[] = [];
  channels[start.channel] = new Channel(start, start.time);
  const colour = new Colours();
  colour.known[start.channel] = start.rgb;
  colour.channel = start.channel;
  let channel = start.channel;
  const model = (of: Model[], n: number, symbols: number) => (of[n] ??= new Model(symbols));
  for (const point of points.slice(1)) {
    let now = channels[channel]!;
    const { last } = now;
    const before = (last.which === 1 ? 1 : 0) + (last.which >= last.of ? 2 : 0) + (now.isLater ? 4 : 0);
    const other = channels[point.channel] ?? new Channel(last, now.time);
    const isLater = point.time !== other.time;
    const turn = (point.which - other.last.which + 16) % 16;
    const how = turn === 0 ? 0 : turn === 1 ? 1 : turn === 15 ? 2 : 3;
    const changed =
      (point.channel !== channel ? 64 : 0) | (isLater ? 16 : 0) | (point.of !== other.last.of ? 4 : 0) | how;
    places.symbol(model(now.changed, before, 128), changed);
    if (changed & 64) places.symbol(now.channel, (point.channel - channel + 3) % 4);
    channel = point.channel;
    now = channels[channel] = other;
    if (changed & 4) places.symbol(model(now.counts, now.last.of, 16), point.of);
    if (how === 3) {
      if (isLater) places.symbol(model(now.numbers, now.last.which, 16), point.which);
      else places.symbol(now.sameTime, turn - 2);
    }
    const kind = 2 * Number(RETURNS[16 * point.of + point.which]) + (isLater ? 1 : 0);
    const single = point.of === 1 ? 1 : 0;
    const [dx, dy] = [(point.x - now.last.x) | 0, (point.y - now.last.y) | 0];
    const [xs, ys] = [(now.dx[kind] ??= new Median()), (now.dy[kind] ??= new Median())];
    now.xs.put(places, xs.value, dx, single);
    xs.add(dx);
    now.ys.put(places, ys.value, dy, single + Math.min(20, now.xs.size & ~1));
    ys.add(dy);
    const level = Math.min(7, Math.abs(point.of - point.which));
    const size = (now.xs.size + now.ys.size) >> 1;
    now.zs.put(heights, now.heights[level]!, point.z, single + Math.min(18, size & ~1));
    now.heights[level] = point.z;
    if (isLater) {
      const step = point.time - now.time;
      if (now.step === 0) {
        times.symbol(now.still, 0);
        now.steps.put(times, 0, step, 0);
        now.step = step;
      } else {
        times.symbol(now.times, 1);
        now.steps.put(times, now.step, step, 1);
      }
      now.time = point.time;
    }
    now.isLater = isLater;
    now.last = point;
    colour.put(colours, channel, point.rgb);
  }
  const layers = [places, heights, null, null, null, null, null, null, times, colours].map((layer) =>
    layer?.isUsed ? layer.done() : new Uint8Array(),
  );
  const sizes = Uint32Array.from([points.length, ...layers.map((layer) => layer.length)]);
  return joined([new Uint8Array(first.buffer), new Uint8Array(sizes.buffer), ...layers]);
}

class Colours {
  readonly known: [number, number, number][] = [];
  readonly #models: { changed: Model; bytes: Model[] }[] = [];
  channel = 0;

  put(to: Encoder, channel: number, now: [number, number, number]): void {
    let from = this.channel;
    if (channel !== this.channel) {
      this.channel = channel;
      if (!this.known[channel]) {
        this.known[channel] = this.known[from]!;
        from = channel;
      }
    }
    const before = this.known[from]!;
    const { changed, bytes } = (this.#models[channel] ??= {
      changed: new Model(128),
      bytes: Array.from({ length: 6 }, () => new Model(256)),
    });
    const isGrey = now[0] === now[1] && now[0] === now[2];
    const parts = [0, 1, 2].flatMap((band) => [0, 8].map((shift) => [band, shift] as const));
    const [was, is] = [before, now].map((colour) => parts.map(([band, shift]) => (colour[band]! >> shift) & 255)) as [
      number[],
      number[],
    ];
    const bits = parts.reduce((all, _, n) => all | (was[n] === is[n] ? 0 : 1 << n), isGrey ? 0 : 64);
    to.symbol(changed, bits);
    const clamp = (value: number) => Math.min(255, Math.max(0, value));
    const put = (n: number, expected: number) => {
      if (bits & (1 << n)) to.symbol(bytes[n]!, (is[n]! - clamp(expected)) & 255);
    };
    put(0, was[0]!);
    put(1, was[1]!);
    if (!isGrey) {
      const [low, high] = [is[0]! - was[0]!, is[1]! - was[1]!];
      put(2, low + was[2]!);
      put(4, Math.trunc((low + is[2]! - was[2]!) / 2) + was[4]!);
      put(3, high + was[3]!);
      put(5, Math.trunc((high + is[3]! - was[3]!) / 2) + was[5]!);
    }
    this.known[from] = now;
  }
}

/** A file of chunks, each with as many points as it has. */
export function lazFile(chunks: readonly (readonly Point[])[]): Uint8Array {
  const [head, record, start] = [375, 54 + 34 + 12, 375 + 54 + 34 + 12];
  const view = new DataView(new ArrayBuffer(start + 8));
  const all = chunks.flat();
  view.setUint32(0, 0x4c415346);
  view.setUint8(24, 1);
  view.setUint8(25, 4);
  view.setUint16(94, head, true);
  view.setUint32(96, start, true);
  view.setUint32(100, 1, true);
  view.setUint8(104, 7 | 0x80);
  view.setUint16(105, 36, true);
  [0.01, 0.01, 0.01, 500_000, 5_000_000, 100].forEach((value, n) => view.setFloat64(131 + 8 * n, value, true));
  (['x', 'y', 'z'] as const).forEach((axis, n) => {
    const values = all.map((point) => point[axis] * 0.01 + [500_000, 5_000_000, 100][n]!);
    view.setFloat64(179 + 16 * n, Math.max(...values), true);
    view.setFloat64(187 + 16 * n, Math.min(...values), true);
  });
  view.setBigUint64(247, BigInt(all.length), true);
  const words = (at: number, ...values: number[]) =>
    values.forEach((value, n) => view.setUint16(at + 2 * n, value, true));
  [...'laszip encoded'].forEach((letter, n) => view.setUint8(head + 2 + n, letter.charCodeAt(0)));
  words(head + 18, 22204, record - 54);
  words(head + 54, 3, 0);
  view.setUint8(head + 58, 3);
  view.setUint8(head + 59, 4);
  view.setUint32(head + 66, 0xffffffff, true);
  view.setBigInt64(head + 70, -1n, true);
  view.setBigInt64(head + 78, -1n, true);
  words(head + 86, 2, 10, 30, 3, 11, 6, 3);
  const packed = chunks.map(chunk);
  const [table, numbers] = [new Encoder(), new Differences()];
  let [count, bytes, end] = [0, 0, start + 8];
  for (const [n, points] of chunks.entries()) {
    numbers.put(table, count, points.length, 0);
    numbers.put(table, bytes, packed[n]!.length, 1);
    [count, bytes, end] = [points.length, packed[n]!.length, end + packed[n]!.length];
  }
  view.setBigInt64(start, BigInt(end), true);
  return joined([
    new Uint8Array(view.buffer),
    ...packed,
    new Uint8Array(Uint32Array.from([0, chunks.length]).buffer),
    table.done(),
  ]);
}
