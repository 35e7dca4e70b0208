/** Ranges of time as the address bar, the server and people write them. */
import type { Span } from './api';

/** Relative ("1d", "15m") or absolute (milliseconds since 1970, [from, to)). */
export type Range = { last: string } | { from: number; to: number };

const seconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
const names: Record<string, string> = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week' };

export const presets = ['5m', '15m', '1h', '24h', '7d', '30d', '90d'];

/** "15m" -> 900; null when it is no range. */
export function lastSeconds(text: string): number | null {
  const hit = /^(\d{1,6})([smhdw])$/.exec(text);
  return hit && Number(hit[1]) > 0 ? Number(hit[1]) * seconds[hit[2]!]! : null;
}
/** 86400 -> "1d": the largest unit that divides it. */
export function lastText(s: number): string {
  const unit = ['d', 'h', 'm'].find((u) => s % seconds[u]! === 0) ?? 's';
  return `${s / seconds[unit]!}${unit}`;
}
export const isRelative = (r: Range): r is { last: string } => 'last' in r;

export const spanOf = (r: Range): Span =>
  isRelative(r) ? { range: lastSeconds(r.last) ?? 86400 } : { from: r.from, to: r.to };

/** "15m" -> "15 minutes". */
export function lastWords(text: string): string {
  const hit = /^(\d+)([smhdw])$/.exec(text);
  if (!hit) return text;
  return `${hit[1]} ${names[hit[2]!]}${hit[1] === '1' ? '' : 's'}`;
}

const two = (n: number): string => String(n).padStart(2, '0');
export const dayText = (t: Date): string => `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}`;
export const clockText = (t: Date): string => `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;

/** Local time, as exact as needed: with seconds only where they are not zero. */
export function timeText(ms: number): string {
  const t = new Date(ms);
  const clock = clockText(t);
  return `${dayText(t)} ${clock.endsWith(':00') ? clock.slice(0, 5) : clock}`;
}
/** With milliseconds, for messages. */
export function exactText(ms: number): string {
  const t = new Date(ms);
  return `${dayText(t)} ${clockText(t)}.${String(t.getMilliseconds()).padStart(3, '0')}`;
}

/** The words at the lower right of a card and on the button of the range. */
export function rangeWords(r: Range): string {
  if (isRelative(r)) return `${lastWords(r.last)} ago – Now`;
  const [from, to] = [timeText(r.from), timeText(r.to)];
  const sameDay = from.slice(0, 10) === to.slice(0, 10);
  return `${from} – ${sameDay ? to.slice(11) : to}`;
}

/** "3 min ago", of a moment seen from `now`. */
export function agoText(t: number, now: number): string {
  const s = Math.max(0, Math.round((now - t) / 1000));
  if (s < 5) return 'just now';
  if (s < 90) return `${s} s ago`;
  if (s < 5400) return `${Math.round(s / 60)} min ago`;
  if (s < 129600) return `${Math.round(s / 3600)} h ago`;
  return `${Math.round(s / 86400)} days ago`;
}

/** 1800 -> "30 min": the size of a bucket. */
export function stepText(s: number): string {
  if (s % 86400 === 0) return `${s / 86400} d`;
  if (s % 3600 === 0) return `${s / 3600} h`;
  return s % 60 === 0 ? `${s / 60} min` : `${s} s`;
}

/** Local "2026-11-24T10:00" of an input field -> milliseconds; null when it is no time. */
export function fromInput(text: string): number | null {
  const t = new Date(text).getTime();
  return Number.isNaN(t) ? null : t;
}
export function toInput(ms: number): string {
  const t = new Date(ms);
  return `${dayText(t)}T${clockText(t)}`;
}
