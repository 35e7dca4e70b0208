/** What usually listens on a port (IANA's names), so that a number says more. */
import type { Value } from './api';

const names: Record<number, string> = {
  20: 'ftp-data', 21: 'ftp', 22: 'ssh', 23: 'telnet', 25: 'smtp', 53: 'domain', 67: 'dhcp server', 68: 'dhcp client', 69: 'tftp',
  80: 'http', 88: 'kerberos', 110: 'pop3', 111: 'sunrpc', 123: 'ntp', 135: 'epmap', 137: 'netbios-ns', 138: 'netbios-dgm',
  139: 'netbios-ssn', 143: 'imap', 161: 'snmp', 162: 'snmptrap', 179: 'bgp', 389: 'ldap', 443: 'https', 445: 'microsoft-ds',
  465: 'submissions', 500: 'isakmp', 514: 'syslog', 515: 'printer', 546: 'dhcpv6 client', 547: 'dhcpv6 server', 587: 'submission',
  631: 'ipp', 636: 'ldaps', 853: 'domain-s', 873: 'rsync', 993: 'imaps', 995: 'pop3s', 1433: 'ms-sql-s', 1521: 'oracle', 1812: 'radius',
  1883: 'mqtt', 1900: 'ssdp', 2049: 'nfs', 2181: 'zookeeper', 3128: 'squid', 3306: 'mysql', 3389: 'ms-wbt-server', 3478: 'stun',
  4500: 'ipsec-nat-t', 5044: 'beats', 5060: 'sip', 5061: 'sips', 5222: 'xmpp-client', 5353: 'mdns', 5355: 'llmnr', 5432: 'postgresql',
  5601: 'kibana', 5672: 'amqp', 5900: 'vnc', 6379: 'redis', 6443: 'kubernetes', 8080: 'http-alt', 8443: 'https-alt', 9042: 'cassandra',
  9090: 'prometheus', 9092: 'kafka', 9160: 'thrift', 9200: 'elasticsearch', 11211: 'memcache', 12201: 'gelf', 27017: 'mongodb', 51820: 'wireguard',
};
const isPort = /(^|[_.])port$/;

/** " (https)" for 443 of a field of ports, else nothing. */
export function portWords(field: string, value: Value | null): string {
  const name = isPort.test(field) && value !== null ? names[Number(value)] : undefined;
  return name ? ` (${name})` : '';
}
