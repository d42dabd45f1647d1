import { UserError } from '../errors.ts';

/** Whether a host name or address means this machine alone. Brackets of IPv6 addresses may stand or not. */
function isLoopbackName(name: string): boolean {
  const bare = name.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return bare === 'localhost' || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare);
}

/**
 * The address to listen on.
 * @throws UserError LISTEN_NOT_LOOPBACK for any that others can reach: there are no accounts yet, so whoever connects
 * sees everything.
 */
export function listenAddress(host: string): string {
  if (!isLoopbackName(host)) {
    throw new UserError(
      'LISTEN_NOT_LOOPBACK',
      `cannot listen on '${host}': Signalwall has no accounts yet, so anyone who reaches it could watch exact counts; ` +
        'listen on 127.0.0.1, ::1 or localhost and let others in by an SSH tunnel or a proxy that asks who they are',
    );
  }
  const bare = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return bare === 'localhost' ? '127.0.0.1' : bare;
}

/** Name without the port of a Host header; '' when it is none. */
function nameOfHost(host: string): string {
  return /^(\[[0-9a-fA-F:]+\]|[^:@/\s]+)(:\d{1,5})?$/.exec(host)?.[1] ?? '';
}

/**
 * Whether a request's Host may be answered. A page elsewhere can point its own name at 127.0.0.1 (DNS rebinding) and
 * then read us as its own origin; its name stands in Host. Any port is fine: a tunnel may have another one.
 */
export function hostAllowed(host: string): boolean {
  return isLoopbackName(nameOfHost(host));
}

/**
 * Whether a WebSocket may be opened: browsers send Origin with every upgrade, and it must be this very host and port.
 * None at all is no browser, and a program can claim any.
 */
export function originAllowed(origin: string, host: string): boolean {
  if (!hostAllowed(host)) return false;
  if (origin === '') return true;
  const parts = /^https?:\/\/([^/]+)$/.exec(origin.toLowerCase());
  return parts !== null && parts[1] === host.toLowerCase();
}

/** Headers of every answer. `tileUrl` (a template, may be '') is where the map may load pictures from. */
export function securityHeaders(tileUrl: string): [string, string][] {
  const tiles = tileSource(tileUrl);
  const policy = [
    "default-src 'self'",
    // Leaflet and Svelte set style attributes.
    "style-src 'self' 'unsafe-inline'",
    `img-src 'self' data: blob:${tiles}`,
    `connect-src 'self'${tiles}`,
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ];
  return [
    ['content-security-policy', policy.join('; ')],
    ['x-content-type-options', 'nosniff'],
    ['referrer-policy', 'no-referrer'],
    ['cross-origin-opener-policy', 'same-origin'],
    ['cross-origin-resource-policy', 'same-origin'],
    ['permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()'],
  ];
}

/** ` https://*.tile.example:8443` of `https://{s}.tile.example:8443/{z}/{x}/{y}.png`; '' where it is no such URL. */
function tileSource(tileUrl: string): string {
  const origin = /^(https?):\/\/([^/?#\s;,'"]+)/.exec(tileUrl.replaceAll('{s}', '*'));
  return origin === null ? '' : ` ${origin[1]}://${origin[2]}`;
}
