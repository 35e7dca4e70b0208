/** A question that is asked again and again: one request at a time, the last answer is kept meanwhile. */
import { batch, signal, type Signal } from '@preact/signals';
import { api, type Ask, type Failure, type QueryAnswer } from './api';
import { failureOf, query, range, stream } from './state';
import { spanOf } from './time';

export interface Result {
  /** What the answer belongs to: another key is another question. */
  key: string;
  answer: QueryAnswer | null;
  failure: Failure | null;
  busy: boolean;
  /** When the answer came (ms). */
  at: number;
}
export interface Question {
  result: Signal<Result>;
  ask(key: string, asks: Ask[]): Promise<void>;
}

const kept = 12;
/** How long the server took for the last answer (ms), for those who ask by themselves. */
export const lastTook = signal(0);
export const lastAsked = signal(0);

export const bodyOf = (asks: Ask[]): Record<string, unknown> => ({
  ...spanOf(range.value),
  ...(stream.value ? { stream: stream.value } : {}),
  ...(query.value.trim() ? { query: query.value } : {}),
  ask: asks,
});

export function makeQuestion(): Question {
  const result = signal<Result>({ key: '', answer: null, failure: null, busy: false, at: 0 });
  const answers = new Map<string, QueryAnswer>();
  let running: AbortController | null = null;

  function keep(key: string, answer: QueryAnswer): void {
    answers.delete(key);
    answers.set(key, answer);
    if (answers.size > kept) answers.delete(answers.keys().next().value!);
  }
  function begin(key: string): void {
    const before = result.peek();
    const answer = before.key === key ? before.answer : (answers.get(key) ?? null);
    const failure = before.key === key ? before.failure : null;
    result.value = { key, answer, failure, busy: true, at: before.at };
  }
  async function ask(key: string, asks: Ask[]): Promise<void> {
    running?.abort();
    const own = (running = new AbortController());
    begin(key);
    lastAsked.value = Date.now();
    try {
      const answer = await api.query(bodyOf(asks), own.signal);
      if (own !== running) return;
      keep(key, answer);
      batch(() => {
        lastTook.value = answer.took_ms;
        result.value = { key, answer, failure: null, busy: false, at: Date.now() };
      });
    } catch (e) {
      if (own !== running || (e as Error).name === 'AbortError') return;
      result.value = { ...result.peek(), failure: failureOf(e), busy: false };
    }
  }
  return { result, ask };
}
