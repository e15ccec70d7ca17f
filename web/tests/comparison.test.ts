import { describe, expect, it } from 'vitest';
import { type Compared, type Metric, best, keyOf, labels, leader, linesOf, metricsOf } from '../src/comparison';

const metric = (name: string, values: (number | string)[], less = true): Metric => ({
  name,
  less_is_better: less,
  last: { value: values.at(-1)!, step: values.length },
  least: { value: Math.min(...values.map(Number)), step: 1 },
  most: { value: Math.max(...values.map(Number)), step: 1 },
  points: values.map((value, n) => ({ value, step: n + 1 })),
});
const run = (id: string, metrics: Metric[], index?: number): Compared => ({
  id,
  name: 'train',
  ...(index === undefined ? {} : { index }),
  state: 'succeeded',
  parameters: {},
  metrics,
});

describe('runs beside each other', () => {
  const runs = [
    run('run-aaaaaa', [metric('loss', [3, 1, 2]), metric('acc', [0.1, 0.9], false)]),
    run('run-bbbbbb', [metric('loss', [3, 'NaN'])]),
    run('run-cccccc', [metric('loss', [3, 1.5])], 4),
  ];
  it('have names that tell them apart', () => {
    expect(labels(runs)).toEqual(['train (aaaaaa)', 'train (bbbbbb)', 'train.4']);
    expect(runs.map(keyOf)).toEqual(['run-aaaaaa', 'run-bbbbbb', 'run-cccccc.4']);
  });
  it('have those metrics first that most have', () => {
    expect(metricsOf(runs)).toEqual(['loss', 'acc']);
  });
  it('are lines of the ink of their row, wherever they have a metric and are drawn', () => {
    const lines = linesOf('loss', runs, labels(runs), (key) => key !== 'run-aaaaaa');
    expect(lines.map((line) => [line.name, line.ink])).toEqual([
      ['train (bbbbbb)', 1],
      ['train.4', 2],
    ]);
    expect(lines[0]!.points[1]![1]).toBeNaN();
    expect(linesOf('acc', runs, labels(runs), () => true)).toHaveLength(1);
  });
  it('have a leader where their last numbers differ', () => {
    expect(leader('loss', runs)).toBe('run-cccccc.4');
    expect(leader('acc', runs)).toBeUndefined();
    expect(leader('loss', [runs[0]!, run('other', [metric('loss', [2])])])).toBeUndefined();
    const rising = [metric('acc', [0.5], false), metric('acc', [0.7], false)].map((one, n) => run(`r${n}`, [one]));
    expect(leader('acc', rising)).toBe('r1');
  });
  it('have the best value on the way by what is better', () => {
    expect(best(metric('loss', [3, 1, 2]))?.value).toBe(1);
    expect(best(metric('acc', [0.1, 0.9, 0.4], false))?.value).toBe(0.9);
  });
});
