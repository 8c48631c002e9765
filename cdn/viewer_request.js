// CloudFront Function, before the cache is looked into. In: a viewer's request. Out: the same request with x-framefetch-key,
// the one text of what is asked for, and x-framefetch-host, the viewer's host; what came in under these names is overwritten.
// The query is never touched: it may be signed. Requests get the same key only if their answers are the same: what is not
// fully understood here is keyed by the digest of its whole query. template.yaml holds this text, too; a test compares them.
const crypto = require('crypto');

// The parameters of video/snapshot in their canonical order: what each takes, and the value that says nothing.
const NUMBER = /^[0-9]{1,15}$/;
const TABLE = [
    ['t', /^([0-9]{1,15}|[0-9]{1,3}p|auto)$/, ''],
    ['f', /^(jpg|png|webp|avif|auto)$/, ''],
    ['w', NUMBER, '0'],
    ['h', NUMBER, '0'],
    ['l', NUMBER, '0'],
    ['s', NUMBER, '0'],
    ['m', /^fast$/, ''],
    ['ar', /^(auto|h|w)$/, ''],
    ['q', /^0{0,12}([1-9][0-9]?|100)$/, ''],
    ['fit', /^(stretch|contain|cover|pad)$/, 'stretch'],
    ['bg', /^[0-9A-Fa-f]{6}$/, ''],
];

// The canonical text of a process string; null where it is not fully understood.
function canonical(text) {
    if (/^style\/[A-Za-z0-9_.-]{1,63}$/.test(text)) {
        return text;
    }
    const parts = text.split(',');
    if (parts[0] !== 'video/snapshot') {
        return null;
    }
    const given = { t: '0', f: 'jpg' };
    const seen = {};
    for (let i = 1; i < parts.length; i++) {
        const at = parts[i].indexOf('_');
        const name = parts[i].slice(0, at);
        if (at < 1 || at === parts[i].length - 1 || !TABLE.some((one) => one[0] === name)) {
            return null;
        }
        given[name] = parts[i].slice(at + 1);
        seen[name] = true;
    }
    // Only the last value of a parameter counts, whatever the earlier ones are.
    if (!TABLE.every((one) => given[one[0]] === undefined || one[1].test(given[one[0]]))) {
        return null;
    }
    // The server refuses a size that is given twice.
    if ((seen.l || seen.s) && (seen.w || seen.h)) {
        return null;
    }
    const texts = TABLE.filter((one) => given[one[0]] !== undefined)
        .map((one) => [one[0], one[0] === 'bg' ? given.bg.toUpperCase() : given[one[0]].replace(/^0+(?=[0-9])/, ''), one[2]])
        .filter((one) => one[1] !== one[2]);
    return ['video/snapshot'].concat(texts.map((one) => one[0] + '_' + one[1])).join(',');
}

// The media type that f_auto will become: of those that the viewer names in Accept, the smallest.
function best(accept) {
    const taken = accept.toLowerCase().split(',').filter((one) => !/;\s*q=0(\.0*)?\s*(;|$)/.test(one));
    const types = taken.map((one) => one.split(';')[0].trim());
    const found = ['image/avif', 'image/webp'].filter((one) => types.indexOf(one) >= 0);
    return found.length ? found[0] : 'image/jpeg';
}

function decoded(text) {
    try {
        return decodeURIComponent(text);
    } catch (error) {
        return null;
    }
}

function keyOf(query, accept) {
    const whole = 'sha256:' + crypto.createHash('sha256').update(query).digest('hex') + ';' + accept;
    let process = null;
    let version = '';
    const parts = query.split('&').filter((one) => one !== '');
    for (let i = 0; i < parts.length; i++) {
        const at = parts[i].indexOf('=');
        const name = at < 0 ? parts[i] : parts[i].slice(0, at);
        const value = at < 0 ? '' : parts[i].slice(at + 1);
        if (name === 'x-oss-process') {
            process = decoded(value);
        } else if (name === 'versionId' && version === '' && /^[A-Za-z0-9._-]{1,256}$/.test(value)) {
            version = ';versionId=' + value;
        } else {
            return whole;
        }
    }
    const text = process === null ? null : canonical(process);
    if (text === null) {
        return whole;
    }
    // A style may stand for f_auto: only the server knows.
    const varies = /^style\/|,f_auto(,|$)/.test(text);
    return text + version + (varies ? ';' + accept : '');
}

function handler(event) {
    const request = event.request;
    const headers = request.headers;
    const accept = best(headers.accept ? headers.accept.value : '');
    // The server sees what was decided here, so that it cannot decide otherwise.
    headers.accept = { value: accept };
    headers['x-framefetch-host'] = { value: headers.host.value };
    headers['x-framefetch-key'] = { value: keyOf(request.rawQueryString() || '', accept) };
    return request;
}
