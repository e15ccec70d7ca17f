import { describe, expect, it } from 'vitest';
import {
  type Point,
  apart,
  logTicks,
  nearest,
  number,
  path,
  places,
  range,
  roomy,
  scale,
  short,
  smooth,
  ticks,
  timeTicks,
  valueAt,
} from '../src/plot';

describe('steps', () => {
  it('hold until the next, and a gap is a gap', () => {
    const same = (value: number) => value;
    expect(
      path(
        [
          [0, 1],
          [1, 2],
          [2, NaN],
          [3, 4],
        ],
        same,
        same,
        false,
        true,
      ),
    ).toBe('M0.0 1.0H1.0V2.0M3.0 4.0');
  });
});

describe('axes', () => {
  it('have round numbers within what is drawn', () => {
    expect(ticks({ low: 0, high: 1 }, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks({ low: 0.13, high: 0.31 }, 4)).toEqual([0.15, 0.2, 0.25, 0.3]);
    expect(ticks({ low: -3, high: 7 }, 5)).toEqual([-2, 0, 2, 4, 6]);
    expect(ticks({ low: 2, high: 2 }, 5)).toEqual([2]);
    for (const high of [1e-9, 0.3, 17, 4711, 1e12]) {
      const all = ticks({ low: 0, high }, 5);
      expect(all.length).toBeGreaterThan(2);
      expect(all.length).toBeLessThan(8);
    }
  });
  it('have powers of ten on a logarithm, and round numbers where it spans too few', () => {
    expect(logTicks({ low: 0.002, high: 30 }, 5)).toEqual([0.01, 0.1, 1, 10]);
    expect(logTicks({ low: 1e-9, high: 1 }, 5)).toEqual([1e-9, 1e-7, 1e-5, 1e-3, 0.1]);
    expect(logTicks({ low: 2, high: 9 }, 4)).toEqual([2, 4, 6, 8]);
  });
  it('have round times as a clock there shows them', () => {
    expect(timeTicks({ low: 7205, high: 7420 }, 4, 0)).toEqual([7260, 7320, 7380]);
    // half past the hour is a round time where the zone is half an hour off
    expect(timeTicks({ low: 0, high: 7200 }, 2, -1800)).toEqual([1800, 5400]);
  });
  it('are wider than one value, and leave out what cannot be drawn', () => {
    expect(range([3, 3])).toEqual({ low: 2.7, high: 3.3 });
    expect(range([NaN, Infinity])).toEqual({ low: 0, high: 1 });
    expect(range([-1, 0, 0.5, 8], true)).toEqual({ low: 0.5, high: 8 });
    expect(range([0])).toEqual({ low: -1, high: 1 });
  });
  it('leave some room above and below what is drawn, but not below nothing', () => {
    expect(roomy({ low: 10, high: 20 }, false, false)).toEqual({ low: 9.5, high: 20.5 });
    expect(roomy({ low: 10, high: 20 }, false, true)).toEqual({ low: 0, high: 22 });
    const { low, high } = roomy({ low: 0.1, high: 10 }, true, false);
    expect(low).toBeLessThan(0.1);
    expect(low).toBeGreaterThan(0);
    expect(high).toBeGreaterThan(10);
  });
  it('bring the middle of a logarithm to the middle', () => {
    expect(scale({ low: 1, high: 100 }, 0, 200, true)(10)).toBeCloseTo(100);
    expect(scale({ low: 0, high: 10 }, 100, 0)(2.5)).toBe(75);
  });
});

describe('lines', () => {
  const points: Point[] = [
    [0, 1],
    [1, NaN],
    [2, 4],
    [3, -2],
  ];
  it('have gaps where there is no number, or none above zero on a logarithm', () => {
    const same = (value: number) => value;
    expect(path(points, same, same)).toBe('M0.0 1.0M2.0 4.0L3.0 -2.0');
    expect(path(points, same, same, true)).toBe('M0.0 1.0M2.0 4.0');
  });
  it('are smoothed without a lag at their beginning, and gaps stay gaps', () => {
    const smoothed = smooth(points, 0.5);
    expect(smoothed[0]).toEqual([0, 1]);
    expect(smoothed[1]![1]).toBeNaN();
    expect(smoothed[2]![1]).toBeCloseTo((0.5 * 0.5 * 1 + 0.5 * 4) / 0.75);
    expect(smooth(points, 0)).toBe(points);
    const flat = Array.from({ length: 50 }, (_, n): Point => [n, 7]);
    for (const [, y] of smooth(flat, 0.95)) expect(y).toBeCloseTo(7);
  });
  it('tell the value at a place, or the last before it', () => {
    expect(valueAt(points, 2.5)).toBe(4);
    expect(valueAt(points, -1)).toBeUndefined();
    expect(valueAt(points, 99)).toBe(-2);
  });
  it('are walked through at all their places together', () => {
    const all = places([points, [[1.5, 0] as const]]);
    expect(all).toEqual([0, 1, 1.5, 2, 3]);
    expect(nearest(all, 1.3)).toBe(2);
    expect(nearest(all, -5)).toBe(0);
    expect(nearest(all, 50)).toBe(4);
  });
});

describe('numbers of charts', () => {
  it('are short', () => {
    expect([0, 0.123456, 1234.5, 0.00001234, 12345678, -0.5, 98765].map(short)).toEqual([
      '0',
      '0.1235',
      '1235',
      '1.23e-5',
      '1.23e7',
      '-0.5',
      '98765',
    ]);
    expect(short(NaN)).toBe('NaN');
    expect(short(1e-7)).toBe('1e-7');
  });
  it('are read as JSON says them', () => {
    expect([number(3), number('Infinity'), number('-Infinity')]).toEqual([3, Infinity, -Infinity]);
    expect(number('NaN')).toBeNaN();
    expect(number(null)).toBeNaN();
  });
});

describe('labels', () => {
  it('do not cover each other, and stay within', () => {
    expect(apart([10, 12, 50], 14, 100)).toEqual([10, 24, 50]);
    expect(apart([95, 97], 14, 100)).toEqual([86, 100]);
    expect(apart([], 14, 100)).toEqual([]);
  });
});
