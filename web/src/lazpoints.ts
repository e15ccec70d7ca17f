/** Points of LAZ files of the formats 0 to 3, each with all it has behind the other (LASzip's version 2). */

import { type Decoder, Median, Model, Numbers } from './arithmetic';
import { Unreadable } from './zip';

/** Where points lie, in steps of the file, and their colours where they have some. */
export interface Points {
  readonly count: number;
  readonly xyz: Int32Array;
  readonly rgb: Uint16Array | null;
}

/** A part of each point, which is read behind the parts before it. */
export interface Part {
  /** Of the first point, which is stored as it is. */
  readonly bytes: number;
  first(view: DataView, at: number): void;
  next(decoder: Decoder): void;
}

/** Of a pulse: how many returns it had, and which this one is. */
const RETURNS = ['fedcba98', 'e0136aa9', 'd1247bba', 'c3458ccb', 'b6789ddc', 'aabcdeed', '9abcdefe', '89abcdef'].map(
  (row) => [...row].map((digit) => Number.parseInt(digit, 16)),
);
const SEQUENCES = 3;
const MOST_SWITCHES = 8;

const list = <T>(count: number, make: () => T) => Array.from({ length: count }, make);
const model = (of: (Model | undefined)[], n: number, symbols = 256) => (of[n] ??= new Model(symbols));

/** Where it lies, and all that is of no use here but stands between. */
export class Place implements Part {
  readonly bytes = 20;
  x = 0;
  y = 0;
  z = 0;
  #flags = 0;
  #kind = 0;
  #user = 0;
  #source = 0;
  readonly #light = list(16, () => 0);
  readonly #dx = list(16, () => new Median());
  readonly #dy = list(16, () => new Median());
  readonly #heights = list(8, () => 0);
  readonly #changed = new Model(64);
  readonly #flagModels: Model[] = [];
  readonly #kindModels: Model[] = [];
  readonly #userModels: Model[] = [];
  readonly #angleModels: Model[] = [];
  readonly #lights = new Numbers(16);
  readonly #sources = new Numbers(16);
  readonly #xs = new Numbers(32);
  readonly #ys = new Numbers(32);
  readonly #zs = new Numbers(32);

  first(view: DataView, at: number): void {
    [this.x, this.y, this.z] = [0, 4, 8].map((n) => view.getInt32(at + n, true)) as [number, number, number];
    [this.#flags, this.#kind, this.#user] = [14, 15, 17].map((n) => view.getUint8(at + n)) as [number, number, number];
    this.#source = view.getUint16(at + 18, true);
  }

  next(decoder: Decoder): void {
    const changed = decoder.symbol(this.#changed);
    if (changed & 32) this.#flags = decoder.symbol(model(this.#flagModels, this.#flags));
    const [which, of] = [this.#flags & 7, (this.#flags >> 3) & 7];
    const kind = RETURNS[of]![which]!;
    if (changed & 16) this.#light[kind] = this.#lights.next(decoder, this.#light[kind]!, Math.min(3, kind));
    if (changed & 8) this.#kind = decoder.symbol(model(this.#kindModels, this.#kind));
    if (changed & 4) decoder.symbol(model(this.#angleModels, (this.#flags >> 6) & 1));
    if (changed & 2) this.#user = decoder.symbol(model(this.#userModels, this.#user));
    if (changed & 1) this.#source = this.#sources.next(decoder, this.#source);

    const single = of === 1 ? 1 : 0;
    const [xs, ys] = [this.#dx[kind]!, this.#dy[kind]!];
    const dx = this.#xs.next(decoder, xs.value, single);
    xs.add(dx);
    const dy = this.#ys.next(decoder, ys.value, single + Math.min(20, this.#xs.size & ~1));
    ys.add(dy);
    this.x = (this.x + dx) | 0;
    this.y = (this.y + dy) | 0;
    const level = Math.abs(of - which);
    const size = (this.#xs.size + this.#ys.size) >> 1;
    this.z = this.#heights[level] = this.#zs.next(decoder, this.#heights[level]!, single + Math.min(18, size & ~1));
  }
}

const UNCHANGED = 511;
const ANEW = 512;

/** When it was taken, as 64 bits in two halves: of no use here, but it stands between. */
export class Time implements Part {
  readonly bytes = 8;
  readonly #highs = [0, 0, 0, 0];
  readonly #lows = [0, 0, 0, 0];
  readonly #steps = [0, 0, 0, 0];
  readonly #extremes = [0, 0, 0, 0];
  #last = 0;
  #next = 0;
  readonly #still = new Model(6);
  readonly #multiples = new Model(516);
  readonly #numbers = new Numbers(32);

  first(view: DataView, at: number): void {
    [this.#lows[0], this.#highs[0]] = [view.getUint32(at, true), view.getInt32(at + 4, true)];
  }

  next(decoder: Decoder): void {
    for (let n = 0; n < MOST_SWITCHES; n++) {
      const step = this.#steps[this.#last]!;
      if (step === 0) {
        const what = decoder.symbol(this.#still);
        if (what > 2) {
          this.#last = (this.#last + what - 2) & SEQUENCES;
          continue;
        }
        if (what === 1) {
          this.#steps[this.#last] = this.#numbers.next(decoder, 0, 0);
          this.#extremes[this.#last] = 0;
          this.#add(this.#steps[this.#last]!);
        } else if (what === 2) this.#begin(decoder);
        return;
      }
      const times = decoder.symbol(this.#multiples);
      if (times > ANEW) {
        this.#last = (this.#last + times - ANEW) & SEQUENCES;
        continue;
      }
      if (times === ANEW) this.#begin(decoder);
      else if (times !== UNCHANGED) this.#add(this.#multiple(decoder, times, step));
      return;
    }
    throw new Unreadable('its points are damaged');
  }

  #multiple(decoder: Decoder, times: number, step: number): number {
    if (times === 1) {
      this.#extremes[this.#last] = 0;
      return this.#numbers.next(decoder, step, 1);
    }
    const by = times <= 500 ? times : Math.max(-10, 500 - times);
    const context = times === 0 ? 7 : times < 10 ? 2 : times < 500 ? 3 : times === 500 ? 4 : by > -10 ? 5 : 6;
    const found = this.#numbers.next(decoder, Math.imul(by, step), context);
    if ((context === 7 || context === 4 || context === 6) && ++this.#extremes[this.#last]! > 3) {
      this.#steps[this.#last] = found;
      this.#extremes[this.#last] = 0;
    }
    return found;
  }

  #begin(decoder: Decoder): void {
    const high = this.#numbers.next(decoder, this.#highs[this.#last]!, 8);
    this.#last = this.#next = (this.#next + 1) & SEQUENCES;
    [this.#highs[this.#last], this.#lows[this.#last]] = [high, decoder.bits(32)];
    [this.#steps[this.#last], this.#extremes[this.#last]] = [0, 0];
  }

  #add(step: number): void {
    const sum = this.#lows[this.#last]! + step;
    this.#lows[this.#last] = sum >>> 0;
    this.#highs[this.#last] = (this.#highs[this.#last]! + Math.floor(sum / 2 ** 32)) | 0;
  }
}

const clamp = (value: number) => Math.min(255, Math.max(0, value));

/** How bytes of colours go on: green as red did, blue as both. */
export class ColourModels {
  readonly #changed = new Model(128);
  readonly #bytes = list(6, () => new Model(256));

  /** From a colour to the one behind it. */
  next(decoder: Decoder, colour: readonly number[]): [red: number, green: number, blue: number] {
    const changed = decoder.symbol(this.#changed);
    const part = (n: number, bit: number, expected: number, before: number) =>
      changed & (1 << bit) ? (decoder.symbol(this.#bytes[n]!) + clamp(expected)) & 255 : before;
    const [red, green, blue] = colour as [number, number, number];
    const low = part(0, 0, red & 255, red & 255);
    const high = part(1, 1, red >> 8, red >> 8);
    const now = (high << 8) | low;
    if ((changed & 64) === 0) return [now, now, now];
    let step = low - (red & 255);
    const greenLow = part(2, 2, step + (green & 255), green & 255);
    step = Math.trunc((step + greenLow - (green & 255)) / 2);
    const blueLow = part(4, 4, step + (blue & 255), blue & 255);
    step = high - (red >> 8);
    const greenHigh = part(3, 3, step + (green >> 8), green >> 8);
    step = Math.trunc((step + greenHigh - (green >> 8)) / 2);
    const blueHigh = part(5, 5, step + (blue >> 8), blue >> 8);
    return [now, (greenHigh << 8) | greenLow, (blueHigh << 8) | blueLow];
  }
}

export const colourAt = (view: DataView, at: number) => [0, 2, 4].map((n) => view.getUint16(at + n, true));

export class Colour implements Part {
  readonly bytes = 6;
  now: readonly number[] = [0, 0, 0];
  readonly #models = new ColourModels();

  first(view: DataView, at: number): void {
    this.now = colourAt(view, at);
  }
  next(decoder: Decoder): void {
    this.now = this.#models.next(decoder, this.now);
  }
}

/** What a program has added, which is of no use here, but may stand between. */
export class Extra implements Part {
  readonly #models: Model[] = [];

  constructor(readonly bytes: number) {}

  first(): void {}

  next(decoder: Decoder): void {
    for (let n = 0; n < this.bytes; n++) decoder.symbol(model(this.#models, n));
  }
}
