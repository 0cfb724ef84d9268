'use strict';
const tools = document.getElementById('tools');
const STATE = 'mmssis ' + location.pathname;

// What is switched on stays so when the page is loaded again.
function remember() {
  const state = [...tools.elements].filter(input => input.name).map(input =>
    [input.name, input.value, input.checked]);
  try { sessionStorage.setItem(STATE, JSON.stringify(state)); } catch (e) { /* storage is off */ }
}

function recall() {
  let state = null;
  try { state = JSON.parse(sessionStorage.getItem(STATE)); } catch (e) { return; }
  for (const [name, value, checked] of state || []) {
    for (const input of tools.querySelectorAll(`[name="${name}"]`)) {
      if (input.type === 'range') input.value = value;
      else if (input.value === value) input.checked = checked;
    }
  }
}

function gallery(data) {
  const place = document.getElementById('gallery');
  const cards = data.images.map(image => {
    const card = element('figure', {class: 'card'}, place);
    const caption = element('figcaption', {title: image.name}, card);
    const svg = drawing(card, image, fileName(image.name));
    return {image, card, caption, svg, say: null, chips: null};
  });
  cards.forEach(card => {
    card.chips = element('ul', {class: 'chips'}, card.card);
    card.say = speaker(card.card);
  });
  page.classes.forEach((name, label) => {
    const entry = element('li', {}, document.getElementById('legend'));
    element('i', {class: 'key', style: `--c:${page.palette[label]}`}, entry);
    entry.append(name);
  });
  const show = () => {
    const form = new FormData(tools);
    const on = name => form.get(name) !== null;
    const least = Number(form.get('least'));
    tools.querySelector('output').textContent = least.toFixed(2);
    place.classList.toggle('large', on('large'));
    cards.forEach(card => showCard(card, data, Number(form.get('stage') || 0), least, on));
    remember();
  };
  tools.addEventListener('input', show);
  tools.addEventListener('submit', event => event.preventDefault());
  recall();
  show();
}

function showCard({image, caption, svg, say, chips}, data, index, least, on) {
  const stage = image.stages[index];
  svg.querySelector('.masks').replaceChildren();
  svg.querySelector('.heat').replaceChildren();
  chips.replaceChildren();
  const named = data.stages.map((each, i) => `${each.name} ${image.stages[i].count}`);
  caption.textContent = `${fileName(image.name)}: ${named.join(' → ')}`;
  if (on('uncertainty') && image.uncertainty) {
    const [width, height] = image.size;
    element('svg:image', {href: image.uncertainty, width, height, preserveAspectRatio: 'none'},
            svg.querySelector('.heat'));
  }
  const instances = [];
  const kept = stage.instances.filter(one => one.class_score >= least);
  if (on('masks')) kept.forEach(one => instances.push(described(image, one, '', fate(image, one, index))));
  if (on('dropped')) {
    stage.dropped.filter(one => one.class_score >= least).forEach(one =>
      instances.push(described(image, one, 'off', `dropped: ${one.note}`)));
  }
  if (on('truth')) {
    for (const one of image.truth || []) {
      const name = `truth: ${page.classes[one.label]}`;
      instances.push({path: image.paths[one.path], color: page.palette[one.label], style: 'true', name, words: name});
    }
  }
  drawInstances(svg, chips, say, instances);
  const rest = hint(image, stage, kept, least, on);
  if (rest) element('li', {class: 'quiet'}, chips, rest);
}

function hint(image, stage, kept, least, on) {
  if (stage.why_empty) return stage.why_empty;
  if (!kept.length) return `None of ${stage.instances.length} has a class score of at least ${least.toFixed(2)}.`;
  if (on('truth') && image.truth === null) return 'The truth of this image is not known.';
  if (on('uncertainty') && !image.uncertainty) return 'No hook weighs pixels.';
  const drawn = stage.instances.length;
  return drawn < stage.count ? `The best ${drawn} of ${stage.count} are drawn.` : '';
}

function fate(image, one, index) {
  const end = image.fates[one.number];
  return [one.note, index < image.stages.length - 1 ? end : ''].filter(Boolean).join('; ');
}

function described(image, one, style, more) {
  const scores = `class score ${score(one.class_score)}` + (one.mask_score === null ? '' : `, mask score ${score(one.mask_score)}`);
  const empty = image.paths[one.path] ? '' : ' Its mask is empty.';
  return {
    path: image.paths[one.path], color: page.palette[one.label], style,
    name: `${page.classes[one.label]} ${score(one.class_score)}`,
    words: `${page.classes[one.label]}: ${scores}.${more ? ' ' + more[0].toUpperCase() + more.slice(1) + '.' : ''}${empty}`};
}

function half(pair, image, words) {
  const part = element('div', {}, pair);
  element('small', {}, part, words);
  return {svg: drawing(part, image, words), chips: element('ul', {class: 'chips'}, part)};
}

function worst(images) {
  const place = document.getElementById('worst');
  for (const image of images) {
    const card = element('figure', {class: 'card'}, place);
    element('figcaption', {title: image.name}, card, `${fileName(image.name)}: ${image.errors} ${image.errors === 1 ? 'error' : 'errors'}`);
    const pair = element('div', {class: 'pair'}, card);
    const left = half(pair, image, 'truth'), right = half(pair, image, 'predictions');
    const color = one => page.palette[one.label], name = one => page.classes[one.label];
    const truth = image.truth.map(one => ({
      path: one.path, color: color(one), style: one.missed ? 'off' : '',
      name: one.missed ? `${name(one)}: missed` : name(one),
      words: `Truth: ${name(one)}${one.missed ? ', which no prediction covers with an IoU above 0.5' : ''}.`}));
    const found = image.found.map(one => ({
      path: one.path, color: color(one), style: one.type === 'Cor' ? '' : 'off',
      name: `${name(one)} ${score(one.score)} ${one.type}`,
      words: `Predicted: ${name(one)}, score ${score(one.score)}, ${one.type}; IoU with the best true mask ${score(one.iou)}.`}));
    const say = speaker(card);
    drawInstances(left.svg, left.chips, say, truth);
    drawInstances(right.svg, right.chips, say, found);
    if (!truth.length) element('li', {class: 'quiet'}, left.chips, 'Nothing is there.');
    if (!found.length) element('li', {class: 'quiet'}, right.chips, 'Nothing was predicted.');
  }
}

// The colours of the figures follow the page's.
function figures() {
  const style = getComputedStyle(document.documentElement);
  const color = name => style.getPropertyValue(name).trim();
  for (const place of document.querySelectorAll('.plotly')) {
    const {data, layout} = JSON.parse(place.nextElementSibling.textContent);
    const axis = {gridcolor: color('--line'), zerolinecolor: color('--line'), automargin: true};
    Plotly.react(place, data, {...layout,
      margin: {l: 40, r: 10, t: 30, b: 36}, paper_bgcolor: 'transparent', plot_bgcolor: 'transparent',
      font: {color: color('--ink'), size: 11}, hoverlabel: {bgcolor: color('--panel')},
      xaxis: {...layout.xaxis, ...axis}, yaxis: {...layout.yaxis, ...axis},
      colorway: ['#2f81f7', '#e8833a', '#3fa06a', '#c2455a', '#8f62c9']},
      {responsive: true, displayModeBar: false});
  }
}

if (page.gallery) gallery(page.gallery);
if (page.worst.length) worst(page.worst);
if (window.Plotly) {
  figures();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', figures);
}
const seconds = Number(document.body.dataset.reload);
if (seconds) {
  setInterval(() => { if (document.getElementById('reload').checked) location.reload(); }, 1000 * seconds);
}
