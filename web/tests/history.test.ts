import { describe, expect, it } from 'vitest';
import { type History, isNew, pointsOf, stretches, upShare } from '../src/history';

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
