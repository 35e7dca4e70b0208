/** What is asked again every few seconds while its page is open. */
import { useSignal, useSignalEffect, type Signal } from '@preact/signals';
import type { Failure } from '../api';
import { failureOf, refreshes, view } from '../state';

const every_ms = 5000;

export interface Polled<T> {
  data: Signal<T | null>;
  failure: Signal<Failure | null>;
}
export function usePolled<T>(ask: () => Promise<T>): Polled<T> {
  const data = useSignal<T | null>(null);
  const failure = useSignal<Failure | null>(null);
  const read = async (): Promise<void> => {
    try {
      data.value = await ask();
      failure.value = null;
    } catch (e) {
      failure.value = failureOf(e);
    }
  };
  useSignalEffect(() => {
    refreshes.value;
    void read();
    if (view.value.refresh === 'off') return undefined;
    const timer = setInterval(() => document.hidden || void read(), every_ms);
    return () => clearInterval(timer);
  });
  return { data, failure };
}
