/* The panel: drawn whole, or, while a sync runs, from the lines of it that have changed. */
let panelLines = [], panelNumber = null;
const drawPanel = () => {
  const frame = element.querySelector('.shown'), given = document.createElement('template');
  given.innerHTML = props.value || '';  /* our own markup, in which the text is escaped */
  const { base, number, changes } = (given.content.firstElementChild || element).dataset;
  if (changes === undefined) {
    panelLines = (props.value || '').split('\n').slice(number ? 1 : 0);
    panelNumber = number;
    if (number) given.content.firstElementChild.remove();
    return frame.replaceChildren(given.content);
  }
  if (base !== panelNumber) return trigger('act', { act: 'panel' });  /* something came in another order */
  panelNumber = number;
  for (const [start, end, lines] of JSON.parse(changes)) panelLines.splice(start, end - start, ...lines);
  given.innerHTML = panelLines.join('\n');
  renewInside(frame, given.content);
};
drawPanel();
watch('value', drawPanel);
