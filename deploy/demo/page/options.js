// SPDX-License-Identifier: Apache-2.0
// What a link can ask for, and the panel of the lobby that changes it.
//   ?room=&name=            join at once
//   p2p=0 rewriting=1 codec=VP8 channel=ws relay=p2p|bridge    as in the panel
//   height=360 video=0 audio=0 bosh=1 names=0 retry=0          for tests
//   flag.NAME=VALUE         one more of the library's feature flags
//   config.A.B=VALUE        one more of its conference options; VALUE is JSON or a plain string

const CHOICES = { codec: ['AV1', 'VP9', 'VP8', 'H264'], channel: ['ws'], relay: ['p2p', 'bridge'] };

function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}

// { 'a.b': 1 } of the parameters that begin with the prefix -> { a: { b: 1 } }
function nested(query, prefix) {
    const out = {};
    for (const [key, value] of query) {
        const path = key.split('.');
        if (path.shift() !== prefix || !path.length || path.some(p => p in Object.prototype))
            continue;
        const last = path.pop();
        const at = path.reduce((o, p) => o[p] = o[p] instanceof Object ? o[p] : {}, out);
        at[last] = parsed(value);
    }
    return out;
}

export function readOptions(search) {
    const q = new URLSearchParams(search);
    const yes = name => q.get(name) !== '0';
    const choice = name => CHOICES[name].includes(q.get(name)) ? q.get(name) : null;
    return {
        room: q.get('room'), name: q.get('name'), p2p: yes('p2p'), rewriting: q.get('rewriting') === '1',
        channel: choice('channel'), relay: choice('relay'), codec: choice('codec'),
        height: Number(q.get('height') ?? 720), video: yes('video'), audio: yes('audio'), bosh: q.get('bosh') === '1',
        names: yes('names'), retry: yes('retry'), flags: nested(q, 'flag'), config: nested(q, 'config'),
    };
}

// Fields of the form named after options; a change goes into `options` and into the page's address.
export function wireOptions(form, options) {
    for (const field of form.querySelectorAll('[data-option]')) {
        const name = field.dataset.option, isSwitch = field.type === 'checkbox';
        if (isSwitch)
            field.checked = options[name];
        else
            field.value = options[name] ?? '';
        field.addEventListener('change', () => {
            options[name] = isSwitch ? field.checked : field.value || null;
            const url = new URL(location.href);
            if (isSwitch ? field.checked === field.defaultChecked : !field.value)
                url.searchParams.delete(name);
            else
                url.searchParams.set(name, isSwitch ? String(Number(field.checked)) : field.value);
            history.replaceState(null, '', url);
        });
    }
}
