// SPDX-License-Identifier: Apache-2.0
//
// Stands behind a video encoder and holds its key frames back while it is closed, however often one is asked for.
// Counts pictures too: an encoder of several layers counts each layer of a picture as a frame. Before a decoder it counts
// those that came whole, also those that come so late that the decoder does without them.
// Must be made before the sender sends or the receiver receives.
const CODE = `onrtctransform = e => {
    const { port } = e.transformer.options;
    let closed = false, pictures = 0;
    const seen = new Set(); // lately: layers of one picture, and pictures that come late
    port.onmessage = m => port.postMessage(m.data === 'count' ? pictures : closed = m.data);
    e.transformer.readable.pipeThrough(new TransformStream({
        transform(frame, out) {
            const { rtpTimestamp = frame.timestamp } = frame.getMetadata();
            if (!seen.has(rtpTimestamp)) pictures++;
            seen.add(rtpTimestamp);
            if (seen.size > 100) seen.delete(seen.values().next().value);
            if (!closed || frame.type !== 'key') out.enqueue(frame);
        },
    })).pipeTo(e.transformer.writable);
};`;

export class KeyFrameGate {
    constructor(end) {
        const { port1, port2 } = new MessageChannel();
        this.port = port1;
        this.worker = new Worker(URL.createObjectURL(new Blob([CODE], { type: 'text/javascript' })));
        end.transform = new RTCRtpScriptTransform(this.worker, { port: port2 }, [port2]);
    }

    // Resolves when it is so.
    close(closed) {
        return this.ask(closed);
    }

    // Pictures that passed so far.
    pictures() {
        return this.ask('count');
    }

    ask(message) {
        this.port.postMessage(message);
        return new Promise(resolve => { this.port.onmessage = m => resolve(m.data); });
    }
}
