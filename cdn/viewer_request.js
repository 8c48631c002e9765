// What CloudFront's cache tells pictures apart by, in the header x-framefetch-key: the canonical process
// string, and whatever else of the query changes an answer. The query itself is not touched: it may be signed.
// Two requests for the same picture have one key, whatever order and defaults they were written with; what
// is not understood here keeps its own text, and so its own place in the cache.
var NUMBERS = ['t', 'w', 'h', 'l', 's'];
var WORDS = { f: ['jpg', 'png'], m: ['fast'], ar: ['auto', 'h', 'w'] };
var ORDER = ['t', 'f', 'w', 'h', 'l', 's', 'm', 'ar'];

function decoded(text) {
    try {
        return decodeURIComponent(text);
    } catch (_) {
        return text;
    }
}

function canonical(process) {
    var parts = process.split(',');
    var values = { t: '0', f: 'jpg' };
    if (parts[0] !== 'video/snapshot') {
        return null;
    }
    for (var i = 1; i < parts.length; i++) {
        var at = parts[i].indexOf('_');
        var name = parts[i].slice(0, at);
        var value = parts[i].slice(at + 1);
        if (NUMBERS.indexOf(name) >= 0 && /^[0-9]{1,20}$/.test(value)) {
            values[name] = value.replace(/^0+(?=[0-9])/, '');
        } else if (WORDS[name] && WORDS[name].indexOf(value) >= 0) {
            values[name] = value;
        } else {
            return null;
        }
    }
    var kept = ORDER.filter(function (name) {
        return values[name] !== undefined && (name === 't' || values[name] !== '0');
    });
    return ['video/snapshot'].concat(kept.map(function (name) { return name + '_' + values[name]; })).join(',');
}

function preferred(headers) {
    var accept = headers.accept ? headers.accept.value : '';
    return ['image/avif', 'image/webp'].filter(function (type) { return accept.indexOf(type) >= 0; }).join('+');
}

function keyOf(request) {
    var query = request.querystring;
    var rest = [];
    var process = '';
    Object.keys(query).sort().forEach(function (name) {
        var all = query[name].multiValue || [query[name]];
        if (decoded(name) === 'x-oss-process') {
            process = decoded(all[all.length - 1].value);
        } else {
            all.forEach(function (one) { rest.push(name + '=' + one.value); });
        }
    });
    var known = canonical(process);
    var key = known === null ? 'raw ' + process : known;
    // What depends on the formats that a browser takes is kept apart by them.
    if (known === null && process.indexOf('f_auto') >= 0) {
        key += ' ' + preferred(request.headers);
    }
    return encodeURIComponent(rest.length ? key + ' ' + rest.join('&') : key);
}

function handler(event) {
    var request = event.request;
    request.headers['x-framefetch-host'] = { value: request.headers.host.value };
    request.headers['x-framefetch-key'] = { value: keyOf(request) };
    return request;
}
