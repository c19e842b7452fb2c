// SPDX-License-Identifier: Apache-2.0
// A TCP proxy that can break the connections it carries, as a network does: by a reset, with no goodbye.
import net from 'node:net';

export class TcpProxy {
    static async start(port, targetPort, host = '127.0.0.1') {
        const proxy = new TcpProxy();
        proxy.pairs = new Set();
        proxy.refusing = false;
        proxy.server = net.createServer(client => {
            if (proxy.refusing)
                return client.resetAndDestroy();
            const target = net.connect(targetPort, host);
            const pair = [client, target];
            proxy.pairs.add(pair);
            for (const [from, to] of [[client, target], [target, client]]) {
                from.pipe(to);
                from.on('error', () => to.destroy());
                from.on('close', () => {
                    proxy.pairs.delete(pair);
                    to.destroy();
                });
            }
        });
        await new Promise((resolve, reject) => proxy.server.once('error', reject).listen(port, host, resolve));
        return proxy;
    }

    // Breaks all connections and takes no new ones for a while.
    async cut(ms) {
        this.refusing = true;
        for (const pair of this.pairs)
            pair.forEach(socket => socket.resetAndDestroy());
        await new Promise(resolve => setTimeout(resolve, ms));
        this.refusing = false;
    }

    stop() {
        for (const pair of this.pairs)
            pair.forEach(socket => socket.destroy());
        return new Promise(resolve => this.server.close(resolve));
    }
}
