/** Lengths and areas of what was clicked. Everything here is pure. */
import { count } from './format';
import type { Place } from './tiff';

export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** How long a pixel of a picture is, across and down. */
export interface Rule {
  readonly x: number;
  readonly y: number;
  /** Without, they are pixels. */
  readonly unit: 'm' | 'px';
  /** Why it is not the file's own exact scale. */
  readonly note?: string;
}

const NO_SCALE = 'In pixels: this file does not say how long they are in metres.';
/** Of a degree along a meridian, on a ball as large as the earth. */
const DEGREE = (Math.PI * 6_371_008.8) / 180;

/** The scale of a picture; of one in degrees, that at the height of what is measured. */
export function ruleOf(place: Place | null, y: number): Rule {
  if (place?.metres) return { x: place.dx * place.metres, y: place.dy * place.metres, unit: 'm' };
  if (!place?.inDegrees) return { x: 1, y: 1, unit: 'px', note: NO_SCALE };
  const latitude = ((place.y - y * place.dy) * Math.PI) / 180;
  return {
    x: place.dx * DEGREE * Math.cos(latitude),
    y: place.dy * DEGREE,
    unit: 'm',
    note: 'About: the coordinates are degrees, taken as those of a ball.',
  };
}

/** Along a line; `closed` comes back to its beginning. */
export function lengthOf(spots: readonly Spot[], rule: Pick<Rule, 'x' | 'y'>, closed = false): number {
  const ends = closed && spots.length > 2 ? [...spots, spots[0]!] : spots;
  return ends
    .slice(1)
    .reduce((sum, { x, y }, n) => sum + Math.hypot((x - ends[n]!.x) * rule.x, (y - ends[n]!.y) * rule.y), 0);
}

/** Within a polygon; of one that crosses itself, what goes around one way less what goes around the other. */
export function areaOf(spots: readonly Spot[], rule: Pick<Rule, 'x' | 'y'>): number {
  const [first] = spots;
  if (!first) return 0;
  const twice = spots.reduce((sum, one, n) => {
    const next = spots[(n + 1) % spots.length]!;
    // from the first one, as numbers far from nought lose their last digits
    return sum + (one.x - first.x) * (next.y - first.y) - (next.x - first.x) * (one.y - first.y);
  }, 0);
  return (Math.abs(twice) / 2) * rule.x * rule.y;
}

const digits = (value: number, most: number) => value.toFixed(Math.max(0, most - Math.floor(Math.log10(value || 1))));

export function lengthWords(length: number, unit: Rule['unit'] | ''): string {
  if (unit === '') return length.toFixed(2);
  if (unit === 'px') return `${count(Math.round(length))} px`;
  if (length >= 1000) return `${digits(length / 1000, 3)} km`;
  return length < 1 ? `${(100 * length).toFixed(1)} cm` : `${length.toFixed(2)} m`;
}

export function areaWords(area: number, unit: Rule['unit']): string {
  if (unit === 'px') return `${count(Math.round(area))} px²`;
  if (area >= 1e6) return `${digits(area / 1e6, 3)} km²`;
  return area >= 1e4 ? `${digits(area / 1e4, 3)} ha` : `${area.toFixed(area < 100 ? 2 : 1)} m²`;
}
