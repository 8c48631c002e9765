'use strict';
// The playground: asks the service for pictures as any client would, and shows what each one cost.
// Names of films come from whoever uploads: they are only ever set as text, and encoded into URLs.

const $ = (id) => document.getElementById(id);
const local = document.body.dataset.local === 'true';
const buckets = JSON.parse(document.body.dataset.buckets);
const state = { key: '', bucket: '', film: null, signedUrl: '', url: '', asked: 0, timer: 0, blob: '', version: '' };

// Not URLSearchParams, which writes a blank as a plus: to the service a plus is a plus.
const query = (values) => Object.entries(values).map(([name, value]) => name + '=' + encodeURIComponent(value)).join('&');
const encodeKey = (key) => key.split('/').map(encodeURIComponent).join('/');
const count = (number) => Number(number).toLocaleString('en');
const requests = (number) => `${number} request${+number === 1 ? '' : 's'}`;
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();

function process() {
  const parts = ['video/snapshot', 't_' + ($('ms').value || 0), 'f_' + $('f').value];
  for (const name of ['w', 'h']) if (+$(name).value > 0) parts.push(name + '_' + Math.floor(+$(name).value));
  if ($('m').value) parts.push('m_' + $('m').value);
  if ($('ar').value) parts.push('ar_' + $('ar').value);
  return parts.join(',');
}

async function address() {
  if (state.signedUrl) return state.signedUrl;
  if (local) {
    const asked = { bucket: state.bucket, key: state.key, process: process() };
    const answer = await fetch('/-/url?' + query(asked));
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()).url;
  }
  return '/' + encodeKey(state.key) + '?x-oss-process=' + process();
}

async function show() {
  if (!state.key && !state.signedUrl) return;
  const number = ++state.asked;
  $('frame').setAttribute('aria-busy', 'true');
  const started = performance.now();
  let answer, body;
  try {
    state.url = new URL(await address(), location.href).href;
    answer = await fetch(state.url, { headers: { 'x-framefetch-trace': '1' }, cache: 'no-store' });
    body = await answer.blob();
  } catch (fault) {
    if (number === state.asked) complain('The server does not answer', String(fault.message || fault), '');
    return;
  }
  if (number !== state.asked) return;
  $('frame').setAttribute('aria-busy', 'false');
  lines();
  if (!answer.ok) return complain(...(await faultOf(answer, body)));
  $('error').hidden = true;
  $('empty').hidden = true;
  if (state.blob) URL.revokeObjectURL(state.blob);
  state.blob = URL.createObjectURL(body);
  $('picture').src = state.blob;
  $('picture').alt = 'The picture of ' + (state.key || 'the film') + ' at ' + answer.headers.get('x-framefetch-time') + ' ms';
  facts(answer, body, performance.now() - started);
  // Another film under the same name: its length and keyframes are others, too.
  const version = (answer.headers.get('x-framefetch-read') || '').replace(/.*size=/, '') + answer.headers.get('last-modified');
  if (local && state.key && state.version && state.version !== version) return choose(state.key);
  state.version = version;
}

async function faultOf(answer, body) {
  const xml = new DOMParser().parseFromString(await body.text(), 'text/xml');
  const text = (name) => (xml.querySelector(name) || {}).textContent || '';
  return [answer.status + ' ' + text('Code'), text('Message'), 'Request ' + (text('RequestId') || answer.headers.get('x-oss-request-id'))];
}

function complain(title, message, more) {
  $('frame').setAttribute('aria-busy', 'false');
  $('empty').hidden = true;
  $('picture').removeAttribute('src');
  const strong = document.createElement('strong');
  strong.textContent = title;
  const rows = [message, more].filter(Boolean).map((text) => {
    const row = document.createElement('p');
    row.textContent = text;
    return row;
  });
  for (const name of ['taken', 'size', 'ms-total']) $(name).textContent = '–';
  $('read').textContent = 'nothing that could be shown';
  $('before').textContent = '';
  $('stages').replaceChildren();
  drawBar([], 1);
  $('error').replaceChildren(strong, ...rows);
  $('error').hidden = false;
}

function facts(answer, body, total) {
  const read = Object.fromEntries((answer.headers.get('x-framefetch-read') || '').split(', ').map((one) => one.split('=')));
  const share = (100 * read.bytes) / read.size;
  $('taken').textContent = answer.headers.get('x-framefetch-time') + ' ms';
  $('size').textContent = count(body.size) + ' bytes, ' + body.type;
  $('ms-total').textContent = total.toFixed(0) + ' ms here';
  $('read').textContent = `${count(read.bytes)} of ${count(read.size)} bytes (${share < 10 ? share.toFixed(2) : share.toFixed(0)} %), ${requests(read.requests)}`;
  stages(answer.headers.get('server-timing') || '');
  const ranges = (answer.headers.get('x-framefetch-ranges') || '').split(', ').filter(Boolean);
  drawBar(ranges, +read.size, before(ranges));
}

// A picture whose index is known reads its samples only. Says so, and what was read of the file before; tells the ranges of that.
function before(ranges) {
  const readsIndex = ranges.some((range) => {
    const [purpose, start, stop] = parsed(range);
    // One byte is asked for where nothing else is needed, to see that the film is still the same.
    return purpose !== 'samples' && stop - start > 1;
  });
  const film = state.film;
  const facts = film && film.has_index && film.read.requests > 0 && !readsIndex ? film.read : null;
  $('before').textContent = facts
    ? `Its index was read before, with the film's length and keyframes: ${count(facts.bytes)} bytes, ${requests(facts.requests)}.`
    : ranges.length && !readsIndex ? 'Its index was known already, from an earlier request.' : '';
  return facts ? facts.ranges : [];
}

function stages(text) {
  const found = [...text.matchAll(/(\w+);dur=([\d.]+)/g)].map((one) => [one[1], +one[2]]);
  const most = Math.max(1, ...found.map((one) => one[1]));
  $('stages').replaceChildren(...found.map(([name, ms]) => {
    const row = document.createElement('div');
    row.className = 'stage';
    const label = document.createElement('span');
    const meter = document.createElement('meter');
    const value = document.createElement('span');
    label.textContent = name;
    meter.max = most;
    meter.value = ms;
    value.textContent = ms.toFixed(1) + ' ms';
    row.append(label, meter, value);
    return row;
  }));
}

function canvas(id) {
  const one = $(id);
  const scale = devicePixelRatio || 1;
  one.width = one.clientWidth * scale;
  one.height = one.clientHeight * scale;
  const pen = one.getContext('2d');
  pen.scale(scale, scale);
  return [pen, one.clientWidth, one.clientHeight];
}

function parsed(range) {
  const [purpose, start, stop] = range.match(/(\w+) (\d+)-(\d+)/).slice(1);
  return [purpose, +start, +stop];
}

function drawBar(ranges, size, earlier = []) {
  state.ranges = [ranges, size, earlier];
  $('legend-before').hidden = !earlier.length;
  const [pen, width, height] = canvas('bar');
  for (const [some, alpha] of [[earlier, 0.35], [ranges, 1]]) {
    pen.globalAlpha = alpha;
    for (const [purpose, start, stop] of some.map(parsed)) {
      pen.fillStyle = colour(purpose === 'open' ? 'open' : ['index', 'tail'].includes(purpose) ? 'index' : 'samples');
      pen.fillRect((start / size) * width, 0, Math.max(2, ((stop - start) / size) * width), height);
    }
  }
}

function drawKeys() {
  const [pen, width, height] = canvas('keys');
  if (!state.film || !state.film.duration_ms) return;
  // The knob of the slider is half of its own width away from the ends.
  const knob = 8;
  pen.fillStyle = colour('faint');
  for (const ms of state.film.keyframes_ms) {
    pen.fillRect(knob + (ms / state.film.duration_ms) * (width - 2 * knob), 2, 1, height - 4);
  }
}

function lines() {
  const plain = state.url;
  $('url').textContent = plain;
  $('curl').textContent = `curl -o picture.${$('f').value} '${plain.replaceAll("'", '%27')}'`;
  $('img').textContent = `<img src="${plain.replaceAll('&', '&amp;').replaceAll('"', '%22')}" alt="">`;
}

function later() {
  clearTimeout(state.timer);
  state.timer = setTimeout(show, 60);
}

function setTime(ms) {
  const most = +$('t').max || Infinity;
  const at = Math.max(0, Math.min(Math.round(ms), most));
  $('t').value = at;
  $('ms').value = at;
  $('clock').textContent = `${Math.floor(at / 60000)}:${((at % 60000) / 1000).toFixed(3).padStart(6, '0')}`;
  later();
}

async function choose(key) {
  Object.assign(state, { key, signedUrl: '', film: null, version: '' });
  if (local) {
    const answer = await fetch('/-/film?' + query({ bucket: state.bucket, key }));
    state.film = answer.ok ? await answer.json() : null;
  }
  const length = state.film ? Math.max(0, Math.ceil(state.film.duration_ms)) : 0;
  $('t').disabled = !length;
  $('t').max = length;
  drawKeys();
  setTime(Math.min(+$('ms').value, length || Infinity));
}

function stepKey(direction) {
  const keys = state.film ? state.film.keyframes_ms : [];
  const now = +$('ms').value;
  const next = direction > 0 ? keys.find((ms) => ms > now + 0.5) : keys.filter((ms) => ms < now - 0.5).pop();
  if (next !== undefined) setTime(Math.ceil(next));
}

async function list() {
  const answer = await fetch('/-/films?' + query({ bucket: state.bucket }));
  if (!answer.ok) {
    $('films-note').textContent = 'The films cannot be listed; type a key.';
    $('film-remote').hidden = false;
    return;
  }
  const found = await answer.json();
  state.films = found.films;
  $('films-note').textContent = found.more ? 'Only the first films are listed.' : '';
  fill();
  if (state.films.length) choose($('films').value);
}

function fill() {
  const part = $('find').value.toLowerCase();
  const chosen = $('films').value;
  $('films').replaceChildren(...state.films.filter((one) => one.key.toLowerCase().includes(part)).map((one) => {
    const option = document.createElement('option');
    option.value = one.key;
    option.textContent = one.key;
    option.title = one.size.toLocaleString('en') + ' bytes';
    return option;
  }));
  $('films').value = chosen;
  if ($('films').selectedIndex < 0) $('films').selectedIndex = 0;
}

function remote() {
  const text = $('key').value.trim();
  if (/^https?:\/\//.test(text)) {
    const url = new URL(text);
    // Only this server is asked; what was signed for another name of it is asked for here.
    Object.assign(state, { key: '', signedUrl: url.pathname + url.search, film: null });
    return later();
  }
  choose(text.replace(/^\//, ''));
}

for (const form of document.body.dataset.formats.split(' ')) $('f').add(new Option(form, form));
for (const id of ['m', 'f', 'w', 'h', 'ar']) {
  for (const kind of ['input', 'change']) $(id).addEventListener(kind, later);
}
$('t').addEventListener('input', () => setTime(+$('t').value));
$('ms').addEventListener('input', () => setTime(+$('ms').value || 0));
$('films').addEventListener('change', () => choose($('films').value));
$('find').addEventListener('input', fill);
$('bucket').addEventListener('change', () => { state.bucket = $('bucket').value; list(); });
$('form').addEventListener('submit', (event) => { event.preventDefault(); remote(); });
$('key-before').addEventListener('click', () => stepKey(-1));
$('key-after').addEventListener('click', () => stepKey(1));
document.addEventListener('keydown', (event) => {
  if (event.target.matches('input:not([type=range]), select')) return;
  if (event.key === ',') stepKey(-1);
  if (event.key === '.') stepKey(1);
});
for (const button of document.querySelectorAll('[data-copy]')) {
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText($(button.dataset.copy).textContent);
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 1200);
  });
}
addEventListener('resize', () => { drawKeys(); if (state.ranges) drawBar(...state.ranges); });

$(local ? 'film-local' : 'film-remote').hidden = false;
if (local) {
  for (const name of buckets) $('bucket').add(new Option(name, name));
  $('bucket-row').hidden = buckets.length < 2;
  state.bucket = buckets[0] || '';
  list();
}
