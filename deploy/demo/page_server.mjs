// SPDX-License-Identifier: Apache-2.0
// Serves the demo page, its configuration and the conference library from loopback.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SOURCE_DIR } from './stack.mjs';

const PAGE_DIR = fileURLToPath(new URL('./page/', import.meta.url));
export const DEFAULT_LIBRARY =
    path.join(SOURCE_DIR, 'node_modules/@solyd/lib-jitsi-meet/dist/umd/lib-jitsi-meet.min.js');

const TYPES = {
    '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
    '.svg': 'image/svg+xml', '.json': 'application/json', '.map': 'application/json', '.png': 'image/png',
};

// The page may load from this server and talk to the conference servers, nothing else. Inline style
// attributes and blob: workers are the library's.
function contentSecurityPolicy(config) {
    // The library also asks the websocket's address by HTTP now and then, to keep proxies awake.
    const hosts = [config.serviceUrl, config.serviceUrl.replace(/^ws/, 'http'), config.boshUrl].map(url => new URL(url).origin);
    return ["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
        "media-src 'self' blob: data:", "worker-src 'self' blob:", "form-action 'self'", "base-uri 'none'",
        "frame-ancestors 'none'", `connect-src 'self' ${hosts.join(' ')} ${config.channelOrigins.join(' ')}`]
        .join('; ');
}

// config: what GET /config.json answers. library: the UMD build of lib-jitsi-meet.
// Resolves to { server, url, close() }.
export function servePage({ config, library = DEFAULT_LIBRARY, host = '127.0.0.1', port }) {
    const roots = { '/lib/': path.dirname(path.resolve(library)), '/': PAGE_DIR };
    const csp = contentSecurityPolicy(config);
    const answer = (response, status, type, body) => {
        response.writeHead(status, {
            'Content-Type': type, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff',
            'Referrer-Policy': 'no-referrer', 'Content-Security-Policy': csp,
            'Permissions-Policy': 'camera=(self), microphone=(self), display-capture=(self)',
        });
        response.end(body);
    };
    const server = http.createServer((request, response) => {
        const { pathname } = new URL(request.url, 'http://page');
        if (pathname === '/config.json')
            return answer(response, 200, TYPES['.json'], JSON.stringify(config));
        if (pathname === '/lib/lib-jitsi-meet.js')
            return fs.readFile(library, (e, body) => e ? answer(response, 500, 'text/plain', `${library}: ${e.code}`)
                : answer(response, 200, TYPES['.js'], body));
        const prefix = pathname.startsWith('/lib/') ? '/lib/' : '/';
        // Names of one folder only: no separators survive basename().
        const name = path.basename(decodeURIComponent(pathname.slice(prefix.length))) || 'index.html';
        fs.readFile(path.join(roots[prefix], name), (e, body) => e ? answer(response, 404, 'text/plain', 'not found')
            : answer(response, 200, TYPES[path.extname(name)] ?? 'application/octet-stream', body));
    });
    return new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
            const shown = host.includes(':') ? `[${host}]` : host;
            resolve({
                server, url: `http://${shown}:${server.address().port}/`,
                close: () => new Promise(done => {
                    server.close(done);
                    server.closeAllConnections();
                }),
            });
        });
    });
}
