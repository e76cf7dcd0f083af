/* The panel: drawn whole, or, while a sync runs, from the lines of it that have changed. */
let panelLines = [], panelNumber = null, drawnBefore = document.createDocumentFragment();
/* Of a list of documents only what is another than before: menus, questions and fields in the rest stay. */
const renewInsideFrom = (live, before, made) => {
  if (live.childNodes.length !== before.childNodes.length) return renewInside(live, made);
  const now = [...live.childNodes], old = [...before.childNodes], then = [...made.childNodes];
  const least = Math.min(old.length, then.length);
  let first = 0, last = 0;
  while (first < least && isKind(old[first], then[first])) first += 1;
  while (last < least - first && isKind(old.at(-1 - last), then.at(-1 - last))) last += 1;
  for (let at = 0; at < first; at += 1) renewFrom(now[at], old[at], then[at]);
  for (let at = 1; at <= last; at += 1) renewFrom(now.at(-at), old.at(-at), then.at(-at));
  const after = last ? live.childNodes[live.childNodes.length - last] : null;
  now.slice(first, now.length - last).forEach((node) => node.remove());
  then.slice(first, then.length - last).forEach((node) => live.insertBefore(node, after));
};
const keyOf = (node) => (node.dataset && node.dataset.id) || node.className;
const isKind = (one, other) => one.nodeName === other.nodeName && keyOf(one) === keyOf(other);
const renewFrom = (live, before, made) => {
  if (before.isEqualNode(made)) return;
  const isSame = made.nodeType === Node.ELEMENT_NODE && [live, before].every((one) => one.nodeName === made.nodeName);
  if (!isSame) return renew(live, made);
  for (const { name } of before.attributes) if (!made.hasAttribute(name)) live.removeAttribute(name);
  for (const { name, value } of made.attributes) if (before.getAttribute(name) !== value) live.setAttribute(name, value);
  renewInsideFrom(live, before, made);
};
const drawPanel = () => {
  const frame = element.querySelector('.shown'), given = document.createElement('template');
  given.innerHTML = props.value || '';  /* our own markup, in which the text is escaped */
  const { base, number, changes } = (given.content.firstElementChild || element).dataset;
  if (changes === undefined) {
    panelLines = (props.value || '').split('\n').slice(number ? 1 : 0);
  } else {
    if (base !== panelNumber) return trigger('act', { act: 'panel' });  /* something came in another order */
    for (const [start, end, lines] of JSON.parse(changes)) panelLines.splice(start, end - start, ...lines);
  }
  panelNumber = number;
  given.innerHTML = panelLines.join('\n');
  const made = given.content, before = drawnBefore;
  drawnBefore = made.cloneNode(true);
  if ([before, made].every((one) => one.querySelector('.documents'))) renewInsideFrom(frame, before, made);
  else frame.replaceChildren(made);
};
drawPanel();
watch('value', drawPanel);
