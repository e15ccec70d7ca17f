import { describe, expect, it } from 'vitest';
import { Ranks } from '../src/ranks';

const piece = (log: string, text: string) => ({ log, offset: 0, text });

describe('the logs of a run', () => {
  it('are whole lines, wherever they were cut', () => {
    const ranks = new Ranks();
    ranks.add(piece('main.0.out', 'a\nb'));
    ranks.add(piece('main.0.err', 'oh\n'));
    ranks.add(piece('main.0.out', 'c\r\nd\n'));
    expect(ranks.lines('main.0.out')).toEqual(['a', 'bc', 'd']);
    expect(ranks.lines(Ranks.all)).toEqual(['a', 'oh', 'bc', 'd']);
  });
  it('tell ranks apart where there are several, in their order', () => {
    const ranks = new Ranks();
    ranks.add(piece('main.10.out', 'x\n'));
    ranks.add(piece('main.2.out', 'y\n'));
    expect(ranks.names).toEqual(['main.2.out', 'main.10.out']);
    expect(ranks.lines(Ranks.all)).toEqual(['x', 'main.2 │ y']);
  });
  it('show bytes that are no text as far as they are', () => {
    const ranks = new Ranks();
    ranks.add({ log: 'main.0.out', offset: 0, bytes: btoa('ok \xff\n') });
    expect(ranks.lines(Ranks.all)).toEqual(['ok \ufffd']);
  });
  it('keep so many lines, and say how many are gone', () => {
    const ranks = new Ranks();
    ranks.add(piece('main.0.out', 'x\n'.repeat(250_000)));
    expect(ranks.lines(Ranks.all).length).toBe(200_000);
    expect(ranks.dropped).toBe(50_000);
  });
});
