/** What can be done with a value, whoever shows it. */
import type { Value } from './api';
import { menuAt, type Item } from './parts/menu';
import { say } from './parts/toast';
import { portWords } from './ports';
import { and, both, is } from './search';
import { go, query } from './state';
import { shown } from './units';

export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say('Copied');
  } catch {
    say('The browser does not let this page use the clipboard');
  }
}

/** Show messages: those of the query on show and, of these, those that `clause` selects. */
export const showEvents = (clause: string): void =>
  go({ tab: 'messages', query: both(query.value, clause), focus: '', message: '' });

export interface Picked {
  field: string;
  value: Value;
  /** What selects it; unsaid: that the field is the value. */
  clause?: string;
  /** The widget's own query, for the events behind its value. */
  within?: string;
  more?: Item[];
}

/** Menu of a value at the place of a click; from the keyboard below the element. */
export function pick(event: Event, { field, value, clause = is(field, value), within = '', more = [] }: Picked): void {
  menuAt(event, {
    title: `${field}: ${shown(value)}${portWords(field, value)}`,
    items: [
      { text: 'Add to query', act: () => go({ query: and(query.value, clause) }) },
      { text: 'Exclude from query', act: () => go({ query: and(query.value, `NOT ${clause}`) }) },
      { text: 'Only this', act: () => go({ query: clause }) },
      { text: 'Show its events', act: () => showEvents(both(within, clause)) },
      { text: 'Copy value', act: () => void copy(String(value)) },
      ...more,
    ],
  });
}
