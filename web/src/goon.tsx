import { useEffect, useState } from 'preact/hooks';
import { count, plural } from './format';
import { type Journal, type There, rest } from './journal';
import { ask } from './odm';
import { Ask, Bar, Fault, Mark, Text } from './parts';
import { Pick } from './pick';
import { Denied, newId } from './upload';

/** An upload that a reload or a crash has cut off. */
export function GoOn({
  journal,
  send,
  drop,
  handedIn,
}: {
  journal: Journal;
  send: (id: string, files: File[], there: { files: number; bytes: number }) => void;
  drop: () => void;
  handedIn: () => void;
}) {
  const [there, setThere] = useState<readonly There[] | null>(null);
  const [id, setId] = useState(journal.id);
  const [fault, setFault] = useState<unknown>(null);
  const [found, setFound] = useState<{ send: File[]; missing: string[] } | null>(null);
  const [asks, setAsks] = useState(false);
  useEffect(
    () =>
      void ask<{ files: There[] }>(`task/new/files/${journal.id}`).then(
        (said) => setThere(said.files),
        async (refused: unknown) => {
          if (refused instanceof Denied && refused.again) return setFault(refused);
          // it was whole, and only the answer to its start was lost
          if (await ask(`task/${journal.id}/info`).catch(() => null)) return handedIn();
          // it was thrown away, or the server cannot say what arrived: all is sent, as another task
          setId(newId());
          setThere([]);
        },
      ),
    [],
  );
  const go = (files: File[]) =>
    send(id, files, { files: there?.length ?? 0, bytes: (there ?? []).reduce((sum, file) => sum + file.bytes, 0) });
  const take = (files: readonly File[]) => {
    const left = rest(journal, there ?? [], files);
    if (left.missing.length === 0) go(left.send);
    else setFound(left);
  };
  return (
    <section class="panel" aria-label="Stopped upload">
      <header>
        <h2 class="grow clip">
          <Text>{journal.wish.name}</Text>
        </h2>
        <Mark of="cancelled" word="stopped" />
      </header>
      <div class="body stack">
        {fault ? <Fault of={fault} /> : null}
        {there && (
          <>
            <p role="status">
              {count(there.length)} of {plural(journal.files.length, 'file')} arrived.{' '}
              {there.length < journal.files.length
                ? 'Choose the same photos or their folder again; what is there is not sent twice.'
                : 'Nothing is missing but the start.'}
            </p>
            <Bar part={journal.files.length > 0 ? there.length / journal.files.length : 0} big />
            {found && (
              <p class="error" role="alert">
                <Text>
                  {`${plural(found.missing.length, 'file')} not among them: ${found.missing.slice(0, 5).join(', ')}` +
                    (found.missing.length > 5 ? ' …' : '')}
                </Text>
              </p>
            )}
            <div class="row wrap">
              {there.length < journal.files.length ? (
                <>
                  <Pick word="Choose photos" take={take} />
                  <Pick word="Choose a folder" folder take={take} />
                </>
              ) : (
                <button type="button" class="primary" onClick={() => go([])}>
                  Start the task
                </button>
              )}
              {found && (found.send.length > 0 || there.length > 0) && (
                <button type="button" onClick={() => go(found.send)}>
                  Send without them
                </button>
              )}
              <button type="button" class="danger" onClick={() => setAsks(true)}>
                Give it up
              </button>
            </div>
          </>
        )}
      </div>
      {asks && (
        <Ask
          title="Give this upload up?"
          word="Give it up"
          loss={`${plural(there?.length ?? 0, 'file')} that arrived are not used.`}
          close={() => setAsks(false)}
          act={drop}
        />
      )}
    </section>
  );
}
