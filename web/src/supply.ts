/** Where the points of a cloud come from: tiles of a tree as one looks at them, or a file from its first to its last. */

import { type Node, type Ept, Tree, ept } from './ept';
import type { Eye } from './eye';
import { laz } from './laz';
import { type Box, type Packed, isWide, middleOf, pack } from './pack';
import type { Source } from './results';
import { type Read, Unreadable, held } from './zip';

/** A part of a cloud that is read at once. */
interface Piece {
  readonly key: string;
  readonly points: number;
}

export interface Supply {
  readonly count: number;
  readonly box: Box;
  readonly hasColours: boolean;
  /** Of its coordinates, where that is known. */
  readonly unit: 'm' | '';
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** What is worth being seen from there, up to so many points; more may be known after `more`. */
  choose(eye: Eye, frame: { width: number; height: number }, budget: number): { pieces: Piece[]; more?: Promise<void> };
  load(key: string, signal: AbortSignal): Promise<Packed>;
}

const LARGEST = 200e6;
const LARGEST_TILE = 64 << 20;
const LARGEST_TEXT = 16 << 20;

/** Lets the page draw and answer between pieces of work. */
const pause = () => new Promise<void>((go) => setTimeout(go, 0));

async function bytesOf(from: Source, path: string, most: number, signal: AbortSignal): Promise<Uint8Array> {
  const answer = await from.content(path, signal);
  if (!answer.ok)
    throw new Error(((await answer.json().catch(() => ({}))) as { error?: string }).error ?? 'It cannot be read');
  const bytes = new Uint8Array(await answer.arrayBuffer());
  if (bytes.length > most) throw new Unreadable('a part of it is too large');
  return bytes;
}

export async function tiles(from: Source, path: string, signal: AbortSignal): Promise<Supply> {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const text = async (name: string) =>
    new TextDecoder().decode(await bytesOf(from, `${folder}${name}`, LARGEST_TEXT, signal));
  const of: Ept = ept(new TextDecoder().decode(await bytesOf(from, path, LARGEST_TEXT, signal)));
  const tree = new Tree(of, (key) => text(`ept-hierarchy/${key}.json`));
  await tree.open();
  const read = (key: string, stop: AbortSignal) => bytesOf(from, `${folder}ept-data/${key}.laz`, LARGEST_TILE, stop);
  const points = async (bytes: Uint8Array) => {
    const tile = await laz(held(bytes));
    return {
      tile,
      found: await Promise.all(
        tile.chunks.map((one) => tile.points(bytes.subarray(one.at, one.at + one.bytes), one, 1, pause)),
      ),
    };
  };
  // of the first tile it is seen what colours are like in all of them
  const first = await points(await read('0-0-0-0', signal));
  const [wide, middle] = [first.found.some(isWide), middleOf(of.box)];
  return {
    count: of.count,
    box: of.box,
    hasColours: first.tile.hasColours,
    unit: /^EPSG:32[67]\d\d$/.test(of.system) ? 'm' : '', // zones of UTM
    facts: [
      ['Stored', 'tiles (EPT), LAZ'],
      ['Coordinates', of.system],
    ],
    choose(eye, frame, budget) {
      const { nodes, pages } = tree.choose(eye, frame, middle, budget);
      const pieces = nodes.map(({ key, points }: Node) => ({ key, points }));
      return pages.length > 0
        ? { pieces, more: Promise.all(pages.slice(0, 4).map((page) => tree.open(page))).then(() => {}) }
        : { pieces };
    },
    async load(key, stop) {
      const { tile, found } = await points(await read(key, stop));
      if (!found[0]) throw new Unreadable('a tile of it is empty');
      return pack(joined(found), tile, middle, wide);
    },
  };
}

type Found = Parameters<typeof pack>[0];

function joined(all: readonly Found[]): Found {
  if (all.length === 1) return all[0]!;
  const count = all.reduce((sum, one) => sum + one.count, 0);
  const [xyz, rgb] = [new Int32Array(3 * count), all[0]!.rgb ? new Uint16Array(3 * count) : null];
  let at = 0;
  for (const one of all) {
    xyz.set(one.xyz, at);
    if (one.rgb) rgb?.set(one.rgb, at);
    at += 3 * one.count;
  }
  return { count, xyz, rgb };
}

export async function file(read: Read, budget: number, signal: AbortSignal): Promise<Supply> {
  const { size } = await read(0, 1, signal);
  if (size > LARGEST)
    throw new Unreadable(
      'it is larger than 200 MB, and has no tiles that could be read one by one (option pc-ept of ODM)',
    );
  const cloud = await laz(read);
  const every = Math.max(1, Math.ceil(cloud.count / budget));
  const middle = middleOf(cloud);
  let wide: boolean | null = null;
  return {
    count: cloud.count,
    box: cloud,
    hasColours: cloud.hasColours,
    unit: '',
    facts: [
      ['Stored', cloud.isPacked ? 'one LAZ file' : 'one LAS file'],
      ...(every > 1 ? ([['Shown', `one point of ${every}`]] as const) : []),
    ],
    choose: () => ({ pieces: cloud.chunks.map(({ points }, n) => ({ key: String(n), points })) }),
    async load(key, stop) {
      const chunk = cloud.chunks[Number(key)]!;
      const { bytes } = await read(chunk.at, chunk.at + chunk.bytes, stop);
      const points = await cloud.points(bytes, chunk, every, pause);
      wide ??= isWide(points);
      return pack(points, cloud, middle, wide);
    },
  };
}
