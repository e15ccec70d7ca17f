/** The address holds the view and all that it shows: `#/tasks?state=failed&q=north`. */
export interface Address {
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

export function parse(hash: string): Address {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  return {
    path: path.split('/').filter(Boolean).map(decoded),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

export function link(path: readonly string[], query: Readonly<Record<string, string | undefined>> = {}): string {
  const said = Object.entries(query).filter((pair): pair is [string, string] => !!pair[1]);
  const text = new URLSearchParams(said).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${text ? `?${text}` : ''}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
