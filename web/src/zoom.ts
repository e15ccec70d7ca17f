/** Which stretch of their axis charts show, and where on it one looks. All but the hook is pure. */
import { useMemo, useState } from 'preact/hooks';
import { type Point, type Range, short } from './plot';

/** What charts beside each other have in common. */
export interface Shared {
  readonly cursor: number | null;
  point(x: number | null): void;
  /** Null shows all of it. */
  readonly stretch: Range | null;
  look(stretch: Range | null): void;
}

export function useShared(): Shared {
  const [cursor, point] = useState<number | null>(null);
  const [stretch, look] = useState<Range | null>(null);
  return useMemo(() => ({ cursor, point, stretch, look }), [cursor, stretch]);
}

const isIn =
  ({ low, high }: Range) =>
  (x: number) =>
    x >= low && x <= high;

/** What was dragged over; null where there would be less than a line in it. */
export function chosen(places: readonly number[], from: number, to: number): Range | null {
  const stretch = { low: Math.min(from, to), high: Math.max(from, to) };
  return places.filter(isIn(stretch)).length > 1 ? stretch : null;
}

/** Within all there is, and as long as before. */
function kept(full: Range, low: number, size: number): Range {
  const from = Math.max(full.low, Math.min(low, full.high - size));
  return { low: from, high: from + size };
}

/** Nearer by so much, above 1, so that a place stays where it is; null is all of it. */
export function zoomed(places: readonly number[], full: Range, now: Range, by: number, at: number): Range | null {
  const size = (now.high - now.low) / by;
  if (size >= full.high - full.low) return null;
  const next = kept(full, at - (at - now.low) / by, size);
  if (by < 1 || chosen(places, next.low, next.high)) return next;
  return now.high - now.low < full.high - full.low ? now : null;
}

/** The stretch, moved no farther than it takes to see a place. */
export const seeing = (full: Range, now: Range, x: number): Range =>
  isIn(now)(x) ? now : kept(full, x < now.low ? x : x - (now.high - now.low), now.high - now.low);

/** The points of a stretch, and the one on either side to which a line goes on. */
export function inSight(points: readonly Point[], { low, high }: Range): readonly Point[] {
  const first = points.findIndex(([x]) => x >= low);
  const last = points.findLastIndex(([x]) => x <= high);
  return first < 0 || last < 0 ? [] : points.slice(Math.max(0, first - 1), last + 2);
}

/** Numbers along an axis: as short as they are, unless two of them would read the same. */
export function labelsOf(values: readonly number[]): string[] {
  const texts = values.map(short);
  for (let digits = 5; new Set(texts).size < texts.length && digits <= 15; digits++)
    for (const [n, value] of values.entries()) texts[n] = String(Number(value.toPrecision(digits)));
  return texts;
}
