/** A widget's numbers as rows and columns: for the table view, for screen readers, for CSV. */
import type { Value } from './api';
import { number, shown, type Unit } from './units';

export interface Column {
  title: string;
  /** Numbers stand at the right, with their unit. */
  numeric?: boolean;
  unit?: Unit;
}
export interface Sheet {
  columns: Column[];
  rows: (Value | null)[][];
}

export const cellText = (column: Column, value: Value | null): string => {
  if (value === null) return '–';
  return column.numeric && typeof value === 'number' ? number(value, column.unit ?? null) : shown(value);
};

/** A cell may not become a formula in a spreadsheet: it gets an apostrophe before it. */
function csvCell(value: Value | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(String(value)) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}
export const csv = (sheet: Sheet): string =>
  [sheet.columns.map((c) => c.title), ...sheet.rows].map((row) => row.map(csvCell).join(',')).join('\r\n') + '\r\n';

/** Hand something to the browser as a file. */
export function download(name: string, content: Blob | string, type = ''): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
