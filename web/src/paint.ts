/** Turns samples into colours: pictures as they are, heights by a ramp with light from the north-west. */

import type { Block, Tiff } from './tiff';

export type Kind = 'picture' | 'bands' | 'heights';

/** What its values are drawn as, and between which of them. */
export interface Look {
  readonly kind: Kind;
  readonly low: number;
  readonly high: number;
}

const PALETTE = 3;
/** Dark to light, so that it is a ramp without colours too. */
const RAMP = [
  [68, 1, 84],
  [65, 68, 135],
  [42, 120, 142],
  [34, 168, 132],
  [122, 209, 81],
  [253, 231, 37],
] as const;

export function kindOf({ bits, samples, alpha, palette }: Pick<Tiff, 'bits' | 'samples' | 'alpha' | 'palette'>): Kind {
  const bands = alpha < 0 ? samples : samples - 1;
  if (bits === 8) return bands >= 3 || palette ? 'picture' : 'bands';
  return bands >= 3 ? 'bands' : 'heights';
}

/** The colour of a part between 0 and 1. */
export function ramp(part: number): [red: number, green: number, blue: number] {
  const at = Math.min(1, Math.max(0, part)) * (RAMP.length - 1);
  const n = Math.min(RAMP.length - 2, Math.floor(at));
  const [from, to] = [RAMP[n]!, RAMP[n + 1]!];
  const mix = (c: 0 | 1 | 2) => Math.round(from[c] + (to[c] - from[c]) * (at - n));
  return [mix(0), mix(1), mix(2)];
}

export const isNone = (value: number, nodata: number | null) => !Number.isFinite(value) || value === nodata;

/** Between which values most of it lies: of the rest, a hundredth at either end, the ends are taken. */
export function spread(
  block: Block,
  { alpha, nodata }: Pick<Tiff, 'alpha' | 'nodata'>,
): [low: number, high: number] | null {
  const { data, samples } = block;
  const bands = alpha < 0 ? samples : samples - 1;
  const step = Math.max(1, Math.floor(data.length / samples / 50_000));
  const found: number[] = [];
  for (let pixel = 0; pixel * samples < data.length; pixel += step) {
    if (alpha >= 0 && data[pixel * samples + alpha] === 0) continue;
    for (let band = 0; band < Math.min(3, bands); band++) {
      const value = data[pixel * samples + band]!;
      if (!isNone(value, nodata)) found.push(value);
    }
  }
  if (found.length === 0) return null;
  const sorted = Float64Array.from(found).toSorted();
  const at = (part: number) => sorted[Math.round(part * (sorted.length - 1))]!;
  return [at(0.01), at(0.99)];
}

/**
 * The colours of every n-th pixel and row of a block.
 * @param relief How much of a height's change from one pixel to the next makes a slope.
 */
export function paint(block: Block, tiff: Tiff, look: Look, step: number, relief: number): ImageData {
  const { data, samples, width, height } = block;
  const isDrawn = samples === 4 && tiff.samples !== 4; // by the browser
  const picture = new ImageData(Math.ceil(width / step), Math.ceil(height / step));
  const to = picture.data;
  const span = look.high - look.low || 1;
  const alpha = isDrawn ? 3 : tiff.alpha;
  const bands = alpha < 0 ? samples : samples - 1;
  const opaque = tiff.bits === 8 ? 255 : 1;
  const part = (value: number) => (look.kind === 'picture' ? value : (255 * (value - look.low)) / span);
  const isLight = tiff.photometric === 0; // white is zero
  for (let y = 0, put = 0; y < height; y += step)
    for (let x = 0; x < width; x += step, put += 4) {
      const at = (y * width + x) * samples;
      const value = data[at]!;
      const seen = alpha < 0 ? 1 : Math.min(1, data[at + alpha]! / opaque);
      if (seen === 0 || (alpha < 0 && isNone(value, tiff.nodata))) continue;
      if (look.kind === 'heights') {
        const light = shade(block, x, y, step, relief, tiff.nodata);
        const [red, green, blue] = ramp((value - look.low) / span);
        to[put] = red * light;
        to[put + 1] = green * light;
        to[put + 2] = blue * light;
      } else if (tiff.palette && tiff.photometric === PALETTE) {
        const many = tiff.palette.length / 3;
        for (let band = 0; band < 3; band++) to[put + band] = tiff.palette[band * many + value]! / 257;
      } else
        for (let band = 0; band < 3; band++) {
          const one = part(data[at + (bands >= 3 ? band : 0)]!);
          to[put + band] = isLight ? 255 - one : one;
        }
      to[put + 3] = 255 * seen;
    }
  return picture;
}

/** How much light a slope gets, 0.45 to 1.15; a place beside nothing is flat. */
function shade(
  { data, samples, width, height }: Block,
  x: number,
  y: number,
  step: number,
  relief: number,
  nodata: number | null,
) {
  const value = (column: number, row: number) => {
    const at = Math.min(height - 1, Math.max(0, row)) * width + Math.min(width - 1, Math.max(0, column));
    return data[at * samples]!;
  };
  const [west, east, north, south] = [value(x - step, y), value(x + step, y), value(x, y - step), value(x, y + step)];
  if ([west, east, north, south].some((one) => isNone(one, nodata))) return 0.9;
  const [dx, dy] = [((east - west) * relief) / step, ((south - north) * relief) / step];
  const light = (0.5 * dx + 0.5 * dy + Math.SQRT1_2) / Math.sqrt(dx * dx + dy * dy + 1);
  return Math.min(1.15, Math.max(0.45, 0.27 + 0.9 * light));
}
