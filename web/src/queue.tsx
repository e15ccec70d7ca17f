import { link } from './address';
import { type QueueEntry } from './api';
import { count, plural, span } from './format';
import { useFresh } from './fresh';
import { useLive } from './live';
import { Empty, Fault, Text, Title, useNow } from './parts';

export function Queue() {
  const { value, fault, reload } = useFresh<{ queue: QueueEntry[] }>('/queue?limit=500');
  const { counts, skew } = useLive();
  const now = useNow() + skew;
  const queue = value?.queue ?? [];
  const reasons = Object.entries(Object.groupBy(queue, (entry) => entry.why))
    .map(([why, like]) => [why, like!.length] as const)
    .toSorted((a, b) => b[1] - a[1]);
  return (
    <>
      <Title name="Queue">
        <span class="faint">{value ? count(counts?.tasks_waiting ?? queue.length) : ''}</span>
      </Title>
      <Fault of={fault} again={reload} />
      {value && queue.length === 0 && (
        <div class="panel">
          <Empty title="Nothing waits">
            <span>
              {counts
                ? `${counts.slots - counts.slots_held} of ${plural(counts.slots, 'slot')} free on ` +
                  `${plural(counts.nodes_online, 'node')}.`
                : ''}
            </span>
          </Empty>
        </div>
      )}
      {queue.length > 0 && (
        <>
          <div class="panel">
            <header>
              <h2>Why they wait</h2>
            </header>
            <ul class="needs">
              {reasons.slice(0, 8).map(([why, n]) => (
                <li key={why}>
                  <span class="when num">{count(n)}</span>
                  <span class="grow">
                    <Text>{why}</Text>
                  </span>
                </li>
              ))}
            </ul>
          </div>
          <div class="panel scroll">
            <table class="cards">
              <thead>
                <tr>
                  <th class="num">Place</th>
                  <th>Task</th>
                  <th class="num">Photos</th>
                  <th class="num">Waits for</th>
                  <th>Why</th>
                </tr>
              </thead>
              <tbody>
                {queue.slice(0, 100).map((entry) => (
                  <tr key={entry.id}>
                    <td class="num">{entry.position}</td>
                    <td class="wide">
                      <a data-row href={link(['tasks', entry.id])}>
                        <Text>{entry.name || entry.id}</Text>
                      </a>
                    </td>
                    <td class="num off">{count(entry.images)}</td>
                    <td class="num">{span(now - Date.parse(entry.since))}</td>
                    <td>
                      <Text>{entry.why}</Text>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {queue.length > 100 && (
            <p class="soft">
              The first 100 of {count(counts?.tasks_waiting ?? queue.length)} are shown;{' '}
              <a href="#/tasks?state=queued">Tasks</a> lists them all.
            </p>
          )}
        </>
      )}
    </>
  );
}
