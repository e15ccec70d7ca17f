import { describe, expect, it } from 'vitest';
import { type Eye, home, matrix } from '../src/eye';
import { grasped, onScreen } from '../src/grasp';
import { areaOf, areaWords, lengthOf, lengthWords, ruleOf } from '../src/measure';
import { pack } from '../src/pack';
import type { Place } from '../src/tiff';

const corner = (...at: number[]) => ({ x: at[0]!, y: at[1]! });
const square = [corner(10, 10), corner(20, 10), corner(20, 30), corner(10, 30)];
const metric: Place = { x: 0, y: 0, dx: 0.5, dy: 0.25, system: '', isMetric: true, metres: 1, inDegrees: false };

describe('a picture', () => {
  it('is measured by its own scale, which need not be the same across and down', () => {
    const rule = ruleOf(metric, 0);
    expect(rule).toEqual({ x: 0.5, y: 0.25, unit: 'm' });
    expect(lengthOf([corner(0, 0), corner(6, 16)], rule)).toBe(5);
    expect(lengthOf(square, rule)).toBe(15);
    expect(lengthOf(square, rule, true)).toBe(20);
    expect(areaOf(square, rule)).toBe(25);
    expect(areaOf(square.toReversed(), rule)).toBe(25);
  });
  it('is measured where few corners are there, and far from nought', () => {
    const rule = { x: 1, y: 1 };
    expect([lengthOf([], rule), lengthOf([corner(1, 1)], rule, true), areaOf([], rule)]).toEqual([0, 0, 0]);
    expect(areaOf(square.slice(0, 2), rule)).toBe(0);
    const far = square.map(({ x, y }) => corner(x + 2 ** 40, y + 2 ** 40));
    expect(areaOf(far, rule)).toBe(200);
  });
  it('says so where it has no scale, or one that is only about right', () => {
    expect(ruleOf(null, 0)).toMatchObject({ x: 1, y: 1, unit: 'px', note: expect.stringContaining('In pixels') });
    expect(ruleOf({ ...metric, metres: null }, 0).unit).toBe('px');
    expect(ruleOf({ ...metric, metres: 0.3048 }, 0).x).toBeCloseTo(0.1524);
    const degrees = { ...metric, y: 60, dx: 1, dy: 1, metres: null, inDegrees: true };
    const rule = ruleOf(degrees, 0);
    expect(rule).toMatchObject({ unit: 'm', note: expect.stringContaining('About') });
    expect(rule.y).toBeCloseTo(111_195, 0);
    expect(rule.x / rule.y).toBeCloseTo(0.5);
    expect(ruleOf(degrees, 60).x).toBeCloseTo(111_195, 0);
  });
  it('has words for what is small and what is large', () => {
    expect([0.123, 12.346, 1234.6].map((length) => lengthWords(length, 'm'))).toEqual([
      '12.3 cm',
      '12.35 m',
      '1.235 km',
    ]);
    expect([lengthWords(1234.4, 'px'), lengthWords(1.5, '')]).toEqual(['1,234 px', '1.50']);
    expect([2.5, 250, 25_000, 2_500_000].map((area) => areaWords(area, 'm'))).toEqual([
      '2.50 m²',
      '250.0 m²',
      '2.500 ha',
      '2.500 km²',
    ]);
    expect(areaWords(1234.4, 'px')).toBe('1,234 px²');
  });
});

describe('a cloud', () => {
  // a grid of 11 × 11 on the ground, and one point high above its middle
  const xyz = new Int32Array(122 * 3);
  for (let n = 0; n < 121; n++) xyz.set([n % 11, Math.floor(n / 11), 0], 3 * n);
  xyz.set([5, 5, 4], 3 * 121);
  const steps = { scale: [1, 1, 1], offset: [0, 0, 0] };
  const pieces = [pack({ count: 122, xyz, rgb: null }, steps, [5, 5, 0], false)];
  const frame = { width: 800, height: 400 };
  const look = (eye: Eye) => matrix(eye, 2, 15);
  const near = (value: readonly number[] | null, ...to: number[]) =>
    to.forEach((one, n) => expect(value![n]).toBeCloseTo(one, 3));

  it('is grasped where a point is seen', () => {
    for (const yaw of [0, 0.7, 2]) {
      const eye = look({ ...home(15), yaw });
      const spot = onScreen(eye, [3, 0, -2], frame)!;
      near(grasped(pieces, eye, { x: spot.x + 2, y: spot.y - 1 }, frame), 3, 0, -2);
    }
  });
  it('gives the point in front where one hides another, and none where there is none', () => {
    const above = look({ ...home(15), yaw: 0, pitch: Math.PI / 2 });
    near(grasped(pieces, above, { x: 400, y: 200 }, frame), 0, 4, 0);
    expect(grasped(pieces, above, { x: 2, y: 2 }, frame)).toBeNull();
    expect(grasped([], above, { x: 400, y: 200 }, frame)).toBeNull();
  });
  it('has the nearest where none is beneath', () => {
    const eye = look({ ...home(15), yaw: 0, pitch: Math.PI / 2 });
    const spot = onScreen(eye, [5, 0, 5], frame)!;
    near(grasped(pieces, eye, { x: spot.x + 9, y: spot.y + 9 }, frame), 5, 0, 5);
    expect(grasped(pieces, eye, { x: spot.x + 17, y: spot.y + 17 }, frame)).toBeNull();
  });
  it('has nothing on the screen that lies behind the eye', () => {
    expect(onScreen(look({ ...home(15), yaw: 0, pitch: 0 }), [0, 0, 100], frame)).toBeNull();
  });
});
