// Addresses as networks, as far as the stand-in's data need it.
const groups = (text) => {
  const [head, tail] = text.split('::').map((part) => (part ? part.split(':') : []));
  return tail === undefined ? head : [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail];
};
/** "10.1.2.3" as "10.1.2.0/24"; what is no address stays. Whole bytes of IPv4, whole groups of IPv6. */
export function networkOf(text, { ipv4, ipv6 }) {
  if (/^[\d.]+$/.test(text)) {
    const kept = text.split('.').slice(0, ipv4 / 8);
    return [...kept, ...Array(4 - kept.length).fill('0')].join('.') + `/${ipv4}`;
  }
  if (!/^[0-9a-f:]*:[0-9a-f:]*$/.test(text)) return text;
  const kept = groups(text).slice(0, ipv6 / 16).map((g) => parseInt(g, 16).toString(16));
  return kept.join(':').replace(/(:0)+$/, '') + `::/${ipv6}`;
}
