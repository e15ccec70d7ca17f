import { render } from 'preact';
import { AllEvents } from './events';
import { live } from './live';
import { Machines } from './machines';
import { Node } from './node';
import { Nodes } from './nodes';
import { Overview } from './overview';
import { Empty, useAddress } from './parts';
import { Queue } from './queue';
import { Shell } from './shell';
import { Task } from './task';
import { Tasks } from './tasks';
import { Tokens } from './tokens';
import './style.css';

function Page() {
  const {
    path: [view = '', id],
    query,
  } = useAddress();
  return (
    <Shell>
      {view === '' ? (
        <Overview hours={query.hours} />
      ) : view === 'tasks' ? (
        id ? (
          <Task key={id} id={id} />
        ) : (
          <Tasks query={query} />
        )
      ) : view === 'queue' ? (
        <Queue />
      ) : view === 'nodes' ? (
        id ? (
          <Node key={id} id={id} query={query} />
        ) : (
          <Nodes query={query} />
        )
      ) : view === 'machines' ? (
        <Machines />
      ) : view === 'events' ? (
        <AllEvents query={query} />
      ) : view === 'tokens' ? (
        <Tokens />
      ) : (
        <Empty title="There is no such view">
          <a class="link" href="#/">
            Overview
          </a>
        </Empty>
      )}
    </Shell>
  );
}

live.start();
render(<Page />, document.getElementById('page')!);
