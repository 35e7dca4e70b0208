/** Which fields the messages of the range on show have. Asked once for each range and query. */
import { signal } from '@preact/signals';
import { api, type Answered, type FieldsAnswer } from './api';
import { bodyOf } from './question';
import { failureOf } from './state';

type Known = Answered<Partial<FieldsAnswer>>;
const kept = 8;
const asked = new Map<string, Promise<Known>>();

async function ask(body: Record<string, unknown>): Promise<Known> {
  try {
    const answer = await api.query(body);
    return answer.answers['f'] as Known;
  } catch (e) {
    return { error: failureOf(e) };
  }
}

/** `query`: of these messages alone. What failed is asked again the next time. */
export function fieldsOf(query: string): Promise<Known> {
  const body = { ...bodyOf([{ id: 'f', kind: 'fields' }]), query: query.trim() || undefined };
  const key = JSON.stringify(body);
  const before = asked.get(key);
  if (before) return before;
  const answer = ask(body);
  asked.set(key, answer);
  if (asked.size > kept) asked.delete(asked.keys().next().value!);
  void answer.then((known) => known.error && asked.delete(key));
  return answer;
}

/** Those of the list of messages; the last ones stay until others are known. */
export const listed = signal<Known | undefined>(undefined);
let wanted: Promise<Known> | null = null;
export async function listFields(query: string): Promise<void> {
  const own = (wanted = fieldsOf(query));
  const known = await own;
  if (own === wanted) listed.value = known;
}
