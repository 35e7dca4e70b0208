/** Numbers as people read them. Units come with the fields from the server. */
import { signal } from '@preact/signals';
import type { Field } from './api';

/** The schema's fields by name; empty until the server has told them. */
export const schema = signal<Map<string, Field>>(new Map());

export type Unit = string | null;

/** "sum(network_bytes)" -> network_bytes; "count()" -> null. */
export const metricField = (metric: string): string | null =>
  /^\w+\(([^,)]+)/.exec(metric)?.[1]?.trim() ?? null;

/** The unit of a field; of one that the schema does not know, what its last word says. */
export function unitOf(field: string | null): Unit {
  if (field === null) return null;
  const known = schema.value.get(field);
  if (known?.unit) return known.unit;
  return field === 'bytes' || /[._]bytes$/.test(field) ? 'bytes' : null;
}

/** What the numbers of a metric are measured in: counts have no unit, sums that of their field. */
export const metricUnit = (metric: string): Unit =>
  /^(count|card)\(/.test(metric) ? null : unitOf(metricField(metric));

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

function scaled(n: number, step: number, names: string[]): string {
  let i = 0;
  let size = Math.abs(n);
  while (size >= step && i < names.length - 1) {
    size /= step;
    i++;
  }
  const digits = i === 0 ? 0 : size < 10 ? 2 : size < 100 ? 1 : 0;
  return `${n < 0 ? '-' : ''}${Number(size.toFixed(digits))} ${names[i]}`;
}

const timeNames: [number, string][] = [
  [86400e9, 'd'],
  [3600e9, 'h'],
  [60e9, 'min'],
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [1, 'ns'],
];
export function nanoseconds(n: number): string {
  const [size, name] = timeNames.find(([s]) => Math.abs(n) >= s) ?? [1, 'ns'];
  const value = n / size;
  return `${Number(value.toFixed(Math.abs(value) < 10 ? 2 : 1))} ${name}`;
}
/** 93784 -> "1 d 2 h": the two largest units. */
export function duration(s: number): string {
  const sizes: [number, string][] = [
    [86400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ];
  const found = sizes.findIndex(([size]) => s >= size);
  const at = found < 0 ? sizes.length - 1 : found;
  const [size, name] = sizes[at]!;
  const [less, lessName] = sizes[at + 1] ?? [0, ''];
  const rest = less ? Math.floor((s % size) / less) : 0;
  return `${Math.floor(s / size)} ${name}${rest ? ` ${rest} ${lessName}` : ''}`;
}
export const bytes = (n: number): string => scaled(n, 1000, ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB']);

/** Whole numbers in groups of three, measures with their unit; "–" for what is not there. */
export function number(n: number | null | undefined, unit: Unit = null): string {
  if (n === null || n === undefined || !Number.isFinite(n)) return '–';
  if (unit === 'bytes') return bytes(n);
  if (unit === 'ns') return nanoseconds(n);
  if (unit === 's') return nanoseconds(n * 1e9);
  return unit ? `${grouped.format(n)} ${unit}` : grouped.format(n);
}

/** The same where there is little room: axes, bars. */
export function short(n: number | null | undefined, unit: Unit = null): string {
  if (n === null || n === undefined || unit !== null) return number(n, unit);
  return Math.abs(n) < 1e4 ? grouped.format(n) : compact.format(n);
}

/** A share of a whole, never rounded to nothing. */
export function percent(part: number, whole: number, digits = 1): string {
  if (whole === 0) return '–';
  const p = (part / whole) * 100;
  if (p > 0 && p < 0.1) return '<0.1 %';
  const text = new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${text.format(p)} %`;
}

const unseen = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
/** A value as text that shows all that is in it: signs that cannot be seen, or turn the text around, by their number. */
export const shown = (value: unknown): string =>
  String(value).replace(unseen, (c) => `⟨${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`);
