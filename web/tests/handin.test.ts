import { describe, expect, it } from 'vitest';
import { rest } from '../src/journal';
import { PRESETS, apply, isPhoto, isWanted, wrong } from '../src/options';
import { newId, verdict } from '../src/upload';

describe('answers to an upload', () => {
  it('an error is a failure whatever its status, and is tried again unless it says not to', () => {
    expect(verdict(200, '{"success":true}')).toBeNull();
    expect(verdict(200, '{"error":"disk"}')).toMatchObject({ message: 'disk', again: true });
    expect(verdict(200, '{"error":"no room","noRetry":true}')).toMatchObject({ message: 'no room', again: false });
    expect(verdict(401, '')).toMatchObject({ again: false, status: 401 });
    expect(verdict(502, '<html>')).toMatchObject({ again: true });
  });
  it('ids are those of version 4', () => {
    expect(newId(new Uint8Array(16).fill(255))).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff');
  });
});

describe('an upload that goes on', () => {
  const file = (name: string, size: number) => new File([new Uint8Array(size)], name);
  const journal = {
    id: 'x',
    wish: { name: 'field', options: [] },
    files: [
      { name: 'a.jpg', bytes: 1 },
      { name: 'b.jpg', bytes: 2 },
      { name: 'a.jpg', bytes: 1 },
      { name: 'c_.jpg', bytes: 3 },
    ],
  };
  const there = [{ name: 'a.jpg', bytes: 1 }];
  it('sends what is not there, by name and size, twins too', () => {
    const left = rest(journal, there, [file('a.jpg', 1), file('a.jpg', 1), file('b.jpg', 2), file('c_.jpg', 3)]);
    expect(left.send.map((one) => one.name)).toEqual(['b.jpg', 'a.jpg', 'c_.jpg']);
    expect(left.missing).toEqual([]);
    expect(rest(journal, [...there, { name: 'a_.jpg', bytes: 1 }], []).missing).toEqual(['b.jpg', 'c_.jpg']);
  });
  it('takes no other file of the same name', () => {
    expect(rest(journal, there, [file('b.jpg', 9)]).missing).toEqual(['b.jpg', 'a.jpg', 'c_.jpg']);
  });
});

describe('options', () => {
  const int = { name: 'split', type: 'int', value: 999, domain: 'positive integer', help: '' };
  const float = { name: 'x', type: 'float', value: 1, domain: '0.1 <= x <= 10, > 0 and <= 10', help: '' };
  it('are checked while they are typed', () => {
    expect([wrong(int, '12'), wrong(int, '1.5'), wrong(int, '-1')]).toEqual([null, 'a whole number', 'not below 0']);
    expect([wrong(float, '11'), wrong(float, 'x'), wrong(float, '')]).toEqual(['<= 10', 'a number', null]);
  });
  it('a preset leaves out what the engine lacks, and says so', () => {
    expect(apply(PRESETS[0]!, [{ name: 'dsm', type: 'bool', value: false, domain: 'bool', help: '' }])).toEqual({
      sets: { dsm: true },
      lacks: ['auto-boundary'],
    });
  });
  it('files that no engine reads are left out', () => {
    expect(['a.JPG', 'gcp_list.txt', '.DS_Store', 'x.exe', 'b.tif'].filter(isWanted)).toEqual([
      'a.JPG',
      'gcp_list.txt',
      'b.tif',
    ]);
    expect(isPhoto('geo.txt')).toBe(false);
  });
});
