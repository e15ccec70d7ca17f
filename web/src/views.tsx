import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { visible } from './format';
import { Fault } from './parts';
import type { Source } from './results';

/** What looks into a file by itself; each is loaded when it is wanted first. */
interface ViewerProps {
  from: Source;
  path: string;
  /** Another one is another file. */
  by: string;
  name: string;
}
type Viewer = () => Promise<{ default: ComponentType<ViewerProps> }>;

const raster: Viewer = () => import('./raster');
const cloud: Viewer = () => import('./cloud');

/** Null where it is shown as a picture, or as text. */
export function viewerOf(path: string): Viewer | null {
  if (/\.tiff?$/i.test(path)) return raster;
  return /\.la[sz]$/i.test(path) || /(^|\/)ept\.json$/.test(path) ? cloud : null;
}

/** What people look for first in the results of ODM. */
const FIRST: readonly [name: string, ...paths: RegExp[]][] = [
  ['Orthophoto', /(^|\/)odm_orthophoto\.tif$/],
  ['Surface model', /(^|\/)dsm\.tif$/],
  ['Terrain model', /(^|\/)dtm\.tif$/],
  ['Point cloud', /(^|\/)ept\.json$/, /(^|\/)odm_georeferenced_model\.la[sz]$/],
];

export function Views({ files, open }: { files: readonly { path: string }[]; open: (path: string) => void }) {
  const found = FIRST.flatMap(([name, ...paths]) => {
    const file = paths.map((path) => files.find((file) => path.test(file.path))).find((file) => file);
    return file ? [[name, file.path] as const] : [];
  });
  if (found.length === 0) return null;
  return (
    <div class="row wrap" role="group" aria-label="Look at">
      {found.map(([name, path]) => (
        <button key={name} type="button" onClick={() => open(path)}>
          {name}
        </button>
      ))}
    </div>
  );
}

export function Later({ viewer, from, path }: { viewer: Viewer; from: Source; path: string }) {
  const [View, set] = useState<ComponentType<ViewerProps> | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    viewer().then(
      (loaded) => set(() => loaded.default),
      () => setFault(new Error('This page is older than its server. Load it again.')),
    );
  }, [viewer]);
  if (fault) return <Fault of={fault} />;
  if (!View) return <span class="bone sheet" />;
  return <View from={from} path={path} by={`${from.key} ${path}`} name={visible(path)} />;
}
