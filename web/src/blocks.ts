import { type Look, paint, spread, kindOf } from './paint';
import { type Wanted, levelFor, type Frame, type Sight, wanted } from './sight';
import type { Block, Tiff } from './tiff';

/** A block as it is drawn, and its samples where one may ask for their values. */
interface Drawn {
  readonly picture: ImageBitmap;
  readonly step: number;
  readonly block: Block | null;
}

const AT_ONCE = 2;
const MOST_PIXELS = 32e6;

/** The blocks of a picture that are in sight: those that are missing are read, those out of sight are forgotten. */
export class Blocks {
  readonly #drawn = new Map<string, Drawn>();
  readonly #reading = new Map<string, AbortController>();
  /** They are not asked for again and again. */
  readonly #broken = new Set<string>();
  #wanted: readonly Wanted[] = [];
  #step = 1;
  #isOver = false;
  readonly #tiff: Tiff;
  readonly #look: Look;
  readonly #changed: (fault: unknown) => void;

  constructor(tiff: Tiff, look: Look, changed: (fault: unknown) => void) {
    [this.#tiff, this.#look, this.#changed] = [tiff, look, changed];
  }

  /** Reads what a look needs that is not here. False where that is too much, as there are no smaller copies. */
  see(sight: Sight, frame: Frame): boolean {
    const { levels } = this.#tiff;
    const level = levelFor(levels, sight.scale);
    const found = wanted(levels, level, sight, frame);
    this.#wanted = found ?? [];
    const each = (sight.scale * levels[0]!.width) / levels[level]!.width;
    this.#step = 2 ** Math.max(0, Math.floor(Math.log2(1 / each)));
    for (const [key, reading] of this.#reading) if (!this.#wanted.some((one) => keyOf(one) === key)) reading.abort();
    this.#next();
    return found !== null;
  }

  /** How many of the blocks in sight are still to come. */
  get missing(): number {
    return this.#wanted.filter((one) => !this.#has(one)).length;
  }
  get inSight(): number {
    return this.#wanted.length;
  }

  draw(context: CanvasRenderingContext2D, sight: Sight, frame: Frame): void {
    const { levels } = this.#tiff;
    const finest = this.#wanted[0]?.level ?? levels.length;
    context.imageSmoothingEnabled = sight.scale < 2;
    // coarser ones first, so that something is seen until the finer ones are there
    const all = [...this.#drawn].map(([key, drawn]) => ({ ...placeOf(key), drawn }));
    for (const { level, column, row, drawn } of all.toSorted((a, b) => b.level - a.level)) {
      if (level < finest) continue;
      const { width, height, block } = levels[level]!;
      const shrunk = levels[0]!.width / width;
      const wide = Math.min(block.width, width - column * block.width);
      const tall = Math.min(block.height, height - row * block.height);
      const left = (column * block.width * shrunk - sight.x) * sight.scale + frame.width / 2;
      const top = (row * block.height * shrunk - sight.y) * sight.scale + frame.height / 2;
      const [right, bottom] = [left + wide * shrunk * sight.scale, top + tall * shrunk * sight.scale];
      if (right < 0 || bottom < 0 || left > frame.width || top > frame.height) continue;
      // on whole pixels of the screen, or seams are seen between blocks
      const [x, y] = [Math.round(left), Math.round(top)];
      context.drawImage(
        drawn.picture,
        0,
        0,
        wide / drawn.step,
        tall / drawn.step,
        x,
        y,
        Math.round(right) - x,
        Math.round(bottom) - y,
      );
    }
  }

  /** The value at a place of the finest level, where its block is here. */
  value(x: number, y: number): number | null {
    const { levels, nodata } = this.#tiff;
    for (const [n, { width, height, block }] of levels.entries()) {
      const [column, row] = [Math.floor((x * width) / levels[0]!.width), Math.floor((y * height) / levels[0]!.height)];
      if (column < 0 || row < 0 || column >= width || row >= height) return null;
      const place = { level: n, column: Math.floor(column / block.width), row: Math.floor(row / block.height) };
      const here = this.#drawn.get(keyOf(place))?.block;
      if (!here) continue;
      const at = (row - place.row * block.height) * here.width + column - place.column * block.width;
      const value = here.data[at * here.samples]!;
      return Number.isFinite(value) && value !== nodata ? value : null;
    }
    return null;
  }

  close(): void {
    this.#isOver = true;
    for (const reading of this.#reading.values()) reading.abort();
    for (const { picture } of this.#drawn.values()) picture.close();
    this.#drawn.clear();
  }

  #has(one: Wanted): boolean {
    const drawn = this.#drawn.get(keyOf(one));
    return this.#broken.has(keyOf(one)) || (drawn !== undefined && drawn.step <= this.#step);
  }

  #next(): void {
    for (const one of this.#wanted) {
      if (this.#reading.size >= AT_ONCE || this.#isOver) return;
      if (!this.#has(one) && !this.#reading.has(keyOf(one))) void this.#read(one);
    }
  }

  async #read(one: Wanted): Promise<void> {
    const [key, stop, step] = [keyOf(one), new AbortController(), this.#step];
    this.#reading.set(key, stop);
    let fault: unknown;
    try {
      const block = await this.#tiff.block(one.level, one.column, one.row, stop.signal);
      const { place, levels } = this.#tiff;
      const size = (place?.dx ?? 1) * (levels[0]!.width / levels[one.level]!.width);
      const relief = place?.isMetric ? 1 / size : 30 / (this.#look.high - this.#look.low || 1);
      const picture = await createImageBitmap(paint(block, this.#tiff, this.#look, step, relief));
      if (this.#isOver) return;
      this.#drawn.get(key)?.picture.close();
      this.#drawn.delete(key);
      this.#drawn.set(key, { picture, step, block: this.#look.kind === 'heights' && step === 1 ? block : null });
      this.#forget();
    } catch (broken) {
      if (!stop.signal.aborted) {
        fault = broken;
        this.#broken.add(key);
      }
    } finally {
      this.#reading.delete(key);
    }
    if (this.#isOver) return;
    this.#changed(fault);
    this.#next();
  }

  /** The longest here go first, but for what is in sight, and for the coarsest. */
  #forget(): void {
    let pixels = 0;
    for (const { picture } of this.#drawn.values()) pixels += picture.width * picture.height;
    for (const [key, { picture }] of this.#drawn) {
      if (pixels <= MOST_PIXELS) return;
      const coarsest = placeOf(key).level === this.#tiff.levels.length - 1;
      if (coarsest || this.#wanted.some((one) => keyOf(one) === key)) continue;
      pixels -= picture.width * picture.height;
      picture.close();
      this.#drawn.delete(key);
    }
  }
}

const keyOf = ({ level, column, row }: Wanted) => `${level} ${column} ${row}`;

function placeOf(key: string): Wanted {
  const [level, column, row] = key.split(' ').map(Number) as [number, number, number];
  return { level, column, row };
}

/** How a file is drawn: between which values, the coarsest level says. */
export async function lookOf(tiff: Tiff): Promise<Look> {
  const kind = kindOf(tiff);
  if (kind === 'picture') return { kind, low: 0, high: 255 };
  const level = tiff.levels.length - 1;
  const { width, height, block } = tiff.levels[level]!;
  let [low, high] = [Infinity, -Infinity];
  // a few blocks from its middle row tell enough
  const row = Math.floor((Math.ceil(height / block.height) - 1) / 2);
  for (let column = 0; column < Math.min(4, Math.ceil(width / block.width)); column++) {
    // oxlint-disable-next-line no-await-in-loop
    const found = spread(await tiff.block(level, column, row), tiff);
    if (found) [low, high] = [Math.min(low, found[0]), Math.max(high, found[1])];
  }
  return low <= high ? { kind, low, high } : { kind, low: 0, high: 1 };
}
