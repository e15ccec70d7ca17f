import { describe, expect, it } from 'vitest';
import {
  type ClusterHistory,
  type History,
  findingOf,
  isNew,
  pointsOf,
  stretches,
  sumsOf,
  upShare,
} from '../src/history';

const at = (minute: number) => new Date(Date.UTC(2026, 4, 1, 12, minute)).toISOString();
const history = (...spans: [state: string, from: number, to: number][]): History => ({
  step: 60,
  from: at(0),
  spans: spans.map(([state, from, to]) => ({ state, from: at(from), to: at(to) })),
  tasks: [1, null, 3],
  slots: [],
  memory_free: [],
  latency_ms: [],
  faults: [],
});

describe('how a node stood', () => {
  it('is drawn over time, with gaps', () => {
    const points = pointsOf(history(), [1, null, 3], 2);
    const first = Date.parse(at(0)) / 1000;
    expect(points.map(([x]) => x - first)).toEqual([0, 60, 120]);
    expect(points.map(([, y]) => y)).toEqual([2, NaN, 6]);
  });
  it('fills a strip, with what nobody saw as what it is', () => {
    const now = Date.parse(at(60));
    expect(stretches(history(['online', 15, 30], ['offline', 30, 45], ['online', 45, 60]), 1, now)).toEqual([
      { state: 'gap', from: 0, to: 0.25 },
      { state: 'online', from: 0.25, to: 0.5 },
      { state: 'offline', from: 0.5, to: 0.75 },
      { state: 'online', from: 0.75, to: 1 },
    ]);
    expect(stretches(history(['online', -90, 59]), 1, now)).toEqual([{ state: 'online', from: 0, to: 59 / 60 }]);
    expect(stretches(history(['online', 0, 30]), 1, now).at(-1)).toEqual({ state: 'gap', from: 0.5, to: 1 });
  });
  it('is looked at often while the first minutes are still being filled', () => {
    const first = (...tasks: (number | null)[]) => isNew({ ...history(['online', 0, 1]), tasks });
    expect([first(), first(0), first(0, null), first(0, 0, 0)]).toEqual([true, true, true, false]);
  });
  it('is said in a sentence', () => {
    expect(upShare(history(['online', 0, 60]))).toBe('Online all the time');
    expect(upShare(history(['online', 0, 45], ['offline', 45, 60]))).toBe('Offline once, 25% of the time');
    expect(upShare(history(['unknown', 0, 1]))).toBe('No data yet');
    const twice = history(['offline', 0, 1], ['online', 1, 999], ['offline', 999, 1000]);
    expect(upShare(twice)).toBe('Offline 2 times, under 1% of the time');
  });
});

describe('how the whole cluster stood', () => {
  const first = Date.parse(at(58)) / 1000;
  it('is summed in intervals of the clock, of which the last goes on', () => {
    const since = { from: at(58), step: 60 };
    const sums = (...values: (number | null)[]) => sumsOf(since, values, 300, 0).map(([x, y]) => [x - first, y]);
    expect(sums(1, 2, 4, null, 8, 0, 16, 32)).toEqual([
      [0, 3],
      [120, 28],
      [420, 32],
    ]);
    expect(sums(1)).toEqual([[0, 1]]);
    expect(sums()).toEqual([]);
    // nobody looked
    expect(sums(1, 1, null, null, null, null, null, 5)).toEqual([
      [0, 2],
      [120, NaN],
      [420, 5],
    ]);
  });
  it('is half an hour off where the zone is', () => {
    const since = { from: at(0), step: 60 };
    const sums = sumsOf(
      since,
      Array.from({ length: 60 }, () => 1),
      3600,
      -1800,
    );
    expect(sums.map(([, y]) => y)).toEqual([30, 30, 30]);
  });
  it('is told in a sentence', () => {
    const history = {
      completed: [3, null, 1],
      failed: [0, null, 2],
      cancelled: [0, null, 0],
      oldest_wait: [0, 754, null],
    } as ClusterHistory;
    expect(findingOf(history)).toBe('4 completed, 2 failed, longest wait 12 min');
    expect(findingOf({ ...history, cancelled: [1], oldest_wait: [59] })).toBe('4 completed, 2 failed, 1 cancelled');
  });
});
