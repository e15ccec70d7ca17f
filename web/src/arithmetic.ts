/**
 * The coder of numbers that LASzip uses: a range coder whose models learn while they are read (A. Said, "Introduction to
 * Arithmetic Coding", 2004), and on top of it one for differences of whole numbers.
 */

import { Unreadable } from './zip';

const SHIFT = 15;
const MOST_COUNT = 1 << SHIFT;
const BIT_SHIFT = 13;
const MOST_BITS = 1 << BIT_SHIFT;
const LEAST_LENGTH = 0x1000000;
const TABLE_FROM = 16;

/** How often each of some symbols has come so far. */
export class Model {
  readonly parts: Uint32Array;
  readonly table: Uint32Array | null;
  readonly shift: number;
  readonly #counts: Uint32Array;
  #total = 0;
  #cycle: number;
  #left = 0;

  constructor(readonly symbols: number) {
    this.parts = new Uint32Array(symbols);
    this.#counts = new Uint32Array(symbols).fill(1);
    let bits = 3;
    while (symbols > 1 << (bits + 2)) bits++;
    this.table = symbols > TABLE_FROM ? new Uint32Array((1 << bits) + 2) : null;
    this.shift = SHIFT - bits;
    this.#cycle = symbols;
    this.#update();
    this.#left = this.#cycle = (symbols + 6) >> 1;
  }

  seen(symbol: number): void {
    this.#counts[symbol]!++;
    if (--this.#left === 0) this.#update();
  }

  #update(): void {
    const [counts, { parts, table }] = [this.#counts, this];
    this.#total += this.#cycle;
    if (this.#total > MOST_COUNT) {
      this.#total = 0;
      for (let n = 0; n < counts.length; n++) this.#total += counts[n] = (counts[n]! + 1) >> 1;
    }
    const scale = Math.floor(0x80000000 / this.#total);
    let [sum, filled] = [0, 0];
    for (let n = 0; n < counts.length; n++) {
      parts[n] = (scale * sum) >>> (31 - SHIFT);
      sum += counts[n]!;
      if (table) for (const to = parts[n]! >> this.shift; filled < to; ) table[++filled] = n - 1;
    }
    if (table) {
      table[0] = 0;
      while (filled < table.length - 1) table[++filled] = this.symbols - 1;
    }
    this.#left = this.#cycle = Math.min((5 * this.#cycle) >> 2, (this.symbols + 6) << 3);
  }
}

/** How often each of two has come so far. */
export class BitModel {
  /** That the next one is 0. */
  part = 1 << (BIT_SHIFT - 1);
  #noughts = 1;
  #all = 2;
  #cycle = 4;
  #left = 4;

  seen(bit: number): void {
    if (bit === 0) this.#noughts++;
    if (--this.#left > 0) return;
    this.#all += this.#cycle;
    if (this.#all > MOST_BITS) {
      this.#all = (this.#all + 1) >> 1;
      this.#noughts = (this.#noughts + 1) >> 1;
      if (this.#noughts === this.#all) this.#all++;
    }
    const scale = Math.floor(0x80000000 / this.#all);
    this.part = (this.#noughts * scale) >>> (31 - BIT_SHIFT);
    this.#left = this.#cycle = Math.min(64, (5 * this.#cycle) >> 2);
  }
}

/** Reads symbols. What is cut off is a fault, and no endless row of noughts. */
export class Decoder {
  #value = 0;
  #length = 0xffffffff;
  #at = 0;

  constructor(readonly bytes: Uint8Array) {
    for (let n = 0; n < 4; n++) this.#value = this.#value * 256 + this.#byte();
  }

  symbol(model: Model): number {
    const { parts, table } = model;
    const length = this.#length >>> SHIFT;
    const place = Math.floor(this.#value / length);
    let [symbol, end] = [0, model.symbols];
    if (table) {
      const entry = Math.min(place >>> model.shift, table.length - 2);
      [symbol, end] = [table[entry]!, table[entry + 1]! + 1];
    }
    while (end > symbol + 1) {
      const middle = (symbol + end) >>> 1;
      if (parts[middle]! > place) end = middle;
      else symbol = middle;
    }
    const low = parts[symbol]! * length;
    const high = symbol === model.symbols - 1 ? this.#length : parts[symbol + 1]! * length;
    this.#value -= low;
    this.#length = high - low;
    this.#refill();
    model.seen(symbol);
    return symbol;
  }

  bit(model: BitModel): number {
    const part = model.part * (this.#length >>> BIT_SHIFT);
    const bit = this.#value >= part ? 1 : 0;
    if (bit === 0) this.#length = part;
    else {
      this.#value -= part;
      this.#length -= part;
    }
    this.#refill();
    model.seen(bit);
    return bit;
  }

  /** So many bits that no model knows: up to 32. */
  bits(count: number): number {
    if (count > 19) {
      const low = this.bits(16);
      return this.bits(count - 16) * 65_536 + low;
    }
    this.#length >>>= count;
    const found = Math.floor(this.#value / this.#length);
    this.#value -= this.#length * found;
    this.#refill();
    return found;
  }

  #refill(): void {
    while (this.#length < LEAST_LENGTH) {
      if (this.#length < 1) throw new Unreadable('its points are damaged');
      this.#value = this.#value * 256 + this.#byte();
      this.#length *= 256;
    }
  }

  #byte(): number {
    if (this.#at >= this.bytes.length + 8) throw new Unreadable('its points are cut off');
    return this.bytes[this.#at++] ?? 0;
  }
}

const HIGH = 8;

/** Whole numbers as differences from what they were expected to be: first how large one is, then which. */
export class Numbers {
  /** How many bits the last difference had. */
  size = 0;
  readonly #sizes: Model[] = [];
  readonly #parts: Model[] = [];
  readonly #small = new BitModel();

  constructor(readonly bits: number) {}

  next(decoder: Decoder, expected: number, context = 0): number {
    const size = (this.size = decoder.symbol((this.#sizes[context] ??= new Model(this.bits + 1))));
    let difference: number;
    if (size === 0) difference = decoder.bit(this.#small);
    else if (size === 32) difference = -0x80000000;
    else {
      difference = decoder.symbol((this.#parts[size] ??= new Model(1 << Math.min(size, HIGH))));
      if (size > HIGH) difference = difference * 2 ** (size - HIGH) + decoder.bits(size - HIGH);
      difference += difference >= 2 ** (size - 1) ? 1 : 1 - 2 ** size;
    }
    const found = expected + difference;
    return this.bits === 32 ? found | 0 : found & (2 ** this.bits - 1);
  }
}

/** About the middle one of the last five numbers. */
export class Median {
  readonly #values = [0, 0, 0, 0, 0];
  #isHigh = true;

  get value(): number {
    return this.#values[2]!;
  }

  add(value: number): void {
    const all = this.#values;
    if (this.#isHigh) {
      this.#isHigh = value < all[2]!;
      if (this.#isHigh) {
        [all[4], all[3]] = [all[3]!, all[2]!];
        if (value < all[0]!) [all[2], all[1], all[0]] = [all[1]!, all[0]!, value];
        else if (value < all[1]!) [all[2], all[1]] = [all[1]!, value];
        else all[2] = value;
      } else if (value < all[3]!) [all[4], all[3]] = [all[3]!, value];
      else all[4] = value;
      return;
    }
    this.#isHigh = all[2]! >= value;
    if (!this.#isHigh) {
      [all[0], all[1]] = [all[1]!, all[2]!];
      if (all[4]! < value) [all[2], all[3], all[4]] = [all[3]!, all[4]!, value];
      else if (all[3]! < value) [all[2], all[3]] = [all[3]!, value];
      else all[2] = value;
    } else if (all[1]! < value) [all[0], all[1]] = [all[1]!, value];
    else all[0] = value;
  }
}
