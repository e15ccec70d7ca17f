import { describe, expect, it } from 'vitest';
import { link, parse } from '../src/address';
import { EventReader, patience } from '../src/stream';

describe('the stream of events', () => {
  const text = 'id: k3.1\nevent: hello\ndata: {"a":1}\n\n: quiet\n\nevent: log\r\ndata: one\r\ndata: two\r\n\r\n';
  it('is the same wherever it is cut', () => {
    const whole = new EventReader().take(text);
    expect(whole).toEqual([
      { kind: 'hello', data: '{"a":1}' },
      { kind: 'log', data: 'one\ntwo' },
    ]);
    for (let cut = 0; cut <= text.length; cut++) {
      const reader = new EventReader();
      expect([...reader.take(text.slice(0, cut)), ...reader.take(text.slice(cut))]).toEqual(whole);
      expect(reader.last).toBe('k3.1');
    }
  });
  it('is waited for longer and longer, up to 15 s or so', () => {
    expect(patience(0, 0.5)).toBe(500);
    expect(patience(3, 0.5)).toBe(4000);
    expect(patience(50, 1)).toBeLessThan(19_000);
  });
});

describe('the address', () => {
  it('gives back what was put in', () => {
    const hash = link(['tasks', 'a/b?'], { q: 'north & "south"', state: undefined });
    expect(parse(hash)).toEqual({ path: ['tasks', 'a/b?'], query: { q: 'north & "south"' } });
    expect(parse('')).toEqual({ path: [], query: {} });
    expect(parse('#/%E0%A4%A').path).toEqual(['%E0%A4%A']);
  });
});
