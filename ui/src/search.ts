/** Graylog's search text: how a value is written, and how a clicked one joins what is there. */
import type { Value } from './api';

/** A value as a term. Words stand bare, all else in quotation marks; nothing in it is an operator. */
export function term(value: Value): string {
  const text = String(value);
  if (/^[A-Za-z0-9_][A-Za-z0-9_.]*$/.test(text) && !/^(AND|OR|NOT|TO)$/.test(text)) return text;
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** A field's name as it stands before the colon. */
const fieldText = (field: string): string => field.replace(/[^A-Za-z0-9_.@-]/g, '\\$&');

export const is = (field: string, value: Value): string => `${fieldText(field)}:${term(value)}`;

/** The text without what stands in quotation marks, of the same length. */
const bare = (text: string): string => text.replace(/"(?:[^"\\]|\\.)*"/g, (s) => '_'.repeat(s.length));

/** Whether AND-ing something behind it would change what it means: an OR, or words side by side. */
function needsBrackets(text: string): boolean {
  let depth = 0;
  let before = '';
  for (const [word] of bare(text).matchAll(/[()]|[^\s()]+/g)) {
    if (depth === 0 && /^(OR|\|\|)$/.test(word)) return true;
    const joins = /^(AND|NOT|&&|!|\()$/.test(before) || before === '' || /:$/.test(before);
    if (depth === 0 && !joins && !/^(AND|&&|\))$/.test(word)) return true;
    depth += word === '(' ? 1 : word === ')' ? -1 : 0;
    before = word;
  }
  return false;
}

/** `query AND clause`; a clause that is there already is not said twice. */
export function and(query: string, clause: string): string {
  const q = query.trim();
  if (q === '' || q === '*' || q === clause) return clause;
  if (clause.trim() === '') return q;
  if (q.split(' AND ').includes(clause)) return q;
  return `${needsBrackets(q) ? `(${q})` : q} AND ${clause}`;
}

/** Both must hold; each keeps its meaning. */
export function both(a: string, b: string): string {
  if (b.trim() === '' || b.trim() === '*') return a.trim();
  return and(a, needsBrackets(b) ? `(${b.trim()})` : b.trim());
}

/** What is being typed at the caret: a field's name, or a value of a field. */
export interface Typing {
  field: string | null;
  prefix: string;
  start: number;
}
export function typingAt(text: string, caret: number): Typing | null {
  const before = text.slice(0, caret);
  if ((before.match(/(?<!\\)"/g) ?? []).length % 2 === 1) {
    const open = /([^\s():"]+):"([^"]*)$/.exec(before);
    return open ? { field: open[1]!, prefix: open[2]!, start: caret - open[2]!.length - 1 } : null;
  }
  const word = /[^\s()"]*$/.exec(before)![0];
  const colon = word.indexOf(':');
  if (colon < 0) return { field: null, prefix: word, start: caret - word.length };
  const prefix = word.slice(colon + 1);
  return { field: word.slice(0, colon), prefix, start: caret - prefix.length };
}
