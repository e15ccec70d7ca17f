import { describe, expect, it } from 'vitest';
import { ago, bytes, count, middle, plain, plural, span, visible } from '../src/format';

describe('words for numbers', () => {
  it('tells sizes with the precision that matters', () => {
    expect([0, 999, 1000, 1_500_000, 123_456_789, 8_100_000_000].map(bytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 KB',
      '1.5 MB',
      '123 MB',
      '8.1 GB',
    ]);
    expect(bytes(999_950)).toBe('1.0 MB');
    expect(bytes(null)).toBe('unknown');
  });
  it('groups thousands and knows one from many', () => {
    expect([7, 1204, 1_000_000].map(count)).toEqual(['7', '1,204', '1,000,000']);
    expect(plural(1, 'photo')).toBe('1 photo');
    expect(plural(1204, 'photo')).toBe('1,204 photos');
  });
  it('tells durations in two units at most', () => {
    expect([400, 59_400, 200_000, 600_000, 5_400_000, 90_000_000].map(span)).toEqual([
      '0 s',
      '59 s',
      '3 min 20 s',
      '10 min',
      '1 h 30 min',
      '1 d 1 h',
    ]);
    expect(ago(1000, 2000)).toBe('just now');
  });
});

describe('text from outside', () => {
  it('shows characters that would turn or hide others as marks', () => {
    expect(visible('a\u202eb\u001b[31mc\u200bd')).toBe('a⟨202E⟩b␛[31mc⟨200B⟩d');
    expect(visible('<img src=x onerror=alert(1)> ü 日本 👍')).toBe('<img src=x onerror=alert(1)> ü 日本 👍');
  });
  it('shows a line as a terminal does in the end', () => {
    expect(plain('\u001b[31mloss\u001b[0m 0.5')).toBe('loss 0.5');
    expect(plain('epoch 1\repoch 2\repoch 3\r')).toBe('epoch 3');
    expect(plain('\u001b]0;title\u0007x')).toBe('x');
    expect(plain('a ␛[31m b')).toBe('a ␛[31m b');
  });
  it('leaves out the middle of what is long', () => {
    expect(middle('north field', 20)).toBe('north field');
    expect(middle('abcdefghij', 5)).toBe('ab…ij');
  });
});
