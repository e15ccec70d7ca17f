/** Reads an archive in place, by ranges: its directory, then only the files that are looked at. */

export interface Member {
  readonly path: string;
  readonly bytes: number;
  readonly packed: number;
  readonly isDeflated: boolean;
  /** Of its header, which its content follows. */
  readonly at: number;
}

/** Bytes of the archive, from one place up to another that is not included; from below 0: its last ones. */
export type Read = (from: number, to?: number, signal?: AbortSignal) => Promise<{ bytes: Uint8Array; size: number }>;

export class Unreadable extends Error {}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const ENTRY = 0x02014b50;
const HEADER = 0x04034b50;
const TAIL = 65_557 + 20;
const LARGEST_DIRECTORY = 32 << 20;
const MOST = 200_000;

/** What lies in the archive; folders, and what is packed in ways that browsers cannot undo, are left out. */
export async function directory(read: Read): Promise<Member[]> {
  const { bytes: tail, size } = await read(-TAIL);
  const view = viewOf(tail);
  let end = tail.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end--;
  if (end < 0) throw new Unreadable('this is no archive, or it is cut off');
  let length = view.getUint32(end + 12, true);
  let at = view.getUint32(end + 16, true);
  if (end >= 20 && view.getUint32(end - 20, true) === LOCATOR_64) {
    const place = Number(view.getBigUint64(end - 12, true));
    const { bytes } = await read(place, place + 56);
    const large = viewOf(bytes);
    if (bytes.length < 56 || large.getUint32(0, true) !== END_64) throw new Unreadable('its directory is damaged');
    length = Number(large.getBigUint64(40, true));
    at = Number(large.getBigUint64(48, true));
  }
  if (at + length > size) throw new Unreadable('its directory is damaged');
  if (length > LARGEST_DIRECTORY) throw new Unreadable('it holds too many files to be listed here');
  const start = size - tail.length;
  const whole = at >= start ? tail.subarray(at - start, at - start + length) : (await read(at, at + length)).bytes;
  return members(whole);
}

function members(directory: Uint8Array): Member[] {
  const view = viewOf(directory);
  const all: Member[] = [];
  if (directory.length > 0 && (directory.length < 46 || view.getUint32(0, true) !== ENTRY))
    throw new Unreadable('its directory is damaged');
  for (let at = 0; at + 46 <= directory.length && view.getUint32(at, true) === ENTRY && all.length < MOST; ) {
    const [names, extras, remarks] = [28, 30, 32].map((place) => view.getUint16(at + place, true)) as [
      number,
      number,
      number,
    ];
    const method = view.getUint16(at + 10, true);
    const sizes = [24, 20, 42].map((place) => view.getUint32(at + place, true));
    const extra = at + 46 + names;
    const next = extra + extras + remarks;
    if (next > directory.length) break;
    for (let field = extra; field + 4 <= extra + extras; ) {
      const end = field + 4 + view.getUint16(field + 2, true);
      if (view.getUint16(field, true) === 1) {
        let place = field + 4;
        sizes.forEach((size, n) => {
          if (size !== 0xffffffff || place + 8 > Math.min(end, extra + extras)) return;
          sizes[n] = Number(view.getBigUint64(place, true));
          place += 8;
        });
      }
      field = end;
    }
    const path = new TextDecoder().decode(directory.subarray(at + 46, extra));
    const isSecret = (view.getUint16(at + 8, true) & 1) === 1;
    if (!path.endsWith('/') && !isSecret && (method === 0 || method === 8))
      all.push({ path, bytes: sizes[0]!, packed: sizes[1]!, at: sizes[2]!, isDeflated: method === 8 });
    at = next;
  }
  return all;
}

/** The content of a file, up to so many bytes: what it says of its own size is not believed. */
export async function content(read: Read, member: Member, most: number, signal?: AbortSignal): Promise<Uint8Array> {
  const { bytes: header } = await read(member.at, member.at + 30, signal);
  const view = viewOf(header);
  if (header.length < 30 || view.getUint32(0, true) !== HEADER) throw new Unreadable('this file is damaged');
  const at = member.at + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  if (member.packed === 0) return new Uint8Array();
  // what is packed may take a little more than what it comes to
  const { bytes } = await read(at, at + Math.min(member.packed, member.isDeflated ? most + 65_536 : most), signal);
  return member.isDeflated ? await inflated(bytes, most) : bytes;
}

/** A file of the archive, to be read in places. One that is packed is unpacked whole, up to so many bytes. */
export async function within(read: Read, member: Member, most: number): Promise<Read> {
  if (member.isDeflated) {
    if (member.bytes > most) throw new Unreadable('it is packed, and too large to be unpacked here');
    return held(await content(read, member, most));
  }
  const { bytes: header } = await read(member.at, member.at + 30);
  const view = viewOf(header);
  if (header.length < 30 || view.getUint32(0, true) !== HEADER) throw new Unreadable('this file is damaged');
  const at = member.at + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  return async (from, to, signal) => {
    const [start, end] = span(from, to, member.packed);
    if (end <= start) return { bytes: new Uint8Array(), size: member.packed };
    return { bytes: (await read(at + start, at + end, signal)).bytes, size: member.packed };
  };
}

const span = (from: number, to: number | undefined, size: number) =>
  [from < 0 ? Math.max(0, size + from) : from, Math.min(size, to ?? size)] as const;

/** What is here already. */
export const held =
  (all: Uint8Array): Read =>
  async (from, to) => ({ bytes: all.subarray(...span(from, to, all.length)), size: all.length });

async function inflated(packed: Uint8Array, most: number): Promise<Uint8Array> {
  const stream = new Blob([packed as BlobPart]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    while (size < most) {
      // oxlint-disable-next-line no-await-in-loop
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      size += value.length;
    }
  } catch {
    if (size === 0) throw new Unreadable('this file is damaged'); // of one that is cut off on purpose, the rest lacks
  }
  void reader.cancel().catch(() => {});
  const all = new Uint8Array(Math.min(size, most));
  let at = 0;
  for (const part of parts) {
    const fits = part.subarray(0, all.length - at);
    all.set(fits, at);
    at += fits.length;
  }
  return all;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Reads an address; a server that sends all of it instead of a range is not listened to. */
export const ranges =
  (address: () => string, headers: () => Record<string, string> = () => ({})): Read =>
  async (from, to, signal) => {
    const range = from < 0 ? `bytes=${from}` : `bytes=${from}-${to! - 1}`;
    const stop = new AbortController();
    signal?.addEventListener('abort', () => stop.abort());
    const answer = await fetch(address(), { headers: { ...headers(), Range: range }, signal: stop.signal });
    const size = Number(/\/(\d+)$/.exec(answer.headers.get('Content-Range') ?? '')?.[1]);
    if (answer.status !== 206 || !Number.isFinite(size)) {
      stop.abort();
      throw new Unreadable('this server gives no parts of an archive');
    }
    return { bytes: new Uint8Array(await answer.arrayBuffer()), size };
  };

const LARGEST_WHOLE = 64 << 20;

/** A file of a server that gives parts of it, or else, where it is small, all of it. */
export async function parts(address: () => string, headers: () => Record<string, string>): Promise<Read> {
  const stop = new AbortController();
  const answer = await fetch(address(), { headers: { ...headers(), Range: 'bytes=0-0' }, signal: stop.signal });
  if (answer.status === 206) {
    stop.abort();
    return ranges(address, headers);
  }
  if (answer.status === 416) return held(new Uint8Array());
  if (!answer.ok)
    throw new Error(((await answer.json().catch(() => ({}))) as { error?: string }).error ?? 'It cannot be read');
  if (Number(answer.headers.get('Content-Length') ?? 0) > LARGEST_WHOLE) {
    stop.abort();
    throw new Unreadable('this server gives no parts of it, and it is too large to be read whole');
  }
  return held(new Uint8Array(await answer.arrayBuffer()));
}
