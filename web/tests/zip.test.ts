import { describe, expect, it } from 'vitest';
import { type Read, Unreadable, content, directory, within } from '../src/zip';

interface File {
  name: string;
  text: string;
  packed?: boolean;
  secret?: boolean;
  method?: number;
}

/** Numbers as archives have them, each of so many bytes, the lowest first. */
const record = (...fields: [bytes: 2 | 4 | 8, value: number][]) =>
  new Uint8Array(
    fields.flatMap(([bytes, value]) => Array.from({ length: bytes }, (_, n) => Math.floor(value / 256 ** n) % 256)),
  );

const joined = async (parts: readonly Uint8Array[]) =>
  new Uint8Array(await new Blob(parts as unknown as BlobPart[]).arrayBuffer());

const deflated = async (plain: Uint8Array) =>
  new Uint8Array(
    await new Response(
      new Blob([plain as unknown as BlobPart]).stream().pipeThrough(new CompressionStream('deflate-raw')),
    ).arrayBuffer(),
  );

const FULL = 0xffffffff;

/** An archive as zip programs write it; with `large`, as they write those of more than 4 GB. */
async function zip(files: readonly File[], large = false, remark = ''): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const entries: Uint8Array[] = [];
  let at = 0;
  for (const file of files) {
    const plain = new TextEncoder().encode(file.text);
    // oxlint-disable-next-line no-await-in-loop
    const data = file.packed ? await deflated(plain) : plain;
    const name = new TextEncoder().encode(file.name);
    const method = file.method ?? (file.packed ? 8 : 0);
    // an extra field of five bytes that the directory does not have
    const head = record([4, 0x04034b50], [8, 0], [8, 0], [4, 0], [2, 0], [2, name.length], [2, 5]);
    const extra = large ? record([2, 1], [2, 24], [8, plain.length], [8, data.length], [8, at]) : new Uint8Array();
    const entry = record(
      [4, 0x02014b50],
      [4, 0],
      [2, file.secret ? 1 : 0],
      [2, method],
      [8, 0],
      [4, large ? FULL : data.length],
      [4, large ? FULL : plain.length],
      [2, name.length],
      [2, extra.length],
      [2, 0],
      [8, 0],
      [4, large ? FULL : at],
    );
    parts.push(head, name, new Uint8Array(5), data);
    entries.push(entry, name, extra);
    at += 30 + name.length + 5 + data.length;
  }
  const all = await joined(entries);
  const more = large
    ? await joined([
        record([4, 0x06064b50], [8, 44], [8, 0], [4, 0], [8, 0], [8, 0], [8, all.length], [8, at]),
        record([4, 0x07064b50], [4, 0], [8, at + all.length], [4, 1]),
      ])
    : new Uint8Array();
  const end = record(
    [4, 0x06054b50],
    [8, 0],
    [4, large ? FULL : all.length],
    [4, large ? FULL : at],
    [2, remark.length],
  );
  return joined([...parts, all, more, end, new TextEncoder().encode(remark)]);
}

function reader(archive: Uint8Array): { read: Read; asked: number } {
  const told = {
    asked: 0,
    read: (async (from, to) => {
      const start = from < 0 ? Math.max(0, archive.length + from) : from;
      const bytes = archive.slice(start, to ?? archive.length);
      told.asked += bytes.length;
      return { bytes, size: archive.length };
    }) as Read,
  };
  return told;
}

const FILES: File[] = [
  { name: 'odm_orthophoto/', text: '' },
  { name: 'a/plain.txt', text: 'plain' },
  { name: 'a/packed.txt', text: 'packed '.repeat(1000), packed: true },
  { name: '‮evil.txt', text: 'x' },
  { name: 'secret.txt', text: 'x', secret: true },
  { name: 'odd.bin', text: 'x', method: 12 },
  { name: 'empty.txt', text: '' },
];

describe('an archive that is read in place', () => {
  it.each([
    ['as it is usual', false, ''],
    ['of more than 4 GB', true, ''],
    ['with a remark', false, 'made by hand'],
  ])('is listed, and its files are read, %s', async (_, large, remark) => {
    const { read } = reader(await zip(FILES, large, remark));
    const all = await directory(read);
    expect(all.map((one) => [one.path, one.bytes])).toEqual([
      ['a/plain.txt', 5],
      ['a/packed.txt', 7000],
      ['‮evil.txt', 1],
      ['empty.txt', 0],
    ]);
    const text = async (n: number, most = 1e6) => new TextDecoder().decode(await content(read, all[n]!, most));
    expect(await text(0)).toBe('plain');
    expect(await text(1)).toBe('packed '.repeat(1000));
    expect(await text(1, 10)).toBe('packed pac');
    expect(await text(3)).toBe('');
  });
  it('gives parts of a file, however it is stored', async () => {
    const told = reader(await zip([{ name: 'large.bin', text: 'x'.repeat(1_000_000) }, ...FILES]));
    const all = await directory(told.read);
    const text = ({ bytes }: { bytes: Uint8Array }) => new TextDecoder().decode(bytes);
    const [stored, packed] = await Promise.all([1, 2].map((n) => within(told.read, all[n]!, 1e6)));
    expect(text(await stored!(1, 3))).toBe('la');
    expect(text(await stored!(-2))).toBe('in');
    expect(await stored!(3, 99)).toMatchObject({ size: 5 });
    expect(text(await stored!(3, 99))).toBe('in');
    expect(text(await stored!(7, 9))).toBe('');
    expect(text(await packed!(7, 13))).toBe('packed');
    expect(text(await packed!(-7))).toBe('packed ');
    await expect(within(told.read, all[2]!, 100)).rejects.toThrow('too large');
    expect(told.asked).toBeLessThan(150_000);
  });
  it('is not read whole', async () => {
    const archive = await zip([{ name: 'large.bin', text: 'x'.repeat(1_000_000) }, ...FILES]);
    const told = reader(archive);
    const all = await directory(told.read);
    await content(told.read, all[1]!, 1e6);
    expect(told.asked).toBeLessThan(70_000);
    expect((await content(told.read, all[0]!, 5000)).length).toBe(5000);
  });
  it('does not unpack to more than was asked for, whatever it says', async () => {
    const archive = await zip([{ name: 'bomb', text: '0'.repeat(50_000_000), packed: true }]);
    const { read } = reader(archive);
    const [bomb] = await directory(read);
    expect((await content(read, bomb!, 100_000)).length).toBe(100_000);
  });
  it('says what is wrong with one that is damaged', async () => {
    const archive = await zip(FILES);
    await expect(directory(reader(new TextEncoder().encode('no archive')).read)).rejects.toThrow(Unreadable);
    await expect(directory(reader(archive.subarray(20)).read)).rejects.toThrow(Unreadable);
    const all = await directory(reader(archive).read);
    await expect(content(reader(archive).read, { ...all[0]!, at: 3 }, 10)).rejects.toThrow(Unreadable);
    for (let n = 0; n < 300; n++) {
      const broken = archive.slice();
      for (let hit = 0; hit < 4; hit++) broken[(n * 7919 + hit * 104_729) % broken.length] = n % 256;
      // oxlint-disable-next-line no-await-in-loop
      await directory(reader(broken).read).catch((fault: unknown) => expect(fault).toBeInstanceOf(Unreadable));
    }
  });
});
