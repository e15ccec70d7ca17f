import { describe, expect, it } from 'vitest';
import { chosen, inSight, labelsOf, seeing, zoomed } from '../src/zoom';

const steps = Array.from({ length: 101 }, (_, n) => n);
const full = { low: 0, high: 100 };

describe('a stretch of an axis', () => {
  it('is what was dragged over, either way, where there is a line in it', () => {
    expect(chosen(steps, 20.5, 10.5)).toEqual({ low: 10.5, high: 20.5 });
    expect(chosen(steps, 20.2, 20.9)).toBeNull();
    expect(chosen(steps, 20.2, 21.9)).toBeNull();
    expect(chosen([], 0, 1)).toBeNull();
  });
  it('comes nearer around a place, and is never outside of what there is', () => {
    expect(zoomed(steps, full, full, 2, 50)).toEqual({ low: 25, high: 75 });
    expect(zoomed(steps, full, full, 2, 0)).toEqual({ low: 0, high: 50 });
    expect(zoomed(steps, full, { low: 80, high: 100 }, 0.5, 80)).toEqual({ low: 60, high: 100 });
    expect(zoomed(steps, full, { low: 0, high: 60 }, 0.5, 30)).toBeNull();
    // no nearer than two places
    const close = { low: 10, high: 11 };
    expect(zoomed(steps, full, close, 2, 10)).toEqual(close);
    expect(zoomed([3], { low: 2, high: 4 }, { low: 2, high: 4 }, 2, 3)).toBeNull();
  });
  it('moves just so far that a place is seen', () => {
    const now = { low: 20, high: 30 };
    expect(seeing(full, now, 25)).toBe(now);
    expect(seeing(full, now, 31)).toEqual({ low: 21, high: 31 });
    expect(seeing(full, now, 5)).toEqual({ low: 5, high: 15 });
    expect(seeing(full, now, 100)).toEqual({ low: 90, high: 100 });
  });
  it('has the points in it, and those to which its lines go on', () => {
    const points = steps.map((x) => [x, x * x] as const);
    expect(inSight(points, { low: 10.5, high: 12.5 }).map(([x]) => x)).toEqual([10, 11, 12, 13]);
    expect(inSight(points, { low: 0, high: 1 }).map(([x]) => x)).toEqual([0, 1, 2]);
    // between two points a line goes through
    expect(inSight(points, { low: 10.2, high: 10.4 }).map(([x]) => x)).toEqual([10, 11]);
    expect(inSight(points, { low: 200, high: 300 })).toEqual([]);
    expect(inSight([], full)).toEqual([]);
  });
});

describe('numbers along an axis', () => {
  it('are short, but never the same', () => {
    expect(labelsOf([0, 0.2, 0.4])).toEqual(['0', '0.2', '0.4']);
    expect(labelsOf([0.123451, 0.123452, 0.123453])).toEqual(['0.123451', '0.123452', '0.123453']);
    expect(labelsOf([12345678, 12345679])).toEqual(['12345678', '12345679']);
    expect(labelsOf([1e-9, 1e-7])).toEqual(['1e-9', '1e-7']);
    expect(labelsOf([])).toEqual([]);
  });
});
