/** The options of an engine: what may be set, and whether a value is allowed. */

export interface Option {
  name: string;
  type: string;
  value: unknown;
  domain: unknown;
  help: string;
}
export interface Preset {
  name: string;
  says: string;
  sets: Readonly<Record<string, unknown>>;
}

/** WebODM's, as people know them. */
export const PRESETS: readonly Preset[] = [
  { name: 'Default', says: 'orthophoto, surface model, point cloud', sets: { 'auto-boundary': true, dsm: true } },
  {
    name: 'Fast orthophoto',
    says: 'quick, without a dense cloud',
    sets: { 'auto-boundary': true, 'fast-orthophoto': true },
  },
  {
    name: 'High resolution',
    says: '1 cm where photos allow it',
    sets: { 'auto-boundary': true, dsm: true, 'dem-resolution': 1, 'orthophoto-resolution': 1 },
  },
  {
    name: 'Field',
    says: 'flat fields',
    sets: { 'fast-orthophoto': true, 'sfm-algorithm': 'planar', 'matcher-neighbors': 4 },
  },
  { name: 'DSM + DTM', says: 'surface and terrain', sets: { 'auto-boundary': true, dsm: true, dtm: true } },
  {
    name: 'Forest',
    says: 'more features',
    sets: { 'min-num-features': 18000, 'use-3dmesh': true, 'feature-quality': 'medium' },
  },
  {
    name: 'Buildings',
    says: 'dense cloud and mesh',
    sets: { 'auto-boundary': true, 'mesh-size': 300000, 'feature-quality': 'high', 'pc-quality': 'high' },
  },
];

/** What a preset sets and the engine knows; and what the engine lacks. */
export function apply(preset: Preset, options: readonly Option[]): { sets: Record<string, unknown>; lacks: string[] } {
  const known = new Set(options.map((option) => option.name));
  const all = Object.entries(preset.sets);
  return {
    sets: Object.fromEntries(all.filter(([name]) => known.has(name))),
    lacks: all.filter(([name]) => !known.has(name)).map(([name]) => name),
  };
}

export function choices(option: Option): string[] | null {
  return Array.isArray(option.domain) ? option.domain.map(String) : null;
}

/** What is wrong with a value as it was typed; null where it is allowed. */
export function wrong(option: Option, text: string): string | null {
  if (text === '' || (option.type !== 'int' && option.type !== 'float')) return null;
  if (option.type === 'int' ? !/^-?\d+$/.test(text) : !/^-?\d+(\.\d+)?$/.test(text))
    return option.type === 'int' ? 'a whole number' : 'a number';
  const value = Number(text);
  for (const [, sign, bound] of String(option.domain ?? '').matchAll(/(<=|>=|<|>)\s*(-?[\d.]+)/g)) {
    const limit = Number(bound);
    const fits =
      sign === '<' ? value < limit : sign === '<=' ? value <= limit : sign === '>' ? value > limit : value >= limit;
    if (!fits) return `${sign} ${bound}`;
  }
  if (option.domain === 'positive integer' && value < 0) return 'not below 0';
  return null;
}

/** Files that an engine reads; the others are left out, and counted. */
export function isWanted(name: string): boolean {
  return (
    !name.startsWith('.') && /\.(jpe?g|tiff?|dng|png|raw|nef|cr2|arw|mp4|mov|lrv|ts|srt|las|laz|txt|csv)$/i.test(name)
  );
}

export const isPhoto = (name: string) => /\.(jpe?g|tiff?|dng|png|raw|nef|cr2|arw)$/i.test(name);
