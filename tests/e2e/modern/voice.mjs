// SPDX-License-Identifier: Apache-2.0
//
// A microphone whose owner speaks when told: syllables of a tone, and digital silence between.
const SYLLABLE_S = 0.22, PAUSE_S = 0.06, AHEAD_S = 30;

export class Voice {
    constructor(hz = 220) {
        this.context = new AudioContext();
        this.gain = new GainNode(this.context, { gain: 0 });
        const tone = new OscillatorNode(this.context, { type: 'sawtooth', frequency: hz });
        const out = new MediaStreamAudioDestinationNode(this.context);
        tone.connect(this.gain).connect(out);
        tone.start();
        [this.track] = out.stream.getAudioTracks();
    }

    // Returns when it was said, in ms since the epoch.
    async speak(speaking) {
        await this.context.resume();
        const { gain } = this.gain, now = this.context.currentTime;
        gain.cancelScheduledValues(now);
        gain.setValueAtTime(0, now);
        for (let at = now; speaking && at < now + AHEAD_S; at += SYLLABLE_S + PAUSE_S)
            gain.setValueAtTime(0.4, at).setValueAtTime(0.02, at + SYLLABLE_S);
        if (speaking) gain.setValueAtTime(0, now + AHEAD_S);
        return performance.timeOrigin + performance.now();
    }
}
