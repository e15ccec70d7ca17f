/** Numbers, sizes and times in words. Everything here is pure. */

const SIZES = ['B', 'KB', 'MB', 'GB', 'TB'];

export function bytes(count: number | null | undefined): string {
  if (count == null || count < 0) return 'unknown';
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < SIZES.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${SIZES[unit]}`;
}

export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A duration in its two largest units: "2 d 4 h", "3 min 20 s". */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10 && seconds % 60 > 0) return `${minutes} min ${seconds % 60} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 > 0 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return hours % 24 > 0 ? `${days} d ${hours % 24} h` : `${days} d`;
}

export function ago(then: number, now: number): string {
  const gone = now - then;
  return gone < 5000 ? 'just now' : `${span(gone)} ago`;
}

const two = (value: number) => String(value).padStart(2, '0');

/** The local time, for tooltips and logs of events. */
export function exact(time: number): string {
  const at = new Date(time);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(time)}`;
}

export function clock(time: number): string {
  const at = new Date(time);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** A long name with its middle left out, as its ends tell most. */
export function middle(text: string, most: number): string {
  if (text.length <= most) return text;
  const head = Math.ceil((most - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (most - 1 - head))}`;
}

/** Characters that would change how the others are shown, as marks: control, zero width, bidirectional. */
export function visible(text: string): string {
  return text.replace(
    // oxlint-disable-next-line no-control-regex
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (hidden) => {
      const code = hidden.charCodeAt(0);
      return code === 0x1b ? '␛' : `⟨${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
    },
  );
}

/** A line as a terminal would show it in the end: without colours, and what was written over is gone. */
export function plain(line: string): string {
  // oxlint-disable-next-line no-control-regex
  const text = line.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(\u0007|\u001b\\)/g, '');
  return text.includes('\r') ? (text.split('\r').findLast((part) => part !== '') ?? '') : text;
}
