import { at } from './odm';
import type { Source } from './results';
import { type Member, Unreadable, content, directory, ranges, within } from './zip';

const PICTURES: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  svg: 'image/svg+xml',
};
const LISTED = 5_000;
const LARGEST = 256 << 20;

const typeOf = (path: string) => PICTURES[path.slice(path.lastIndexOf('.') + 1).toLowerCase()];

/** The archive of a task, read in place at any server that gives parts of it: one that speaks NodeODM's API is enough. */
export function archived(task: string): Source & { save(path: string): Promise<void> } {
  const read = ranges(() => at(`task/${task}/download/all.zip`));
  let known: Promise<readonly Member[]> | undefined;
  const all = () =>
    (known ??= directory(read).catch((fault: unknown) => {
      known = undefined; // it may answer the next time
      throw fault;
    }));
  const bytesOf = async (path: string, signal?: AbortSignal) => {
    const member = (await all()).find((one) => one.path === path);
    if (!member) throw new Unreadable(`there is no ${path} in the archive`);
    return (await content(read, member, LARGEST, signal)) as BlobPart;
  };
  return {
    key: task,
    async list() {
      // tiles of a cloud are thousands, and crowd nothing else out
      const rank = ({ path }: Member) => `${/(^|\/)ept-[a-z]+\//.test(path) ? 1 : 0}${path}`;
      const members = [...(await all())].toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
      return {
        files: members
          .slice(0, LISTED)
          .map(({ path, bytes }) => ({ path, bytes, picture: typeOf(path) !== undefined })),
        more: members.length > LISTED,
      };
    },
    async content(path, signal) {
      const type = typeOf(path) ?? 'application/octet-stream';
      return new Response(new Blob([await bytesOf(path, signal)], { type }));
    },
    async open(path) {
      const member = (await all()).find((one) => one.path === path);
      if (!member) throw new Unreadable(`there is no ${path} in the archive`);
      return within(read, member, LARGEST);
    },
    async save(path) {
      const member = (await all()).find((one) => one.path === path);
      if (member && member.bytes > LARGEST)
        throw new Unreadable('it is too large to be taken out alone; download the archive');
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([await bytesOf(path)], { type: 'application/octet-stream' }));
      link.download = path.slice(path.lastIndexOf('/') + 1);
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    },
  };
}
