import { useState } from 'preact/hooks';
import { plural } from './format';
import type { Spot } from './measure';

export type Kind = 'distance' | 'area';

/** Fewer pixels from the last one than these is a click that was made twice. */
export const SAME = 4;

/** Points that are taken one after the other: while it goes on more of them are added, then they stay until cleared. */
export interface Measuring<T> {
  readonly kind: Kind | null;
  readonly points: readonly T[];
  readonly goesOn: boolean;
  start(kind: Kind): void;
  add(point: T): void;
  back(): void;
  end(): void;
  clear(): void;
  /** Of what is looked at; whether it was one for measuring. */
  pressed(event: KeyboardEvent, here: () => void): boolean;
}

export function useMeasuring<T>(): Measuring<T> {
  const [kind, setKind] = useState<Kind | null>(null);
  const [points, set] = useState<readonly T[]>([]);
  const [goesOn, setGoesOn] = useState(false);
  const clear = () => {
    setKind(null);
    setGoesOn(false);
    set([]);
  };
  const back = () => set((all) => all.slice(0, -1));
  const end = () => (points.length > 1 ? setGoesOn(false) : clear());
  return {
    kind,
    points,
    goesOn,
    start: (next) => {
      // a line becomes a polygon, and the other way round
      if (kind === null || kind === next) set([]);
      setKind(next);
      setGoesOn(true);
    },
    add: (point) => goesOn && set((all) => [...all, point]),
    back,
    end,
    clear,
    pressed(event, here) {
      if (kind === null || event.ctrlKey || event.metaKey || event.altKey) return false;
      if (event.key === 'Escape') (goesOn ? end : clear)();
      else if (!goesOn) return false;
      else if (event.key === 'Enter' || event.key === ' ') here();
      else if (event.key === 'Backspace') back();
      else return false;
      event.preventDefault();
      event.stopPropagation();
      return true;
    },
  };
}

/** What begins it: to be followed by the focus on what is looked at. */
export const Begin = <T,>({ of, kinds, begun }: { of: Measuring<T>; kinds: readonly Kind[]; begun: () => void }) => (
  <>
    {kinds.map((kind) => (
      <button
        key={kind}
        type="button"
        aria-pressed={of.kind === kind && of.goesOn}
        onClick={() => {
          if (of.kind === kind && of.goesOn) of.end();
          else of.start(kind);
          begun();
        }}
      >
        {kind === 'distance' ? 'Distance' : 'Area'}
      </button>
    ))}
  </>
);

/**
 * What was measured so far, how to go on, to end and to clear.
 * @param left Takes the focus of a button that goes away.
 */
export function Measured<T>({
  of,
  words,
  note,
  left,
}: {
  of: Measuring<T>;
  words: string;
  note?: string | undefined;
  left: () => void;
}) {
  if (of.kind === null) return null;
  const then = (act: () => void) => () => {
    act();
    left();
  };
  return (
    <div
      class="row wrap measured"
      role="group"
      aria-label="Measuring"
      onKeyDown={(event) => event.key === 'Escape' && of.pressed(event, () => {}) && left()}
    >
      <span role="status" class="grow">
        <b>{words || (of.kind === 'area' ? 'Click the corners of the area' : 'Click the ends of a line')}</b>{' '}
        {of.points.length > 0 && <span class="faint">{plural(of.points.length, 'point')}. </span>}
        {of.goesOn && <span class="faint">By keyboard: arrows and Enter, at the cross. </span>}
        {note && of.points.length > 1 && <span class="faint">{note}</span>}
      </span>
      {of.goesOn && (
        <>
          <button type="button" disabled={of.points.length === 0} onClick={of.back}>
            Take back
          </button>
          <button type="button" disabled={of.points.length < 2} onClick={then(of.end)}>
            Done
          </button>
        </>
      )}
      <button type="button" onClick={then(of.clear)}>
        Clear
      </button>
    </div>
  );
}

/** Lines over what is looked at, at places of the screen. One that is not in sight (null) breaks the line. */
export function Marks<T>({ of, spots }: { of: Measuring<T>; spots: readonly (Spot | null)[] }) {
  if (of.kind === null) return null;
  const closed = of.kind === 'area' && spots.length > 2;
  let path = '';
  let drawn = false;
  for (const spot of closed ? [...spots, spots[0]!] : spots) {
    if (spot) path += `${drawn ? 'L' : 'M'}${spot.x.toFixed(1)} ${spot.y.toFixed(1)}`;
    drawn = spot !== null;
  }
  return (
    <svg class="marks" aria-hidden="true">
      <path class={`halo${closed ? ' closed' : ''}`} d={path} />
      <path d={path} />
      {spots.map((spot, n) => spot && <circle key={n} cx={spot.x} cy={spot.y} r="4" />)}
      {of.goesOn && (
        <svg class="cross" x="50%" y="50%" overflow="visible">
          <path class="halo" d="M-10 0H-3M3 0H10M0-10V-3M0 3V10" />
          <path d="M-10 0H-3M3 0H10M0-10V-3M0 3V10" />
        </svg>
      )}
    </svg>
  );
}
