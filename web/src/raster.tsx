import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Blocks, lookOf } from './blocks';
import { bytes, count } from './format';
import { type Look, ramp } from './paint';
import { type Spot, useGestures } from './gestures';
import { Empty, Fault } from './parts';
import { type Spot as Corner, areaOf, areaWords, lengthOf, lengthWords, ruleOf } from './measure';
import { Begin, Marks, Measured, SAME, useMeasuring } from './measuring';
import type { Source } from './results';
import { type Frame, type Sight, kept, round, whole, zoomed } from './sight';
import { type Tiff, tiff } from './tiff';
import { Unreadable } from './zip';

interface Opened {
  readonly file: Tiff;
  readonly look: Look;
  readonly bytes: number;
}

/** A GeoTIFF, of which only what is in sight is read. */
export default function Raster({ from, path, by, name }: { from: Source; path: string; by: string; name: string }) {
  const [opened, set] = useState<Opened | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    let gone = false;
    set(null);
    setFault(null);
    void (async () => {
      const read = await from.open(path);
      const { size } = await read(0, 1);
      const file = await tiff(read);
      return { file, look: await lookOf(file), bytes: size };
    })().then(
      (all) => !gone && set(all),
      (broken: unknown) => !gone && setFault(broken),
    );
    return () => void (gone = true);
  }, [by]);
  if (fault)
    return fault instanceof Unreadable ? (
      <Empty title="This file cannot be shown here">
        <span>
          {`${fault.message[0]!.toUpperCase()}${fault.message.slice(1)}.`} Download it to open it in a program of yours,
          such as QGIS.
        </span>
      </Empty>
    ) : (
      <Fault of={fault} />
    );
  return opened ? (
    <Sheet {...opened} name={name} />
  ) : (
    <span class="bone sheet" role="status" aria-label={`Reading ${name}`} />
  );
}

function Sheet({ file, look, bytes: size, name }: Opened & { name: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const told = useRef<HTMLElement>(null);
  const bar = useRef<HTMLSpanElement>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [sight, setSight] = useState<Sight | null>(null);
  const [coming, setComing] = useState({ missing: 0, of: 0, tooMany: false });
  const [sized, setSized] = useState(0);
  const finest = file.levels[0]!;
  const draw = useRef(() => {});
  const pointer = useRef<Spot | null>(null);
  const pressedAt = useRef<Spot | null>(null);
  const measuring = useMeasuring<Corner>();
  const blocks = useMemo(
    () =>
      new Blocks(file, look, (broken) => {
        if (broken) setFault(broken);
        draw.current();
      }),
    [file, look],
  );
  useEffect(() => () => blocks.close(), [blocks]);

  const scale = () => devicePixelRatio || 1;
  const frame = (): Frame => ({ width: canvas.current?.clientWidth ?? 1, height: canvas.current?.clientHeight ?? 1 });
  const least = () => Math.min(1, whole(finest, frame()).scale / 2);
  const placeOf = (spot: Spot, seen: Sight): Corner => ({
    x: seen.x + (spot.x - frame().width / 2) / seen.scale,
    y: seen.y + (spot.y - frame().height / 2) / seen.scale,
  });
  /** What lies beneath the pointer, or else in the middle: where that is, and its value. */
  const tell = (seen: Sight) => {
    if (!told.current) return;
    const { width, height } = frame();
    const spot = pointer.current ?? { x: width / 2, y: height / 2 };
    const at = placeOf(spot, seen);
    const value = look.kind === 'heights' ? blocks.value(at.x, at.y) : null;
    const { place } = file;
    const digits = place?.isMetric ? 1 : 6;
    const where = place
      ? `${(place.x + at.x * place.dx).toFixed(digits)}, ${(place.y - at.y * place.dy).toFixed(digits)}`
      : `${Math.floor(at.x)}, ${Math.floor(at.y)}`;
    told.current.textContent = value === null ? where : `${words(value)} at ${where}`;
  };

  useEffect(() => {
    const box = new ResizeObserver(() => setSized((n) => n + 1));
    box.observe(canvas.current!);
    return () => box.disconnect();
  }, []);
  useEffect(() => {
    const at = sight ?? whole(finest, frame());
    if (!sight) setSight(at);
    draw.current = () => {
      const own = canvas.current;
      const context = own?.getContext('2d');
      if (!own || !context) return;
      const { width, height } = frame();
      const [wide, tall] = [Math.round(width * scale()), Math.round(height * scale())];
      if (own.width !== wide || own.height !== tall) [own.width, own.height] = [wide, tall];
      const seen = { ...at, scale: at.scale * scale() };
      const tooMany = !blocks.see(seen, { width: wide, height: tall });
      context.clearRect(0, 0, wide, tall);
      blocks.draw(context, seen, { width: wide, height: tall });
      tell(at);
      setComing({ missing: blocks.missing, of: blocks.inSight, tooMany });
    };
    const soon = requestAnimationFrame(() => draw.current());
    return () => cancelAnimationFrame(soon);
  }, [sight, sized, blocks]);

  const move = (dx: number, dy: number) =>
    setSight((now) => now && kept({ ...now, x: now.x + dx / now.scale, y: now.y + dy / now.scale }, finest));
  const zoom = (by: number, at = { x: frame().width / 2, y: frame().height / 2 }) =>
    setSight((now) => now && kept(zoomed(now, by, at, frame(), least()), finest));
  const fit = () => setSight(whole(finest, frame()));

  useGestures(canvas, { drag: (dx, dy) => move(-dx, -dy), near: zoom });
  const pressed = (event: KeyboardEvent) => {
    if (measuring.pressed(event, () => sight && measuring.add({ x: sight.x, y: sight.y }))) return;
    const step = 80;
    const does: Record<string, () => void> = {
      ArrowLeft: () => move(-step, 0),
      ArrowRight: () => move(step, 0),
      ArrowUp: () => move(0, -step),
      ArrowDown: () => move(0, step),
      '+': () => zoom(1.5),
      '=': () => zoom(1.5),
      '-': () => zoom(1 / 1.5),
      '0': fit,
    };
    const act = does[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };

  const clicked = (event: MouseEvent) => {
    const [spot, from] = [{ x: event.offsetX, y: event.offsetY }, pressedAt.current];
    // what was dragged is a move, and the second of two clicks ends it
    if (!sight || !from || Math.hypot(spot.x - from.x, spot.y - from.y) > SAME || event.detail > 1) return;
    measuring.add(placeOf(spot, sight));
  };
  const rule = ruleOf(file.place, measuring.points[0]?.y ?? 0);
  const isArea = measuring.kind === 'area' && measuring.points.length > 2;
  const along = lengthWords(lengthOf(measuring.points, rule, isArea), rule.unit);
  const measured = isArea
    ? `${areaWords(areaOf(measuring.points, rule), rule.unit)}, ${along} around`
    : measuring.points.length > 1
      ? along
      : '';
  const spots = sight
    ? measuring.points.map(({ x, y }) => ({
        x: (x - sight.x) * sight.scale + frame().width / 2,
        y: (y - sight.y) * sight.scale + frame().height / 2,
      }))
    : [];

  const { place } = file;
  const ruler = place?.isMetric && sight ? round((100 * place.dx) / sight.scale) : 0;
  useEffect(() => {
    if (ruler && sight) bar.current?.style.setProperty('width', `${(ruler * sight.scale) / place!.dx}px`);
  }, [ruler, sight]);
  return (
    <figure class="look-at">
      <Fault of={fault} />
      <div class="relative">
        <canvas
          ref={canvas}
          class="sheet"
          tabIndex={0}
          role="application"
          aria-label={`${name}. Arrows move, plus and minus zoom, 0 shows all of it.`}
          data-state={coming.of > 0 && coming.missing === 0 ? 'whole' : 'reading'}
          onKeyDown={pressed}
          onPointerDown={(event) => (pressedAt.current = { x: event.offsetX, y: event.offsetY })}
          onClick={clicked}
          data-measures={measuring.goesOn}
          onPointerMove={(event) => {
            pointer.current = { x: event.offsetX, y: event.offsetY };
            if (sight) tell(sight);
          }}
          onPointerLeave={() => {
            pointer.current = null;
            if (sight) tell(sight);
          }}
          onDblClick={(event) => (measuring.goesOn ? measuring.end() : zoom(2, { x: event.offsetX, y: event.offsetY }))}
        />
        <Marks of={measuring} spots={spots} />
        <div class="over top row">
          <Begin of={measuring} kinds={['distance', 'area']} begun={() => canvas.current?.focus()} />
          <button type="button" aria-label="Zoom in" onClick={() => zoom(1.5)}>
            +
          </button>
          <button type="button" aria-label="Zoom out" onClick={() => zoom(1 / 1.5)}>
            −
          </button>
          <button type="button" onClick={fit}>
            Whole
          </button>
        </div>
        {ruler > 0 && (
          <div class="over bottom ruler">
            <span ref={bar} />
            {ruler >= 1000
              ? `${count(ruler / 1000)} km`
              : ruler >= 1
                ? `${count(ruler)} m`
                : `${Math.round(ruler * 100)} cm`}
          </div>
        )}
        {coming.tooMany ? (
          <p class="over words">
            Zoom in to see it: this file has no smaller copies of itself (overviews), and is too large to be read whole.
          </p>
        ) : (
          coming.missing > 0 && (
            <p class="over words">{`${coming.of - coming.missing} of ${coming.of} parts are here`}</p>
          )
        )}
      </div>
      <Measured of={measuring} words={measured} note={rule.note} left={() => canvas.current?.focus()} />
      <figcaption class="row wrap">
        {look.kind === 'heights' && <Legend look={look} />}
        <span class="grow num mono" ref={told} />
      </figcaption>
      <dl class="facts flat">
        {facts(file, size).map(([what, is]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{is}</dd>
          </div>
        ))}
      </dl>
    </figure>
  );
}

const words = (height: number) => `${height.toFixed(2)} m`;

function Legend({ look }: { look: Look }) {
  const strip = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = strip.current?.getContext('2d');
    if (!context) return;
    for (let x = 0; x < 160; x++) {
      context.fillStyle = `rgb(${ramp(x / 159).join(' ')})`;
      context.fillRect(x, 0, 1, 12);
    }
  }, []);
  return (
    <span class="row legend-strip">
      <span class="num">{words(look.low)}</span>
      <canvas
        ref={strip}
        width={160}
        height={12}
        role="img"
        aria-label={`Dark is ${words(look.low)}, light is ${words(look.high)}`}
      />
      <span class="num">{words(look.high)}</span>
    </span>
  );
}

function facts({ levels, place, samples, bits, isFloat, packing, isLarge }: Tiff, size: number): [string, string][] {
  const { width, height } = levels[0]!;
  const length = place && (place.dx < 1 ? `${(100 * place.dx).toFixed(1)} cm` : `${place.dx.toFixed(2)} m`);
  return [
    ['Pixels', `${count(width)} × ${count(height)}`],
    ['A pixel', place ? (place.isMetric ? length! : `${place.dx.toPrecision(4)}°`) : 'unknown'],
    ['Coordinates', place?.system ?? 'none'],
    ['Bands', `${samples}, ${bits} bits${isFloat ? ', floating point' : ''}`],
    ['Stored', `${bytes(size)}, ${packing}${isLarge ? ', BigTIFF' : ''}`],
    ['Overviews', levels.length > 1 ? String(levels.length - 1) : 'none'],
  ];
}
