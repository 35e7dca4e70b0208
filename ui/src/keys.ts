/** The keys of the page. None is taken while something is typed. */
import { helpOpen } from './parts/help';
import { closeMenu, menu } from './parts/menu';
import { rangeOpen } from './parts/range_picker';
import { go, pages, refreshNow, tabs, view } from './state';
import { slug } from './url';
import { stepMessage } from './pages/messages';

let before = 'live';
/** Stop refreshing; the second time go on as before. */
export function togglePause(): void {
  const now = view.value.refresh;
  if (now !== 'off') before = now;
  go({ refresh: now === 'off' ? before : 'off' }, 'replace');
}

function toTab(n: number): void {
  const names = [...tabs.value.map((t) => slug(t.title)), ...pages];
  const name = names[n - 1];
  if (name) go({ tab: name, focus: '', message: '' });
}
function fullScreen(): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else document.documentElement.requestFullscreen().catch(() => {});
}
/** Close the innermost thing that is open. */
function escape(): void {
  if (menu.value) closeMenu();
  else if (rangeOpen.value) {
    rangeOpen.value = false;
    document.getElementById('range')?.focus();
  } else if (view.value.message) go({ message: '' });
  else if (view.value.focus) go({ focus: '' });
  else if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}

const actions: Record<string, () => void> = {
  '/': () => document.getElementById('query')?.focus(),
  t: () => (rangeOpen.value = !rangeOpen.value),
  r: refreshNow,
  f: fullScreen,
  '.': togglePause,
  '?': () => (helpOpen.value = true),
  j: () => stepMessage(1),
  k: () => stepMessage(-1),
};
const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches('input, select, textarea, [contenteditable]');

export function onKey(e: KeyboardEvent): void {
  if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || helpOpen.value) return;
  if (e.key === 'Escape') return escape();
  if (typing(e.target)) return;
  const act = actions[e.key] ?? (/^[1-9]$/.test(e.key) ? () => toTab(Number(e.key)) : undefined);
  if (!act) return;
  e.preventDefault();
  act();
}
