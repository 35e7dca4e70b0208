/** The one menu of the page: opened at a click, closed by Esc, a choice, or a click elsewhere. */
import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

export interface Item {
  text: string;
  /** Absent: it cannot be chosen, and its text says why. */
  act?: () => void;
  /** Of several of which one holds: whether this one does. */
  checked?: boolean;
}
export interface Menu {
  title: string;
  items: Item[];
  x: number;
  y: number;
  from: HTMLElement | null;
}
export const menu = signal<Menu | null>(null);

/** Where an event took place; a key's is the lower left corner of what has the focus. */
function place(event: Event): { x: number; y: number } {
  const e = event as MouseEvent;
  if (e.clientX > 0 || e.clientY > 0) return { x: e.clientX, y: e.clientY };
  const box = (event.currentTarget as Element).getBoundingClientRect();
  return { x: box.left, y: box.bottom };
}
export function menuAt(event: Event, { title, items }: { title: string; items: Item[] }): Menu {
  event.stopPropagation();
  event.preventDefault();
  return (menu.value = { title, items, ...place(event), from: document.activeElement as HTMLElement | null });
}
/** Other items, where that menu is still open. */
export function menuItems(of: Menu, items: Item[]): void {
  if (menu.value === of) menu.value = { ...of, items };
}
export function closeMenu(): void {
  const from = menu.value?.from;
  menu.value = null;
  if (from?.isConnected) from.focus({ preventScroll: true });
}

const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };

function Entry({ item: { text, act, checked } }: { item: Item }) {
  if (!act) return <div class="menu-why">{text}</div>;
  const choose = (): void => {
    closeMenu();
    act();
  };
  return (
    <button role={checked === undefined ? 'menuitem' : 'menuitemradio'} aria-checked={checked} onClick={choose}>
      {text}
    </button>
  );
}

export function MenuLayer() {
  const box = useRef<HTMLDivElement>(null);
  const now = menu.value;
  useLayoutEffect(() => {
    if (!now || !box.current) return;
    const { width, height } = box.current.getBoundingClientRect();
    box.current.style.left = `${Math.max(8, Math.min(now.x, innerWidth - width - 8))}px`;
    box.current.style.top = `${Math.max(8, Math.min(now.y + 4, innerHeight - height - 8))}px`;
    box.current.querySelector('button')?.focus({ preventScroll: true });
  }, [now]);
  useEffect(() => {
    const away = (e: Event): void => {
      if (menu.value && !box.current?.contains(e.target as Node)) menu.value = null;
    };
    addEventListener('pointerdown', away);
    addEventListener('resize', closeMenu);
    return () => {
      removeEventListener('pointerdown', away);
      removeEventListener('resize', closeMenu);
    };
  }, []);
  if (!now) return null;
  const onKeyDown = (e: KeyboardEvent): void => {
    if (e.key === 'Tab') closeMenu();
    const step = moves[e.key];
    if (!step) return;
    e.preventDefault();
    const buttons = [...box.current!.querySelectorAll('button')];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    buttons[(at + step + buttons.length) % buttons.length]?.focus();
  };
  return (
    <div class="menu" role="menu" aria-label={now.title} ref={box} onKeyDown={onKeyDown}>
      <div class="menu-title" title={now.title}>
        {now.title}
      </div>
      {now.items.map((item) => (
        <Entry item={item} key={item.text} />
      ))}
    </div>
  );
}
