import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, get } from './api';
import { bytes, visible } from './format';
import { Empty, Fault, Text } from './parts';
import { Drawn, Picture, listed } from './results';
import { session } from './session';

interface Found {
  scenes: { path: string; kind: string; bytes: number }[];
  plots: string[];
}

/** Larger ones are drawn when that is asked for. */
const AT_ONCE = 300e6;
const MOST_AT_ONCE = 6;

/** A window for an address that is yet to come: one that is opened later than the click is one that browsers forbid. */
export function openIn(address: Promise<{ url: string }>, refuse: (fault: unknown) => void): void {
  const window = globalThis.open('', '_blank');
  void address.then(
    ({ url }) => {
      if (!window) return;
      window.opener = null;
      window.location.href = new URL(url, location.href).href;
    },
    (fault) => {
      window?.close();
      refuse(fault);
    },
  );
}

export const NoScenes = () => (
  <Empty title="There is no scene among its results">
    <span>
      Shown are point clouds (PLY), COLMAP models, trajectories (TUM, KITTI), and what muster scene export and
      DROID-SLAM write.
    </span>
    <code>muster scene export reconstruction.pth</code>
  </Empty>
);

/** Clouds, models and ways among a run's results, each from three sides, and in the viewer; plots of evaluations. */
export function Scenes({ at, none }: { at: string; none: ComponentChildren }) {
  const [found, set] = useState<Found | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [asked, setAsked] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    let gone = false;
    get<Found>(`${at}/scenes`).then(
      (answer) => !gone && set(answer),
      (refused) => !gone && setFault(refused),
    );
    return () => void (gone = true);
  }, [at]);
  if (!found) return <Fault of={fault} />;
  if (found.scenes.length + found.plots.length === 0) return none;
  return (
    <div class="body stack">
      <Fault of={fault} />
      {found.scenes.map((scene, n) => (
        <section key={scene.path} class="scene" aria-label={visible(scene.path || scene.kind)}>
          <div class="row wrap">
            <h2 class="clip">
              <Text>{scene.path || 'results'}</Text>
            </h2>
            <span class="faint grow">
              {scene.kind}, {bytes(scene.bytes)}
            </span>
            <button
              type="button"
              onClick={() => openIn(call('POST', `${at}/scenes/open`, { path: scene.path }), setFault)}
            >
              Open in the viewer
            </button>
          </div>
          {(scene.bytes <= AT_ONCE && n < MOST_AT_ONCE) || asked.has(scene.path) ? (
            <Drawn
              by={`${at} ${scene.path}`}
              load={(signal) =>
                fetch(`api/v1${at}/scenes/picture?path=${encodeURIComponent(scene.path)}`, {
                  headers: session.headers,
                  signal,
                })
              }
              name={`${scene.path || scene.kind} from above, from the front and from the right`}
            />
          ) : (
            <button type="button" class="plain" onClick={() => setAsked(new Set([...asked, scene.path]))}>
              Draw it here
            </button>
          )}
        </section>
      ))}
      {found.plots.length > 0 && (
        <section class="stack" aria-label="Evaluation">
          <h2>Evaluation</h2>
          {found.plots.map((path) => (
            <figure key={path} class="plots">
              <Picture from={listed(at)} path={path} />
              <figcaption class="faint">
                <Text>{path}</Text>
              </figcaption>
            </figure>
          ))}
        </section>
      )}
    </div>
  );
}
