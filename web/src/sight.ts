/** What of a picture is in sight: which of its levels is fine enough, and which of its blocks are to be read. */

import type { Level } from './tiff';

/** Where one looks: the middle, in pixels of the finest level, and how many pixels of the screen each of them takes. */
export interface Sight {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}
/** In pixels of the screen. */
export interface Frame {
  readonly width: number;
  readonly height: number;
}
export interface Wanted {
  readonly level: number;
  readonly column: number;
  readonly row: number;
}

/** More pixels than these are not read to draw one picture of them. */
const MOST = 100e6;
const FINEST = 32;

export const whole = ({ width, height }: Level, frame: Frame): Sight => ({
  x: width / 2,
  y: height / 2,
  scale: 0.96 * Math.min(frame.width / width, frame.height / height),
});

/** The coarsest level that is fine enough, else the finest. */
export function levelFor(levels: readonly Level[], scale: number): number {
  for (let n = levels.length - 1; n > 0; n--) if (levels[0]!.width / levels[n]!.width <= 1.25 / scale) return n;
  return 0;
}

/** Of a level, the blocks in sight, from the middle outwards; null where there are too many pixels in them. */
export function wanted(levels: readonly Level[], level: number, sight: Sight, frame: Frame): Wanted[] | null {
  const [{ width, height, block }, shrunk] = [levels[level]!, levels[0]!.width / levels[level]!.width];
  const [wide, tall] = [frame.width / sight.scale / 2, frame.height / sight.scale / 2];
  const range = (middle: number, half: number, size: number, most: number) =>
    [
      Math.max(0, Math.floor((middle - half) / shrunk / size)),
      Math.min(Math.ceil(most / size) - 1, Math.floor((middle + half) / shrunk / size)),
    ] as const;
  const [left, right] = range(sight.x, wide, block.width, width);
  const [top, bottom] = range(sight.y, tall, block.height, height);
  if (Math.max(0, right - left + 1) * Math.max(0, bottom - top + 1) * block.width * block.height > MOST) return null;
  const found: (Wanted & { far: number })[] = [];
  for (let row = top; row <= bottom; row++)
    for (let column = left; column <= right; column++) {
      const [x, y] = [(column + 0.5) * block.width * shrunk - sight.x, (row + 0.5) * block.height * shrunk - sight.y];
      found.push({ level, column, row, far: x * x + y * y });
    }
  return found.toSorted((a, b) => a.far - b.far).map(({ level, column, row }) => ({ level, column, row }));
}

/** Nearer or farther, so that what lies under a point of the frame stays there. */
export function zoomed(sight: Sight, by: number, at: { x: number; y: number }, frame: Frame, least: number): Sight {
  const scale = Math.min(FINEST, Math.max(least, sight.scale * by));
  const [x, y] = [at.x - frame.width / 2, at.y - frame.height / 2];
  return { x: sight.x + x / sight.scale - x / scale, y: sight.y + y / sight.scale - y / scale, scale };
}

/** Not out of the picture. */
export const kept = (sight: Sight, { width, height }: Level): Sight => ({
  ...sight,
  x: Math.min(width, Math.max(0, sight.x)),
  y: Math.min(height, Math.max(0, sight.y)),
});

/** A round length of at most so much: 1, 2 or 5 and noughts. */
export function round(most: number): number {
  const ten = 10 ** Math.floor(Math.log10(most));
  return ten * ([5, 2, 1].find((n) => n * ten <= most) ?? 1);
}
