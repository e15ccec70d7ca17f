/** What charts compute. Everything here is pure. */

export type Point = readonly [x: number, y: number];

/** Drawn on a logarithm only what is above zero can be. */
export const drawable = (value: number, log: boolean) => Number.isFinite(value) && (!log || value > 0);

/** What JSON can say of a number that is none. */
export const number = (value: number | string | null | undefined): number =>
  typeof value === 'number' ? value : value === 'Infinity' ? Infinity : value === '-Infinity' ? -Infinity : NaN;

/** A moving average that weighs what lies behind ever less, and is no lower at its beginning for it. */
export function smooth(points: readonly Point[], weight: number): readonly Point[] {
  if (weight <= 0) return points;
  let sum = 0;
  let seen = 0;
  return points.map(([x, y]) => {
    if (!Number.isFinite(y)) return [x, y];
    sum = sum * weight + (1 - weight) * y;
    seen++;
    return [x, sum / (1 - weight ** seen)];
  });
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** The range of what is drawn; a little wider where all is one value. */
export function range(values: Iterable<number>, log = false): Range {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!drawable(value, log)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return log ? { low: 0.1, high: 1 } : { low: 0, high: 1 };
  if (low < high) return { low, high };
  const more = Math.abs(low) * 0.1 || 1;
  return log ? { low: low / 2, high: high * 2 } : { low: low - more, high: high + more };
}

/** A little more than what is drawn, so that no line lies on an edge; what begins at nothing stays there. */
export function roomy({ low, high }: Range, log: boolean, zero: boolean): Range {
  if (log) return { low: low / (high / low) ** 0.04, high: high * (high / low) ** 0.04 };
  const bottom = zero ? Math.min(0, low) : low;
  const more = (high - bottom) * 0.05;
  return { low: zero && low >= 0 ? 0 : bottom - more, high: high + (zero ? 2 * more : more) };
}

/** From a value to a place between two others. */
export function scale({ low, high }: Range, from: number, to: number, log = false): (value: number) => number {
  const at = log ? Math.log10 : (value: number) => value;
  const size = at(high) - at(low) || 1;
  return (value) => from + ((at(value) - at(low)) / size) * (to - from);
}

/** Round numbers within a range, so many at most. */
export function ticks({ low, high }: Range, most: number): number[] {
  const raw = (high - low) / Math.max(1, most);
  if (!(raw > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw * 0.999)!;
  const all: number[] = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9 && all.length <= most + 1; n++)
    all.push(Number((n * step).toPrecision(12)));
  return all;
}

/** Powers of ten within a range; where there are fewer than two, as for any other. */
export function logTicks({ low, high }: Range, most: number): number[] {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  if (last - first < 1) return ticks({ low, high }, most).filter((value) => value > 0);
  const step = Math.max(1, Math.ceil((last - first + 1) / most));
  const all: number[] = [];
  for (let n = first; n <= last; n += step) all.push(Number(`1e${n}`));
  return all;
}

const EVEN = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

/** Round times, as a clock here shows them, within a range of seconds since 1970. */
export function timeTicks({ low, high }: Range, most: number, zone = new Date(high * 1000).getTimezoneOffset() * 60) {
  const raw = (high - low) / Math.max(1, most);
  const step = EVEN.find((size) => size >= raw) ?? Math.ceil(raw / 86400) * 86400;
  const all: number[] = [];
  for (let at = Math.ceil((low - zone) / step) * step + zone; at <= high; at += step) all.push(at);
  return all;
}

/** A number in few characters that still tells it from its neighbours. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7))
    return value
      .toExponential(2)
      .replace(/\.?0+e/, 'e')
      .replace('e+', 'e');
  return String(Number(value.toPrecision(size >= 1000 ? Math.max(4, Math.floor(Math.log10(size)) + 1) : 4)));
}

/** A line, or steps of what holds until the next; what cannot be drawn is a gap in it. */
export function path(
  points: readonly Point[],
  x: (value: number) => number,
  y: (value: number) => number,
  log = false,
  steps = false,
): string {
  let drawn = false;
  let text = '';
  for (const [at, value] of points) {
    if (drawable(value, log)) {
      const [right, up] = [x(at).toFixed(1), y(value).toFixed(1)];
      text += drawn ? (steps ? `H${right}V${up}` : `L${right} ${up}`) : `M${right} ${up}`;
      drawn = true;
    } else drawn = false;
  }
  return text;
}

/** All places along the axis at which some line has a value. */
export const places = (lines: readonly (readonly Point[])[]): number[] =>
  [...new Set(lines.flatMap((points) => points.map(([x]) => x)))].toSorted((a, b) => a - b);

/** Where in a sorted list the value is that is nearest. */
export function nearest(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && value - sorted[low - 1]! <= sorted[low]! - value ? low - 1 : low;
}

/** What a line has at a place: its value there, or the last before it. */
export function valueAt(points: readonly Point[], x: number): number | undefined {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]![0] <= x) low = middle + 1;
    else high = middle;
  }
  return points[low - 1]?.[1];
}

/** Labels of which none covers another: each as near to where it belongs as the others leave room. */
export function apart(wanted: readonly number[], gap: number, most: number): number[] {
  const order = wanted.map((_, n) => n).toSorted((a, b) => wanted[a]! - wanted[b]!);
  const placed = [...wanted];
  let least = -Infinity;
  for (const n of order) least = (placed[n] = Math.max(wanted[n]!, least)) + gap;
  let limit = most;
  for (const n of order.toReversed()) limit = (placed[n] = Math.min(placed[n]!, limit)) - gap;
  return placed;
}
