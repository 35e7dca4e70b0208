/** Codes of answers by what they mean together. */
import type { Series, Value } from './api';

/** Fields that hold such codes. */
export const hasCodes = (field: string): boolean => /(^|_)(response_code|status_code)$/.test(field);
/** The first digit of a code (404), or of a class (4xx); empty: neither. */
export const digitOf = (key: Value): string => /^([1-5])\d\d$/.exec(String(key))?.[1] ?? '';
export const digitOfClass = (key: Value): string => /^([1-5])xx$/.exec(String(key))?.[1] ?? '';

/** Codes as their classes, the lowest first; what is no code stays as it is. */
export function byClass(series: Series[]): Series[] {
  const found = new Map<string, Series>();
  for (const { key, values } of series) {
    const name = key !== null && digitOf(key) ? `${digitOf(key)}xx` : String(key);
    const sums = found.get(name)?.values ?? values.map(() => null);
    const add = (a: number | null, b: number | null): number | null => (a === null ? b : a + (b ?? 0));
    found.set(name, { key: name, values: sums.map((v, i) => add(v, values[i] ?? null)) });
  }
  return [...found.values()].sort((a, b) => (String(a.key) < String(b.key) ? -1 : 1));
}
