import { useEffect, useRef, useState } from 'preact/hooks';
import { bytes, count, plural, span } from './format';
import { type Info, ask, heldToken } from './odm';
import { GoOn } from './goon';
import { type Journal, hold, isHeld, keep, kept } from './journal';
import { type Option, PRESETS, apply, choices, isPhoto, isWanted, wrong } from './options';
import { Ask, Bar, Fault, Mark, Text, say } from './parts';
import { Pick } from './pick';
import { store, stored } from './store';
import { Denied, type Progress, Upload } from './upload';

async function walk(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile)
    return [await new Promise<File>((found, failed) => (entry as FileSystemFileEntry).file(found, failed))];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: File[] = [];
  for (;;) {
    // a folder tells at most 100 names a call
    // oxlint-disable-next-line no-await-in-loop
    const some = await new Promise<FileSystemEntry[]>((told, failed) => reader.readEntries(told, failed));
    if (some.length === 0) return found;
    // oxlint-disable-next-line no-await-in-loop
    for (const files of await Promise.all(some.map(walk))) found.push(...files);
  }
}

export function HandIn({ info, sent }: { info: Info; sent: () => void }) {
  const [files, setFiles] = useState<readonly File[]>([]);
  const [left, setLeft] = useState(0);
  const [name, setName] = useState('');
  const [preset, setPreset] = useState(stored('preset', 'Default'));
  const [options, setOptions] = useState<readonly Option[]>([]);
  const [own, setOwn] = useState<Record<string, string>>({});
  const [find, setFind] = useState('');
  const [over, setOver] = useState(false);
  const [progress, setProgress] = useState<Progress | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [asks, setAsks] = useState(false);
  const upload = useRef<Upload | null>(null);
  const [stopped, setStopped] = useState<Journal | null>(null);
  useEffect(() => {
    const journal = kept();
    if (journal) void isHeld().then((held) => held || setStopped(journal));
  }, []);
  useEffect(() => void ask<Option[]>('options').then(setOptions, () => {}), [info.engine]);
  useEffect(() => {
    if (!progress) return;
    const stay = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', stay);
    const letGo = hold();
    return () => {
      removeEventListener('beforeunload', stay);
      letGo();
    };
  }, [!progress]);
  const take = (more: readonly File[]) => {
    const known = new Set(files.map((file) => `${file.name}/${file.size}/${file.lastModified}`));
    const wanted = more.filter((file) => isWanted(file.name));
    setLeft((n) => n + more.length - wanted.length);
    setFiles([...files, ...wanted.filter((file) => !known.has(`${file.name}/${file.size}/${file.lastModified}`))]);
    setFault(null);
    const folder = more[0]?.webkitRelativePath.split('/')[0];
    if (!name && folder) setName(folder);
  };
  const dropped = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const entries = [...(event.dataTransfer?.items ?? [])]
      .map((item) => item.webkitGetAsEntry())
      .filter((entry) => entry !== null);
    take((await Promise.all(entries.map(walk))).flat());
  };
  const photos = files.filter((file) => isPhoto(file.name)).length;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const chosen = PRESETS.find((one) => one.name === preset) ?? PRESETS[0]!;
  const set = apply(chosen, options);
  const faults = options.filter((option) => wrong(option, own[option.name] ?? ''));
  const names = Map.groupBy(files, (file) => file.name);
  const twins = [...names.values()].filter((like) => like.length > 1).length;
  const tooMany = info.maxImages != null && photos > info.maxImages;
  const remarks = [
    left > 0 && `${plural(left, 'file')} left out: no engine reads ${left === 1 ? 'it' : 'them'}`,
    twins > 0 && `${plural(twins, 'name')} twice: the second one arrives as name_.jpg`,
    photos === 999 && 'Exactly 999 photos: is there another folder on the card?',
  ].filter((remark) => typeof remark === 'string');
  const send = async () => {
    setFault(null);
    const values = { ...set.sets, ...Object.fromEntries(Object.entries(own).filter(([, text]) => text !== '')) };
    const wish = {
      name: name || `Task of ${new Date().toLocaleDateString()}`,
      options: Object.entries(values).map(([key, value]) => ({
        name: key,
        value: value === 'true' ? true : value === 'false' ? false : value,
      })),
    };
    await run(new Upload(files, wish, heldToken(), setProgress), files);
  };
  const run = async (of: Upload, all: Journal['files'] | readonly File[]) => {
    upload.current = of;
    setStopped(null);
    setProgress({ done: of.there.files, files: all.length, sent: of.there.bytes, bytes: 0, speed: 0, is: 'sending' });
    keep({
      id: of.id,
      wish: of.wish,
      files: all.map((file) => ({ name: file.name, bytes: file instanceof File ? file.size : file.bytes })),
    });
    try {
      await of.run();
      keep(null);
      say(`${of.wish.name} is handed in`);
      setFiles([]);
      setLeft(0);
      setName('');
      sent();
    } catch (refused) {
      if (refused instanceof Denied && refused.message === 'Cancelled') keep(null);
      else setFault(refused);
    } finally {
      setProgress(null);
    }
  };
  const forget = () => {
    keep(null);
    setStopped(null);
  };
  if (stopped && !progress)
    return (
      <GoOn
        journal={stopped}
        send={(id, send, there) =>
          void run(new Upload(send, stopped.wish, heldToken(), setProgress, id, there), stopped.files)
        }
        drop={forget}
        handedIn={() => {
          forget();
          say(`${stopped.wish.name} is handed in`);
          sent();
        }}
      />
    );
  if (progress) {
    const rest = progress.speed > 0 ? (progress.bytes - progress.sent) / progress.speed : 0;
    return (
      <section class="panel" aria-label="Upload">
        <header>
          <h2 class="grow">Sending {name || 'the new task'}</h2>
        </header>
        <div class="body stack">
          <Bar part={progress.bytes > 0 ? progress.sent / progress.bytes : 1} big />
          <p role="status">
            {progress.is === 'waiting'
              ? `Waiting for the server: ${progress.why}. It goes on by itself.`
              : progress.is === 'paused'
                ? 'Paused'
                : progress.is === 'committing'
                  ? 'All files are there; starting the task'
                  : `${count(progress.done)} of ${plural(progress.files, 'file')}`}
          </p>
          <p class="soft">
            {bytes(progress.sent)} of {bytes(progress.bytes)}
            {progress.is === 'sending' &&
              progress.speed > 0 &&
              ` · ${bytes(progress.speed)}/s · ${span(rest * 1000)} left`}
          </p>
          <div class="row">
            <button type="button" onClick={() => upload.current?.pause(!upload.current.paused)}>
              {progress.is === 'paused' ? 'Go on' : 'Pause'}
            </button>
            <button type="button" class="danger" onClick={() => setAsks(true)}>
              Cancel
            </button>
          </div>
        </div>
        {asks && (
          <Ask
            title="Cancel this upload?"
            word="Cancel the upload"
            loss={`${bytes(progress.sent)} that were sent are thrown away.`}
            close={() => setAsks(false)}
            act={() => upload.current?.cancel()}
          />
        )}
      </section>
    );
  }
  const shown = options.filter((option) => `${option.name} ${option.help}`.toLowerCase().includes(find.toLowerCase()));
  return (
    <section
      class="panel"
      aria-label="New task"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => void dropped(event)}
    >
      <header>
        <h2>New task</h2>
      </header>
      <div class="body stack">
        <div class={over ? 'drop over' : 'drop'}>
          {files.length === 0 ? (
            <>
              <b>Drop photos or a folder here</b>
              <span class="soft">
                Photos, control points (<span class="mono">gcp_list.txt</span>, <span class="mono">geo.txt</span>),
                video or point clouds.
              </span>
            </>
          ) : (
            <>
              <b>
                {plural(photos, 'photo')}
                {files.length > photos && ` and ${plural(files.length - photos, 'other file')}`}
              </b>
              <span class="soft">{bytes(size)}</span>
            </>
          )}
          <span class="row wrap">
            <Pick word={files.length === 0 ? 'Choose photos' : 'Add photos'} take={take} />
            <Pick word="Choose a folder" folder take={take} />
            {files.length > 0 && (
              <button
                type="button"
                onClick={() => {
                  const before = files;
                  setFiles([]);
                  setLeft(0);
                  say('Cleared', () => setFiles(before));
                }}
              >
                Clear
              </button>
            )}
          </span>
        </div>
        {files.length > 0 && (
          <ul class="picked" tabIndex={0} aria-label="Chosen files">
            {files.slice(0, 200).map((file, n) => (
              <li key={n}>
                <span class="grow clip">
                  <Text>{file.name}</Text>
                </span>
                <span class="faint">{bytes(file.size)}</span>
                <button
                  type="button"
                  class="plain"
                  aria-label={`Leave out ${file.name}`}
                  onClick={() => {
                    const before = files;
                    setFiles(files.filter((other) => other !== file));
                    say(`${file.name} is left out`, () => setFiles(before));
                  }}
                >
                  ✕
                </button>
              </li>
            ))}
            {files.length > 200 && <li class="faint">and {count(files.length - 200)} more</li>}
          </ul>
        )}
        {remarks.length > 0 && (
          <ul class="remarks">
            {remarks.map((remark) => (
              <li key={remark}>
                <Mark of="attention" word="" /> {remark}
              </li>
            ))}
          </ul>
        )}
        {tooMany && <p class="error">This server takes up to {plural(info.maxImages!, 'photo')} a task.</p>}
        <label class="field">
          <span>Name</span>
          <input
            value={name}
            maxLength={255}
            placeholder={`Task of ${new Date().toLocaleDateString()}`}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>Preset</span>
          <select
            value={preset}
            onChange={(event) => {
              setPreset(event.currentTarget.value);
              store('preset', event.currentTarget.value);
            }}
          >
            {PRESETS.map((one) => (
              <option key={one.name} value={one.name}>
                {one.name}: {one.says}
              </option>
            ))}
          </select>
        </label>
        {options.length > 0 && set.lacks.length > 0 && (
          <p class="faint">
            {info.engine} does not have {set.lacks.join(', ')}; left out.
          </p>
        )}
        <details>
          <summary>
            {Object.values(own).filter(Boolean).length > 0
              ? `${plural(Object.values(own).filter(Boolean).length, 'option')} changed`
              : `All ${options.length} options`}
          </summary>
          <div class="stack options-box">
            <input
              type="search"
              aria-label="Search options"
              placeholder="Search options"
              value={find}
              onInput={(event) => setFind(event.currentTarget.value)}
            />
            <div class="options" tabIndex={0} role="group" aria-label="Options">
              {shown.map((option) => (
                <Field
                  key={option.name}
                  of={option}
                  preset={set.sets[option.name]}
                  value={own[option.name] ?? ''}
                  set={(text) => setOwn({ ...own, [option.name]: text })}
                />
              ))}
            </div>
          </div>
        </details>
        <Fault of={fault} again={() => void send()} />
        <button
          type="button"
          class="primary send"
          disabled={files.length === 0 || tooMany || faults.length > 0}
          onClick={() => void send()}
        >
          {files.length > 0 ? `Send ${photos > 0 ? plural(photos, 'photo') : plural(files.length, 'file')}` : 'Send'}
        </button>
      </div>
    </section>
  );
}

function Field({
  of: option,
  preset,
  value,
  set,
}: {
  of: Option;
  preset: unknown;
  value: string;
  set: (text: string) => void;
}) {
  const fixed = option.type === 'bool' ? ['true', 'false'] : choices(option);
  const fault = wrong(option, value);
  const usual = String(preset ?? option.value ?? '');
  return (
    <label class="field">
      <span>{option.name}</span>
      {fixed ? (
        <select value={value} onChange={(event) => set(event.currentTarget.value)}>
          <option value="">{usual || 'as the engine'}</option>
          {fixed
            .filter((one) => one !== usual)
            .map((one) => (
              <option key={one}>{one}</option>
            ))}
        </select>
      ) : (
        <input
          value={value}
          placeholder={usual || 'as the engine'}
          aria-invalid={fault !== null}
          onInput={(event) => set(event.currentTarget.value)}
        />
      )}
      {fault && <span class="error">Give it {fault}</span>}
      <p>
        <Text>
          {option.help
            .replaceAll('%(default)s', String(option.value))
            .replaceAll('%(choices)s', (choices(option) ?? []).join(', '))}
        </Text>
      </p>
    </label>
  );
}
