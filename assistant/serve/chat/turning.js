/* The picture of a page: turn pages, zoom, see the text instead (drawn, or as it is), come to the marked place. */
const view = () => element.querySelector('.page-view');
const turnTo = (page, number) => {
  const picture = page.querySelector('img');
  const last = Number(page.dataset.last);
  if (number < 1 || number > last) return;
  page.dataset.page = number;
  page.classList.remove('failed');
  page.classList.add('loading');
  picture.srcset = picture.srcset.replace(/([?&]page=)\d+/g, `$1${number}`);
  picture.src = picture.getAttribute('src').replace(/([?&]page=)\d+/, `$1${number}`);
  picture.alt = picture.alt.replace(/\d+/, number);
  const label = element.querySelector('.turning .at');
  label.textContent = label.textContent.replace(/\d+/, number);
  const pages = element.querySelector('.turning select');
  if (pages) pages.selectedIndex = number - 1;
  page.querySelectorAll('.box').forEach((box) => { box.hidden = Number(box.dataset.page) !== number; });
  for (const button of element.querySelectorAll('button[data-turn-by]')) {
    const to = number + Number(button.dataset.turnBy);
    button.setAttribute('aria-disabled', String(to < 1 || to > last));
  }
};
/* What was found on a page: boxes on its picture, of which the present place's are strong. */
const MOST_BOXED = 40;
const clearFound = () => element.querySelectorAll('.box.sought').forEach((box) => box.remove());
const boxOn = ([page, left, top, right, bottom], place) => {
  const box = Object.assign(document.createElement('span'), { className: 'box sought' });
  Object.assign(box.dataset, { page, place });
  const [x, y, width, height] = [left, top, right - left, bottom - top].map((share) => `${100 * share}%`);
  Object.assign(box.style, { left: x, top: y, width, height });
  return box;
};
const markFound = async (number) => {
  const sheet = element.querySelector('.sheet'), sought = places;
  const boxesOf = (place) => sheet.querySelectorAll(`.box.sought[data-place="${place}"]`);
  const here = [...places.keys()].filter((n) => places[n][2] === number);
  const first = Math.max(0, here.indexOf(at) - MOST_BOXED / 2);
  const near = here.slice(first, first + MOST_BOXED).filter((n) => !boxesOf(n).length);
  if (near.length) {
    const asked = near.map((n) => `${places[n][0]}-${places[n][1]}`).join(' ');
    const reply = await fetch(`api/boxes?${held().dataset.asked}&places=${encodeURIComponent(asked)}`).catch(() => null);
    const told = reply && reply.ok ? (await reply.json()).places : [];
    if (places !== sought || !sheet.isConnected) return;
    const isNew = near.map((n) => !boxesOf(n).length);  /* another click may have been faster */
    told.forEach((boxes, n) => { if (isNew[n]) sheet.append(...boxes.map((box) => boxOn(box, near[n]))); });
  }
  const now = Number(view().dataset.page);
  sheet.querySelectorAll('.box.sought').forEach((box) => {
    box.hidden = Number(box.dataset.page) !== now;
    box.classList.toggle('strong', Number(box.dataset.place) === at);
  });
};
const showOnPage = async (number) => {
  const page = view();
  if (Number(page.dataset.page) !== number) turnTo(page, number);
  await markFound(number);
  const box = page.querySelector('.box.sought.strong:not([hidden])');
  if (box) box.scrollIntoView({ block: 'center', inline: 'nearest' }); else scroller.scrollTop = 0;
};
element.addEventListener('input', (event) => { if (event.target.matches('.finding input')) clearFound(); });
element.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && event.target.matches('.finding input')) clearFound();
});
const turnByHand = (number) => {
  turnTo(view(), number);
  markFound(Number(view().dataset.page));
};
const MOST_ZOOM = 5;
const zoomTo = (zoom) => {
  const page = view();
  if (!page) return;
  const shown = Math.min(MOST_ZOOM, Math.max(0.5, zoom));
  window.assistantZoom = shown;
  page.style.setProperty('--zoom', shown);
  if (page.clientWidth) page.querySelector('img').sizes = `${Math.round(page.clientWidth * shown)}px`;
  const fit = element.querySelector('button[data-zoom="0"]');
  fit.setAttribute('aria-pressed', String(shown === 1));
};
const listPages = () => {
  const pages = element.querySelector('.turning select');
  if (!pages || pages.options.length) return;
  const { page, last } = view().dataset;
  const label = element.querySelector('.turning .at').textContent;
  for (let number = 1; number <= Number(last); number += 1) pages.add(new Option(label.replace(/\d+/, number), number));
  pages.selectedIndex = Number(page) - 1;
};
element.addEventListener('change', (event) => {
  if (event.target.matches('.turning select')) turnByHand(Number(event.target.value));
});
/* The page, the text as it is drawn, or as it is; what has no pages has its text in place of one. */
const see = (wanted) => {
  const page = view(), text = element.querySelector('.source-text');
  if (!text) return;
  const what = page || wanted !== 'page' ? wanted : 'text';
  text.classList.toggle('raw', what === 'source');
  element.querySelectorAll('button[data-see]').forEach((button) => {
    button.setAttribute('aria-pressed', String(button.dataset.see === what));
  });
  if (!page) return;
  page.hidden = what !== 'page';
  text.hidden = what === 'page';
  if (what === 'page') zoomTo(window.assistantZoom || 1);  /* hidden, it had no width */
  for (const tools of element.querySelectorAll('.turning, .zooming')) tools.hidden = what !== 'page';
};
element.addEventListener('click', (event) => {
  const turner = event.target.closest('button[data-turn-by]');
  if (turner) turnByHand(Number(view().dataset.page) + Number(turner.dataset.turnBy));
  const zoomer = event.target.closest('button[data-zoom]');
  if (zoomer) zoomTo(Number(zoomer.dataset.zoom) ? (window.assistantZoom || 1) * Number(zoomer.dataset.zoom) : 1);
  const seer = event.target.closest('button[data-see]');
  if (seer) {
    const text = element.querySelector('.source-text'), frame = scroller.getBoundingClientRect();
    const wasText = !text.hidden;
    const seen = document.elementFromPoint(frame.left + frame.width / 3, frame.top + frame.height / 2);
    window.assistantSees = seer.dataset.see;
    if (places.length) { see(seer.dataset.see); goTo(at); }
    else if (wasText && text.contains(seen) && seer.dataset.see !== 'page') keepPlace(seen, () => see(seer.dataset.see));
    else { see(seer.dataset.see); window.assistantReveal(); }
  }
});
/* Loading and failing do not bubble. */
element.addEventListener('load', (event) => {
  if (event.target.matches('.page-view img')) event.target.closest('.page-view').classList.remove('loading');
}, true);
element.addEventListener('error', (event) => {
  if (event.target.matches('.page-view img')) event.target.closest('.page-view').classList.add('failed');
}, true);
/* Where the reader comes to: the first box of the page, else the marked words. */
window.assistantReveal = () => {
  const side = document.getElementById('side');
  const page = view();
  const cited = document.getElementById('cited-span');
  if (page && !page.hidden) {
    const picture = page.querySelector('img');
    const box = page.querySelector('.box:not([hidden])');
    const come = () => { if (box && box.isConnected) box.scrollIntoView({ block: 'center' }); else side.scrollTop = 0; };
    if (picture.complete) come();
    else picture.addEventListener('load', come, { once: true });
  } else if (cited) cited.scrollIntoView({ block: 'center' });
  else side.scrollTop = 0;
};
watch('value', () => {
  listPages();
  zoomTo(window.assistantZoom || 1);
  if (window.assistantSees) see(window.assistantSees);
});
