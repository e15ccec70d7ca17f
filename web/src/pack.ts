/** Points as they are drawn: sixteen bits an axis within a box of their own, up is up, in an order that is mixed. */

import type { Points } from './lazpoints';

export interface Box {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** For the graphics: places first, then colours. */
export interface Packed {
  readonly count: number;
  readonly low: readonly [number, number, number];
  readonly span: readonly [number, number, number];
  readonly bytes: Uint8Array;
}

/** Where steps of a file are: each times its scale, and its offset added. */
export interface Steps {
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

export const middleOf = ({ low, high }: Box) => [0, 1, 2].map((axis) => (low[axis]! + high[axis]!) / 2);
export const sizeOf = ({ low, high }: Box) => Math.hypot(...[0, 1, 2].map((axis) => high[axis]! - low[axis]!));

/** Whether colours take sixteen bits, as the format says, or eight, as many programs write them. */
export const isWide = ({ rgb }: Points) => rgb !== null && rgb.some((value) => value > 255);

/**
 * @param middle Of the scene; distances from it are small enough for the graphics.
 * @param wide Whether colours take sixteen bits.
 */
export function pack(points: Points, { scale, offset }: Steps, middle: readonly number[], wide: boolean): Packed {
  const { count, xyz, rgb } = points;
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let n = 0; n < 3 * count; n++) {
    const axis = n % 3;
    if (xyz[n]! < low[axis]!) low[axis] = xyz[n]!;
    if (xyz[n]! > high[axis]!) high[axis] = xyz[n]!;
  }
  const bytes = new Uint8Array(9 * count);
  const places = new Uint16Array(bytes.buffer, 0, 3 * count);
  const colours = bytes.subarray(6 * count);
  const part = (n: number, axis: number) => {
    const span = high[axis]! - low[axis]!;
    return span === 0 ? 0 : Math.round((65_535 * (xyz[3 * n + axis]! - low[axis]!)) / span);
  };
  // the first part of them shows all of it, as each point has its place by chance
  const order = mixed(count);
  for (let to = 0; to < count; to++) {
    const n = order[to]!;
    places[3 * to] = part(n, 0);
    places[3 * to + 1] = part(n, 2);
    places[3 * to + 2] = 65_535 - part(n, 1);
    for (let band = 0; band < 3; band++)
      colours[3 * to + band] = rgb ? (wide ? rgb[3 * n + band]! >> 8 : rgb[3 * n + band]!) : 160;
  }
  const at = (steps: readonly number[], axis: number) => steps[axis]! * scale[axis]! + offset[axis]! - middle[axis]!;
  const span = (axis: number) => (high[axis]! - low[axis]!) * scale[axis]!;
  return {
    count,
    low: count === 0 ? [0, 0, 0] : [at(low, 0), at(low, 2), -at(high, 1)],
    span: count === 0 ? [0, 0, 0] : [span(0), span(2), span(1)],
    bytes,
  };
}

/** The same each time. */
function mixed(count: number): Uint32Array {
  const order = new Uint32Array(count);
  let seed = 1;
  for (let n = 0; n < count; n++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const other = Math.floor((seed / 2 ** 32) * (n + 1));
    order[n] = order[other]!;
    order[other] = n;
  }
  return order;
}
