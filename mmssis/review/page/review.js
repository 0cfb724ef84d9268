'use strict';
// Decisions on pseudo labels; gallery.js gives `page`, `element`, `drawing`, `speaker`, `score`.
const KEPT = `mmssis-review-${page.review}`;
const NONE = {instances: {}, incomplete: false, seen: false};
const at = id => document.getElementById(id);
// `decided`: file name to {instances: {id: {decision, category}}, incomplete, seen}, `seen` says
// that an image without labels has no object. `past`: [file name, what was decided before].
let decided = {}, past = [], place = 0, chosen = 0;

function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) || '{}');
    decided = kept.decided || {};
    past = kept.past || [];
    place = Math.min(kept.place || 0, Math.max(page.images.length - 1, 0));
  } catch (e) { warn(`Earlier decisions could not be read from this browser (${e.message}).`); }
}

function keep() {
  try {
    localStorage.setItem(KEPT, JSON.stringify({decided, past, place}));
  } catch (e) { warn('This browser keeps nothing: download the decisions before you close the page.'); }
}

function warn(words) {
  at('warning').textContent = words;
  at('warning').hidden = false;
}

const image = () => page.images[place];
const of = one => decided[one.file_name] || NONE;

function status(one) {
  const found = of(one);
  if (found.incomplete) return 'incomplete';
  const isDone = one.instances.length ? one.instances.every(each => each.id in found.instances) : found.seen;
  return isDone ? 'complete' : 'open';
}

// One change of the image that is shown; what was before can be had back.
function change(edit) {
  const name = image().file_name;
  past.push([name, decided[name] || null]);
  const made = JSON.parse(JSON.stringify(of(image())));
  edit(made);
  decided[name] = made;
}

function decide(decision) {
  const one = image(), label = one.instances[chosen];
  if (!label) {
    if (!one.instances.length && decision.decision === 'accept' && !decision.category) change(made => { made.seen = true; });
    return;
  }
  change(made => { made.instances[label.id] = decision; });
  chosen = nextOpen(chosen);
}

// The next label without a decision, or else the same one.
function nextOpen(start) {
  const labels = image().instances, found = of(image()).instances;
  for (let i = 1; i <= labels.length; i++) {
    const j = (start + i) % labels.length;
    if (!(labels[j].id in found)) return j;
  }
  return start;
}

// The class of a decision is left out where it is the proposed one.
function accept(label) {
  const own = image().instances[chosen];
  decide(label === undefined || !own || own.label === label ? {decision: 'accept'}
    : {decision: 'accept', category: page.classes[label]});
}

function acceptRest() {
  const open = image().instances.filter(one => !(one.id in of(image()).instances));
  if (!image().instances.length) accept();
  else if (open.length) change(made => open.forEach(one => { made.instances[one.id] = {decision: 'accept'}; }));
}

function undo() {
  if (!past.length) return;
  const [name, before] = past.pop();
  if (before) decided[name] = before;
  else delete decided[name];
  go(page.images.findIndex(one => one.file_name === name));
}

function go(index) {
  if (index < 0 || index >= page.images.length) return;
  place = index;
  chosen = 0;
  chosen = image().instances.length && image().instances[0].id in of(image()).instances ? nextOpen(0) : 0;
}

function move(step) {
  const count = image().instances.length;
  if (count) chosen = (chosen + step + count) % count;
}

function download() {
  const images = page.images.filter(one => one.file_name in decided).map(one => ({
    file_name: one.file_name, status: status(one), instances: of(one).instances}));
  const text = JSON.stringify({review: page.review, images}, null, 1);
  const link = element('a', {download: 'decisions.json', href: URL.createObjectURL(new Blob([text], {type: 'application/json'}))});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const KEYS = {
  a: () => accept(), r: () => decide({decision: 'reject'}), A: acceptRest,
  m: () => change(made => { made.incomplete = !made.incomplete; }), u: undo,
  n: () => go(place + 1), p: () => go(place - 1), j: () => move(1), k: () => move(-1),
  c: () => at('classes').focus(), s: download, h: () => at('card').classList.toggle('bare')};
const ARROWS = {ArrowRight: 'n', ArrowLeft: 'p', ArrowDown: 'j', ArrowUp: 'k'};

function press(key) {
  if (!page.images.length) return false;
  const number = Number(key);
  if (number >= 1 && number <= Math.min(page.classes.length, 9)) accept(number - 1);
  else if (KEYS[key]) KEYS[key]();
  else return false;
  keep();
  show();
  return true;
}

function show() {
  const one = image(), state = status(one);
  const states = page.images.map(status), count = kind => states.filter(each => each === kind).length;
  at('progress').textContent = `Image ${place + 1} of ${page.images.length}. ${count('complete')} complete, ${count('incomplete')} incomplete, ${count('open')} open.`;
  at('caption').textContent = `${one.file_name}: ${one.reason}`;
  at('status').className = state;
  const isEmpty = !Object.values(of(one).instances).some(each => each.decision === 'accept');
  at('status').textContent = {complete: isEmpty ? 'Complete, without any object. If there is one, press m.' : 'Complete: joins the labeled images.',
    incomplete: 'Incomplete: to be labeled by hand.',
    open: one.instances.length ? 'Decide on each label.' : 'No pseudo label. a: there is no object. m: there are some.'}[state];
  draw(one);
}

function draw(one) {
  const card = at('card');
  card.replaceChildren();
  const svg = drawing(card, one, one.file_name), say = speaker(card);
  const labels = at('labels');
  labels.replaceChildren();
  const parts = one.instances.map((each, i) => label(one, each, i, svg.querySelector('.masks'), labels, say));
  // Small masks lie on top, or nobody could point at them.
  const area = path => { const box = path.getBBox(); return box.width * box.height; };
  [...parts].sort((a, b) => area(b) - area(a)).forEach(path => path.parentNode.append(path));
  if (parts[chosen]) labels.children[chosen].scrollIntoView({block: 'nearest'});
  say(one.instances[chosen] ? words(one.instances[chosen]) : '');
}

function label(one, each, i, group, labels, say) {
  const found = of(one).instances[each.id], kind = found ? found.decision : '';
  const now = found && found.category ? page.classes.indexOf(found.category) : each.label;
  const color = page.palette[now], on = i === chosen ? 'on' : '';
  const path = element('svg:path', {d: each.path, class: `mask ${kind} ${on}`, 'data-id': each.id}, group);
  path.style.fill = path.style.stroke = color;
  const row = element('button', {type: 'button', class: `${kind} ${on}`}, element('li', {}, labels));
  element('i', {class: 'key', style: `--c:${color}`}, row);
  element('span', {}, row, `${page.classes[each.label]} ${score(each.class_score)}`);
  element('span', {class: 'word'}, row, !found ? '' : found.category ? `is ${found.category}` : kind === 'accept' ? 'accepted' : 'rejected');
  for (const part of [path, row]) {
    part.addEventListener('click', () => { chosen = i; show(); });
    part.addEventListener('pointerenter', () => say(words(each)));
  }
  return path;
}

function words(each) {
  const mask = each.mask_score === null ? '' : `, mask score ${score(each.mask_score)}`;
  return `${page.classes[each.label]}: class score ${score(each.class_score)}${mask}.`;
}

document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === 'SELECT') return;
  if (press(ARROWS[event.key] || event.key)) event.preventDefault();
});
for (const button of document.querySelectorAll('[data-key]')) {
  button.addEventListener('click', () => { press(button.dataset.key); button.blur(); });
}
at('classes').addEventListener('change', event => {
  if (event.target.value !== '') accept(Number(event.target.value));
  event.target.value = '';
  event.target.blur();
  keep();
  show();
});
load();
if (page.images.length) { go(place); show(); } else at('progress').textContent = 'There is no image to look at.';
