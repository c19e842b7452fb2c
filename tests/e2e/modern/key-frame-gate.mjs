// SPDX-License-Identifier: Apache-2.0
//
// Stands behind a video encoder and holds its key frames back while it is closed, however often one is asked for.
// Must be made before the sender sends.
const CODE = `onrtctransform = e => {
    const { port } = e.transformer.options;
    let closed = false;
    port.onmessage = m => port.postMessage(closed = m.data);
    e.transformer.readable.pipeThrough(new TransformStream({
        transform(frame, out) { if (!closed || frame.type !== 'key') out.enqueue(frame); },
    })).pipeTo(e.transformer.writable);
};`;

export class KeyFrameGate {
    constructor(sender) {
        const { port1, port2 } = new MessageChannel();
        this.port = port1;
        this.worker = new Worker(URL.createObjectURL(new Blob([CODE], { type: 'text/javascript' })));
        sender.transform = new RTCRtpScriptTransform(this.worker, { port: port2 }, [port2]);
    }

    // Resolves when it is so.
    close(closed) {
        this.port.postMessage(closed);
        return new Promise(resolve => { this.port.onmessage = () => resolve(); });
    }
}
