import { link } from './address';
import { type GatewayEvent } from './api';
import { ago, count, exact, plural } from './format';
import { useFresh } from './fresh';
import { useLive } from './live';
import { Empty, Fault, Text, Title, useNow } from './parts';

export function AllEvents({ query }: { query: Readonly<Record<string, string>> }) {
  const { value, fault, reload } = useFresh<{ events: GatewayEvent[]; last: number }>('/events?limit=1000');
  const now = useNow() + useLive().skew;
  const events = (value?.events ?? []).toReversed();
  const kinds = Object.entries(Object.groupBy(events, (event) => event.kind)).map(
    ([kind, like]) => [kind, like!.length] as const,
  );
  const shown = events.filter((event) => !query.kind || event.kind === query.kind).slice(0, 200);
  return (
    <>
      <Title name="Events">
        <span class="faint">
          {value && (value.last > 1000 ? `the last 1,000 of ${count(value.last)}` : plural(events.length, 'event'))}
        </span>
      </Title>
      <div class="chips" role="group" aria-label="Kind">
        <a class="button chip" aria-current={!query.kind} href="#/events">
          all
        </a>
        {kinds.map(([kind, n]) => (
          <a key={kind} class="button chip" aria-current={query.kind === kind} href={link(['events'], { kind })}>
            {kind} <b>{n}</b>
          </a>
        ))}
      </div>
      <Fault of={fault} again={reload} />
      {value && (
        <div class="panel">
          <Events events={shown} now={now} />
        </div>
      )}
    </>
  );
}

export function Events({ events, now }: { events: readonly GatewayEvent[]; now: number }) {
  if (events.length === 0)
    return (
      <Empty title="Nothing happened yet">
        <span>What the gateway decides and what people change stands here.</span>
      </Empty>
    );
  return (
    <ul class="needs">
      {events.map((event) => (
        <li key={event.number}>
          <span class="when" title={exact(Date.parse(event.at))}>
            {ago(Date.parse(event.at), now)}
          </span>
          <span class="kind">{event.kind}</span>
          <span class="grow">
            {event.task ? (
              <a href={link(['tasks', event.task])}>
                <Text>{event.text}</Text>
              </a>
            ) : (
              <Text>{event.text}</Text>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
