/** Codes of answers by what they mean together. */
import type { Series } from './api';

/** Codes as their classes, the lowest first; what is no code stays as it is. */
export function byClass(series: Series[]): Series[] {
  const found = new Map<string, Series>();
  for (const { key, values } of series) {
    const name = /^[1-5]\d\d$/.test(String(key)) ? `${String(key)[0]}xx` : String(key);
    const sums = found.get(name)?.values ?? values.map(() => null);
    const add = (a: number | null, b: number | null): number | null => (a === null ? b : a + (b ?? 0));
    found.set(name, { key: name, values: sums.map((v, i) => add(v, values[i] ?? null)) });
  }
  return [...found.values()].sort((a, b) => (String(a.key) < String(b.key) ? -1 : 1));
}
