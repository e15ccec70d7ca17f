/** Points of LAZ files of the formats 6 to 8, in layers (LASzip's version 3): those of places and colours are read. */

import { Decoder, Median, Model, Numbers } from './arithmetic';
import { ColourModels, colourAt } from './lazpoints';
import { Unreadable } from './zip';

/** Layers of a point without its colours: places, heights, and seven that are of no use here. */
const LAYERS = 9;
const CHANNELS = 4;

/** Of a pulse: how many returns it had, and which this one is. */
const RETURNS = [
  '0123453445555555',
  '1013333333333333',
  '2124444444433333',
  '3345444444444444',
  '4344544444444444',
  '5344454444444444',
  '3344445444444444',
  '4344444544444444',
  '4344444454444444',
  '5344444445444444',
  '5344444444544444',
  '5334444444455444',
  '5334444444455544',
  '5334444444445554',
  '5334444444444555',
  '5334444444444455',
].map((row) => [...row].map(Number));

/** What is known of the points that one channel of the scanner took. */
class Channel {
  readonly changed: Model[] = [];
  readonly channel = new Model(3);
  readonly counts: Model[] = [];
  readonly numbers: Model[] = [];
  readonly sameTime = new Model(13);
  readonly dx = Array.from({ length: 12 }, () => new Median());
  readonly dy = Array.from({ length: 12 }, () => new Median());
  readonly heights: number[];
  readonly xs = new Numbers(32);
  readonly ys = new Numbers(32);
  readonly zs = new Numbers(32);
  isLater = false;

  constructor(
    public x: number,
    public y: number,
    public z: number,
    public which: number,
    public of: number,
  ) {
    this.heights = Array.from({ length: 8 }, () => z);
  }
}

const model = (of: Model[], n: number, symbols: number) => (of[n] ??= new Model(symbols));

/** The points of a chunk, one after the other. */
export class Layers {
  colour: readonly number[] | null;
  #channels: (Channel | null)[] = [null, null, null, null];
  #channel: number;
  readonly #places: Decoder;
  readonly #heights: Decoder | null;
  readonly #colours: Decoder | null;
  readonly #known: (readonly number[] | null)[] = [null, null, null, null];
  readonly #models: ColourModels[] = [];
  #coloured: number;

  /** @param others How many layers other than those of the point follow: the first of them is that of its colours. */
  constructor(bytes: Uint8Array, size: number, others: number, hasColours: boolean) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const count = LAYERS + others;
    if (bytes.length < size + 4 + 4 * count) throw new Unreadable('its points are cut off');
    const [flags, more] = [view.getUint8(14), view.getUint8(15)];
    this.#channel = this.#coloured = (more >> 4) & 3;
    this.#channels[this.#channel] = new Channel(
      view.getInt32(0, true),
      view.getInt32(4, true),
      view.getInt32(8, true),
      flags & 15,
      flags >> 4,
    );
    this.colour = hasColours ? colourAt(view, 30) : null;
    this.#known[this.#channel] = this.colour;
    const layers: Uint8Array[] = [];
    for (let n = 0, at = size + 4 + 4 * count; n < count; n++) {
      const length = view.getUint32(size + 4 + 4 * n, true);
      if (at + length > bytes.length) throw new Unreadable('its points are cut off');
      layers.push(bytes.subarray(at, at + length));
      at += length;
    }
    const decoder = (layer: Uint8Array | undefined) => (layer && layer.length > 0 ? new Decoder(layer) : null);
    this.#places = new Decoder(layers[0]!);
    this.#heights = decoder(layers[1]);
    this.#colours = hasColours ? decoder(layers[LAYERS]) : null;
  }

  get at(): Channel {
    return this.#channels[this.#channel]!;
  }

  next(): void {
    const decoder = this.#places;
    let now = this.at;
    const before = (now.which === 1 ? 1 : 0) + (now.which >= now.of ? 2 : 0) + (now.isLater ? 4 : 0);
    const changed = decoder.symbol(model(now.changed, before, 128));
    if (changed & 64) {
      this.#channel = (this.#channel + decoder.symbol(now.channel) + 1) % CHANNELS;
      now = this.#channels[this.#channel] ??= new Channel(now.x, now.y, now.z, now.which, now.of);
    }
    const isLater = (changed & 16) !== 0;
    const [which, of] = [now.which, now.of];
    if (changed & 4) now.of = decoder.symbol(model(now.counts, of, 16));
    if ((changed & 3) === 1) now.which = (which + 1) % 16;
    else if ((changed & 3) === 2) now.which = (which + 15) % 16;
    else if ((changed & 3) === 3)
      now.which = isLater
        ? decoder.symbol(model(now.numbers, which, 16))
        : (which + decoder.symbol(now.sameTime) + 2) % 16;

    const single = now.of === 1 ? 1 : 0;
    const kind = RETURNS[now.of]![now.which]! * 2 + (isLater ? 1 : 0);
    const [xs, ys] = [now.dx[kind]!, now.dy[kind]!];
    const dx = now.xs.next(decoder, xs.value, single);
    xs.add(dx);
    const dy = now.ys.next(decoder, ys.value, single + Math.min(20, now.xs.size & ~1));
    ys.add(dy);
    now.x = (now.x + dx) | 0;
    now.y = (now.y + dy) | 0;
    if (this.#heights) {
      const level = Math.min(7, Math.abs(now.of - now.which));
      const size = (now.xs.size + now.ys.size) >> 1;
      now.z = now.heights[level] = now.zs.next(this.#heights, now.heights[level]!, single + Math.min(18, size & ~1));
    }
    now.isLater = isLater;
    if (this.colour) this.#paint();
  }

  #paint(): void {
    let from = this.#coloured;
    if (this.#coloured !== this.#channel) {
      this.#coloured = this.#channel;
      // where a channel is known already, LASzip goes on from the colour of the one before
      if (!this.#known[this.#channel]) {
        this.#known[this.#channel] = this.#known[from]!;
        from = this.#channel;
      }
    }
    if (this.#colours)
      this.#known[from] = (this.#models[this.#channel] ??= new ColourModels()).next(this.#colours, this.#known[from]!);
    this.colour = this.#known[from]!;
  }
}
