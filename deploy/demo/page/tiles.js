// SPDX-License-Identifier: Apache-2.0
// The pictures on the stage: one tile per person, one more per shared screen.

const element = (tag, className, attributes = {}) => {
    const e = document.createElement(tag);
    e.className = className;
    for (const [name, value] of Object.entries(attributes))
        e.setAttribute(name, value);
    return e;
};

function icon(name) {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
    svg.setAttribute('aria-hidden', 'true');
    use.setAttribute('href', `icons.svg#${name}`);
    svg.append(use);
    return svg;
}

// A hue from the name, so that a person keeps their colour.
function hueOf(text) {
    let hash = 0;
    for (const c of text)
        hash = (hash * 31 + c.codePointAt(0)) % 360;
    return hash;
}

function initials(name) {
    const words = name.trim().split(/\s+/);
    return (words.length > 1 ? words[0][0] + words.at(-1)[0] : name.slice(0, 2)).toUpperCase();
}

class Tile {
    constructor(key, onFrame) {
        this.key = key;
        this.onFrame = onFrame;
        this.track = null;
        this.root = element('figure', 'tile', { 'data-key': key, tabindex: '0' });
        this.video = element('video', 'picture', { autoplay: '', playsinline: '' });
        // Sound is played by separate elements, so that it survives a tile.
        this.video.muted = true;
        this.avatar = element('div', 'avatar', { 'aria-hidden': 'true' });
        this.caption = element('figcaption', 'caption');
        this.name = element('span', 'name');
        this.micOff = element('span', 'mic-off');
        this.micOff.append(icon('mic-off'));
        this.badge = element('span', 'badge');
        this.numbers = element('span', 'numbers');
        this.caption.append(this.micOff, this.name, this.badge);
        this.root.append(this.video, this.avatar, this.numbers, this.caption);
    }

    // view: { name, self, screen, track, videoOff, audioOff, speaking, badge }
    update(view) {
        if (view.track !== this.track) {
            this.track?.detach?.(this.video);
            this.track = view.track;
            this.video.srcObject = null;
            if (this.track) {
                Promise.resolve(this.track.attach(this.video)).catch(() => {});
                this.video.play?.().catch(() => {});
                this.watchFirstFrame();
            }
        }
        const { root } = this;
        root.classList.toggle('self', view.self);
        root.classList.toggle('screen', view.screen);
        root.classList.toggle('mirror', view.self && !view.screen);
        root.classList.toggle('off', view.videoOff || !view.track);
        root.classList.toggle('speaking', view.speaking);
        this.name.textContent = view.screen ? `${view.name}: screen` : view.self ? `${view.name} (you)` : view.name;
        this.avatar.textContent = initials(view.name);
        this.avatar.style.setProperty('--hue', hueOf(view.name));
        this.micOff.hidden = !view.audioOff || view.screen;
        this.badge.hidden = !view.badge;
        this.badge.textContent = view.badge;
        this.badge.dataset.kind = view.badge;
        this.badge.title = { P2P: 'Media goes directly between you two', Bridge: 'Media goes through the bridge' }[view.badge] ?? '';
        root.setAttribute('aria-label', [this.name.textContent, view.videoOff && 'camera off', view.audioOff && !view.screen && 'muted',
            view.speaking && 'speaking', view.badge && `connected by ${view.badge}`].filter(Boolean).join(', '));
    }

    watchFirstFrame() {
        const { track } = this;
        this.video.requestVideoFrameCallback?.(() => track === this.track && this.onFrame(this.key, track));
    }

    remove() {
        this.track?.detach?.(this.video);
        this.video.srcObject = null;
        this.root.remove();
    }
}

export class Stage {
    // onFrame(key, track): the first picture of a track was shown.
    constructor(root, onFrame) {
        this.root = root;
        this.onFrame = onFrame;
        this.tiles = new Map();
        new ResizeObserver(() => this.layout()).observe(root);
    }

    // views: in the order in which they are to be seen, each with a key.
    update(views) {
        const keys = new Set(views.map(v => v.key));
        for (const [key, tile] of this.tiles) {
            if (!keys.has(key)) {
                tile.remove();
                this.tiles.delete(key);
            }
        }
        for (const view of views) {
            if (!this.tiles.has(view.key))
                this.tiles.set(view.key, new Tile(view.key, this.onFrame));
            const tile = this.tiles.get(view.key);
            tile.update(view);
        }
        const wanted = views.map(v => this.tiles.get(v.key).root);
        wanted.forEach((node, i) => {
            // The tiles come first, in order; what else is on the stage after them.
            if (this.root.children[i] !== node)
                this.root.insertBefore(node, this.root.children[i] ?? null);
        });
        this.root.dataset.people = views.filter(v => !v.screen).length;
        this.root.dataset.layout = views.some(v => v.screen) ? 'screen'
            : views.length === 1 ? 'alone' : views.length === 2 ? 'pair' : 'grid';
        this.layout();
    }

    setNumbers(key, text) {
        const tile = this.tiles.get(key);
        if (tile)
            tile.numbers.textContent = text;
    }

    // The number of columns that makes 16:9 tiles biggest.
    layout() {
        const n = this.tiles.size;
        const { clientWidth: width, clientHeight: height } = this.root;
        if (this.root.dataset.layout !== 'grid' || !width || !height)
            return;
        let best = { columns: 1, area: 0 };
        for (let columns = 1; columns <= n; columns++) {
            const rows = Math.ceil(n / columns);
            const w = Math.min(width / columns, height / rows * 16 / 9);
            if (w * w > best.area)
                best = { columns, area: w * w, w };
        }
        this.root.style.setProperty('--columns', best.columns);
        this.root.style.setProperty('--tile', `${Math.floor(best.w) - 12}px`);
    }
}
