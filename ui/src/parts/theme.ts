/** Light or dark: what the address says, else what the system prefers. */
import { computed, effect, signal } from '@preact/signals';
import { go, view } from '../state';
import type { Theme } from '../url';

const system = matchMedia('(prefers-color-scheme: dark)');
const systemDark = signal(system.matches);
system.addEventListener('change', (e) => (systemDark.value = e.matches));

export const themeNow = computed<'light' | 'dark'>(() => {
  const wanted = view.value.theme;
  if (wanted !== 'auto') return wanted;
  return systemDark.value ? 'dark' : 'light';
});
export function followTheme(): void {
  effect(() => {
    document.documentElement.dataset['theme'] = themeNow.value;
  });
}
const after: Record<Theme, Theme> = { auto: 'light', light: 'dark', dark: 'auto' };
export const nextTheme = (): void => go({ theme: after[view.value.theme] }, 'replace');
