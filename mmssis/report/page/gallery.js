'use strict';
// Pictures with masks as outlines: shared by the gallery and the worst images.
const page = JSON.parse(document.getElementById('page-data').textContent);
const SVG = 'http://www.w3.org/2000/svg';

function element(name, attributes, parent, text) {
  const made = name.startsWith('svg:') ? document.createElementNS(SVG, name.slice(4))
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}

// A picture; masks are drawn into `.masks`.
function drawing(parent, item, words) {
  const [width, height] = item.size;
  const svg = element('svg:svg', {viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': words}, parent);
  element('svg:image', {href: item.picture, width, height}, svg);
  element('svg:g', {class: 'heat'}, svg);
  element('svg:g', {class: 'masks'}, svg);
  return svg;
}

// The part of a card that says what is pointed at; below the picture, so that it hides nothing.
function speaker(card) {
  const line = element('p', {class: 'say', 'aria-live': 'polite'}, card);
  return text => { line.textContent = text; };
}

// Masks and the buttons that name them: pointing at one, or reaching it by keyboard, shows both.
function drawInstances(svg, chips, say, instances) {
  const group = svg.querySelector('.masks');
  const area = path => { try { const box = path.getBBox(); return box.width * box.height; } catch (e) { return 0; } };
  const paths = instances.map(one => {
    const path = element('svg:path', {d: one.path, class: `mask ${one.style || ''}`}, group);
    if (!/true/.test(one.style)) { path.style.fill = one.color; path.style.stroke = one.color; }
    return path;
  });
  // Small masks lie on top, or nobody could point at them.
  [...paths].sort((a, b) => area(b) - area(a)).forEach(path => group.append(path));
  instances.forEach((one, i) => {
    const chip = element('button', {type: 'button', class: one.style || ''}, element('li', {}, chips));
    element('i', {class: 'key', style: `--c:${one.color}`}, chip);
    chip.append(one.name);
    const show = on => {
      [paths[i], chip].forEach(part => part.classList.toggle('on', on));
      svg.classList.toggle('dim', on);
      say(on ? one.words : '');
    };
    for (const part of [paths[i], chip]) {
      part.addEventListener('pointerenter', () => show(true));
      part.addEventListener('pointerleave', () => show(false));
    }
    chip.addEventListener('focus', () => show(true));
    chip.addEventListener('blur', () => show(false));
  });
}

const fileName = path => path.split('/').pop();
const score = value => value === null ? '' : value.toFixed(2);
