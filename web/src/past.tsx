import { useEffect, useMemo, useState } from 'preact/hooks';
import { link } from './address';
import { get } from './api';
import { Chart, type Line } from './chart';
import { exact } from './format';
import { type ClusterHistory, findingOf, pointsOf, sumsOf } from './history';
import { Empty, Fault } from './parts';
import { useShared } from './zoom';

const EVERY = 30_000;
const SOON = 3_000;
const HOURS = [1, 24, 48];

/** How something stood, asked for again while it is looked at; what is new still changes from look to look. */
export function useHistory<T>(path: string, isNew: (history: T) => boolean): { found: T | null; fault: unknown } {
  const [found, set] = useState<T | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    let gone = false;
    let timer = 0;
    const ask = async () => {
      let soon = false;
      if (document.visibilityState === 'visible')
        await get<T>(path).then(
          (history) => {
            if (gone) return;
            soon = isNew(history);
            set(history);
            setFault(null);
          },
          (refused) => !gone && setFault(refused),
        );
      if (!gone) timer = setTimeout(() => void ask(), soon ? SOON : EVERY);
    };
    void ask();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [path]);
  return { found, fault };
}

/** How far one looks back; it stands in the address, but for a day. */
export const Hours = ({ of: all, now, at }: { of: readonly number[]; now: number; at: readonly string[] }) => (
  <div class="chips" role="group" aria-label="Hours">
    {all.map((one) => (
      <button
        key={one}
        type="button"
        class="chip"
        aria-pressed={one === now}
        onClick={() => (location.hash = link(at, { hours: one === 24 ? undefined : String(one) }))}
      >
        {one} h
      </button>
    ))}
  </div>
);

/** How the whole cluster stood: queue, slots, nodes and what ended, as charts with one cursor. */
export function ClusterPast({ asked }: { asked: string | undefined }) {
  const hours = HOURS.find((one) => String(one) === asked) ?? 24;
  const { found, fault } = useHistory<ClusterHistory>(`/history?hours=${hours}`, ({ waiting }) => waiting.length < 3);
  const isKnown = found !== null && found.waiting.length > 0;
  return (
    <section class="panel" aria-label="Over time">
      <header class="wraps past">
        <h2>{isKnown ? findingOf(found) : 'Over time'}</h2>
        <Hours of={HOURS} now={hours} at={[]} />
      </header>
      <div class="body stack">
        <Fault of={fault} />
        {found && !isKnown && <Empty title="No data yet" />}
        {isKnown && <Series key={hours} of={found} every={hours > 1 ? 3600 : 300} />}
      </div>
    </section>
  );
}

function Series({ of: history, every }: { of: ClusterHistory; every: number }) {
  const shared = useShared();
  const charts = useMemo((): { title: string; unit?: string; lines: Line[] }[] => {
    type Values = readonly (number | null)[];
    const line = (ink: number, dash: number, name: string, points: Line['points']): Line => ({
      key: name,
      name,
      ink,
      dash,
      points,
    });
    const counted = (ink: number, dash: number, name: string, values: Values) =>
      line(ink, dash, name, pointsOf(history, values));
    const ended = (ink: number, dash: number, name: string, values: Values) =>
      line(ink, dash, name, sumsOf(history, values, every));
    return [
      { title: 'Tasks', lines: [counted(0, 0, 'running', history.running), counted(1, 1, 'waiting', history.waiting)] },
      { title: 'Slots', lines: [counted(0, 0, 'in use', history.slots_held), counted(4, 1, 'all', history.slots)] },
      { title: 'Nodes', lines: [counted(2, 0, 'online', history.nodes_online), counted(4, 1, 'all', history.nodes)] },
      {
        title: 'Tasks ended',
        unit: every === 3600 ? 'each hour' : 'each 5 min',
        lines: [
          ended(2, 0, 'completed', history.completed),
          ended(1, 1, 'failed', history.failed),
          ended(3, 2, 'cancelled', history.cancelled),
        ],
      },
    ];
  }, [history, every]);
  return (
    <>
      <div class="charts">
        {charts.map((chart) => (
          <Chart key={chart.title} across="time" zero whole steps {...chart} shared={shared} />
        ))}
      </div>
      <p class="faint">Known since {exact(Date.parse(history.from))}; kept for 48 h.</p>
    </>
  );
}
