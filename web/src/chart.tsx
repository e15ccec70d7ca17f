import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
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
import { Values } from './values';
import { type Shared, chosen, inSight, labelsOf, seeing, zoomed } from './zoom';

export interface Line {
  readonly key: string;
  readonly name: string;
  readonly points: readonly Point[];
  /** Which colour and dash it has, so that it has the same in every chart. */
  readonly ink: number;
  /** Where that is another than the colour's. */
  readonly dash?: number;
}

const INKS = 6;
const DASHES = ['', '7 3', '2 3', '9 3 2 3', '14 4', '5 2 1 2'];
const HEIGHT = 208;
const [TOP, BOTTOM, MARGIN] = [10, 24, 52];
const LABEL = 15;
const DRAGGED = 6;
const STEP = 1.6;

export const inkOf = (ink: number) => `ink ink-${ink % INKS}`;
export const dashOf = (ink: number) => DASHES[(ink + Math.floor(ink / INKS)) % INKS];

/** The line of a legend: the same colour and the same dash. */
export const Stroke = ({ ink, dash = ink }: { ink: number; dash?: number | undefined }) => (
  <svg class={inkOf(ink)} viewBox="0 0 28 8" width="28" height="8" aria-hidden="true">
    <path d="M1 4H27" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray={dashOf(dash)} />
  </svg>
);

/**
 * Lines over steps or over time. Its cursor and the stretch that it shows are changed by pointer or keys, and may be
 * those of other charts beside it; all that it shows is there as a table too.
 * @param across Steps, or seconds since 1970.
 * @param zero Begin at nothing.
 * @param whole There is nothing between whole numbers.
 * @param steps A value holds until the next.
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
  steps = false,
  limit,
  shared: { cursor, point, stretch, look },
}: {
  title: string;
  unit?: string;
  lines: readonly Line[];
  across: 'step' | 'time';
  log?: boolean;
  weight?: number;
  zero?: boolean;
  whole?: boolean;
  steps?: boolean;
  limit?: { value: number; word: string } | undefined;
  shared: Shared;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [here, setHere] = useState(false);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const clip = useId();
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  const smoothed = useMemo(
    () => lines.map((line) => ({ ...line, raw: line.points, points: smooth(line.points, weight) })),
    [lines, weight],
  );
  const everywhere = useMemo(() => places(smoothed.map((line) => line.points)), [smoothed]);
  const full = useMemo(() => range(everywhere), [everywhere]);
  const drawn = useMemo(
    () =>
      stretch
        ? smoothed.map((line) => ({
            ...line,
            raw: inSight(line.raw, stretch),
            points: inSight(line.points, stretch),
          }))
        : smoothed,
    [smoothed, stretch],
  );
  const sides = stretch ?? full;
  const isHere = (at: number) => at >= sides.low && at <= sides.high;
  const all = useMemo(() => everywhere.filter(isHere), [everywhere, sides]);
  const named = lines.length > 1 && lines.length <= 8 && width > 440;
  const right = named ? 112 : 14;
  const values = drawn.flatMap((line) => [...line.points, ...line.raw].map(([, value]) => value));
  const reach = range(limit && !log ? [...values, limit.value] : values, log);
  const span = roomy(reach, log, zero);
  const down = (log ? logTicks(span, 5) : ticks(span, 5)).filter((value) => !whole || Number.isInteger(value));
  const downWords = labelsOf(down);
  const left = Math.max(MARGIN, 12 + 6.5 * Math.max(...downWords.map((word) => word.length)));
  const wide = Math.max(60, width - left - right);
  const x = scale(sides, left, left + wide);
  const y = scale(span, HEIGHT - BOTTOM, TOP, log);
  const nothing = !values.some((value) => drawable(value, log));
  const at = cursor === null || all.length === 0 || !isHere(cursor) ? null : all[nearest(all, cursor)]!;
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
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const n = at === null ? (event.key === 'ArrowLeft' ? all.length : all.length - 1) : nearest(all, at);
    const big = Math.max(1, Math.round(all.length / 10));
    const by = { ArrowLeft: -1, ArrowRight: 1, PageDown: -big, PageUp: big, Home: -n, End: all.length - 1 - n }[
      event.key
    ];
    const nearer = { '+': STEP, '=': STEP, '-': 1 / STEP }[event.key];
    if (event.key === '0' || (event.key === 'Escape' && (stretch || drag))) look(null);
    else if (event.key === 'Escape') point(null);
    else if (nearer) look(zoomed(everywhere, full, sides, nearer, at ?? (sides.low + sides.high) / 2));
    else if (by !== undefined && all.length > 0) {
      const to = everywhere.indexOf(all[0]!) + n + by;
      const place = everywhere[Math.min(everywhere.length - 1, Math.max(0, to))]!;
      if (stretch) look(seeing(full, stretch, place));
      point(place);
    } else return;
    setDrag(null);
    event.preventDefault();
    event.stopPropagation();
  };
  const placeAt = (event: PointerEvent) => {
    const part = (event.clientX - box.current!.getBoundingClientRect().left - left) / wide;
    return sides.low + Math.min(1, Math.max(0, part)) * (sides.high - sides.low);
  };
  const moved = (event: PointerEvent) => {
    setHere(true);
    if (drag) setDrag({ ...drag, to: placeAt(event) });
    if (all.length > 0) point(all[nearest(all, placeAt(event))]!);
  };
  const begun = (event: PointerEvent) => {
    moved(event);
    if (event.button !== 0 || !event.isPrimary) return;
    box.current!.setPointerCapture(event.pointerId);
    setDrag({ from: placeAt(event), to: placeAt(event) });
  };
  const isDragged = drag !== null && Math.abs(x(drag.to) - x(drag.from)) >= DRAGGED;
  const done = () => {
    const next = isDragged ? chosen(everywhere, drag.from, drag.to) : null;
    if (next) look(next);
    setDrag(null);
  };
  const ends = drawn.map((line) => line.points.findLast(([at, value]) => isHere(at) && drawable(value, log)));
  const labels = apart(
    ends.map((end) => (end ? y(end[1]) : TOP)),
    LABEL,
    HEIGHT - BOTTOM,
  );
  const dashes = (ink: number) => (lines.length > 1 ? dashOf(ink) : undefined);
  const isWhole = across === 'step' && everywhere.every(Number.isInteger);
  const along = (across === 'time' ? timeTicks(sides, wide / 90) : ticks(sides, Math.max(2, wide / 90))).filter(
    (value) => !isWhole || Number.isInteger(value),
  );
  const alongWords = across === 'time' ? along.map((value) => clockOf(value, sides.high - sides.low)) : labelsOf(along);
  return (
    <figure class="chart">
      <figcaption>
        <h3 class="clip">
          <Text>{title}</Text>
        </h3>
        {unit && <span class="faint">{unit}</span>}
        {stretch && (
          <button
            type="button"
            class="whole"
            aria-label={`Reset zoom: ${visible(title)}`}
            onClick={() => {
              look(null);
              box.current!.focus();
            }}
          >
            Reset zoom
          </button>
        )}
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
        aria-description="Arrows move along it, plus and minus zoom, Escape shows all of it."
        onKeyDown={pressed}
        onPointerMove={moved}
        onPointerDown={begun}
        onPointerUp={done}
        onPointerCancel={() => setDrag(null)}
        onDblClick={() => look(null)}
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
            <clipPath id={clip}>
              <rect x={left} y="0" width={wide} height={HEIGHT - BOTTOM + 2} />
            </clipPath>
            {down.map((value, n) => (
              <g key={value}>
                <path class="grid" d={`M${left} ${Math.round(y(value)) + 0.5}H${left + wide}`} />
                <text x={left - 8} y={y(value) + 4} text-anchor="end">
                  {downWords[n]}
                </text>
              </g>
            ))}
            {along.map((value, n) => (
              <text key={value} x={x(value)} y={HEIGHT - 6} text-anchor="middle">
                {alongWords[n]}
              </text>
            ))}
            <path class="axis" d={`M${left} ${HEIGHT - BOTTOM + 0.5}H${left + wide}`} />
            {limit && drawable(limit.value, log) && (
              <>
                <path class="limit" d={`M${left} ${y(limit.value)}H${left + wide}`} />
                <text x={left + 4} y={y(limit.value) - 4}>
                  {limit.word}
                </text>
              </>
            )}
            <g clip-path={`url(#${clip})`}>
              {weight > 0 &&
                drawn.map((line) => (
                  <path key={line.key} class={`${inkOf(line.ink)} raw`} d={path(line.raw, x, y, log, steps)} />
                ))}
              {drawn.map((line) => (
                <path
                  key={line.key}
                  class={`${inkOf(line.ink)} line`}
                  stroke-dasharray={dashes(line.dash ?? line.ink)}
                  d={path(line.points, x, y, log, steps)}
                />
              ))}
            </g>
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
                    <text key={line.key} class={inkOf(line.ink)} x={left + wide + 8} y={labels[n]! + 4}>
                      {brief(line.name)}
                    </text>
                  ),
              )}
            {isDragged && (
              <rect
                class="dragged"
                x={Math.min(x(drag.from), x(drag.to))}
                y={TOP}
                width={Math.abs(x(drag.to) - x(drag.from))}
                height={HEIGHT - BOTTOM - TOP}
              />
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
        {here && !isDragged && at !== null && (
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
                {lines.length > 1 && <Stroke ink={line.ink} dash={line.dash} />}
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
      {across === 'time' && !named && lines.length > 1 && (
        <ul class="legend">
          {lines.map((line) => (
            <li key={line.key} class="row">
              <Stroke ink={line.ink} dash={line.dash} />
              <Text>{line.name}</Text>
            </li>
          ))}
        </ul>
      )}
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
