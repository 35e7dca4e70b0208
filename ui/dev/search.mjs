// Graylog's search syntax as far as the tests need it: AND OR NOT, field:value, quotes, * and ?, ranges, _exists_.
import { networkOf } from './network.mjs';
const token = /\s*(&&|\|\||[()!]|[^\s()":]+:(?:[<>]=?[^\s()]+|"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\([^)]*\)|[^\s()"]+)?|"(?:[^"\\]|\\.)*"|[^\s()"]+)/y;

export class SearchError extends Error {
  constructor(text, column) {
    super(text);
    this.answer = { error: { text, line: 1, column } };
  }
}

function lex(text) {
  const out = [];
  token.lastIndex = 0;
  while (text.slice(token.lastIndex).trim() !== '') {
    const at = token.lastIndex;
    const hit = token.exec(text);
    if (!hit) throw new SearchError('the quotation mark is not closed: add a "', at + text.slice(at).search(/\S/));
    out.push({ text: hit[1], column: token.lastIndex - hit[1].length });
  }
  return out;
}

const words = { '&&': 'AND', '||': 'OR', '!': 'NOT' };
const isWord = (t, word) => t !== undefined && (words[t.text] ?? t.text) === word;

class Parser {
  constructor(text) { this.text = text; this.tokens = lex(text); this.i = 0; }
  get next() { return this.tokens[this.i]; }
  all() {
    if (this.tokens.length === 0) return () => true;
    const test = this.or();
    if (this.next) throw new SearchError(`nothing opens this "${this.next.text}"`, this.next.column);
    return test;
  }
  or() {
    const parts = [this.and()];
    while (this.next && this.next.text !== ')') {
      if (isWord(this.next, 'OR')) this.i++;
      parts.push(this.and());
    }
    return parts.length === 1 ? parts[0] : (m) => parts.some((p) => p(m));
  }
  and() {
    const parts = [this.not()];
    while (isWord(this.next, 'AND')) { this.i++; parts.push(this.not()); }
    return parts.length === 1 ? parts[0] : (m) => parts.every((p) => p(m));
  }
  not() {
    if (!isWord(this.next, 'NOT')) return this.one();
    this.i++;
    const inner = this.not();
    return (m) => !inner(m);
  }
  one() {
    const t = this.next;
    if (!t) throw new SearchError('something must follow here', this.text.length);
    this.i++;
    if (t.text !== '(') return leaf(t);
    const inner = this.or();
    if (this.next?.text !== ')') throw new SearchError('this ( is not closed: add a )', t.column);
    this.i++;
    return inner;
  }
}

const unquote = (text) => (text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text.replace(/\\(.)/g, '$1'));
function matcher(text) {
  const range = /^([<>]=?)(.+)$/.exec(text);
  if (range) {
    const n = Number(range[2]);
    return { '>': (v) => v > n, '>=': (v) => v >= n, '<': (v) => v < n, '<=': (v) => v <= n }[range[1]];
  }
  const plain = unquote(text);
  const network = /^[0-9a-f.:]+\/(\d+)$/.exec(plain);
  if (network) return (v) => networkOf(String(v), { ipv4: +network[1], ipv6: +network[1] }) === plain;
  if (text.startsWith('"') || !/[*?]/.test(text)) return (v) => String(v) === plain;
  const pattern = new RegExp('^' + plain.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.') + '$');
  return (v) => pattern.test(String(v));
}

function leaf({ text, column }) {
  const cut = text.startsWith('"') ? -1 : text.indexOf(':');
  if (cut < 0) {
    const word = unquote(text).toLowerCase();
    return (m) => m.message.toLowerCase().includes(word) || m.source.toLowerCase() === word;
  }
  const [field, value] = [text.slice(0, cut), text.slice(cut + 1)];
  if (value === '') throw new SearchError(`a value must follow "${field}:"`, column + cut + 1);
  if (field === '_exists_') return (m) => m[unquote(value)] !== undefined;
  const test = matcher(value);
  return (m) => m[field] !== undefined && [m[field]].flat().some(test);
}

/** A test of one message. Throws SearchError with line and column. */
export const compile = (text) => new Parser(text ?? '').all();
