import { useEffect, useMemo, useState } from 'preact/hooks';
import { archived } from './archive';
import { ago, plural, span } from './format';
import { EVERY, type TaskInfo, WORDS, ask, at } from './odm';
import { Ask, Bar, Empty, Log, Mark, Text, say, useNow } from './parts';
import { Results } from './results';

export function TaskRow({
  task,
  open,
  toggle,
  changed,
}: {
  task: TaskInfo;
  open: boolean;
  toggle: () => void;
  changed: () => void;
}) {
  const now = useNow();
  const [lines, setLines] = useState<readonly string[]>([]);
  const [asks, setAsks] = useState(false);
  const [results, setResults] = useState(false);
  const archive = useMemo(() => archived(task.uuid), [task.uuid]);
  const state = WORDS[task.status.code] ?? 'unknown';
  const live = task.status.code <= 20;
  useEffect(() => {
    if (!open || results) return;
    let gone = false;
    let timer = 0;
    let known: readonly string[] = [];
    const look = async () => {
      const more = await ask<string[]>(`task/${task.uuid}/output`, { line: String(known.length) }).catch(() => []);
      if (gone) return;
      if (more.length > 0) setLines((known = [...known, ...more]));
      if (live) timer = setTimeout(() => void look(), EVERY);
    };
    void look();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [open, results, live, task.uuid]);
  const show = (wanted: boolean) => {
    setResults(wanted);
    if (!open || results === wanted) toggle();
  };
  const act = (what: string, word: string) =>
    void ask(`task/${what}`, {}, { uuid: task.uuid }).then(
      () => {
        say(`${task.name} ${word}`);
        changed();
      },
      (refused: Error) => say(refused.message),
    );
  return (
    <li class="taskcard">
      <Mark of={state} />
      <span class="grow clip">
        <b>
          <Text>{task.name || task.uuid}</Text>
        </b>
      </span>
      {task.status.code === 20 ? (
        <Bar part={task.progress / 100} />
      ) : (
        <span class="faint">{ago(task.dateCreated, now)}</span>
      )}
      <span class="soft second">
        {plural(task.imagesCount, 'photo')}
        {task.processingTime > 0 && ` · ${span(task.processingTime)}`}
        {task.status.errorMessage && (
          <span class="error">
            {' '}
            · <Text>{task.status.errorMessage}</Text>
          </span>
        )}
      </span>
      <span class="row acts">
        <button type="button" class="plain" aria-expanded={open && !results} onClick={() => show(false)}>
          Log
        </button>
        {task.status.code === 40 && (
          <button type="button" class="plain" aria-expanded={open && results} onClick={() => show(true)}>
            Results
          </button>
        )}
        {live && (
          <button type="button" class="plain" onClick={() => act('cancel', 'is cancelled')}>
            Cancel
          </button>
        )}
        {!live && (
          <button type="button" class="plain" onClick={() => act('restart', 'runs again')}>
            Again
          </button>
        )}
        {!live && (
          <button type="button" class="plain danger" onClick={() => setAsks(true)}>
            Remove
          </button>
        )}
        {task.status.code === 40 && (
          <a class="button" href={at(`task/${task.uuid}/download/all.zip`)}>
            Download
          </a>
        )}
      </span>
      {open && (
        <div class="open">
          {results ? (
            <Results
              from={archive}
              none={<Empty title="The archive is empty" />}
              save={(path) => void archive.save(path).catch((refused: Error) => say(refused.message))}
            />
          ) : lines.length > 0 ? (
            <Log lines={lines} name={`Output of ${task.name}`} />
          ) : (
            <Empty title="No output yet" />
          )}
        </div>
      )}
      {asks && (
        <Ask
          title={`Remove ${task.name || 'this task'}?`}
          word="Remove"
          loss={`Its ${plural(task.imagesCount, 'photo')} and its results are deleted from the server.`}
          close={() => setAsks(false)}
          act={() => act('remove', 'is removed')}
        />
      )}
    </li>
  );
}
