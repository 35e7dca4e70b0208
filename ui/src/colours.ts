/** Colours of series. The names are variables of the style sheet, so that both themes have their own. */
import type { Value } from './api';
import { digitOf, digitOfClass, hasCodes } from './classes';

const names = 10;
const seen = new Map<string, Map<string, number>>();

/** Codes of answers have the colour of what their class means, in every chart. */
const statusShades: Record<string, string[]> = {
  '1': ['--status-1'],
  '2': ['--status-2', '--status-2b', '--status-2c'],
  '3': ['--status-3', '--status-3b', '--status-3c'],
  '4': ['--status-4', '--status-4b', '--status-4c'],
  '5': ['--status-5', '--status-5b'],
};

function place(group: string, key: string): number {
  if (!seen.has(group)) seen.set(group, new Map());
  const keys = seen.get(group)!;
  if (!keys.has(key)) keys.set(key, keys.size);
  return keys.get(key)!;
}

/** The variable that a value of a field is painted with: the same for as long as the page lives. */
export function colourOf(field: string, value: Value | null): string {
  if (value === null) return '--series-1';
  const text = String(value);
  if (hasCodes(field) && digitOfClass(value)) return `--status-${digitOfClass(value)}`;
  const shades = hasCodes(field) ? statusShades[digitOf(value)] : undefined;
  if (shades) return shades[place(`${field} ${text[0]}`, text) % shades.length]!;
  return `--series-${(place(field, text) % names) + 1}`;
}
export const restColour = '--series-rest';

/** The colour that a variable stands for now. */
export const painted = (variable: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
