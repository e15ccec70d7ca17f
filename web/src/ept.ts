/** Clouds in tiles (Entwine Point Tiles): a tree of boxes, each with some points of what lies in it. */

import { type Eye, type Vector, closeness } from './eye';
import type { Box } from './pack';
import { Unreadable } from './zip';

export interface Node {
  readonly key: string;
  readonly depth: number;
  readonly at: readonly [number, number, number];
  readonly points: number;
}

export interface Ept {
  readonly count: number;
  /** Of the tree: a cube. */
  readonly cube: Box;
  /** Of the points. */
  readonly box: Box;
  /** How many points a box has at most along an edge. */
  readonly span: number;
  readonly system: string;
}

const DEEPEST = 30;
const MOST_NODES = 500_000;
const MOST_AT_ONCE = 2000;
/** Points nearer to each other on the screen than this are not worth being read. */
const PIXELS = 1.4;

/** What `ept.json` says. */
export function ept(text: string): Ept {
  let said: Record<string, unknown>;
  try {
    said = JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new Unreadable('its description is damaged');
  }
  const { points, bounds, boundsConforming, span, dataType, hierarchyType, srs } = said ?? {};
  const numbers = (value: unknown): value is number[] =>
    Array.isArray(value) && value.length === 6 && value.every((one) => Number.isFinite(one));
  if (!numbers(bounds) || typeof points !== 'number' || typeof span !== 'number' || !(span > 0))
    throw new Unreadable('its description is damaged');
  if (dataType !== 'laszip' || (hierarchyType !== undefined && hierarchyType !== 'json'))
    throw new Unreadable(`its tiles are of the kind "${String(dataType)}"; only LAZ can be shown here`);
  const box = (six: readonly number[]) => ({ low: six.slice(0, 3), high: six.slice(3) });
  const { authority, horizontal } = (srs ?? {}) as { authority?: unknown; horizontal?: unknown };
  return {
    count: points,
    cube: box(bounds),
    box: box(numbers(boundsConforming) ? boundsConforming : bounds),
    span,
    system: authority && horizontal ? `${String(authority)}:${String(horizontal)}` : 'unknown',
  };
}

/** What is known of the tree so far; further pages are asked for where they are needed. */
export class Tree {
  readonly #counts = new Map<string, number>();
  readonly #asked = new Map<string, Promise<void>>();

  /** @param page Gives the text of a page of the tree, by the key of its first box. */
  constructor(
    readonly of: Ept,
    readonly page: (key: string) => Promise<string>,
  ) {}

  /** Reads the page that begins with a box, once. */
  open(key = '0-0-0-0'): Promise<void> {
    let asked = this.#asked.get(key);
    if (!asked) this.#asked.set(key, (asked = this.#read(key)));
    return asked;
  }

  async #read(key: string): Promise<void> {
    let said: unknown;
    try {
      said = JSON.parse(await this.page(key));
    } catch (fault) {
      this.#counts.delete(key); // what lies there is not asked for again and again
      throw fault instanceof SyntaxError ? new Unreadable('its tree is damaged') : fault;
    }
    if (typeof said !== 'object' || said === null) throw new Unreadable('its tree is damaged');
    if (this.#counts.get(key) === -1) this.#counts.delete(key);
    for (const [name, count] of Object.entries(said)) {
      if (this.#counts.size >= MOST_NODES) return;
      if (!/^\d{1,2}-\d+-\d+-\d+$/.test(name) || typeof count !== 'number') throw new Unreadable('its tree is damaged');
      if (name === key && count < 0) continue;
      this.#counts.set(name, count);
    }
  }

  /**
   * The boxes whose points are worth being seen, the largest on the screen first, up to so many points; and the pages
   * that are to be read before more can be said.
   */
  choose(eye: Eye, frame: { width: number; height: number }, middle: readonly number[], budget: number) {
    const [nodes, pages]: [Node[], string[]] = [[], []];
    const edge = this.of.cube.high[0]! - this.of.cube.low[0]!;
    const ratio = frame.width / frame.height;
    const waiting: { node: Node; size: number }[] = [];
    const put = (depth: number, at: readonly [number, number, number]) => {
      const key = [depth, ...at].join('-');
      const points = this.#counts.get(key);
      if (points === undefined || points === 0 || depth > DEEPEST) return;
      const long = edge / 2 ** depth;
      const [x, y, z] = at.map((n, axis) => this.of.cube.low[axis]! + (n + 0.5) * long - middle[axis]!) as [
        number,
        number,
        number,
      ];
      const seen: Vector = [x, z, -y];
      const close = closeness(eye, ratio, frame.height, seen, (long * Math.sqrt(3)) / 2);
      // the points of the box around this one lie twice as far from each other as its own
      const gap = ((2 * long) / this.of.span) * close;
      if (close === 0 || (depth > 0 && gap < PIXELS)) return;
      if (points < 0) pages.push(key);
      else waiting.push({ node: { key, depth, at, points }, size: depth === 0 ? Infinity : long * close });
    };
    put(0, [0, 0, 0]);
    let sum = 0;
    while (waiting.length > 0 && nodes.length < MOST_AT_ONCE) {
      const next = waiting.reduce((best, one, n) => (one.size > waiting[best]!.size ? n : best), 0);
      const { node } = waiting.splice(next, 1)[0]!;
      sum += node.points;
      if (sum > budget && nodes.length > 0) break;
      nodes.push(node);
      const [x, y, z] = node.at;
      for (let child = 0; child < 8; child++)
        put(node.depth + 1, [2 * x + (child & 1), 2 * y + ((child >> 1) & 1), 2 * z + (child >> 2)]);
    }
    return { nodes, pages };
  }
}
