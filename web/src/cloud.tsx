import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type Eye, SIDES, type Vector, home, moved, nearer, turned } from './eye';
import { count } from './format';
import { useGestures } from './gestures';
import { lengthWords } from './measure';
import { Begin, Marks, Measured, SAME, useMeasuring } from './measuring';
import { middleOf, sizeOf } from './pack';
import { Empty, Fault } from './parts';
import type { Source } from './results';
import { Stage } from './stage';
import { type Supply, file, tiles } from './supply';
import { Unreadable } from './zip';

const BUDGETS = [250_000, 1_000_000, 3_000_000];
const AT_ONCE = 2;
/** So many times as many points as are drawn are kept, for when one looks back. */
const KEPT = 2;

/** A point cloud, of which what is in sight is read: its tiles, or else all of it, thinned. */
export default function Cloud({ from, path, by, name }: { from: Source; path: string; by: string; name: string }) {
  const [supply, set] = useState<Supply | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    const stop = new AbortController();
    set(null);
    setFault(null);
    const opened = path.endsWith('.json')
      ? tiles(from, path, stop.signal)
      : from.open(path).then((read) => file(read, BUDGETS[1]!, stop.signal));
    opened.then(
      (all) => !stop.signal.aborted && set(all),
      (broken: unknown) => !stop.signal.aborted && setFault(broken),
    );
    return () => stop.abort();
  }, [by]);
  if (fault) return <Refused fault={fault} />;
  return supply ? (
    <Theatre key={by} supply={supply} name={name} />
  ) : (
    <span class="bone sheet" role="status" aria-label={`Reading ${name}`} />
  );
}

function Refused({ fault }: { fault: unknown }) {
  if (!(fault instanceof Unreadable)) return <Fault of={fault} />;
  return (
    <Empty title="This cloud cannot be shown here">
      <span>
        {`${fault.message[0]!.toUpperCase()}${fault.message.slice(1)}.`} Download it to open it in a program of yours,
        such as CloudCompare.
      </span>
    </Empty>
  );
}

function Theatre({ supply, name }: { supply: Supply; name: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useMemo(() => sizeOf(supply.box) || 1, [supply]);
  const [stage, setStage] = useState<Stage | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [eye, setEye] = useState<Eye>(() => home(size));
  const [grain, setGrain] = useState(1);
  const [budget, setBudget] = useState(BUDGETS[1]!);
  const [byHeight, setByHeight] = useState(!supply.hasColours);
  const [turn, setTurn] = useState(0);
  const [told, setTold] = useState({ shown: 0, missing: 1, of: 1 });
  const reading = useRef(new Map<string, AbortController>());
  const broken = useRef(new Set<string>());
  const drawn = useRef<Eye | undefined>(undefined);
  const pressedAt = useRef<{ x: number; y: number } | null>(null);
  const measuring = useMeasuring<Vector>();
  const [missed, setMissed] = useState(false);
  const again = () => setTurn((n) => n + 1);

  useEffect(() => {
    let made: Stage | null = null;
    try {
      made = new Stage(canvas.current!);
      setStage(made);
    } catch (refused) {
      setFault(refused);
    }
    const box = new ResizeObserver(again);
    box.observe(canvas.current!);
    const lost = () => setFault(new Error('The graphics were taken away. Close this and open it again.'));
    canvas.current!.addEventListener('webglcontextlost', lost);
    const own = canvas.current!;
    return () => {
      own.removeEventListener('webglcontextlost', lost);
      box.disconnect();
      for (const one of reading.current.values()) one.abort();
      made?.close();
    };
  }, []);

  useEffect(() => {
    if (!stage) return undefined;
    const { clientWidth: width, clientHeight: height } = canvas.current!;
    const { pieces, more } = supply.choose(eye, { width: width || 1, height: height || 1 }, budget);
    let gone = false;
    more?.then(
      () => !gone && again(),
      (refused: unknown) => !gone && setFault(refused),
    );
    const wanted = pieces.filter(({ key }) => !broken.current.has(key));
    const keys = new Set(wanted.map(({ key }) => key));
    for (const [key, stop] of reading.current) if (!keys.has(key)) stop.abort();
    const missing = wanted.filter(({ key }) => !stage.has(key));
    for (const { key } of missing) {
      if (reading.current.size >= AT_ONCE) break;
      if (reading.current.has(key)) continue;
      const stop = new AbortController();
      reading.current.set(key, stop);
      void supply
        .load(key, stop.signal)
        .then(
          (packed) => !stop.signal.aborted && stage.add(key, packed),
          (refused: unknown) => {
            if (stop.signal.aborted) return;
            broken.current.add(key);
            setFault(refused);
          },
        )
        .finally(() => {
          reading.current.delete(key);
          again();
        });
    }
    // what is no longer in sight is kept for a while
    let held = stage.keys.length;
    for (const key of stage.keys) {
      if (held <= KEPT * keys.size + 16) break;
      if (keys.has(key)) continue;
      stage.remove(key);
      held--;
    }
    const middle = middleOf(supply.box);
    const heights = byHeight ? ([supply.box.low[2]! - middle[2]!, supply.box.high[2]! - middle[2]!] as const) : null;
    stage.show([...keys], { eye, size, grain, heights }, drawn.current !== undefined && drawn.current !== eye);
    drawn.current = eye;
    setTold({ shown: stage.points, missing: missing.length + (more ? 1 : 0), of: wanted.length });
    return () => void (gone = true);
  }, [stage, supply, eye, grain, budget, byHeight, turn]);

  useGestures(canvas, {
    drag: (dx, dy, isOther) =>
      setEye((now) =>
        isOther ? moved(now, dx, dy, canvas.current!.clientHeight) : turned(now, -dx * 0.006, dy * 0.006),
      ),
    near: (by) => setEye((now) => nearer(now, by, size)),
  });
  const take = (x: number, y: number) => {
    if (!measuring.goesOn) return;
    const point = stage?.grasp({ x, y });
    setMissed(!point);
    if (point) measuring.add(point);
  };
  const pressed = (event: KeyboardEvent) => {
    const { clientWidth: width, clientHeight: height } = canvas.current!;
    if (measuring.pressed(event, () => take(width / 2, height / 2))) return;
    const step = event.shiftKey ? 40 : 0;
    const go = (dx: number, dy: number) => () =>
      setEye((now) =>
        step ? moved(now, dx * step, dy * step, canvas.current!.clientHeight) : turned(now, dx * 0.06, dy * 0.06),
      );
    const does: Record<string, () => void> = {
      ArrowLeft: go(1, 0),
      ArrowRight: go(-1, 0),
      ArrowUp: go(0, 1),
      ArrowDown: go(0, -1),
      '+': () => setEye((now) => nearer(now, 1.25, size)),
      '=': () => setEye((now) => nearer(now, 1.25, size)),
      '-': () => setEye((now) => nearer(now, 1 / 1.25, size)),
      '0': () => setEye(home(size)),
    };
    const act = does[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };
  const clicked = (event: MouseEvent) => {
    const from = pressedAt.current;
    // what was dragged is a turn, and the second of two clicks ends it
    if (!from || Math.hypot(event.offsetX - from.x, event.offsetY - from.y) > SAME || event.detail > 1) return;
    take(event.offsetX, event.offsetY);
  };
  const spots = measuring.points.map((point) => stage?.spotOf(point, { eye, size }) ?? null);
  if (!stage && fault) return <Refused fault={fault} />;
  const { low, high } = supply.box;
  return (
    <figure class="look-at">
      <Fault of={fault} />
      <div class="relative">
        <canvas
          ref={canvas}
          class="sheet"
          tabIndex={0}
          role="application"
          aria-label={`${name}. Arrows turn it, with Shift they move it, plus and minus zoom, 0 shows all of it.`}
          data-state={told.missing === 0 ? 'whole' : 'reading'}
          data-points={told.shown}
          data-measures={measuring.goesOn}
          onKeyDown={pressed}
          onPointerDown={(event) => (pressedAt.current = { x: event.offsetX, y: event.offsetY })}
          onClick={clicked}
          onDblClick={() => measuring.goesOn && measuring.end()}
        />
        <Marks of={measuring} spots={spots} />
        <div class="over top row">
          <Begin of={measuring} kinds={['distance']} begun={() => canvas.current?.focus()} />
          {Object.entries(SIDES).map(([side, [yaw, pitch]]) => (
            <button key={side} type="button" onClick={() => setEye({ ...home(size), yaw, pitch })}>
              {side}
            </button>
          ))}
        </div>
        <p class="over bottom words">
          {`${count(told.shown)} of ${count(supply.count)} points`}
          {told.missing > 0 && `, ${told.of - told.missing} of ${told.of} parts are here`}
        </p>
      </div>
      <Measured
        of={measuring}
        left={() => canvas.current?.focus()}
        words={missed && measuring.goesOn ? 'There is no point' : wordsOf(measuring.points, supply.unit)}
        note={supply.unit ? undefined : "In the units of the file's coordinates."}
      />
      <figcaption class="row wrap controls">
        <label class="check">
          Size
          <input
            type="range"
            min="0.4"
            max="6"
            step="0.1"
            value={grain}
            onInput={(event) => setGrain(Number(event.currentTarget.value))}
          />
        </label>
        <label class="check">
          Colours
          <select
            value={byHeight ? 'height' : 'photo'}
            onChange={(event) => setByHeight(event.currentTarget.value === 'height')}
          >
            {supply.hasColours && <option value="photo">of the photos</option>}
            <option value="height">by height</option>
          </select>
        </label>
        <label class="check">
          At most
          <select value={String(budget)} onChange={(event) => setBudget(Number(event.currentTarget.value))}>
            {BUDGETS.map((most) => (
              <option key={most} value={String(most)}>{`${count(most)} points`}</option>
            ))}
          </select>
        </label>
        <span class="faint">Drag turns, Shift and drag moves, the wheel zooms</span>
      </figcaption>
      <dl class="facts flat">
        {[
          ['Points', count(supply.count)] as const,
          ['Extent', [0, 1, 2].map((axis) => (high[axis]! - low[axis]!).toFixed(1)).join(' × ')] as const,
          ['Heights', `${low[2]!.toFixed(2)} to ${high[2]!.toFixed(2)}`] as const,
          ...supply.facts,
        ].map(([what, is]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{is}</dd>
          </div>
        ))}
      </dl>
    </figure>
  );
}

/** Along the points; of two also how far it is on a map, and how much higher. */
function wordsOf(points: readonly Vector[], unit: 'm' | ''): string {
  if (points.length < 2) return '';
  const parts = points.slice(1).map((to, n) => ([0, 1, 2] as const).map((axis) => to[axis] - points[n]![axis]));
  const along = lengthWords(
    parts.reduce((sum, part) => sum + Math.hypot(...part), 0),
    unit,
  );
  if (parts.length > 1) return along;
  const [x, up, z] = parts[0] as [number, number, number];
  const [across, high] = [Math.hypot(x, z), Math.abs(up)].map((length) => lengthWords(length, unit));
  return `${along}: ${across} across, ${high} ${up < 0 ? 'down' : 'up'}`;
}
