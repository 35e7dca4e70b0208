/** A word to the user that goes away by itself. */
import { signal } from '@preact/signals';

const text = signal('');
let timer: number | undefined;

export function say(what: string): void {
  text.value = what;
  clearTimeout(timer);
  timer = window.setTimeout(() => (text.value = ''), 2500);
}
export const Toast = () => (
  <div class={`toast ${text.value ? 'on' : ''}`} role="status" aria-live="polite">
    {text.value}
  </div>
);
