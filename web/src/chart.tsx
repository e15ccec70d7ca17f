import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { clock, exact, plural, visible } from './format';
import { Text } from './parts';
import {
  type Point,
  apart,
  drawable,
  logTicks,
  nearest,
  path,
  places,
  range,
  roomy,
  scale,
  short,
  smooth,
  ticks,
  timeTicks,
  valueAt,
} from './plot';

export interface Line {
  readonly key: string;
  readonly name: string;
  readonly points: readonly Point[];
  /** Which colour and dash it has, so that it has the same in every chart. */
  readonly ink: number;
}

const INKS = 6;
const DASHES = ['', '7 3', '2 3', '9 3 2 3', '14 4', '5 2 1 2'];
const HEIGHT = 208;
const [TOP, BOTTOM, LEFT] = [10, 24, 52];
const LABEL = 15;
const ROWS = 240;

export const inkOf = (ink: number) => `ink ink-${ink % INKS}`;
export const dashOf = (ink: number) => DASHES[(ink + Math.floor(ink / INKS)) % INKS];

/** The line of a legend: the same colour and the same dash. */
export const Stroke = ({ ink }: { ink: number }) => (
  <svg class={inkOf(ink)} viewBox="0 0 28 8" width="28" height="8" aria-hidden="true">
    <path d="M1 4H27" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray={dashOf(ink)} />
  </svg>
);

/**
 * Lines over steps or over time. Its cursor is moved by pointer or keys, and may be that of other charts beside it; all
 * that it shows is there as a table too.
 * @param across Steps, or seconds since 1970.
 * @param zero Begin at nothing.
 * @param whole There is nothing between whole numbers.
 */
export function Chart({
  title,
  unit = '',
  lines,
  across,
  log = false,
  weight = 0,
  zero = false,
  whole = false,
  limit,
  cursor,
  point,
}: {
  title: string;
  unit?: string;
  lines: readonly Line[];
  across: 'step' | 'time';
  log?: boolean;
  weight?: number;
  zero?: boolean;
  whole?: boolean;
  limit?: { value: number; word: string } | undefined;
  cursor: number | null;
  point: (x: number | null) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [here, setHere] = useState(false);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  const drawn = useMemo(
    () => lines.map((line) => ({ ...line, raw: line.points, points: smooth(line.points, weight) })),
    [lines, weight],
  );
  const all = useMemo(() => places(drawn.map((line) => line.points)), [drawn]);
  const named = lines.length > 1 && lines.length <= 8 && width > 440;
  const right = named ? 112 : 14;
  const values = drawn.flatMap((line) => [...line.points, ...line.raw].map(([, value]) => value));
  const reach = range(limit && !log ? [...values, limit.value] : values, log);
  const span = roomy(reach, log, zero);
  const sides = range(all);
  const wide = Math.max(60, width - LEFT - right);
  const x = scale(sides, LEFT, LEFT + wide);
  const y = scale(span, HEIGHT - BOTTOM, TOP, log);
  const nothing = !values.some((value) => drawable(value, log));
  const at = cursor === null || all.length === 0 ? null : all[nearest(all, cursor)]!;
  const said = (value: number) =>
    across === 'time' && Number.isNaN(value) ? 'unknown' : `${short(value)}${unit && ` ${unit}`}`;
  const placeOf = (value: number) => (across === 'time' ? exact(value * 1000) : `step ${value}`);
  const now =
    at === null
      ? []
      : drawn
          .map((line) => ({ line, value: valueAt(line.points, at), raw: valueAt(line.raw, at) }))
          .filter((one): one is typeof one & { value: number; raw: number } => one.value !== undefined)
          .toSorted((a, b) => b.value - a.value);
  const words = now.map(({ line, value }) => (lines.length > 1 ? `${visible(line.name)} ${said(value)}` : said(value)));
  const pressed = (event: KeyboardEvent) => {
    const n = at === null ? all.length - 1 : nearest(all, at);
    const big = Math.max(1, Math.round(all.length / 10));
    const to = {
      ArrowLeft: n - 1,
      ArrowRight: n + 1,
      PageDown: n - big,
      PageUp: n + big,
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (event.key === 'Escape') point(null);
    else if (to !== undefined) point(all[Math.min(all.length - 1, Math.max(0, to))] ?? null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const moved = (event: PointerEvent) => {
    const left = box.current!.getBoundingClientRect().left;
    const part = (event.clientX - left - LEFT) / wide;
    if (all.length > 0) point(all[nearest(all, sides.low + part * (sides.high - sides.low))]!);
  };
  const ends = drawn.map((line) => line.points.findLast(([, value]) => drawable(value, log)));
  const labels = apart(
    ends.map((end) => (end ? y(end[1]) : TOP)),
    LABEL,
    HEIGHT - BOTTOM,
  );
  const down = (log ? logTicks(span, 5) : ticks(span, 5)).filter((value) => !whole || Number.isInteger(value));
  const dashes = (ink: number) => (lines.length > 1 ? dashOf(ink) : undefined);
  const along = across === 'time' ? timeTicks(sides, wide / 90) : ticks(sides, Math.max(2, wide / 90));
  return (
    <figure class="chart">
      <figcaption>
        <h3 class="clip">
          <Text>{title}</Text>
        </h3>
        {unit && <span class="faint">{unit}</span>}
      </figcaption>
      <div
        class="plot"
        ref={box}
        role="slider"
        tabIndex={0}
        aria-label={`${visible(title)}: ${plural(lines.length, 'line')}`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, all.length - 1)}
        aria-valuenow={at === null ? Math.max(0, all.length - 1) : nearest(all, at)}
        aria-valuetext={at === null ? 'no place chosen' : `${placeOf(at)}: ${words.join(', ')}`}
        onKeyDown={pressed}
        onPointerMove={(event) => {
          setHere(true);
          moved(event);
        }}
        onPointerDown={moved}
        onPointerLeave={() => {
          setHere(false);
          point(null);
        }}
        onFocus={() => setHere(true)}
        onBlur={() => {
          setHere(false);
          point(null);
        }}
      >
        {width > 0 && (
          <svg width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} aria-hidden="true">
            {down.map((value) => (
              <g key={value}>
                <path class="grid" d={`M${LEFT} ${Math.round(y(value)) + 0.5}H${LEFT + wide}`} />
                <text x={LEFT - 8} y={y(value) + 4} text-anchor="end">
                  {short(value)}
                </text>
              </g>
            ))}
            {along.map((value) => (
              <text key={value} x={x(value)} y={HEIGHT - 6} text-anchor="middle">
                {across === 'time' ? clockOf(value, sides.high - sides.low) : short(value)}
              </text>
            ))}
            <path class="axis" d={`M${LEFT} ${HEIGHT - BOTTOM + 0.5}H${LEFT + wide}`} />
            {limit && drawable(limit.value, log) && (
              <>
                <path class="limit" d={`M${LEFT} ${y(limit.value)}H${LEFT + wide}`} />
                <text x={LEFT + 4} y={y(limit.value) - 4}>
                  {limit.word}
                </text>
              </>
            )}
            {weight > 0 &&
              drawn.map((line) => (
                <path key={line.key} class={`${inkOf(line.ink)} raw`} d={path(line.raw, x, y, log)} />
              ))}
            {drawn.map((line) => (
              <path
                key={line.key}
                class={`${inkOf(line.ink)} line`}
                stroke-dasharray={dashes(line.ink)}
                d={path(line.points, x, y, log)}
              />
            ))}
            {drawn.map(
              (line, n) =>
                ends[n] &&
                line.points.filter(([, value]) => drawable(value, log)).length === 1 && (
                  <circle key={line.key} class={inkOf(line.ink)} cx={x(ends[n][0])} cy={y(ends[n][1])} r="3" />
                ),
            )}
            {named &&
              drawn.map(
                (line, n) =>
                  ends[n] && (
                    <text key={line.key} class={inkOf(line.ink)} x={LEFT + wide + 8} y={labels[n]! + 4}>
                      {brief(line.name)}
                    </text>
                  ),
              )}
            {at !== null && (
              <>
                <path class="cursor" d={`M${Math.round(x(at)) + 0.5} ${TOP}V${HEIGHT - BOTTOM}`} />
                {now.map(
                  ({ line, value }) =>
                    drawable(value, log) && (
                      <circle key={line.key} class={inkOf(line.ink)} cx={x(at)} cy={y(value)} r="3.5" />
                    ),
                )}
              </>
            )}
          </svg>
        )}
        {nothing && <p class="void faint">{log ? 'nothing above zero' : 'no numbers'}</p>}
        {here && at !== null && (
          <div
            class="tip"
            ref={(tip) => {
              if (!tip) return;
              const room = tip.offsetWidth + 12;
              const side = x(at) + room > width ? x(at) - room : x(at) + 12;
              tip.style.setProperty('left', `${Math.max(0, Math.min(side, width - tip.offsetWidth))}px`);
            }}
          >
            <span class="faint">{placeOf(at)}</span>
            {now.slice(0, 8).map(({ line, value, raw }) => (
              <span class="row" key={line.key}>
                {lines.length > 1 && <Stroke ink={line.ink} />}
                {lines.length > 1 && (
                  <span class="clip grow">
                    <Text>{line.name}</Text>
                  </span>
                )}
                <b class="num">{said(value)}</b>
                {weight > 0 && <span class="faint num">{short(raw)}</span>}
              </span>
            ))}
          </div>
        )}
      </div>
      <Values lines={lines} all={all} place={placeOf} across={across} title={title} />
    </figure>
  );
}

/** The time of day; the seconds only where they differ, the day where there are several. */
function clockOf(seconds: number, span: number): string {
  const text = clock(seconds * 1000);
  return span < 600 ? text : span < 2 * 86400 ? text.slice(0, 5) : exact(seconds * 1000).slice(5, 10);
}

const brief = (name: string) => {
  const text = visible(name);
  return text.length > 15 ? `${text.slice(0, 7)}…${text.slice(-7)}` : text;
};

/** The same as a table, made when it is opened. */
function Values({
  lines,
  all,
  place,
  across,
  title,
}: {
  lines: readonly Line[];
  all: readonly number[];
  place: (x: number) => string;
  across: string;
  title: string;
}) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="faint">
        as a table<span class="hidden">: {visible(title)}</span>
      </summary>
      {open && (
        <div class="values" tabIndex={0} role="region" aria-label={`Values of ${visible(title)}`}>
          <table>
            <thead>
              <tr>
                <th scope="col">{across}</th>
                {lines.map((line) => (
                  <th scope="col" class="num" key={line.key}>
                    <Text>{line.name}</Text>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {all.slice(-ROWS).map((x) => (
                <tr key={x}>
                  <th scope="row">{across === 'time' ? place(x) : x}</th>
                  {lines.map((line) => {
                    const found = line.points.find(([at]) => at === x);
                    return (
                      <td class="num" key={line.key}>
                        {!found ? '' : across === 'time' && Number.isNaN(found[1]) ? 'unknown' : short(found[1])}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
          {all.length > ROWS && (
            <p class="faint">
              The last {ROWS} of {all.length}.
            </p>
          )}
        </div>
      )}
    </details>
  );
}
