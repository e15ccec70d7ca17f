import { useState } from 'preact/hooks';
import { type MachineList, call } from './api';
import { ago, span } from './format';
import { useFresh } from './fresh';
import { useLive } from './live';
import { Ask, Empty, Fault, Mark, Text, Title, say, useNow } from './parts';

export function Machines() {
  const { value, fault, reload } = useFresh<MachineList>('/machines');
  const [asks, setAsks] = useState<MachineList['machines'][number] | null>(null);
  const now = useNow() + useLive().skew;
  if (!value)
    return (
      <>
        <Title name="Machines" />
        <Fault of={fault} again={reload} />
      </>
    );
  const budget = (spent: number, most?: number) => (
    <>
      {spent.toFixed(2)}
      {most != null && <small> of {most.toFixed(2)}</small>}
    </>
  );
  const machines = value.machines;
  return (
    <>
      <Title name="Machines">
        <span class="faint">{machines.filter((machine) => machine.state !== 'gone').length} now</span>
      </Title>
      {value.pools.length === 0 && machines.length === 0 ? (
        <div class="panel">
          <Empty title="This gateway has a fixed set of nodes">
            <span>Machines of clusters and clouds come and go where sites are named:</span>
            <code>muster serve --scale SITE</code>
          </Empty>
        </div>
      ) : (
        <>
          <div class="tiles">
            <div class="tile">
              <b>{budget(value.spent.hour, value.spent.hour_budget)}</b>this hour
            </div>
            <div class="tile">
              <b>{budget(value.spent.day, value.spent.day_budget)}</b>today
            </div>
            <div class="tile">
              <b>{budget(value.spent.month, value.spent.month_budget)}</b>this month
            </div>
            {value.pools.map((pool) => (
              <div class="tile" key={pool.site}>
                <b>
                  {pool.ready}
                  <small> of {pool.max}</small>
                </b>
                <Text>{pool.site}</Text>
                {pool.coming > 0 && `, ${pool.coming} coming`}
                {pool.resting_why && (
                  <div class="error">
                    <Text>{pool.resting_why}</Text>
                  </div>
                )}
              </div>
            ))}
          </div>
          <div class="panel scroll">
            {machines.length === 0 ? (
              <Empty title="No machine now">
                <span>They come when tasks wait.</span>
              </Empty>
            ) : (
              <table class="cards">
                <thead>
                  <tr>
                    <th>State</th>
                    <th>Machine</th>
                    <th>Site</th>
                    <th class="num">Slots</th>
                    <th class="num">Since</th>
                    <th class="num">Ends in</th>
                    <th class="num">Price/h</th>
                    <th class="num">Cost</th>
                    <th>Why</th>
                    <th>
                      <span class="hidden">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {machines.map((machine) => (
                    <tr key={machine.id}>
                      <td>
                        <Mark
                          of={
                            {
                              ready: 'online',
                              asked: 'queued',
                              queued: 'queued',
                              booting: 'sending',
                              draining: 'draining',
                              ending: 'draining',
                            }[machine.state] ?? 'unknown'
                          }
                          word={machine.state}
                        />
                      </td>
                      <td>
                        <Text>{machine.name}</Text>
                      </td>
                      <td>
                        <Text>{machine.site}</Text>
                      </td>
                      <td class="num">{machine.slots}</td>
                      <td class="num">{ago(Date.parse(machine.since), now)}</td>
                      <td class="num">{machine.ends && !machine.gone ? span(Date.parse(machine.ends) - now) : ''}</td>
                      <td class="num">{machine.price?.toFixed(4) ?? ''}</td>
                      <td class="num">{machine.cost?.toFixed(2) ?? ''}</td>
                      <td class="wide">
                        <Text>{machine.why}</Text>
                      </td>
                      <td>
                        {!machine.gone && (
                          <button type="button" class="plain" onClick={() => setAsks(machine)}>
                            Give back
                          </button>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
          </div>
        </>
      )}
      {asks && (
        <Ask
          title={`Give ${asks.name} back?`}
          word="Give back"
          loss="It gets no new tasks, and is given back when it has none."
          close={() => setAsks(null)}
          act={() =>
            void call('DELETE', `/machines/${asks.id}`).then(
              () => {
                say(`${asks.name} is given back`);
                reload();
              },
              (refused: Error) => say(refused.message),
            )
          }
        />
      )}
    </>
  );
}
